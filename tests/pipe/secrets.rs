//! Where secrets come from, and that none is ever shown.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::harness::{Finished, Peer, Run, Running, Server, Stdin, Terminal};

fn basic(credentials: &str) -> String {
    format!("\r\nAuthorization: Basic {}\r\n", BASE64_STANDARD.encode(credentials))
}

/// A file of the library's own tests: an encrypted key on P-256, whose passphrase is `secret`, and what belongs to it.
fn key_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net/tls/identity").join(name)
}

/// Whether these tests run in a terminal: then there is one for the program, too.
fn terminal_is_there() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Accepts the next client, and ends the session; gives the request.
fn served(server: &Server, run: Running) -> (String, Finished) {
    let mut peer = server.connection();
    let request = peer.accept("");
    peer.finish_first(1000);
    let run = run.finish();
    run.status(0);
    (request, run)
}

#[test]
fn a_password_is_asked_for_and_not_shown() {
    for command in ["connect", "inspect"] {
        let server = Server::start();
        let (run, mut terminal) = Run::new([command, "-u", "bob", &server.url()]).start_on_terminal();
        terminal.wait_for("Password of bob: ");
        assert!(!terminal.echoes(), "what is typed would be shown");
        terminal.press("hunter3\x7f2\r");
        let mut peer = server.connection();
        let request = peer.accept("");
        assert!(request.contains(&basic("bob:hunter2")), "{request}");
        assert!(terminal.echoes(), "the terminal is not as it was");
        peer.close(1000, "");
        let run = run.finish();
        run.status(0).silent();
        terminal.wait_for("\n");
        assert_eq!(terminal.shown(), "Password of bob: \r\n");
    }
}

#[test]
fn standard_input_is_not_touched_by_the_question() {
    let server = Server::start();
    let run = Run::connect("--wait 0 -u bob", &server.url()).input("this is data\n");
    let (run, mut terminal) = run.start_on_terminal();
    terminal.wait_for("Password of bob: ");
    terminal.press("hunter2\n");
    let mut peer = server.connection();
    assert!(peer.accept("").contains(&basic("bob:hunter2")));
    peer.expect_text("this is data");
    peer.finish(1000);
    run.finish().status(0).silent();
}

#[test]
fn interrupting_the_question_ends_the_run_and_restores_the_terminal() {
    let (run, mut terminal) = Run::connect("-u bob", "ws://localhost:9/").start_on_terminal();
    terminal.wait_for("Password of bob: ");
    terminal.press("hunt\x03");
    run.finish().died_of(Signal::INT).silent();
    assert!(terminal.echoes(), "the terminal is not as it was");
}

#[test]
fn a_signal_ends_the_question_and_restores_the_terminal() {
    for signal in [Signal::TERM, Signal::HUP] {
        let (run, mut terminal) = Run::connect("-u bob", "ws://localhost:9/").start_on_terminal();
        terminal.wait_for("Password of bob: ");
        terminal.press("hunt");
        run.signal(signal);
        run.finish().died_of(signal).silent();
        assert!(terminal.echoes(), "the terminal is not as it was");
    }
}

/// Signals were caught while the question was asked; afterwards they do what they always did.
#[test]
fn after_the_question_signals_are_as_they_were() {
    for signal in [Signal::INT, Signal::HUP] {
        let server = Server::start();
        let (run, mut terminal) = Run::connect("-u bob", &server.url()).start_on_terminal();
        terminal.wait_for("Password of bob: ");
        terminal.press("x\r");
        let mut peer = server.connection();
        peer.head();
        // Nobody is to be told yet.
        run.signal(signal);
        run.finish().died_of(signal);
    }
    let server = Server::start();
    let (run, mut terminal) = Run::connect("-u bob -v", &server.url()).start_on_terminal();
    terminal.wait_for("Password of bob: ");
    terminal.press("x\r");
    let mut peer = server.accept();
    peer.text("there");
    run.wait_stdout("there");
    run.signal(Signal::TERM);
    peer.finish(1001);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn no_answer_to_the_question_is_wrong_usage() {
    let (run, mut terminal) = Run::connect("-u bob", "ws://localhost:9/").start_on_terminal();
    terminal.wait_for("Password of bob: ");
    terminal.press("\x04");
    run.finish().status(2).stderr_has("Password of bob: nothing was typed");
    assert!(terminal.echoes(), "the terminal is not as it was");
}

#[test]
fn an_empty_line_is_the_empty_password() {
    let server = Server::start();
    let (run, mut terminal) = Run::connect("-u bob", &server.url()).start_on_terminal();
    terminal.wait_for("Password of bob: ");
    terminal.press("\r");
    let (request, run) = served(&server, run);
    assert!(request.contains(&basic("bob:")), "{request}");
    run.silent();
}

#[test]
fn a_password_that_is_known_is_not_asked_for() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("user");
    fs::write(&file, "bob:from a file\r\n").unwrap();
    let file = format!("@{}", file.display());
    for (user, password) in [
        ("bob", "bob:from the environment"),
        ("bob:", "bob:"),
        ("bob:given", "bob:given"),
        (&file, "bob:from a file"),
        ("@env:WHO", "ann:of a variable"),
        ("@env:ALONE", "eve:from the environment"),
    ] {
        let server = Server::start();
        let run = Run::new(["connect", "-u", user, &server.url()]);
        let run =
            run.env("WSPIPE_PASSWORD", "from the environment").env("WHO", "ann:of a variable").env("ALONE", "eve");
        let (run, terminal) = run.start_on_terminal();
        let (request, run) = served(&server, run);
        assert!(request.contains(&basic(password)), "{user}: {request}");
        run.silent();
        assert_eq!(terminal.shown(), "", "{user}");
    }
}

/// What worked before there were questions: a URL like `wss://TOKEN@host/` holds all that there is.
#[test]
fn a_user_alone_in_the_url_has_the_empty_password() {
    let server = Server::start();
    let (run, terminal) = Run::connect("", &server.url().replace("//", "//bob@")).start_on_terminal();
    let (request, run) = served(&server, run);
    assert!(request.contains(&basic("bob:")), "{request}");
    run.silent();
    assert_eq!(terminal.shown(), "");
}

#[test]
fn without_a_terminal_the_ways_to_give_a_password_are_told() {
    if terminal_is_there() {
        return; // It would be asked.
    }
    let run = Run::connect("-u bob", "ws://localhost:9/").finish();
    run.status(2).stdout("").stderr_has("-u:").stderr_has("USER:PASS, @FILE or WSPIPE_PASSWORD");
}

#[test]
fn every_secret_can_come_from_a_file_or_the_environment() {
    let folder = TempDir::new().unwrap();
    for (option, text, line) in [
        ("--user", "bob:hunter2", basic("bob:hunter2")),
        ("--bearer", "t0ken", "\r\nAuthorization: Bearer t0ken\r\n".to_owned()),
        ("--cookie", "a=cr1sps", "\r\nCookie: a=cr1sps\r\n".to_owned()),
        ("--header", "X-One: 1\nX-Two: 2", "\r\nX-One: 1\r\nX-Two: 2\r\n".to_owned()),
    ] {
        let file = folder.path().join(option);
        fs::write(&file, format!("{text}\n")).unwrap();
        for given in [format!("@{}", file.display()), "@env:SECRET".to_owned()] {
            let server = Server::start();
            let run = Run::new(["connect", option, &given, &server.url()]).env("SECRET", text).start();
            let (request, run) = served(&server, run);
            assert!(request.contains(&line), "{option} {given}: {request}");
            run.silent();
        }
    }
}

#[test]
fn a_source_that_is_not_there_is_wrong_usage() {
    let not_text = std::os::unix::ffi::OsStrExt::from_bytes(b"\xffs3cret");
    let not_text: &std::ffi::OsStr = not_text;
    for option in ["-u", "--bearer", "--cookie", "-H", "--passphrase"] {
        for (given, words) in [
            ("@/nonexistent/file", vec!["@/nonexistent/file: No such file"]),
            ("@env:NOWHERE", vec!["@env:NOWHERE: there is no environment variable NOWHERE"]),
            ("@env:BROKEN", vec!["BROKEN is not UTF-8"]),
            ("@env:", vec!["write @env:NAME"]),
            ("@", vec!["write @FILE"]),
        ] {
            for command in ["connect", "inspect"] {
                let run = Run::new([command, option, given, "ws://localhost:9/"]).env("BROKEN", not_text);
                let certificate = key_file("ec-cert.pem");
                let run = if option == "--passphrase" { run.arg("--cert").arg(certificate) } else { run };
                let run = run.finish();
                run.status(2).stdout("").stderr_lacks("s3cret");
                for word in &words {
                    run.stderr_has(word);
                }
                if given != "@env:BROKEN" {
                    run.stderr_has(&format!("{option} "));
                }
            }
        }
    }
}

/// Opens a key of the library's tests as a listener does; a client in plain then ends it.
fn listener(arguments: &[(&str, &str)]) -> Run {
    let run = Run::listen("--once --url-file /dev/null");
    arguments.iter().fold(run, |run, (option, file)| run.arg(option).arg(key_file(file)))
}

/// The listener got its key: it listens. It is ended with the test.
#[track_caller]
fn listens(run: &Running) {
    assert!(run.url().starts_with("wss://"));
}

const PEM: &[(&str, &str)] = &[("--cert", "ec-cert.pem"), ("--key", "ec-encrypted.pem")];
const PKCS12: &[(&str, &str)] = &[("--pkcs12", "ec.p12")];

#[test]
fn a_passphrase_is_asked_for_where_one_is_needed() {
    for (arguments, file) in [(PEM, "ec-encrypted.pem"), (PKCS12, "ec.p12")] {
        let (run, mut terminal) = listener(arguments).start_on_terminal();
        terminal.wait_for(&format!("{file}: "));
        assert!(!terminal.echoes(), "what is typed would be shown");
        terminal.press("secret\r");
        listens(&run);
        terminal.wait_for("\n");
        assert!(terminal.shown().starts_with("Passphrase of /"), "{}", terminal.shown());
        assert!(terminal.shown().ends_with(&format!("{file}: \r\n")), "{}", terminal.shown());
    }
}

/// Whoever has typed a password does not want to hear then that the command line was wrong.
#[test]
fn what_is_wrong_is_told_before_a_password_is_asked_for() {
    let [certificate, key] = ["ec-cert.pem", "ec-encrypted.pem"].map(|name| key_file(name).display().to_string());
    for (words, told) in [
        ("connect -u bob --cacert /nonexistent", "--cacert"),
        ("connect -u bob --cert /nonexistent", "--cert"),
        ("inspect -u bob --cacert /nonexistent", "--cacert"),
        ("inspect -u bob --min-days 3", "--min-days"),
        (&format!("connect --cert {certificate} --key {key} --cacert /nonexistent"), "--cacert"),
    ] {
        let (run, terminal) = Run::new(words.split(' ')).arg("ws://localhost:9/").start_on_terminal();
        run.finish().status(2).stderr_has(told);
        assert_eq!(terminal.shown(), "", "{words}");
    }
}

#[test]
fn a_passphrase_that_is_wrong_is_not_asked_for_again() {
    let (run, mut terminal) = listener(PEM).start_on_terminal();
    terminal.wait_for("ec-encrypted.pem: ");
    terminal.press("hunter2\r");
    run.finish().status(2).stderr_has("--key").stderr_has("is the passphrase right?").stderr_lacks("hunter2");
}

#[test]
fn a_passphrase_that_is_known_or_not_needed_is_not_asked_for() {
    let plain: &[(&str, &str)] = &[("--cert", "ec-cert.pem"), ("--key", "ec.pem")];
    for (arguments, option, variable) in [
        (PEM, "secret", ""),
        (PEM, "@env:OTHER", ""),
        (PEM, "", "secret"),
        (PKCS12, "@env:OTHER", ""),
        (PKCS12, "", "secret"),
        (plain, "", ""),
    ] {
        let mut run = listener(arguments).env("OTHER", "secret");
        if !option.is_empty() {
            run = run.args(["--passphrase", option]);
        }
        if !variable.is_empty() {
            run = run.env("WSPIPE_PASSPHRASE", variable);
        }
        let (run, terminal): (Running, Terminal) = run.start_on_terminal();
        listens(&run);
        assert_eq!(terminal.shown(), "", "{arguments:?}");
    }
}

#[test]
fn without_a_terminal_the_ways_to_give_a_passphrase_are_told() {
    if terminal_is_there() {
        return; // It would be asked.
    }
    for arguments in [PEM, PKCS12] {
        let run = listener(arguments).finish();
        run.status(2).stderr_has("--passphrase @FILE or WSPIPE_PASSPHRASE");
    }
}

/// Runs a client with all that can be said of it, and every kind of secret; `url` has one as well.
fn talkative(command: &str, options: &[&str], url: &str) -> Run {
    let run = Run::new([command, "-vvv"]).args(options).arg(url.replace("ws://", "ws://urluser:urlpass@"));
    let run = run.env("RUST_LOG", "trace").env("WSPIPE_PASSPHRASE", "envphrase").env("WSPIPE_PASSWORD", "envpass");
    run.env("SECRET", "bob:envuser").stdin(Stdin::Null)
}

const SECRETS: &[&[&str]] = &[
    &["-u", "user:hunter2"],
    &["-u", "user"],
    &["-u", "@env:SECRET"],
    &["--bearer", "t0ken"],
    &["--cookie", "session=cr1sps"],
    &["--passphrase", "passphr4se"],
    &["-H", "Authorization: Digest d1gest"],
    &["-H", "Proxy-Authorization: Basic pr0xy"],
    &["-H", "cookie: b=br0wnie"],
];

#[track_caller]
fn shows_no_secret(run: &Finished) {
    let plain = "urlpass hunter2 envpass envuser envphrase t0ken cr1sps passphr4se d1gest pr0xy br0wnie g1ven l0cated";
    let encoded = ["urluser:urlpass", "user:hunter2", "user:envpass", "bob:envuser", "x:l0cated"]
        .map(|of| BASE64_STANDARD.encode(of));
    for secret in plain.split(' ').chain(encoded.iter().map(String::as_str)) {
        run.stderr_lacks(secret);
        assert!(!run.text().contains(secret), "{secret} in {run:?}");
    }
}

#[test]
fn no_secret_shows_whatever_the_server_says() {
    let refusals = [
        "HTTP/1.1 403 Forbidden\r\nSet-Cookie: x=g1ven\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: ws://x:l0cated@elsewhere.test/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: //l0cated@elsewhere.test\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-x\r\n",
        "",
    ];
    for command in ["connect", "inspect"] {
        for options in SECRETS {
            let server = Server::start();
            let run = talkative(command, options, &server.url()).start();
            let mut peer: Peer = server.connection();
            let request = peer.accept("Set-Cookie: x=g1ven\r\n");
            assert!(request.contains("uthorization: ") || request.contains("ookie: "), "{request}");
            peer.close(1000, "");
            let run = run.finish();
            run.status(0);
            shows_no_secret(&run);
        }
        for refusal in refusals {
            let server = Server::start();
            let all: Vec<&str> =
                SECRETS.iter().filter(|options| options[0] != "-u").copied().flatten().copied().collect();
            let run = talkative(command, &all, &server.url()).start();
            drop(server.answer(refusal));
            let run = run.finish();
            run.status(5);
            shows_no_secret(&run);
        }
    }
}

#[test]
fn no_secret_shows_on_the_way_along_redirects() {
    for command in ["connect", "inspect"] {
        for options in SECRETS {
            let [server, other] = [Server::start(), Server::start()];
            let run = talkative(command, &[options, &["-L"][..]].concat(), &server.url()).start();
            for next in [&server, &other] {
                let location = next.url().replace("//", "//x:l0cated@");
                drop(server.answer(format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n")));
            }
            let mut peer = other.accept();
            peer.close(1000, "");
            let run = run.finish();
            run.status(0);
            shows_no_secret(&run);
        }
    }
}

#[test]
fn no_secret_shows_when_there_is_no_server() {
    for options in SECRETS {
        let nobody = Server::start().url();
        let run = talkative("connect", options, &nobody).finish();
        run.status(3);
        shows_no_secret(&run);
    }
}

/// A private key can't be opened with what is given: neither that nor the key is shown.
#[test]
fn no_passphrase_shows_when_it_is_wrong() {
    for arguments in [PEM, PKCS12] {
        let run = listener(arguments).args(["--passphrase", "passphr4se", "-vvv"]).env("RUST_LOG", "trace").finish();
        run.status(2);
        shows_no_secret(&run);
    }
}
