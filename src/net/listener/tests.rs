//! Listening on loopback, and on paths in directories of their own.

use super::*;
use crate::net::{Endpoint, Lookup, dial};
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use rustix::io::FdFlags;

fn bind(text: &str) -> Result<Listener, BindError> {
    Listener::bind(&text.parse().unwrap())
}

fn bind_path(path: &Path) -> Result<Listener, BindError> {
    Listener::bind(&ListenAddr::Unix(path.to_owned()))
}

#[test]
fn port_zero_is_replaced_by_the_one_that_was_picked() {
    let listener = bind("0").unwrap();
    let port = listener.local_port().unwrap();
    assert_ne!(port, 0);
    assert_eq!(listener.url(), format!("ws://127.0.0.1:{port}/"));
}

#[test]
fn ipv6_stands_in_brackets_in_the_url() {
    let listener = match bind("[::1]:0") {
        Ok(listener) => listener,
        // A machine without IPv6.
        Err(BindError::NotLocal { .. } | BindError::Tcp { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    let port = listener.local_port().unwrap();
    assert_eq!(listener.url(), format!("ws://[::1]:{port}/"));
}

#[test]
fn a_tcp_client_is_accepted_with_its_address_and_no_delay() {
    let listener = bind("localhost:0").unwrap();
    let port = listener.local_port().unwrap();
    let client = TcpStream::connect(("localhost", port)).unwrap();
    let (socket, peer) = listener.accept().unwrap();
    assert_eq!(peer, client.local_addr().unwrap().to_string());
    let Socket::Tcp(stream) = &socket else {
        panic!("not TCP");
    };
    assert!(stream.nodelay().unwrap());
}

#[test]
fn nobody_there_is_no_reason_to_wait() {
    let listener = bind("0").unwrap();
    assert!(listener.try_accept().unwrap().is_none());
    let _client = TcpStream::connect(("127.0.0.1", listener.local_port().unwrap())).unwrap();
    let (socket, _) = listener.accept().unwrap();
    // A connection blocks, though the listener does not.
    let blocks = |fd: BorrowedFd<'_>| !rustix::fs::fcntl_getfl(fd).unwrap().contains(rustix::fs::OFlags::NONBLOCK);
    assert!(blocks(socket.as_fd()) && !blocks(listener.as_fd()));
}

#[test]
fn a_port_is_bound_again_at_once_though_a_connection_lingers() {
    let listener = bind("0").unwrap();
    let port = listener.local_port().unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (server, _) = listener.accept().unwrap();
    // The side that closes first keeps the port in TIME-WAIT.
    drop(server);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    drop(client);
    drop(listener);
    let again = bind(&port.to_string()).unwrap();
    assert_eq!(again.local_port(), Some(port));
}

#[test]
fn a_port_in_use_is_reported_with_what_to_do() {
    let listener = bind("0").unwrap();
    let port = listener.local_port().unwrap();
    let error = bind(&port.to_string()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "could not listen on 127.0.0.1:{port}: another program is using it; stop that, or use another port (0 picks a free one)"
        )
    );
}

#[test]
fn another_machines_address_is_reported() {
    // TEST-NET-3 of RFC 5737 is nobody's.
    let error = bind("203.0.113.1:0").unwrap_err();
    assert!(matches!(error, BindError::NotLocal { .. }), "{error:?}");
}

#[test]
fn permission_denied_speaks_of_low_ports() {
    let address = "127.0.0.1:80".parse().unwrap();
    let error = BindError::of_tcp(address, ErrorKind::PermissionDenied.into());
    assert!(error.to_string().contains("below 1024"), "{error}");
}

#[test]
fn a_unix_client_is_accepted_and_the_file_goes_with_the_listener() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = bind_path(&path).unwrap();
    assert_eq!(listener.url(), format!("ws+unix:{}:/", path.display()));
    assert_eq!(listener.local_port(), None);
    let mut client = UnixStream::connect(&path).unwrap();
    let (socket, peer) = listener.accept().unwrap();
    assert_eq!(peer, format!("unix:{}", path.display()));
    client.write_all(b"x").unwrap();
    assert_eq!((&socket).read(&mut [0; 2]).unwrap(), 1);
    drop(listener);
    assert!(!path.exists());
}

#[test]
fn a_stale_unix_socket_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "std leaves the file behind");
    let _listener = bind_path(&path).unwrap();
    UnixStream::connect(&path).unwrap();
}

#[test]
fn a_live_unix_socket_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let _live = bind_path(&path).unwrap();
    let error = bind_path(&path).unwrap_err();
    assert!(matches!(error, BindError::SocketInUse { .. }), "{error:?}");
    UnixStream::connect(&path).unwrap();
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes");
    std::fs::write(&path, "keep me").unwrap();
    let error = bind_path(&path).unwrap_err();
    assert!(matches!(error, BindError::NotASocket { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "keep me");
}

#[test]
fn the_file_of_a_successor_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let first = bind_path(&path).unwrap();
    // Moved and not removed, so that its inode can't be given to the second.
    std::fs::rename(&path, directory.path().join("moved")).unwrap();
    let _second = bind_path(&path).unwrap();
    drop(first);
    UnixStream::connect(&path).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn an_abstract_name_is_listened_on_without_a_file() {
    let name = format!("@wspipe listener test {}", std::process::id());
    // A file of that name has nothing to do with it.
    assert!(!Path::new(&name).exists());
    let listener = bind(&format!("unix:{name}")).unwrap();
    assert_eq!(listener.url(), format!("ws+unix:{name}:/"));
    let _client = dial(&Endpoint::Unix(name.clone().into()), &Lookup::default(), None).unwrap().socket;
    let (_, peer) = listener.accept().unwrap();
    assert_eq!(peer, format!("unix:{name}"));
    assert!(!Path::new(&name).exists());
    let error = bind(&format!("unix:{name}")).unwrap_err();
    assert!(matches!(error, BindError::SocketInUse { .. }), "{error:?}");
    drop(listener);
    bind(&format!("unix:{name}")).unwrap();
}

#[test]
fn an_inherited_socket_does_not_block_and_goes_to_no_child() {
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listening.local_addr().unwrap();
    rustix::io::fcntl_setfd(&listening, FdFlags::empty()).unwrap();
    let listener = Listener::open(ListenOn::Inherited(listening.into())).unwrap();
    assert_eq!(rustix::io::fcntl_getfd(&listener).unwrap(), FdFlags::CLOEXEC);
    assert_eq!(listener.url(), format!("ws://{address}/"));
    assert!(listener.try_accept().unwrap().is_none());
    let _client = TcpStream::connect(address).unwrap();
    let (socket, _) = listener.accept().unwrap();
    let Socket::Tcp(stream) = &socket else {
        panic!("not TCP");
    };
    assert!(stream.nodelay().unwrap());
}

#[test]
fn the_file_of_an_inherited_socket_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listening = UnixListener::bind(&path).unwrap();
    let listener = Listener::open(ListenOn::Inherited(listening.into())).unwrap();
    assert_eq!(listener.url(), format!("ws+unix:{}:/", path.display()));
    drop(listener);
    assert!(path.exists());
}

#[test]
fn what_is_inherited_and_no_listener_is_told() {
    let refused = |fd: OwnedFd| match Listener::open(ListenOn::Inherited(fd)).unwrap_err() {
        BindError::Inherited { problem, .. } => problem,
        error => panic!("{error}"),
    };
    assert!(matches!(refused(std::io::pipe().unwrap().0.into()), Unsuitable::NotASocket));
    assert!(matches!(refused(UdpSocket::bind("127.0.0.1:0").unwrap().into()), Unsuitable::NotAStream));
    #[cfg(not(target_vendor = "apple"))]
    assert!(matches!(refused(UnixStream::pair().unwrap().0.into()), Unsuitable::NotListening));
}

#[test]
fn unix_paths_that_can_not_be_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    let missing = bind_path(&directory.path().join("none/socket")).unwrap_err();
    assert!(missing.to_string().contains("No such file"), "{missing}");
    let long = bind_path(&directory.path().join("x".repeat(200))).unwrap_err();
    assert!(long.to_string().contains("too long"), "{long}");
}
