use super::*;
use crate::handshake::{Answer, ServerOptions, answer};

fn request(raw: &str) -> RequestHead {
    RequestHead::parse(raw.as_bytes().to_vec()).unwrap()
}

const PLAIN: &str = "GET /chat?x=1 HTTP/1.1\r\nHost: h:9001\r\nConnection: keep-alive\r\n\r\n";

/// What a server with this page says to the plain request, changed like this.
fn answer_to(page: Page, from: &str, to: &str) -> Answer {
    let options = ServerOptions { page: Some(page), ..ServerOptions::default() };
    answer(&request(&PLAIN.replacen(from, to, 1)), &options)
}

fn shown(answer: Answer) -> String {
    let Answer::Page { bytes } = answer else { panic!("{answer:?}") };
    String::from_utf8(bytes).unwrap()
}

fn status(answer: &Answer) -> u16 {
    match answer {
        Answer::Page { .. } => 200,
        Answer::Accept { .. } => 101,
        Answer::Refuse { status, .. } => *status,
    }
}

#[test]
fn a_page_of_ones_own_byte_for_byte() {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 7\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\r\n";
    let page = Page::own("<p>hü\n".into());
    let ask = |method| shown(answer_to(page.clone(), "GET", method));
    assert_eq!(ask("GET"), format!("{head}<p>hü\n"));
    assert_eq!(ask("HEAD"), head);
}

#[test]
fn the_console_comes_with_its_policy() {
    let response = shown(answer_to(Page::console(), "", ""));
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let policy = policy_for(body);
    assert_eq!(
        head,
        format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: {policy}",
            body.len()
        )
    );
    assert!(body.starts_with("<!doctype html>\n"));
}

/// `printf abc | openssl dgst -sha256 -binary | base64`, and the same for nothing.
#[test]
fn the_policy_has_the_hashes_of_script_and_style() {
    assert_eq!(
        policy_for("<p><style></style><script>abc</script>"),
        "default-src 'none'; script-src 'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='; style-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    );
}

/// What the policy would refuse is not there.
#[test]
fn the_console_has_one_script_and_one_style_and_asks_for_nothing() {
    let page = shown(answer_to(Page::console(), "", ""));
    let html = page.split_once("\r\n\r\n").unwrap().1;
    assert!(html.len() < 20_000, "{} bytes", html.len());
    for name in ["script", "style"] {
        assert!(element(html, name).len() > 1000, "{name}");
        assert_eq!(html.matches(&format!("<{name}")).count(), 1, "{name}");
    }
    for word in [" src=", "url(", "@import", "innerHTML", "fetch(", "import ", "eval(", " style=", " onclick="] {
        assert!(!html.contains(word), "{word}");
    }
    let hrefs: Vec<&str> = html.split("href=").skip(1).filter_map(|rest| rest.split('>').next()).collect();
    assert_eq!(hrefs, ["\"data:,\""]);
}

#[test]
fn plain_requests_get_the_page_and_all_others_what_they_ever_got() {
    let lines = "close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let handshake = &lines.replacen("close", "upgrade", 1);
    for (from, to, expected) in [
        ("", "", 200),
        ("GET", "HEAD", 200),
        (" /chat?x=1", " http://h:9001/chat", 200),
        ("Connection: keep-alive", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c", 200),
        ("HTTP/1.1", "HTTP/1.0", 200),
        ("HTTP/1.1\r\nHost: h:9001", "HTTP/1.0", 200),
        ("Host: h:9001\r\n", "", 400),
        ("Host: h:9001\r\n", "Host: h\r\nHost: h\r\n", 400),
        (" /chat?x=1", " chat", 400),
        ("GET", "POST", 405),
        ("GET", "OPTIONS", 405),
        ("/chat?x=1", "/favicon.ico", 404),
        ("keep-alive\r\n\r\n", handshake, 101),
        // Something on the way has taken a part of it, which is worth being told.
        ("keep-alive\r\n\r\n", lines, 400),
        ("keep-alive\r\n\r\n", &lines.replace("Upgrade: websocket", "Via: 1.1 proxy"), 426),
        ("keep-alive\r\n\r\n", &handshake.replace("13", "8"), 426),
    ] {
        assert_eq!(status(&answer_to(Page::console(), from, to)), expected, "{from:?} as {to:?}");
    }
}

#[test]
fn only_what_is_served_has_the_page() {
    let options = |path: &str, page| ServerOptions { path: Some(path.into()), page, ..ServerOptions::default() };
    assert_eq!(status(&answer(&request(PLAIN), &options("/chat", Some(Page::console())))), 200);
    assert_eq!(status(&answer(&request(PLAIN), &options("/", Some(Page::console())))), 404);
    assert_eq!(status(&answer(&request(PLAIN), &options("/chat", None))), 426);
}
