use std::io::Read;
use std::os::unix::net::UnixStream;

use super::*;
use crate::bridge::{OnEof, QueueSource, Rules, SendingThread, Session};
use crate::commands::coding::{Coding, Terms};
use crate::net::{Connection, Socket};
use crate::protocol::{Close, Level, Role};

const SECOND: Duration = Duration::from_secs(1);

fn session(near: UnixStream) -> (Session, Worth) {
    let terms = Terms { buffer: 100, grows: true, max_message: None, compression: None, level: Level::default() };
    let Coding { decoder, encoder, worth } = Coding::server(terms, b"");
    let rules = Rules {
        role: Role::Server,
        on_eof: OnEof::Keep,
        close: Close::new(1000, ""),
        close_timeout: SECOND,
        grace: SECOND,
        idle_timeout: None,
        heartbeat: None,
        deadline: None,
        half_close: false,
        awaiting: false,
    };
    let connection = Connection::plain(Socket::from(near));
    (Session { connection, decoder, encoder, awaited: None, rules }, worth)
}

/// Between the place that it got and the start of its session others may fill its queue.
#[test]
fn who_is_let_go_before_its_session_has_started_learns_it_then() {
    let crowd = Crowd::new(Arc::new(Wake::new().unwrap()), None, false).unwrap();
    let outbox = Outbox::new(10);
    let source = QueueSource::new(Arc::clone(&outbox));
    let arrival = crowd.announce(Arc::clone(&outbox), &[]).unwrap();
    crowd.pass_on(&Arc::from([0x82, 0]), 99);
    crowd.let_go(arrival.number, &outbox);
    // Nothing more is left for it.
    crowd.pass_on(&Arc::from([0x82, 0]), 99);

    let (near, mut far) = UnixStream::pair().unwrap();
    let (session, worth) = session(near);
    let (number, bell) = (arrival.number, arrival.bell());
    let thread = SendingThread::spawn().unwrap();
    let receiving = session.start_on(thread, source, outbox, Arc::clone(&bell) as Arc<dyn Bell>);
    let control = Arc::clone(receiving.control());
    arrival.join(Client { number, peer: "it".into(), control, worth, bell, told_by: None, command: None });
    let close = b"\x88\x29\x03\xf5too slow: its queue of 10 bytes is full";
    let mut sent = vec![0; close.len()];
    far.read_exact(&mut sent).unwrap();
    assert_eq!(String::from_utf8_lossy(&sent), String::from_utf8_lossy(close));
    assert!(!crowd.is_empty(), "its end is still to come");
}

#[test]
fn who_never_joins_leaves_no_trace() {
    let crowd = Crowd::new(Arc::new(Wake::new().unwrap()), Some(1), false).unwrap();
    let arrival = crowd.announce(Outbox::new(10), &[]).unwrap();
    assert!(crowd.announce(Outbox::new(10), &[]).is_err(), "there is one place");
    drop(arrival);
    assert!(crowd.is_empty());
    assert_eq!(crowd.announce(Outbox::new(10), &[]).unwrap().number, 2);
}
