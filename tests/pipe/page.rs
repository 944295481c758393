//! `listen --page`: what browsers get where the WebSocket is.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;
use sha2::{Digest as _, Sha256};

use crate::harness::{Finished, Peer, Run, Running, line};

/// A browser's request for this path.
fn plain(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\nConnection: keep-alive\r\n\r\n")
}

/// What a listener answers to a request: head and body.
#[track_caller]
fn ask(run: &Running, request: &str) -> (String, String) {
    let mut peer = Peer::connect(&run.url());
    peer.send(request);
    let answer = peer.rest();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head.to_owned(), body.to_owned())
}

/// The value of a header.
#[track_caller]
fn field<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(own, _)| *own == name).expect("the field is there").1
}

#[track_caller]
fn stop(run: Running) -> Finished {
    run.signal(Signal::TERM);
    let run = run.finish();
    run.died_of(Signal::TERM);
    run
}

/// The option for this page, in a file of a folder.
fn own_page(html: impl AsRef<[u8]>) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("folders can be made");
    let path = folder.path().join("page.html");
    fs::write(&path, html).expect("files can be written");
    let option = format!("--page={}", path.display());
    (folder, option)
}

#[test]
fn browsers_get_the_console_and_clients_the_websocket() {
    let run = Run::listen("--page --echo").start();
    let (head, body) = ask(&run, &plain("GET", "/any/path?token=x"));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert_eq!(field(&head, "Content-Type"), "text/html; charset=utf-8");
    assert_eq!(field(&head, "Content-Length"), body.len().to_string());
    assert!(body.starts_with("<!doctype html>\n") && body.ends_with("</html>\n"), "{body}");
    let (head_alone, nothing) = ask(&run, &plain("HEAD", "/any/path?token=x"));
    assert_eq!((head_alone, nothing.as_str()), (head, ""));
    let mut peer = Peer::open(&run.url());
    peer.text("hello");
    peer.expect_text("hello");
    peer.finish_first(1000);
    stop(run);
}

#[test]
fn the_policy_lets_in_the_script_and_the_style_of_the_page_alone() {
    let run = Run::listen("--page").start();
    let (head, body) = ask(&run, &plain("GET", "/"));
    let policy: Vec<&str> = field(&head, "Content-Security-Policy").split("; ").collect();
    assert_eq!(policy[0], "default-src 'none'");
    for name in ["script", "style"] {
        let inside = body.split_once(&format!("<{name}>")).unwrap().1.split_once(&format!("</{name}>")).unwrap().0;
        let hash = STANDARD.encode(Sha256::digest(inside));
        assert!(policy.contains(&format!("{name}-src 'sha256-{hash}'").as_str()), "{name}, {hash}: {policy:?}");
    }
    for directive in ["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(&directive), "{directive}: {policy:?}");
    }
    assert!(!policy.concat().contains("unsafe"), "{policy:?}");
    stop(run);
}

#[test]
fn the_console_names_no_other_place() {
    let run = Run::listen("--page").start();
    let (_, body) = ask(&run, &plain("GET", "/"));
    for word in ["http://", "https://", "href=\"/", "href=\"h", "src=", "url("] {
        assert!(!body.contains(word), "{word}");
    }
    // The beginnings that it makes its own URL with.
    assert_eq!(body.matches("ws://").count() + body.matches("wss://").count(), 2);
    stop(run);
}

#[test]
fn ones_own_page_is_shown_as_it_was_at_the_start() {
    let (folder, option) = own_page("<h1>möin</h1>");
    let run = Run::listen("").arg(option).start();
    run.url();
    drop(folder);
    let (head, body) = ask(&run, &plain("GET", "/"));
    assert!(!head.contains("Content-Security-Policy"), "{head}");
    assert_eq!((field(&head, "Content-Length"), body.as_str()), ("14", "<h1>möin</h1>"));
    stop(run);
}

#[test]
fn a_page_that_is_longer_than_any_buffer_arrives_as_a_whole() {
    let html = (0..100_000).map(|number| line(number, 80)).collect::<Vec<_>>().concat();
    let (_folder, option) = own_page(&html);
    let run = Run::listen("").arg(option).start();
    let (head, body) = ask(&run, &plain("GET", "/"));
    assert_eq!(field(&head, "Content-Length"), "8000000");
    assert!(body == html, "{} bytes", body.len());
    stop(run);
}

#[test]
fn a_page_that_cannot_be_read_is_status_2_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = format!("--page={}", folder.path().join("missing.html").display());
    for option in [missing, format!("--page={}", folder.path().display())] {
        let run = Run::listen("").arg(&option).finish();
        run.status(2).stdout("").stderr_has(&option).stderr_lacks("listening");
    }
}

#[test]
fn the_file_stands_behind_an_equals_sign() {
    // What follows --page is the address.
    let run = Run::new(["listen", "--page", "0"]).start();
    assert!(ask(&run, &plain("GET", "/")).0.contains(" 200 "));
    stop(run);
}

#[test]
fn who_asks_for_something_else_gets_what_it_ever_got() {
    let run = Run::listen("--page --path /chat").start();
    for (method, path, status) in [
        ("GET", "/chat", "200 OK"),
        ("GET", "/", "404 Not Found"),
        ("GET", "/favicon.ico", "404 Not Found"),
        ("POST", "/chat", "405 Method Not Allowed"),
    ] {
        let (head, _) = ask(&run, &plain(method, path));
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{method} {path}: {head}");
        assert_eq!(head.contains("\r\nAllow: GET, HEAD\r\n"), method == "POST", "{head}");
    }
    stop(run);
    let run = Run::listen("").start();
    assert!(ask(&run, &plain("GET", "/")).0.starts_with("HTTP/1.1 426 "));
    stop(run);
}

#[test]
fn browsers_are_no_clients_to_once() {
    let run = Run::listen("--page --once -v").start();
    for method in ["GET", "HEAD"] {
        assert!(ask(&run, &plain(method, "/")).0.contains(" 200 "));
    }
    Peer::open(&run.url()).finish_first(1000);
    run.finish().status(0).stderr_has(": got the page\n").stderr_lacks("refused");
}

/// Starts a listener, stops it once there is its URL, and gives that and all that it said until then.
#[track_caller]
fn said(options: &str) -> (String, String) {
    let run = Run::new(["listen"]).words(options).words("--url-file /dev/stdout").start();
    let url = run.wait_lines(1).remove(0);
    (url, stop(run).stderr)
}

#[test]
fn the_place_for_browsers_is_said_after_the_url() {
    let (url, said_to_user) = said("0 --page");
    let page = url.replace("ws://", "http://");
    assert_eq!(said_to_user, format!("listening on {url}\nopen {page} in a browser\n"));
    let (url, said_to_user) = said("0 --page --path /chat");
    let page = url.replace("ws://", "http://");
    assert_eq!(said_to_user, format!("listening on {url}\nopen {page} in a browser\n"));
    assert!(url.ends_with("/chat"), "{url}");
    let (url, said_to_user) = said("0.0.0.0:0 --page");
    let page = url.replace("ws://0.0.0.0:", "http://localhost:");
    assert_eq!(said_to_user, format!("listening on {url}\nopen {page} in a browser\n"));
    let (url, said_to_user) = said("0");
    assert_eq!(said_to_user, format!("listening on {url}\n"));
    assert_eq!(said("0 --page -q").1, "");
}

#[test]
fn where_a_token_is_asked_for_it_is_said_where_it_stands_but_not_what_it_is() {
    let (url, said_to_user) = said("0 --page --token s3cret");
    let page = url.replace("ws://", "http://");
    let invitation = format!("open {page} in a browser, with ?token= and the token behind it\n");
    assert!(said_to_user.ends_with(&invitation) && !said_to_user.contains("s3cret"), "{said_to_user}");
}

#[test]
fn the_page_comes_by_tls_too() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/net/tls/identity");
    let (url, said_to_user) = said(&format!("0 --page --cert {folder}/rsa-cert.pem --key {folder}/rsa.pem"));
    let page = url.replace("wss://", "https://");
    assert_eq!(said_to_user, format!("listening on {url}\nopen {page} in a browser\n"));
}

#[test]
fn no_browser_reaches_a_socket_of_the_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let (url, said_to_user) = said(&format!("unix:{} --page", path.display()));
    assert_eq!(said_to_user, format!("listening on {url}\n"));
}
