//! `listen --broadcast`: everyone gets what the others send.

use std::thread;

use rustix::process::Signal;

use crate::harness::{BINARY, CONTINUATION, FIN, PING, PONG, Peer, Run, Stdin, TEXT, line};

fn room<const N: usize>(options: &str) -> (crate::harness::Running, [Peer; N]) {
    let run = Run::listen("--broadcast").words(options).stdin(Stdin::Held).start();
    let url = run.url();
    // Whoever has been told that it is in gets what is sent from then on.
    let peers = std::array::from_fn(|_| Peer::open(&url));
    (run, peers)
}

#[test]
fn everyone_gets_what_the_others_send_and_nobody_his_own() {
    let (run, [mut one, mut two, mut three]) = room("");
    one.text("from one");
    for peer in [&mut two, &mut three] {
        peer.expect_text("from one");
    }
    two.binary([0xff, 0]);
    for peer in [&mut one, &mut three] {
        assert_eq!(peer.message(), (BINARY, vec![0xff, 0], 1));
    }
    three.text("");
    for peer in [&mut one, &mut two] {
        peer.expect_text("");
    }
    run.signal(Signal::TERM);
    for peer in [one, two, three] {
        peer.finish(1001);
    }
    run.finish().died_of(Signal::TERM).stdout("").silent_but_for_the_url();
}

#[test]
fn pings_and_closes_are_between_the_listener_and_one_client() {
    let (run, [mut one, mut two]) = room("");
    one.ping("mine");
    one.expect_pong("mine");
    one.frame(FIN | PONG, "nobody asked");
    one.finish_first(1000);
    run.signal(Signal::TERM);
    // Nothing else has come before it.
    two.expect_close(1001);
    two.close(1001, "");
    run.finish().died_of(Signal::TERM);
}

#[test]
fn standard_input_is_not_used() {
    let (mut run, [mut one, mut two]) = room("");
    run.write("a line for nobody\n");
    run.end_input();
    one.text("still here");
    two.expect_text("still here");
    run.signal(Signal::TERM);
    one.finish(1001);
    two.finish(1001);
    run.finish().died_of(Signal::TERM).stdout("");
}

#[test]
fn long_messages_of_several_clients_never_mix() {
    const MESSAGES: usize = 12;
    let (run, [mut listener, one, two, three]) = room("");
    let talk = |(client, peer): (usize, Peer)| {
        // Its own thread, so that what the others say is read meanwhile.
        let mut sender = peer.sender();
        let sending = thread::spawn(move || {
            for message in 0..MESSAGES {
                let text = line(client * MESSAGES + message, 300_000);
                let (begin, rest) = text.split_at(100_000);
                let (middle, end) = rest.split_at(100_000);
                sender.frame(TEXT, begin);
                sender.frame(FIN | PING, "");
                sender.frame(CONTINUATION, middle);
                sender.frame(FIN | CONTINUATION, end);
            }
        });
        let mut peer = peer;
        let reading = thread::spawn(move || {
            let mut heard = 0;
            while heard < 2 * MESSAGES {
                heard += usize::from(peer.read().opcode() == TEXT);
            }
            peer
        });
        (sending, reading)
    };
    let talkers = [(0, one), (1, two), (2, three)].map(talk);
    let mut heard: Vec<String> = (0..3 * MESSAGES)
        .map(|_| {
            let (kind, payload, _) = listener.message();
            assert_eq!(kind, TEXT);
            String::from_utf8(payload).unwrap()
        })
        .collect();
    // Those of one client come in the order in which it sent them.
    let of =
        |client: usize| heard.iter().filter(move |text| number(text) / MESSAGES == client).map(|text| number(text));
    for client in 0..3 {
        assert!(of(client).eq(client * MESSAGES..(client + 1) * MESSAGES));
    }
    heard.sort_unstable();
    assert!(heard.iter().enumerate().all(|(number, text)| *text == line(number, 300_000)));
    for (sending, reading) in talkers {
        sending.join().unwrap();
        reading.join().unwrap();
    }
    run.signal(Signal::TERM);
    listener.finish(1001);
    run.finish().died_of(Signal::TERM);
}

fn number(line: &str) -> usize {
    line[..8].parse().expect("a line begins with its number")
}

#[test]
fn of_a_message_whose_sender_leaves_inside_it_nothing_is_passed_on() {
    let (run, [mut leaver, mut stays]) = room("-v");
    leaver.frame(TEXT, "half of ");
    drop(leaver);
    run.wait_stderr("the connection broke");
    let mut other = Peer::open(&run.url());
    other.text("whole");
    stays.expect_text("whole");
    run.signal(Signal::TERM);
    stays.finish(1001);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_message_over_the_limit_is_refused_and_passed_on_to_nobody() {
    let (run, [mut one, mut two]) = room("--max-message 10");
    one.text("too long for this");
    one.expect_close(1009);
    run.wait_stderr("larger than the limit of 10 bytes");
    let mut three = Peer::open(&run.url());
    three.text("short");
    two.expect_text("short");
    run.signal(Signal::TERM);
    two.finish(1001);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_message_longer_than_a_queue_comes() {
    let (run, [mut one, mut two]) = room("--queue 1000");
    let text = line(1, 3_000_000);
    one.text(&text);
    two.expect_text(&text);
    two.text("thanks");
    one.expect_text("thanks");
    run.signal(Signal::TERM);
    one.finish(1001);
    two.finish(1001);
    run.finish().died_of(Signal::TERM).silent_but_for_the_url();
}

#[test]
fn who_agreed_on_compression_gets_it_compressed() {
    let run = Run::listen("--broadcast --compress").start();
    let url = run.url();
    let mut plain = Peer::open(&url);
    let mut other = Peer::connect(&url);
    other.request("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    assert!(other.head().contains("permessage-deflate"));
    let text = "many times ".repeat(100);
    other.text("here");
    plain.expect_text("here");
    plain.text(&text);
    let frame = other.read();
    assert!(frame.first == FIN | TEXT | 0x40 && frame.payload.len() < 100, "{frame:?}");
    other.text(&text);
    plain.expect_text(&text);
    run.signal(Signal::TERM);
    plain.finish(1001);
    other.finish(1001);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_greeting_comes_first_and_a_count_ends_the_room() {
    let run = Run::listen("--broadcast --send welcome --count 2").start();
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url)];
    for peer in &mut peers {
        peer.expect_text("welcome");
    }
    let [mut one, mut two] = peers;
    one.text("a");
    two.expect_text("a");
    two.text("b");
    one.expect_text("b");
    one.finish(1000);
    two.finish(1000);
    run.finish().status(0).stdout("");
}

#[test]
fn nothing_is_lost_among_many() {
    const CLIENTS: usize = 40;
    const MESSAGES: usize = 50;
    let run = Run::listen("--broadcast").start();
    let url = run.url();
    let peers: Vec<Peer> = (0..CLIENTS).map(|_| Peer::open(&url)).collect();
    let clients: Vec<_> = peers
        .into_iter()
        .enumerate()
        .map(|(client, mut peer)| {
            thread::spawn(move || {
                let mut sender = peer.sender();
                let sending = thread::spawn(move || {
                    (0..MESSAGES).for_each(|message| sender.text(line(client * MESSAGES + message, 50)));
                });
                let mut next = vec![0; CLIENTS];
                for _ in 0..(CLIENTS - 1) * MESSAGES {
                    let number = number(std::str::from_utf8(&peer.read().payload).unwrap());
                    assert_eq!(number % MESSAGES, next[number / MESSAGES], "in order, and none missing");
                    next[number / MESSAGES] += 1;
                }
                assert_eq!(next[client], 0, "none of its own");
                sending.join().unwrap();
                peer
            })
        })
        .collect();
    let peers: Vec<Peer> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    run.signal(Signal::TERM);
    for peer in peers {
        peer.finish(1001);
    }
    run.finish().died_of(Signal::TERM).silent_but_for_the_url();
}

#[test]
fn a_room_for_one_or_with_an_echo_is_wrong_usage() {
    for options in
        ["--broadcast --once", "--broadcast --echo", "--broadcast --out json", "--broadcast --in nul", "--broadcast -0"]
    {
        Run::listen(options).finish().status(2).stderr_has("cannot be used with");
    }
}
