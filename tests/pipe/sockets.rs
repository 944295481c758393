//! What `listen` listens on besides a TCP port of its own: unix sockets, with a file or without, and sockets that are
//! inherited.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
#[cfg(target_os = "linux")]
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::{FileTypeExt, symlink};
#[cfg(target_os = "linux")]
use std::os::unix::net::SocketAddr;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;

use rustix::process::Signal;

use crate::harness::{Peer, Run, Stdin};

fn listen_at(path: &Path) -> Run {
    Run::new(["listen", "--once"]).arg(format!("unix:{}", path.display()))
}

#[test]
fn the_file_of_a_unix_socket_has_the_mode_that_it_is_given() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let address = format!("unix:{}", path.display());
    for (mode, words) in [(0o600, &["listen", &address][..]), (0o666, &["forward", &address, "ws://localhost:1/"])] {
        let run = Run::new(words).args(["--socket-mode", &format!("{mode:o}")]).start();
        run.wait_stderr("listening on");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        run.signal(Signal::TERM);
        run.finish().died_of(Signal::TERM);
    }
    for words in [["9001", "600"], ["unix:@x", "600"], ["unix:x", "abc"], ["unix:x", "1777"]] {
        Run::new(["listen", words[0], "--socket-mode", words[1]]).finish().status(2).stderr_has("mode");
    }
}

#[test]
fn the_file_of_a_unix_socket_goes_with_the_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let run = listen_at(&path).stdin(Stdin::Held).start();
    run.url();
    assert!(fs::metadata(&path).unwrap().file_type().is_socket());
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
    assert!(!path.exists());
}

#[test]
fn a_unix_socket_that_is_in_use_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let first = listen_at(&path).start();
    let url = first.url();
    let second = listen_at(&path).finish();
    second.status(1).stdout("").stderr_has(&format!("unix:{}: another program is using it", path.display()));
    Peer::open(&url).finish_first(1000);
    first.finish().status(0);
}

#[test]
fn a_unix_socket_that_is_in_use_is_left_alone_also_if_it_takes_no_more_clients() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let live = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&live, 0).unwrap();
    let _queued = UnixStream::connect(&path).unwrap();
    listen_at(&path).finish().status(1).stderr_has("another program is using it");
    live.accept().unwrap();
}

#[test]
fn a_unix_socket_of_another_kind_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let datagrams = UnixDatagram::bind(&path).unwrap();
    listen_at(&path).finish().status(1).stderr_has("another program is using it");
    let sender = UnixDatagram::unbound().unwrap();
    sender.send_to(b"still there", &path).unwrap();
    assert_eq!(datagrams.recv(&mut [0; 20]).unwrap(), 11);
}

#[test]
fn a_directory_or_a_link_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (folder, link) = (directory.path().join("folder"), directory.path().join("link"));
    fs::create_dir(&folder).unwrap();
    // It leads to what would be replaced: but who made the link said what it is to lead to.
    let stale = directory.path().join("stale");
    drop(UnixListener::bind(&stale).unwrap());
    symlink(&stale, &link).unwrap();
    for path in [&folder, &link] {
        listen_at(path).finish().status(1).stderr_has("not a socket");
    }
    assert!(folder.is_dir() && stale.exists());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn the_file_of_a_successor_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let first = listen_at(&path).start();
    first.url();
    fs::rename(&path, directory.path().join("moved")).unwrap();
    let second = listen_at(&path).start();
    let url = second.url();
    first.signal(Signal::TERM);
    first.finish().died_of(Signal::TERM);
    Peer::open(&url).finish_first(1000);
    second.finish().status(0);
}

/// An abstract name that no other test has, nor another run of the tests.
#[cfg(target_os = "linux")]
fn abstract_name(of: &str) -> String {
    format!("@wspipe test {} {of}", std::process::id())
}

#[test]
#[cfg(target_os = "linux")]
fn an_abstract_name_connects_two_runs_without_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let name = abstract_name("two runs");
    let listener = Run::new(["listen", "--once"]).arg(format!("unix:{name}")).within(directory.path());
    let listener = listener.stdin(Stdin::Held).start();
    let url = listener.url();
    assert_eq!(url, format!("ws+unix:{name}:/"));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
    let run = Run::connect("-v --wait 0", &format!("{url}chat")).input("hello\n").finish();
    run.status(0).stderr_has(&format!("at unix:{name}\n"));
    listener.finish().status(0).stdout("hello\n");
}

#[test]
#[cfg(target_os = "linux")]
fn an_abstract_name_and_a_file_of_that_name_have_nothing_to_do_with_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let name = abstract_name("file");
    let file = directory.path().join(&name);
    let within = |address: &str| Run::new(["listen", "--once", address]).within(directory.path());
    let at_file = within(&format!("unix:./{name}")).start();
    assert_eq!(at_file.url(), format!("ws+unix:./{name}:/"));
    let identity = fs::metadata(&file).unwrap().ino();
    let at_name = within(&format!("unix:{name}")).start();
    let hello = |url: &str| Run::connect("--wait 0", url).within(directory.path()).input("hi\n").finish();
    hello(&at_name.url()).status(0);
    at_name.finish().status(0).stdout("hi\n");
    assert_eq!(fs::metadata(&file).unwrap().ino(), identity);
    hello(&at_file.url()).status(0);
    at_file.finish().status(0).stdout("hi\n");
    assert!(!file.exists());
}

#[test]
#[cfg(target_os = "linux")]
fn an_abstract_name_that_is_in_use_is_named() {
    let name = abstract_name("in use");
    let address = SocketAddr::from_abstract_name(name.trim_start_matches('@')).unwrap();
    let live = UnixListener::bind_addr(&address).unwrap();
    let run = Run::new(["listen"]).arg(format!("unix:{name}")).finish();
    run.status(1).stderr_has(&format!("unix:{name}: another program is using it"));
    drop(live);
    let run = Run::connect("", &format!("ws+unix:{name}:/")).finish();
    run.status(3).stderr_has(&format!("unix:{name}: refused"));
}

#[test]
fn a_name_that_is_none_is_status_2() {
    for name in ["", "@"] {
        Run::new(["listen"]).arg(format!("unix:{name}")).finish().status(2).stderr_has("names no socket");
        Run::connect("", &format!("ws+unix:{name}:/")).finish().status(2).stderr_has("names no socket");
    }
}

#[test]
fn a_name_that_is_too_long_is_status_1_to_listen_and_3_to_connect() {
    for first in if cfg!(target_os = "linux") { &["/", "@"][..] } else { &["/"] } {
        let name = format!("{first}{}", "x".repeat(200));
        Run::new(["listen"]).arg(format!("unix:{name}")).finish().status(1).stderr_has("too long");
        Run::connect("", &format!("ws+unix:{name}:/")).finish().status(3).stderr_has("too long");
    }
}

/// A run that inherits this as descriptor 3; these shell commands come before.
fn inheriting(words: &str, fd: impl Into<OwnedFd>, before: &'static str) -> Run {
    Run::new(["listen"]).words(words).stdin(Stdin::Passing(fd.into(), before))
}

/// What a service manager sets for one descriptor.
const ONE: &str = "export LISTEN_PID=$$ LISTEN_FDS=1";

#[test]
fn an_inherited_tcp_socket_is_listened_on() {
    for (host, scheme) in [("127.0.0.1", "ws://127.0.0.1:"), ("::1", "ws://[::1]:")] {
        let Ok(listener) = TcpListener::bind((host, 0)) else {
            continue; // This machine has no IPv6.
        };
        let port = listener.local_addr().unwrap().port();
        let run = inheriting("fd:3 --once", listener, "").start();
        let url = run.url();
        assert_eq!(url, format!("{scheme}{port}/"));
        let mut peer = Peer::open(&url);
        peer.text("hello");
        peer.finish_first(1000);
        run.finish().status(0).stdout("hello\n");
    }
}

#[test]
fn a_wildcard_address_is_shown_as_it_is() {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let run = inheriting("fd:3", listener, "").start();
    assert_eq!(run.url(), format!("ws://0.0.0.0:{port}/"));
}

#[test]
fn clients_that_came_before_the_run_are_served() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let mut early = Peer::connect(&url);
    early.request("/", "");
    let run = inheriting("fd: --echo --once", listener, ONE).start();
    assert!(early.head().starts_with("HTTP/1.1 101 "));
    early.text("early");
    early.expect_text("early");
    early.finish_first(1000);
    run.finish().status(0);
}

#[test]
fn whoever_passes_a_socket_keeps_it_and_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    for _ in 0..2 {
        let run = inheriting("fd: --once", listener.try_clone().unwrap(), ONE).start();
        let url = run.url();
        assert_eq!(url, format!("ws+unix:{}:/", path.display()));
        Peer::open(&url).finish_first(1000);
        run.finish().status(0);
    }
    let _client = UnixStream::connect(&path).unwrap();
    listener.accept().unwrap();
}

#[test]
fn several_runs_share_a_socket() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let run = || inheriting("fd:3", listener.try_clone().unwrap(), "").start();
    let runs = [run(), run(), run()];
    let urls = runs.each_ref().map(|run| run.url());
    for _ in 0..10 {
        Peer::open(&urls[0]).finish_first(1000);
    }
    for run in &runs {
        run.signal(Signal::TERM);
    }
    for run in runs {
        run.finish().died_of(Signal::TERM);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_inherited_abstract_socket_is_listened_on() {
    let name = abstract_name("inherited");
    let address = SocketAddr::from_abstract_name(name.trim_start_matches('@')).unwrap();
    let run = inheriting("fd:3 --once", UnixListener::bind_addr(&address).unwrap(), "").start();
    let url = run.url();
    assert_eq!(url, format!("ws+unix:{name}:/"));
    Run::connect("--wait 0", &url).input("hello\n").finish().status(0);
    run.finish().status(0).stdout("hello\n");
}

#[test]
fn of_several_sockets_the_one_that_is_named_is_taken() {
    const TWO: &str = "exec 4<&0; export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:api";
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for which in ["fd:web", "fd:api", "fd:4"] {
        let run = inheriting("--once", listener.try_clone().unwrap(), TWO).arg(which).start();
        Peer::open(&run.url()).finish_first(1000);
        run.finish().status(0);
    }
    for (which, words) in [("fd:", "name one by its number: fd:3 (web), fd:4 (api)"), ("fd:x", "named \"x\"")] {
        let run = inheriting("", listener.try_clone().unwrap(), TWO).arg(which).finish();
        run.status(2).stdout("").stderr_has(words);
    }
}

#[test]
fn a_descriptor_that_is_no_listening_socket_is_status_1_and_says_what_it_is() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let connection = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let datagrams = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for (fd, words) in [
        (OwnedFd::from(fs::File::open("/dev/null").unwrap()), "it is not a socket"),
        (datagrams.into(), "it is not a stream socket"),
        (UnixStream::pair().unwrap().0.into(), "does not listen"),
        (connection.into(), "does not listen"),
    ] {
        inheriting("fd:3", fd, "").finish().status(1).stdout("").stderr_has("fd:3: ").stderr_has(words);
    }
    inheriting("fd:999", listener, "").finish().status(1).stderr_has("fd:999: it is not open");
}

#[test]
fn a_descriptor_that_nobody_has_passed_is_status_2() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for (which, before, words) in [
        ("fd:", "", "LISTEN_FDS is not set"),
        ("fd:web", "", "LISTEN_FDS is not set"),
        ("fd:", "export LISTEN_FDS=1", "LISTEN_PID is \"\""),
        ("fd:", "export LISTEN_FDS=1 LISTEN_PID=1", "LISTEN_PID is \"1\""),
        ("fd:", "export LISTEN_FDS=0 LISTEN_PID=$$", "LISTEN_FDS is \"0\""),
        ("fd:0", "", "standard stream"),
        ("fd:99999999999", "", "no descriptor"),
    ] {
        let run = inheriting("", listener.try_clone().unwrap(), before).arg(which).finish();
        run.status(2).stdout("").stderr_has(words);
    }
}
