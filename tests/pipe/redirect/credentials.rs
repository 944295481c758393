//! Which credentials and names go along with a redirect, and which stay.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use native_tls::{Identity, TlsAcceptor, TlsStream};
use rcgen::CertificateParams;
use tungstenite::handshake::derive_accept_key;

use super::{arrived, basic, by_name, fields, host, redirect};
use crate::harness::{Finished, PATIENCE, Run, Running, Server, wait_for_somebody};
use crate::tls::Files;

/// What a second server receives, to which the first one leads; `to` is made from the first one and the second one.
#[track_caller]
fn led(options: &[&str], to: impl Fn(&Server, &Server) -> String) -> (String, Finished) {
    let [first, second] = [Server::start(), Server::start()];
    let url = first.url().replace("//", "//url:user@");
    let run = Run::new(["connect", "-L"]).args(options).arg(url).start();
    let to = to(&first, &second);
    let is_second = to.contains(&second.port().to_string());
    let mut peer = first.connection();
    let before = peer.head();
    assert!(before.contains("uthorization: ") || before.contains("ookie: "), "{before}");
    peer.send(redirect(&to));
    drop(peer);
    let request = arrived(if is_second { &second } else { &first });
    let run = run.finish();
    run.status(0);
    (request, run)
}

const CREDENTIALS: [(&[&str], &[&str]); 6] = [
    (&[], &["Authorization: Basic dXJsOnVzZXI="]),
    (&["-u", "bob:hunter2"], &["Authorization: Basic Ym9iOmh1bnRlcjI="]),
    (&["--bearer", "t0ken", "--cookie", "a=b"], &["Authorization: Bearer t0ken", "Cookie: a=b"]),
    (&["-H", "authorization: Own x"], &["authorization: Own x"]),
    (&["-H", "Proxy-Authorization: y"], &["Authorization: Basic dXJsOnVzZXI=", "Proxy-Authorization: y"]),
    (&["-H", "cookie: c=d"], &["Authorization: Basic dXJsOnVzZXI=", "cookie: c=d"]),
];

#[test]
fn credentials_go_to_the_same_server() {
    for (options, expected) in CREDENTIALS {
        for location in ["/x", "http://127.0.0.1:PORT/x"] {
            let (request, run) = led(options, |first, _| location.replace("PORT", &first.port().to_string()));
            assert_eq!(fields(&request), expected, "{options:?}");
            run.silent();
        }
    }
}

#[test]
fn credentials_do_not_go_to_another_host_or_port() {
    let ways: [fn(&Server, &Server) -> String; 3] =
        [|first, _| by_name(first), |_, second| second.url(), |_, second| by_name(second)];
    for (options, _) in CREDENTIALS {
        for way in ways {
            let (request, run) = led(&[options, &["-H", "X-Own: z", "--origin", "o"]].concat(), way);
            assert_eq!(fields(&request), ["Origin: o", "X-Own: z"], "{options:?}");
            run.stderr_has(&format!("credentials are not sent to {}", host(&request))).stderr_has("--location-trusted");
            assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
        }
    }
    led(&["-q"], |_, second| second.url()).1.silent();
}

#[test]
fn credentials_go_everywhere_if_that_is_asked_for() {
    for (options, expected) in CREDENTIALS {
        let options = [options, &["--location-trusted"]].concat();
        let (request, run) = led(&options, |_, second| by_name(second));
        assert_eq!(fields(&request), expected, "{options:?}");
        run.silent();
    }
}

#[test]
fn credentials_of_the_location_are_for_where_it_leads() {
    for options in [&[][..], &["-u", "bob:hunter2"]] {
        let (request, run) = led(options, |_, second| second.url().replace("//", "//new:%40@"));
        assert_eq!(fields(&request), [basic("new:@")], "{options:?}");
        run.stderr_lacks("new");
        assert_eq!(run.stderr.is_empty(), options.is_empty(), "only what is withheld is told: {run:?}");
    }
}

#[test]
fn credentials_of_the_location_go_before_the_options_also_at_the_same_server() {
    for (options, rest) in [
        (&["-u", "al:PA"][..], None),
        (&["--bearer", "t0ken", "--cookie", "a=b"], Some("Cookie: a=b")),
        (&["-H", "authorization: Own x"], None),
        (&["-u", "al:PA", "--location-trusted"], None),
    ] {
        let server = Server::start();
        let run = Run::new(["connect", "-L"]).args(options).arg(server.url()).start();
        drop(server.answer(redirect(&server.url().replace("//", "//eve:NEWPW@"))));
        // They stay there.
        let mut peer = server.connection();
        let new = basic("eve:NEWPW");
        let expected: Vec<&str> = [new.as_str()].into_iter().chain(rest).collect();
        assert_eq!(fields(&peer.head()), expected, "{options:?}");
        peer.send(redirect("/end"));
        drop(peer);
        assert_eq!(fields(&arrived(&server)), expected, "{options:?}");
        run.finish().status(0).silent();
    }
}

#[test]
fn what_was_withheld_stays_withheld() {
    let [first, second] = [Server::start(), Server::start()];
    let run = Run::new(["connect", "-L", "--cookie", "a=b", "-u", "bob:hunter2", &first.url()]).start();
    drop(first.answer(redirect(&second.url())));
    drop(second.answer(redirect("/on")));
    drop(second.answer(redirect(&first.url())));
    let request = arrived(&first);
    let run = run.finish();
    run.status(0);
    assert_eq!(fields(&request), [""; 0]);
    assert_eq!(run.stderr.matches("credentials are not sent").count(), 1, "{run:?}");
}

#[test]
fn another_host_is_asked_for_by_its_own_name() {
    for options in [&["--host", "example.com"][..], &["-H", "Host: example.com"]] {
        let [first, second] = [Server::start(), Server::start()];
        let run = Run::new(["connect", "-L"]).args(options).arg(first.url()).start();
        let mut hosts = Vec::new();
        for (server, location) in [(&first, "/x"), (&first, &second.url()), (&second, "/x"), (&second, &first.url())] {
            let mut peer = server.connection();
            hosts.push(host(&peer.head()).to_owned());
            peer.send(redirect(location));
        }
        hosts.push(host(&arrived(&first)).to_owned());
        run.finish().status(0).silent();
        let (own, other) = ("example.com", &*format!("127.0.0.1:{}", second.port()));
        assert_eq!(hosts, [own, own, other, other, own], "{options:?}");
    }
}

/// A server whose connections are over TLS or not, as a test wants each to be.
struct Mixed {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Mixed {
    fn start(files: &Files) -> Self {
        let [certificate, key] = ["server.pem", "key.pem"].map(|name| fs::read(files.path(name)).expect("it is there"));
        let identity = Identity::from_pkcs8(&certificate, &key).expect("they belong together");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Mixed { listener, acceptor: TlsAcceptor::new(identity).expect("it accepts") }
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}/", self.listener.local_addr().expect("it is bound").port())
    }

    #[track_caller]
    fn plain(&self) -> TcpStream {
        wait_for_somebody(&self.listener);
        let (stream, _) = self.listener.accept().expect("somebody is there");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes a time-out");
        stream
    }

    fn secure(&self) -> TlsStream<TcpStream> {
        self.acceptor.accept(self.plain()).expect("TLS")
    }
}

/// Reads a request.
fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a request");
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("text")
}

/// Reads a request and leads elsewhere.
fn lead(mut stream: impl Read + Write, location: &str) -> String {
    let request = head(&mut stream);
    stream.write_all(redirect(location).as_bytes()).expect("the client reads");
    request
}

/// Reads a request, accepts it and ends the session.
fn accept(mut stream: impl Read + Write) -> String {
    let request = head(&mut stream);
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    let close = [answer.as_bytes(), b"\x88\x02\x03\xe8"].concat();
    stream.write_all(&close).expect("the client reads");
    let _ = stream.read_to_end(&mut Vec::new());
    request
}

/// A client with a cookie that trusts the authority.
fn client(files: &Files, options: &str, url: &str) -> Running {
    files.connect("-v -L --cookie a=b", url).words(options).start()
}

#[test]
fn to_tls_at_the_same_port_credentials_go_along() {
    let files = Files::good();
    let server = Mixed::start(&files);
    for (scheme, to) in [("ws", "wss"), ("http", "https")] {
        let run = client(&files, "", &server.url(scheme));
        lead(server.plain(), &server.url(to));
        let request = accept(server.secure());
        run.finish().status(0).stderr_has("TLS 1.").stderr_lacks("credentials");
        assert_eq!(fields(&request), ["Cookie: a=b"]);
    }
}

#[test]
fn from_tls_to_none_credentials_stay() {
    let files = Files::good();
    let server = Mixed::start(&files);
    for (options, expected) in [("", &[][..]), ("--location-trusted", &["Cookie: a=b"])] {
        let run = client(&files, options, &server.url("wss"));
        assert_eq!(fields(&lead(server.secure(), &server.url("ws"))), ["Cookie: a=b"]);
        let request = accept(server.plain());
        let run = run.finish();
        run.status(0);
        assert_eq!(fields(&request), expected);
        run.stderr_has(&format!("the redirect leads from TLS to none: {}", server.url("ws")));
        assert_eq!(run.stderr.contains("credentials are not sent without TLS to 127.0.0.1:"), options.is_empty());
    }
}

#[test]
fn another_name_for_tls_is_for_the_first_host() {
    let names = CertificateParams::new(["elsewhere.test".to_owned()]).expect("a name").subject_alt_names;
    let files = Files::with(|params| params.subject_alt_names = names);
    let [first, second] = [Mixed::start(&files), Mixed::start(&files)];
    let run = client(&files, "--sni elsewhere.test", &first.url("wss"));
    lead(first.secure(), "/x");
    lead(first.secure(), &second.url("wss"));
    // The client, and once more to see why it does not like the certificate.
    for _ in 0..2 {
        let _ = second.acceptor.accept(second.plain());
    }
    run.finish().status(4).stderr_has(&format!("redirected to {}: ", second.url("wss"))).stderr_has("another name");
}
