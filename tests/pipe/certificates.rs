//! What `inspect` shows of a server's certificates, and `--min-days`.

use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::harness::{Run, Server};
use crate::tls::Files;

/// A certificate that lasts so many days and a half from now on.
fn lasting(days: u64) -> Files {
    Files::with(|params| params.not_after = (SystemTime::now() + half_past(days)).into())
}

fn half_past(days: u64) -> Duration {
    Duration::from_secs(days * 86_400 + 43_200)
}

fn inspect(files: &Files, options: &str, url: &str) -> Run {
    files.trusting(Run::new(["inspect", url]).words(options))
}

/// A listener that sends the certificates in this file.
fn listen(files: &Files, certificates: &str) -> crate::harness::Running {
    let run = Run::listen("--echo").arg("--cert").arg(files.path(certificates));
    run.arg("--key").arg(files.path("key.pem")).start()
}

#[test]
fn the_whole_chain_is_shown() {
    let files = lasting(12);
    let listener = listen(&files, "chain.pem");
    let text = inspect(&files, "", &listener.url()).finish();
    text.status(0).silent().stdout_has("certificate             CN=the test's server\n");
    text.stdout_has("  names                 localhost, 127.0.0.1\n").stdout_has(", 12 days left\n");
    text.stdout_has(
        "certificate 2           CN=the test's authority\n  issuer                CN=the test's authority\n",
    );
    let json = inspect(&files, "--json", &listener.url()).finish();
    let tls = &json.status(0).json()[0]["tls"];
    let chain = tls["chain"].as_array().expect("it is seen");
    assert_eq!((chain.len(), &chain[0], &chain[0]["days_left"]), (2, &tls["certificate"], &json!(12)));
    assert_eq!(chain[1]["subject"], "CN=the test's authority");
}

#[test]
fn a_chain_of_one_is_said_to_be_one() {
    let files = Files::good();
    let listener = files.listen("--echo");
    let run = inspect(&files, "", &listener.url()).finish();
    run.status(0).stdout_has("chain                   the server sends no other certificate\n");
}

#[test]
fn certificates_that_do_not_last_long_enough_are_status_4() {
    let files = lasting(12);
    let listener = listen(&files, "chain.pem");
    for (days, status, verdict) in [(0, 0, "pass"), (12, 0, "pass"), (13, 4, "fail")] {
        let options = format!("--min-days {days}");
        let text = inspect(&files, &options, &listener.url()).finish();
        text.status(status).silent().stdout_has(&format!("{verdict}  certificate validity"));
        text.stdout_has(&format!("expected at least {days} days left\n"));
        text.stdout_has("RFC 5280, 4.1.2.5").stdout_has("found    12 days left, until 20");
        let is_told = text.text().contains("The certificate does not last long enough (--min-days)");
        assert_eq!(is_told, status == 4, "{text:?}");
        let json = inspect(&files, &(options + " --json"), &listener.url()).finish();
        let report = &json.status(status).silent().json()[0];
        let check = &report["checks"][0];
        assert_eq!((&report["ok"], &check["verdict"]), (&json!(status == 0), &json!(verdict)));
        assert_eq!((&check["head"], &check["subject"]), (&Value::Null, &json!("certificate validity")));
    }
}

/// The root of [`Files`] lasts for long. Here one between it and the server does not, and then a root that does not.
#[test]
fn every_certificate_but_a_root_has_to_last() {
    let files = Files::good();
    for (is_root, status) in [(false, 4), (true, 0)] {
        let [key, root_key, own_key] = [(); 3].map(|()| KeyPair::generate().expect("a key"));
        let authority = |name: &str| {
            let mut params = CertificateParams::new(Vec::new()).expect("no names");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let (root, mut between) = (authority("root"), authority("between"));
        between.not_after = (SystemTime::now() + half_past(5)).into();
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, "leaf");
        let leaf = params.signed_by(&own_key, &Issuer::from_params(&between, &key)).expect("it is signed").pem();
        let above = if is_root {
            between.self_signed(&key).expect("it signs itself")
        } else {
            between.signed_by(&key, &Issuer::from_params(&root, &root_key)).expect("it is signed")
        };
        files.write("chain.pem", &(leaf + &above.pem()));
        files.write("key.pem", &own_key.serialize_pem());
        let listener = listen(&files, "chain.pem");
        let run = Run::new(["inspect", "-k", "--min-days", "6", &listener.url()]).finish();
        run.status(status).silent();
        if !is_root {
            run.stdout_has("found    CN=between: 5 days left, until 20");
        }
    }
}

#[test]
fn what_was_accepted_unchecked_is_noted() {
    let expired = Files::with(|params| params.not_after = rcgen::date_time_ymd(2021, 2, 3));
    let elsewhere = Files::with(|params| {
        params.subject_alt_names =
            rcgen::CertificateParams::new(["elsewhere.test".to_owned()]).expect("a name").subject_alt_names;
    });
    let good = Files::good();
    for (files, trusting, words) in [
        (&expired, true, Some("has expired")),
        (&elsewhere, true, Some("is for another name")),
        (&good, false, Some("nobody who is trusted here vouches for the server's certificate")),
        (&good, true, None),
    ] {
        let listener = files.listen("--echo");
        let run = || {
            let run = Run::new(["inspect", "-k", &listener.url()]);
            if trusting { files.trusting(run) } else { run }
        };
        let text = run().finish();
        text.status(0).silent();
        let json = run().arg("--json").finish();
        let report = json.status(0).json().remove(0);
        assert_eq!(report["ok"], json!(true));
        let Some(words) = words else {
            assert!(!text.text().contains("note  certificate "), "{text:?}");
            continue;
        };
        text.stdout_has("note  certificate ").stdout_has("expected one that is accepted without -k").stdout_has(words);
        assert_eq!((&report["checks"][0]["verdict"], &report["checks"][0]["head"]), (&json!("note"), &Value::Null));
    }
}

#[test]
fn what_has_expired_does_not_last() {
    let files = Files::with(|params| params.not_after = rcgen::date_time_ymd(2021, 2, 3));
    let listener = files.listen("--echo");
    let run = Run::new(["inspect", "-k", "--min-days", "0", &listener.url()]).finish();
    run.status(4).stdout_has("fail  certificate validity").stdout_has("days ago, on 2021-02-03T00:00:00Z");
    let json = Run::new(["inspect", "-k", "--json", &listener.url()]).finish();
    assert!(json.status(0).json()[0]["tls"]["certificate"]["days_left"].as_i64().is_some_and(|days| days < -1000));
}

#[test]
fn days_are_counted_where_there_is_a_certificate() {
    let server = Server::start();
    let run = Run::new(["inspect", "--min-days", "3", &server.url()]).finish();
    run.status(2).stdout("").stderr_has("wss://");
    server.expect_nobody();
    for days in ["-1", "1.5", "x", ""] {
        Run::new(["inspect", "wss://127.0.0.1:9/", &format!("--min-days={days}")]).finish().status(2);
    }
    Run::new(["inspect", "--min-days", "3", "--request", "-"]).finish().status(2);
    Run::new(["inspect", "--min-days", "3"]).finish().status(2);
}

/// A certificate that was not accepted is shown all the same, with the way to it.
#[test]
fn a_certificate_that_is_not_accepted_is_shown() {
    let files = Files::with(|params| params.not_after = rcgen::date_time_ymd(2021, 2, 3));
    let listener = listen(&files, "chain.pem");
    let text = inspect(&files, "", &listener.url()).finish();
    text.status(4).stderr_has("has expired").stdout_has(&format!("{} at 127.0.0.1:", listener.url()));
    text.stdout_has("certificate             CN=the test's server\n").stdout_has(" days ago\n");
    text.stdout_has("certificate 2           CN=the test's authority\n");
    let json = inspect(&files, "--json", &listener.url()).finish();
    let report = &json.status(4).json()[0];
    assert_eq!((&report["ok"], &report["url"]), (&json!(false), &json!(listener.url())));
    assert!(report["error"].as_str().is_some_and(|error| error.contains("has expired")), "{report}");
    assert_eq!(report["tls"]["certificate"]["subject"], "CN=the test's server");
    assert_eq!(report["tls"]["chain"].as_array().map(Vec::len), Some(2));
    assert!(report["milliseconds"]["connect"].is_number() && report["milliseconds"]["http"].is_null(), "{report}");
}

#[cfg(target_os = "linux")]
mod by_openssl {
    //! Servers that native-tls can't be.

    use std::fs;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use openssl::pkey::PKey;
    use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslFiletype, SslMethod, SslVerifyMode, SslVersion};
    use tungstenite::handshake::derive_accept_key;

    use super::*;

    /// A server of TLS 1.3, and of 1.2 too unless it is `only` that, which sends the chain.
    fn acceptor(files: &Files, only: bool) -> SslAcceptorBuilder {
        let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).expect("OpenSSL");
        builder.set_certificate_chain_file(files.path("chain.pem")).expect("certificates");
        let key = PKey::private_key_from_pem(&fs::read(files.path("key.pem")).expect("a file")).expect("a key");
        builder.set_private_key(&key).expect("it belongs to the certificate");
        if only {
            builder.set_min_proto_version(Some(SslVersion::TLS1_3)).expect("a version");
        }
        builder
    }

    /// Serves one connection with each acceptor: a handshake, and nothing more. Gives the listener, to see who else comes.
    fn serve(acceptors: Vec<SslAcceptorBuilder>) -> (String, JoinHandle<TcpListener>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("wss://{}/", listener.local_addr().expect("an address"));
        let server = thread::spawn(move || {
            for acceptor in acceptors {
                let (socket, _) = listener.accept().expect("a client");
                let Ok(mut stream) = acceptor.build().accept(socket) else { continue };
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
                    request.push(byte[0]);
                }
                let request = String::from_utf8(request).expect("text");
                let Some(key) = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")) else {
                    continue;
                };
                let accept = derive_accept_key(key.as_bytes());
                let answer = format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: {accept}\r\n\r\n\u{88}\0"
                );
                // A Close without a code: an empty frame, its first byte as it is.
                let answer: Vec<u8> = answer.chars().map(|c| c as u8).collect();
                let _ = stream.write_all(&answer);
                let _ = stream.read_to_end(&mut Vec::new());
            }
            listener
        });
        (url, server)
    }

    #[test]
    fn what_tls_1_3_encrypts_is_seen_by_a_second_look() {
        let files = Files::good();
        let (url, server) = serve(vec![acceptor(&files, false), acceptor(&files, false)]);
        let run = inspect(&files, "", &url).finish();
        run.status(0).silent().stdout_has("TLS                     TLS 1.3\n");
        run.stdout_has("certificate 2           CN=the test's authority\n");
        server.join().expect("two connections were made");
    }

    #[test]
    fn a_server_of_tls_1_3_only_shows_its_own_certificate() {
        let files = Files::good();
        let (url, server) = serve(vec![acceptor(&files, true), acceptor(&files, true)]);
        let run = inspect(&files, "--min-days 1", &url).finish();
        run.status(0).silent().stdout_has("certificate             CN=the test's server\n");
        run.stdout_has("chain                   the rest can't be seen: TLS 1.3 encrypts it");
        run.stdout_has("(the other certificates can't be seen)");
        assert!(!run.text().contains("certificate 2"), "{run:?}");
        server.join().expect("two connections were made");
        let (url, server) = serve(vec![acceptor(&files, true), acceptor(&files, true)]);
        let run = inspect(&files, "--json", &url).finish();
        let tls = &run.status(0).json()[0]["tls"];
        assert_eq!((&tls["version"], &tls["chain"]), (&json!("TLS 1.3"), &Value::Null));
        assert_eq!(tls["certificate"]["subject"], "CN=the test's server");
        server.join().expect("two connections were made");
    }

    #[test]
    fn chains_of_two_certificates_are_not_mixed() {
        let (files, other) = (Files::good(), Files::good());
        let (url, server) = serve(vec![acceptor(&files, false), acceptor(&other, false)]);
        let run = inspect(&files, "", &url).finish();
        run.status(0).silent().stdout_has("with TLS 1.2 the server shows another certificate");
        assert!(!run.text().contains("certificate 2"), "{run:?}");
        server.join().expect("two connections were made");
    }

    #[test]
    fn connect_looks_once() {
        let files = Files::good();
        let (url, server) = serve(vec![acceptor(&files, false)]);
        files.trusting(Run::connect("", &url)).finish().status(0);
        let listener = server.join().expect("a connection was made");
        listener.set_nonblocking(true).expect("a socket can be");
        assert!(listener.accept().is_err(), "there was a second connection");
    }

    /// A server that wants a certificate of the client.
    fn wanting(files: &Files) -> SslAcceptorBuilder {
        let mut builder = acceptor(files, false);
        builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        builder.set_ca_file(files.path("authority.pem")).expect("an authority");
        builder.set_private_key_file(files.path("key.pem"), SslFiletype::PEM).expect("a key");
        builder
    }

    #[test]
    fn a_proxy_that_wants_a_certificate_is_told_apart() {
        let files = Files::good();
        let (url, proxy) = serve(vec![wanting(&files)]);
        let url = url.replace("wss://", "https://");
        let run = files.trusting(Run::connect("", "ws://nowhere.test/")).arg("--proxy").arg(url).finish();
        run.status(4).stderr_has("the proxy does not accept this side").stderr_lacks("--cert").stderr_lacks("SSL");
        proxy.join().expect("there was one connection");
    }

    #[test]
    fn a_private_key_goes_with_a_certificate_and_a_url() {
        let files = Files::good();
        let wanting = || wanting(&files);
        let (url, server) = serve(vec![wanting(), wanting()]);
        let run = inspect(&files, "", &url).arg("--cert").arg(files.path("server.pem"));
        let run = run.arg("--key").arg(files.path("key.pem")).finish();
        run.status(0).silent().stdout_has("certificate 2           CN=the test's authority\n");
        server.join().expect("two connections were made");
        // One of another authority, which the server says only after the handshake.
        let other = Files::good();
        let (url, server) = serve(vec![wanting()]);
        let run = files.trusting(Run::connect("", &url)).arg("--cert").arg(other.path("both.pem")).finish();
        run.status(4).stderr_has("the server does not accept the certificate of --cert or --pkcs12: ");
        run.stderr_lacks("a certificate of yours");
        server.join().expect("a connection was made");
        // With TLS 1.3 the client has been told only after the handshake.
        for (command, connections) in [("connect", 1), ("inspect", 2)] {
            let (url, server) = serve((0..connections).map(|_| wanting()).collect());
            let run = files.trusting(Run::new([command, &url])).finish();
            run.status(4).stderr_has("the server does not accept this side").stderr_has("--cert and --key");
            if command == "inspect" {
                run.stdout_has("> GET / HTTP/1.1\n");
            }
            server.join().expect("so many connections were made");
        }
    }
}
