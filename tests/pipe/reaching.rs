//! Ways to a host: addresses that the user knows better, one family of them, and commands that lead there.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::harness::{FIN, Frame, Run, Server, Stdin, TEXT, switching_protocols};
use crate::tls::Files;

#[test]
fn a_known_host_is_not_looked_up() {
    let server = Server::start();
    let port = server.port();
    for known in [format!("nowhere.test:{port}:127.0.0.1"), format!("*:{port}:127.0.0.1")] {
        let run = Run::connect("", &format!("ws://nowhere.test:{port}/")).args(["--resolve", &known]);
        let run = run.input("x\n").start();
        let mut peer = server.connection();
        let request = peer.accept("");
        assert!(request.contains(&format!("\r\nHost: nowhere.test:{port}\r\n")), "{request}");
        peer.expect_text("x");
        peer.finish(1000);
        run.finish().status(0);
    }
    let run = Run::connect("--resolve x:y:z", &server.url()).finish();
    run.status(2).stderr_has("--resolve").stderr_has("\"y\" is not a port");
    server.expect_nobody();
}

#[test]
fn one_family_leaves_the_other_out() {
    let server = Server::start();
    let port = server.port();
    let known = format!("nowhere.test:{port}:127.0.0.1,::1");
    let url = format!("ws://nowhere.test:{port}/");
    let run = Run::connect("-4", &url).args(["--resolve", &known]).input("x\n").start();
    let mut peer = server.accept();
    peer.expect_text("x");
    peer.finish(1000);
    run.finish().status(0);
    let run = Run::connect("-6 --connect-timeout 5", &server.url()).finish();
    run.status(3).stderr_has("has no IPv6 address");
    Run::connect("-4 -6", &url).finish().status(2);
    server.expect_nobody();
}

/// Two named pipes, to play a server behind a command.
struct Pipes(TempDir);

impl Pipes {
    fn new() -> Self {
        let pipes = Pipes(TempDir::new().expect("a folder"));
        for name in ["up", "down"] {
            let mode = Mode::RUSR | Mode::WUSR;
            mknodat(CWD, pipes.path(name), FileType::Fifo, mode, 0).expect("a named pipe");
        }
        pipes
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A command that leads from standard input to one, and from the other to standard output.
    fn command(&self) -> String {
        let (up, down) = (self.path("up"), self.path("down"));
        format!("cat {} & exec cat > {}", down.display(), up.display())
    }

    /// The server's ends, once the command runs: what it writes, and what it reads.
    fn open(&self) -> (File, File) {
        let down = File::options().write(true).open(self.path("down")).expect("the command reads");
        (down, File::open(self.path("up")).expect("the command writes"))
    }
}

impl Pipes {
    /// Carries what comes and goes to a server at this port; to be dropped when the run is over.
    fn carry_to(&self, port: &str) -> JoinHandle<()> {
        let (mut down, mut up) = self.open();
        let stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("the server listens");
        let mut writer = stream.try_clone().expect("there are descriptors left");
        thread::spawn(move || {
            carry(&mut up, &mut writer);
            let _ = writer.shutdown(Shutdown::Write);
        });
        thread::spawn(move || carry(&mut &stream, &mut down))
    }
}

/// (`io::copy` lets the system hold back what it could send later.)
fn carry(from: &mut impl Read, to: &mut impl Write) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes)
        && to.write_all(&bytes[..count]).is_ok()
    {}
}

/// Reads a request and accepts it; gives the request.
fn accept(down: &mut File, up: &mut File) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        up.read_exact(&mut byte).expect("a request comes");
        request.push(byte[0]);
    }
    let request = String::from_utf8(request).expect("a request is text");
    down.write_all(switching_protocols(&request, "").as_bytes()).expect("the command reads");
    request
}

#[test]
fn a_command_is_the_connection() {
    let pipes = Pipes::new();
    let run = Run::connect("", "ws://a.test/x").arg("--via-command").arg(pipes.command()).input("hello\n").start();
    let (mut down, mut up) = pipes.open();
    let request = accept(&mut down, &mut up);
    assert!(request.starts_with("GET /x HTTP/1.1\r\nHost: a.test\r\n"), "{request}");
    let frame = Frame::read(&mut up).expect("a frame").expect("the connection goes on");
    assert_eq!((frame.first, &frame.payload[..]), (FIN | TEXT, &b"hello"[..]));
    down.write_all(&Frame::new(FIN | TEXT, "there").bytes()).expect("the command reads");
    let close = Frame::read(&mut up).expect("a frame").expect("the connection goes on");
    assert_eq!(close.close_code(), Some(1000));
    down.write_all(&Frame::new(close.first, close.payload).bytes()).expect("the command reads");
    drop(down);
    run.finish().status(0).stdout("there\n");
    // The end of the session is the end of what was sent.
    let mut rest = Vec::new();
    up.read_to_end(&mut rest).expect("the command ends");
    assert_eq!(rest, b"");
}

#[test]
fn tls_goes_through_a_command() {
    let files = Files::good();
    let listen = files.listen("--echo");
    let url = listen.url();
    let port = url.trim_end_matches('/').rsplit(':').next().expect("there is a port");
    for words in ["connect --count 1", "inspect", "inspect --json"] {
        let pipes = Pipes::new();
        let run = Run::new(words.split(' ')).arg("wss://localhost/").arg("--via-command").arg(pipes.command());
        let run = files.trusting(run).input("hello\n").start();
        let way = pipes.carry_to(port);
        let run = run.finish();
        way.join().expect("the way comes to its end");
        run.status(0).silent();
        if words == "inspect --json" {
            let report = &run.json()[0];
            assert_eq!(report["address"], "the command of --via-command");
            assert_eq!(report["tls"]["certificate"]["subject"], "CN=the test's server");
        } else if words == "inspect" && run.text().contains("TLS 1.3") {
            run.stdout_has("TLS 1.3 encrypts it, and the command of --via-command is not run for a second look");
        } else if words != "inspect" {
            run.stdout("hello\n");
        }
    }
}

#[test]
fn host_and_port_stand_in_the_command() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("said");
    for (url, said) in [("ws://a.test:81/", "a.test 81 %"), ("wss://[::1]/", "::1 443 %")] {
        let command = format!("echo %h %p %% > {}", file.display());
        Run::connect("", url).arg("--via-command").arg(command).finish();
        assert_eq!(fs::read_to_string(&file).expect("it was written"), format!("{said}\n"));
    }
}

#[test]
fn secrets_are_not_in_a_commands_environment() {
    let run =
        Run::connect("", "ws://a.test/").args(["--via-command", "echo \"$OWN[$(env | grep WSPIPE_)]\" >&2; exit 7"]);
    let run = run.env("WSPIPE_PASSWORD", "hunter2").env("WSPIPE_PASSPHRASE", "hunter3").env("OWN", "kept");
    run.env("PATH", "/usr/bin:/bin").finish().status(3).stderr_has("kept[]\n");
}

#[test]
fn a_command_that_fails_is_told() {
    for url in ["ws://a.test/", "wss://a.test/"] {
        let run = Run::connect("", url).arg("--via-command").arg("echo no way >&2; exit 7").finish();
        run.status(3).stderr_has("no way\n").stderr_has("--via-command failed").stderr_has("(exit status 7)");
    }
    // One that is done, and was no way to a server.
    for url in ["ws://a.test/", "wss://a.test/"] {
        let run = Run::connect("", url).args(["--via-command", "true"]).finish();
        run.status(3).stderr_has("--via-command ended before anything came (exit status 0): it is to carry bytes");
    }
    let run = Run::connect("", "ws://a.test/").args(["--via-command", "exec sleep 100", "--connect-timeout", "0.1"]);
    run.finish().status(3).stderr_has("the command of --via-command did not answer");
}

/// What is left of a pipeline would hold standard error, which is waited for here.
#[test]
fn of_a_pipeline_nothing_is_left() {
    if File::open("/dev/tty").is_ok() {
        return; // It would be in our own process group.
    }
    let command = "sleep 1000 | sleep 1000 | sleep 1000";
    let run = Run::connect("--connect-timeout 0.1", "ws://a.test/").args(["--via-command", command]);
    run.finish().status(3).stderr_has("did not answer");
}

/// A shell on a terminal sends Ctrl-C to all that run there; the Close has to go through the command nevertheless.
#[test]
fn on_a_terminal_a_command_may_ask_and_ctrl_c_says_goodbye() {
    let pipes = Pipes::new();
    let answer = pipes.path("answer");
    let ask = format!("read answer </dev/tty; echo $answer >{}; ", answer.display());
    let run = Run::connect("", "ws://a.test/").arg("--via-command").arg(ask + &pipes.command()).stdin(Stdin::Held);
    let (run, mut terminal) = run.start_on_terminal();
    terminal.press("yes\r");
    let (mut down, mut up) = pipes.open();
    accept(&mut down, &mut up);
    assert_eq!(fs::read_to_string(answer).expect("it was written"), "yes\n");
    down.write_all(&Frame::new(FIN | TEXT, "there").bytes()).expect("the command reads");
    run.wait_stdout("there");
    terminal.press("\x03");
    let close = Frame::read(&mut up).expect("a frame").expect("the connection goes on");
    assert_eq!(close.close_code(), Some(1001));
    down.write_all(&Frame::new(close.first, close.payload).bytes()).expect("the command reads");
    drop(down);
    run.finish().died_of(Signal::INT);
}

#[test]
fn a_signal_says_goodbye_through_a_command() {
    let pipes = Pipes::new();
    let run = Run::connect("", "ws://a.test/").arg("--via-command").arg(pipes.command()).stdin(Stdin::Held).start();
    let (mut down, mut up) = pipes.open();
    accept(&mut down, &mut up);
    down.write_all(&Frame::new(FIN | TEXT, "there").bytes()).expect("the command reads");
    run.wait_stdout("there");
    run.signal(Signal::INT);
    let close = Frame::read(&mut up).expect("a frame").expect("the connection goes on");
    assert_eq!(close.close_code(), Some(1001));
    down.write_all(&Frame::new(close.first, close.payload).bytes()).expect("the command reads");
    drop(down);
    run.finish().died_of(Signal::INT);
}

#[test]
fn a_command_excludes_what_it_takes_the_place_of() {
    for option in ["--proxy=none", "--resolve=a:1:::1", "-4", "-6"] {
        Run::connect("", "ws://a.test/").args(["--via-command", "true", option]).finish().status(2);
    }
}

/// The path of a socket may hold anything, and the shell would read it.
#[test]
fn a_command_leads_to_no_socket() {
    let folder = TempDir::new().expect("a folder");
    let run = Run::connect("", "ws+unix:/x;touch ran;:/chat")
        .args(["--via-command", "echo %h"])
        .within(folder.path())
        .finish();
    run.status(2).stderr_has("--via-command").stderr_has("ws+unix:");
    assert!(!folder.path().join("ran").exists(), "the shell has read the path");
}
