//! Sessions over TLS, and the many ways in which there is none.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;

use native_tls::Identity;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tempfile::TempDir;
use tungstenite::handshake::derive_accept_key;

use crate::harness::{Run, Running, Server, Stdin, line};

/// An authority, and a certificate of it for the names of this machine; each file in PEM.
pub(crate) struct Files {
    folder: TempDir,
}

impl Files {
    /// A good certificate, but for what `change` does to it.
    pub(crate) fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let authority_key = KeyPair::generate().expect("a key");
        let mut authority = CertificateParams::new(Vec::new()).expect("no names");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "the test's authority");
        let authority_certificate = authority.self_signed(&authority_key).expect("it signs itself");
        let key = KeyPair::generate().expect("a key");
        let mut params =
            CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("these are names");
        params.distinguished_name.push(DnType::CommonName, "the test's server");
        change(&mut params);
        let certificate =
            params.signed_by(&key, &Issuer::from_params(&authority, &authority_key)).expect("it is signed");
        let files = Files { folder: TempDir::new().expect("a folder") };
        files.write("authority.pem", &authority_certificate.pem());
        files.write("server.pem", &certificate.pem());
        files.write("chain.pem", &(certificate.pem() + &authority_certificate.pem()));
        files.write("key.pem", &key.serialize_pem());
        files.write("both.pem", &(certificate.pem() + &key.serialize_pem()));
        files
    }

    pub(crate) fn good() -> Self {
        Files::with(|_| {})
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the folder is ours");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A listener with this certificate.
    pub(crate) fn listen(&self, options: &str) -> Running {
        self.listener(options).start()
    }

    pub(crate) fn listener(&self, options: &str) -> Run {
        Run::listen(options).arg("--cert").arg(self.path("server.pem")).arg("--key").arg(self.path("key.pem"))
    }

    /// A client that trusts the authority.
    pub(crate) fn connect(&self, options: &str, url: &str) -> Run {
        self.trusting(Run::connect(options, url))
    }

    /// A run that trusts the authority.
    pub(crate) fn trusting(&self, run: Run) -> Run {
        run.arg("--cacert").arg(self.path("authority.pem"))
    }
}

#[test]
fn lines_pass_both_ways() {
    let files = Files::good();
    let listen = files.listener("--once").input("from the server\n").start();
    let url = listen.url();
    assert!(url.starts_with("wss://127.0.0.1:"), "{url}");
    let connect = files.connect("-v", &url).input("from the client\n").finish();
    connect.status(0).stdout("from the server\n").stderr_has("TLS 1.");
    listen.finish().status(0).stdout("from the client\n");
}

#[test]
fn a_unix_socket_may_have_tls() {
    let files = Files::good();
    let path = files.path("socket");
    let listen = Run::new(["listen", "--echo"]).arg(format!("unix:{}", path.display()));
    let listen = listen.arg("--cert").arg(files.path("both.pem")).start();
    let url = listen.url();
    assert_eq!(url, format!("wss+unix:{}:/", path.display()));
    let run = files.connect("-v --proxy http://127.0.0.1:9", &url).input("x\n").finish();
    run.status(0).stdout("x\n").stderr_has("TLS 1.2 with unix:");
    files.connect("--sni elsewhere.test", &url).finish().status(4).stderr_has("is for another name");
    let inspect = files.trusting(Run::new(["inspect", &url])).finish();
    inspect.status(0).stdout_has(&url).stdout_has("\n> Host: localhost\n");
}

#[test]
fn a_certificate_and_its_key_may_be_in_one_file() {
    let files = Files::good();
    let listen = Run::listen("--once").arg("--cert").arg(files.path("both.pem")).start();
    files.connect("", &listen.url()).input("x\n").finish().status(0);
    listen.finish().status(0).stdout("x\n");
}

/// Both directions at once, more than any buffer holds: neither waits for the other.
#[test]
fn much_goes_there_and_back() {
    let files = Files::good();
    let listen = files.listen("--echo --once");
    let lines: String = (0..20_000).map(|number| line(number, 500) + "\n").collect();
    let connect = files.connect("", &listen.url()).input(lines.clone()).finish();
    connect.status(0).stdout(lines);
    listen.finish().status(0);
}

#[test]
fn several_clients_and_compression() {
    let files = Files::good();
    let mut listen = files.listener("--compress").stdin(Stdin::Held).start();
    let url = listen.url();
    let clients: Vec<Running> = (0..3)
        .map(|number| {
            let client = files.connect("--compress --count 1", &url).input(format!("here {number}\n")).start();
            listen.wait_lines(number + 1);
            client
        })
        .collect();
    listen.write("to all of you, to all of you\n");
    for client in clients {
        client.finish().status(0).stdout("to all of you, to all of you\n");
    }
    listen.end_input_and_finish().status(0);
}

#[test]
fn certificates_that_are_not_accepted() {
    let other = Files::good();
    for (files, host, words) in [
        (
            Files::with(|params| params.not_after = date_time_ymd(2021, 2, 3)),
            "127.0.0.1",
            vec!["the server's certificate has expired", "CN=the test's server", "2021-02-03", "-k"],
        ),
        (
            Files::with(|params| params.not_before = date_time_ymd(2999, 1, 1)),
            "127.0.0.1",
            vec!["not valid yet", "2999-01-01"],
        ),
        (
            Files::with(|params| {
                params.subject_alt_names =
                    CertificateParams::new(["elsewhere.test".to_owned()]).expect("a name").subject_alt_names;
            }),
            "127.0.0.1",
            vec!["is for another name", "for elsewhere.test", "--sni"],
        ),
    ] {
        let listen = files.listen("--echo");
        let url = listen.url().replace("127.0.0.1", host);
        let refused = files.connect("", &url).input("x\n").finish();
        refused.status(4);
        for word in words {
            refused.stderr_has(word);
        }
        files.connect("-k", &url).input("x\n").finish().status(0).stdout("x\n");
    }
    let files = Files::good();
    let url = files.listen("--echo");
    let (listen, url) = (&url, url.url());
    let refused = other.connect("", &url).finish();
    refused.status(4).stderr_has("nobody who is trusted here vouches").stderr_has("CN=the test's authority");
    refused
        .stderr_has("--cacert")
        .stderr_has("its issuer's certificate was not sent by the server, or leads to no root");
    listen.wait_stderr("listening on wss://");
}

#[test]
fn another_name_can_be_expected() {
    let files = Files::with(|params| {
        params.subject_alt_names =
            CertificateParams::new(["elsewhere.test".to_owned()]).expect("a name").subject_alt_names;
    });
    let listen = files.listen("--echo");
    files.connect("--sni elsewhere.test", &listen.url()).input("x\n").finish().status(0).stdout("x\n");
}

/// A server of many names learns which one is meant (RFC 6066, 3), and of an address nothing, as it is no name.
#[test]
fn the_server_is_told_which_name_is_meant() {
    let hello = |options: &str, host: &str| {
        let server = Server::start();
        let run = Run::connect(options, &format!("wss://{host}:{}/", server.port())).start();
        let mut peer = server.connection();
        let mut header = [0; 5];
        peer.read_exactly(&mut header);
        let mut hello = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
        peer.read_exactly(&mut hello);
        drop(peer);
        run.finish().status(4);
        hello
    };
    let names = |hello: &[u8], name: &str| {
        let length = name.len() as u8;
        let extension = [&[0, 0, 0, length + 5, 0, length + 3, 0, 0, length], name.as_bytes()].concat();
        memchr::memmem::find(hello, &extension).is_some()
    };
    assert!(names(&hello("", "localhost"), "localhost"));
    assert!(names(&hello("--sni elsewhere.test", "localhost"), "elsewhere.test"));
    assert!(names(&hello("-k", "localhost"), "localhost"));
    assert!(memchr::memmem::find(&hello("", "127.0.0.1"), b"127.0.0.1").is_none());
}

#[test]
fn a_peer_that_speaks_no_tls() {
    let server = Server::start();
    let run = Run::connect("", &server.url().replace("ws:", "wss:")).start();
    let mut peer = server.connection();
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    run.finish().status(4).stderr_has("what came is no TLS").stderr_has("ws://");
    let run = Run::connect("", &server.url().replace("ws:", "wss:")).start();
    drop(server.connection());
    run.finish().status(4).stderr_has("the connection ended inside the TLS handshake");
    let run = Run::connect("--connect-timeout 0.3", &server.url().replace("ws:", "wss:")).start();
    let peer = server.connection();
    let silent = run.finish();
    silent.status(3).stderr_has("did not answer the TLS handshake within 0.3 s").stderr_has("--connect-timeout");
    silent.stderr_has("is it a plain port? Try ws://");
    drop(peer);
}

#[test]
fn a_client_that_speaks_no_tls() {
    let files = Files::good();
    let listen = files.listen("-v");
    Run::connect("", &listen.url().replace("wss:", "ws:")).finish().status(5);
    listen.wait_stderr("the client speaks no TLS: it has to ask for wss://");
}

#[test]
fn the_oldest_version_that_will_do() {
    let files = Files::good();
    let listen = files.listen("--echo");
    let run = files.connect("--tls-min 1.3", &listen.url()).finish();
    run.status(4).stderr_has("no version of TLS in common: the server speaks TLS 1.2, and --tls-min asks for TLS 1.3");
    run.stderr_lacks("--tls-min 1.0");
    Run::connect("--tls-min 2", "wss://localhost").finish().status(2).stderr_has("write 1.0, 1.1, 1.2 or 1.3");
}

#[test]
fn files_that_hold_something_else() {
    let files = Files::good();
    files.write("empty.pem", "");
    let with = |options: &[(&str, &str)]| {
        let run = options
            .iter()
            .fold(Run::connect("", "wss://localhost:9"), |run, (option, name)| run.arg(option).arg(files.path(name)));
        run.finish()
    };
    with(&[("--cert", "nowhere.pem")])
        .status(2)
        .stderr_has("--cert")
        .stderr_has("nowhere.pem")
        .stderr_has("No such file");
    with(&[("--cert", "empty.pem"), ("--key", "key.pem")]).status(2).stderr_has("--cert").stderr_has("no certificate");
    with(&[("--cert", "server.pem")]).status(2).stderr_has("there is no private key");
    with(&[("--cert", "server.pem"), ("--key", "empty.pem")])
        .status(2)
        .stderr_has("--key")
        .stderr_has("no private key");
    with(&[("--cacert", "empty.pem")])
        .status(2)
        .stderr_has("--cacert")
        .stderr_has("empty.pem: there is no certificate");
    Run::connect("--cacert /dev/null", "ws://localhost:9").finish().status(2).stderr_has("--cacert /dev/null: ");
    with(&[("--pkcs12", "server.pem")]).status(2).stderr_has("--pkcs12").stderr_has("server.pem: it is no PKCS#12");
    let empty_name = Run::new(["connect", "--sni", "", "wss://localhost:9"]).finish();
    empty_name.status(2).stderr_has("--sni");
}

/// Found out before a client finds it out.
#[test]
fn a_key_that_does_not_belong_to_the_certificate() {
    let files = Files::good();
    files.write("other.pem", &KeyPair::generate().expect("a key").serialize_pem());
    for run in [Run::listen(""), Run::connect("", "wss://localhost:9"), Run::connect("", "ws://localhost:9")] {
        let run = run.arg("--cert").arg(files.path("server.pem")).arg("--key").arg(files.path("other.pem")).finish();
        run.status(2).stderr_has("--key ").stderr_has("other.pem: the private key does not belong to the certificate");
        run.stderr_has("--cert ").stderr_has("server.pem");
        run.stderr_lacks("listening");
    }
    files.write(
        "mixed.pem",
        &(fs::read_to_string(files.path("server.pem")).expect("PEM")
            + &KeyPair::generate().expect("a key").serialize_pem()),
    );
    let run = Run::listen("").arg("--cert").arg(files.path("mixed.pem")).finish();
    run.status(2).stderr_has("--cert ").stderr_has("mixed.pem: the private key does not belong to the certificate");
}

#[test]
fn a_certificate_that_names_nothing() {
    let files = Files::with(|params| params.subject_alt_names.clear());
    let listen = files.listen("--echo");
    let run = files.connect("", &listen.url()).finish();
    run.status(4).stderr_has("no subjectAltName").stderr_has("CN=the test's server").stderr_has("-k accepts");
    run.stderr_lacks("one of these names");
}

/// The end of the connection without a Close is no end of the session, also where TLS is cut off.
#[test]
fn a_connection_that_is_cut_off() {
    let files = Files::good();
    let [certificate, key] = ["server.pem", "key.pem"].map(|name| fs::read(files.path(name)).expect("it is there"));
    let identity = Identity::from_pkcs8(&certificate, &key).expect("they belong together");
    let acceptor = native_tls::TlsAcceptor::new(identity).expect("it accepts");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("wss://{}/", listener.local_addr().expect("an address"));
    let server = thread::spawn(move || {
        let (socket, _) = listener.accept().expect("a client");
        let mut stream = acceptor.accept(socket).expect("TLS");
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a request");
            request.push(byte[0]);
        }
        let request = String::from_utf8(request).expect("text");
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
        let accept = derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).and_then(|()| stream.write_all(b"\x81\x04last")).expect("it is there");
        // No Close, and no close_notify.
    });
    let run = files.connect("", &url).stdin(Stdin::Held).finish();
    server.join().expect("the server does its part");
    run.status(6).stdout("last\n").stderr_has("without a Close");
}

#[test]
fn inspect_shows_the_certificate() {
    let files = Files::good();
    let listen = files.listen("");
    let inspect = || Run::new(["inspect", "--cacert"]).arg(files.path("authority.pem")).arg(listen.url());
    let text = inspect().finish();
    text.status(0).stdout_has("certificate             CN=the test's server").stdout_has("localhost, 127.0.0.1");
    let json = inspect().arg("--json").finish();
    let report = &json.json()[0];
    assert_eq!(report["tls"]["certificate"]["issuer"], "CN=the test's authority");
    assert!(report["milliseconds"]["tls"].is_number());
}
