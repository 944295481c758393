//! `listen` with many clients: standard input to all of them, their messages to standard output.

use std::thread;

use rustix::process::Signal;

use crate::harness::{CONTINUATION, FIN, Peer, Run, Server, Stdin, Stdout, TEXT, good_request, line};

#[test]
fn every_client_gets_every_line() {
    let mut run = Run::listen("--wait 0").stdin(Stdin::Held).start();
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url), Peer::open(&url)];
    join(&run, &mut peers);
    run.write("one\ntwo\n");
    for peer in &mut peers {
        peer.expect_text("one");
        peer.expect_text("two");
    }
    run.end_input();
    for peer in peers {
        peer.finish(1000);
    }
    run.finish().status(0);
}

/// Waits until everybody has joined: whoever is heard has.
fn join(run: &crate::harness::Running, peers: &mut [Peer]) {
    for (number, peer) in peers.iter_mut().enumerate() {
        let hello = format!("I am {number}");
        peer.text(&hello);
        run.wait_stdout(&hello);
    }
}

#[test]
fn nothing_is_read_while_nobody_is_there() {
    let mut run = Run::listen("").stdin(Stdin::Held).start();
    let url = run.url();
    run.write("first\n");
    let mut peer = Peer::open(&url);
    peer.expect_text("first");
    peer.close(1000, "");
    peer.expect_close(1000);
    peer.expect_end();
    run.end_input();
    run.finish().status(0).stdout("");
}

#[test]
fn what_is_read_when_the_last_client_leaves_waits_for_the_next() {
    let mut run = Run::listen("-v --wait 0").stdin(Stdin::Held).start();
    let url = run.url();
    let mut first = Peer::open(&url);
    join(&run, std::slice::from_mut(&mut first));
    first.finish_first(1000);
    run.wait_stderr("closed by the peer");
    run.write("for the second\n");
    let mut second = Peer::open(&url);
    second.expect_text("for the second");
    run.end_input();
    second.finish(1000);
    run.finish().status(0);
}

#[test]
fn long_messages_of_several_clients_never_mix() {
    const MESSAGES: usize = 30;
    let run = Run::listen("").stdin(Stdin::Held).start();
    let url = run.url();
    let talk = |client: usize| {
        let mut peer = Peer::open(&url);
        thread::spawn(move || {
            for message in 0..MESSAGES {
                // Now and then one that is longer than what is held of a message.
                let length = if message % 10 == 9 { 700_000 } else { 20_000 };
                let text = line(client * MESSAGES + message, length);
                let (begin, end) = text.split_at(length / 3);
                peer.frame(TEXT, begin);
                peer.frame(FIN | CONTINUATION, end);
            }
            peer.finish_first(1000);
        })
    };
    let clients = [0, 1, 2, 3].map(talk);
    let mut lines = run.wait_lines(4 * MESSAGES);
    for client in clients {
        client.join().unwrap();
    }
    lines.sort_unstable();
    for (number, line) in lines.into_iter().enumerate() {
        let length = if number % 10 == 9 { 700_000 } else { 20_000 };
        assert!(line == crate::harness::line(number, length), "message {number}");
    }
    run.signal(Signal::TERM);
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_client_that_leaves_inside_a_message_holds_up_nobody() {
    let run = Run::listen("").stdin(Stdin::Held).start();
    let url = run.url();
    let mut leaver = Peer::open(&url);
    leaver.frame(TEXT, line(1, 600_000));
    run.wait_stdout(line(1, 100_000));
    let mut other = Peer::open(&url);
    other.text("after it");
    drop(leaver);
    run.wait_stdout("\nafter it\n");
    other.finish_first(1000);
    run.end_input_and_finish().status(0);
}

/// What is longer than what is held of a message goes to the output as it comes, so the others have to wait for its end.
#[test]
fn a_client_that_stands_still_inside_a_message_does_not_silence_the_others() {
    let run = Run::listen("").stdin(Stdin::Held).start();
    let url = run.url();
    let [mut still, mut other] = [Peer::open(&url), Peer::open(&url)];
    still.frame(TEXT, line(1, 600_000));
    run.wait_stdout(line(1, 100_000));
    other.text("after it");
    run.wait_stdout("\nafter it\n");
    let close = still.expect_close(1008);
    assert_eq!(close.payload[2..], *b"a long message stood still for 5 s");
    still.frame(FIN | CONTINUATION, line(2, 600_000));
    still.close(1008, "");
    run.wait_stderr("the peer began a long message and did not go on for 5 s, while others waited");
    other.text("and more");
    other.finish_first(1000);
    let run = run.end_input_and_finish();
    let lines: Vec<_> = run.status(0).text().lines().map(str::to_owned).collect();
    assert_eq!(lines[1..], ["after it", "and more"]);
    assert!(line(1, 600_000).starts_with(&lines[0]));
}

#[test]
fn every_client_hears_its_own_echo() {
    let run = Run::listen("--echo").start();
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url)];
    for (number, peer) in peers.iter_mut().enumerate() {
        peer.text(format!("I am {number}"));
        peer.binary([0xff, 0]);
        peer.frame(TEXT, "in ");
        peer.frame(FIN | CONTINUATION, "pieces");
    }
    for (number, peer) in peers.iter_mut().enumerate() {
        peer.expect_text(format!("I am {number}"));
        assert_eq!(peer.message(), (2, vec![0xff, 0], 1));
        assert_eq!(peer.message().1, b"in pieces");
    }
    run.signal(Signal::TERM);
    for peer in peers {
        peer.finish(1001);
    }
    run.finish().died_of(Signal::TERM).stdout("");
}

#[test]
fn connect_can_echo_as_well() {
    let server = Server::start();
    let run = Run::connect("--echo --send hello", &server.url()).stdin(Stdin::Held).start();
    let mut peer = server.accept();
    peer.expect_text("hello");
    peer.binary("x");
    assert_eq!(peer.message(), (2, b"x".to_vec(), 1));
    peer.finish_first(1000);
    run.finish().status(0).stdout("").silent();
}

#[test]
fn the_end_of_the_input_gives_everybody_what_is_queued_then_a_close() {
    let lines: Vec<String> = (0..300).map(|number| line(number, 1000)).collect();
    let run = Run::listen("--wait 0").input(lines.join("\n")).start();
    let mut peer = Peer::open(&run.url());
    for line in lines {
        peer.expect_text(line);
    }
    peer.finish(1000);
    run.finish().status(0).stdout("");
}

#[test]
fn nobody_more_is_let_in_once_the_input_has_ended() {
    let mut run = Run::listen("--wait 0 --close-timeout 300ms").stdin(Stdin::Held).start();
    let url = run.url();
    let mut late = Peer::connect(&url);
    let mut first = Peer::open(&url);
    join(&run, std::slice::from_mut(&mut first));
    run.end_input();
    first.expect_close(1000);
    // Its connection is there, its request comes late.
    late.try_send(good_request("/", ""));
    first.close(1000, "");
    run.finish().status(0);
    drop(late);
}

#[test]
fn a_client_that_comes_while_the_run_ends_does_not_keep_it() {
    let run = Run::listen("--send hi --close-timeout 300ms").stdin(Stdin::Held).start();
    let url = run.url();
    let mut first = Peer::open(&url);
    first.expect_text("hi");
    // Its connection has been accepted when the next one's has; its request is not complete.
    let mut late = Peer::connect(&url);
    let request = good_request("/", "");
    let (begin, end) = request.split_at(request.len() / 2);
    late.send(begin);
    let mut second = Peer::open(&url);
    second.expect_text("hi");
    run.signal(Signal::TERM);
    first.expect_close(1001);
    late.try_send(end);
    second.finish(1001);
    run.finish().died_of(Signal::TERM);
    drop((first, late));
}

#[test]
fn a_signal_closes_all_sessions() {
    let run = Run::listen("--send hi").stdin(Stdin::Held).start();
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url), Peer::open(&url)];
    for peer in &mut peers {
        peer.expect_text("hi");
    }
    run.signal(Signal::TERM);
    for peer in peers {
        peer.finish(1001);
    }
    run.finish().died_of(Signal::TERM);
}

#[test]
fn a_client_that_breaks_the_protocol_is_told_off_and_the_others_stay() {
    let run = Run::listen("").stdin(Stdin::Held).start();
    let url = run.url();
    let [mut bad, mut good] = [Peer::open(&url), Peer::open(&url)];
    bad.send(b"\x81\x01x");
    bad.expect_close(1002);
    drop(bad);
    run.wait_stderr("the peer broke the protocol: a client's frame is not masked");
    good.text("still here");
    run.wait_stdout("still here\n");
    good.finish_first(1000);
    run.end_input_and_finish().status(0);
}

#[test]
fn a_count_counts_the_messages_of_all_clients() {
    let run = Run::listen("--count 4").start();
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url)];
    for peer in &mut peers {
        peer.send([peer.bytes(FIN | TEXT, "a"), peer.bytes(FIN | TEXT, "b"), peer.bytes(FIN | TEXT, "c")].concat());
    }
    for peer in peers {
        peer.finish(1000);
    }
    let run = run.finish();
    run.status(0);
    assert_eq!(run.text().lines().count(), 4, "{run:?}");
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_listener() {
    let mut run = Run::listen("--send hi").stdin(Stdin::Held).stdout(Stdout::Held).start();
    let mut peer = Peer::open(&run.url());
    peer.expect_text("hi");
    drop(run.take_stdout());
    peer.finish(1000);
    run.finish().status(0);
}

#[test]
fn invalid_input_ends_the_listener_with_its_record_named() {
    let run = Run::listen("--wait 0").input(b"good\n\xff\n").start();
    let mut peer = Peer::open(&run.url());
    peer.expect_text("good");
    peer.finish(1011);
    run.finish().status(1).stderr_has("record 2 of the input is not UTF-8");
}

#[test]
fn without_an_input_the_listener_stays() {
    for options in ["", "--no-stdin"] {
        let run = Run::listen(options).start();
        let url = run.url();
        Peer::open(&url).finish_first(1000);
        let mut second = Peer::open(&url);
        second.text("news");
        run.wait_stdout("news\n");
        run.signal(Signal::TERM);
        second.finish(1001);
        run.finish().died_of(Signal::TERM).stdout("news\n");
    }
}

#[test]
fn invalid_input_ends_a_listener_that_everybody_has_left() {
    let mut run = Run::listen("-v").stdin(Stdin::Held).start();
    let mut peer = Peer::open(&run.url());
    run.write("good\n");
    peer.expect_text("good");
    // The input is being read again while the client is still there; it is read on when it has left.
    for _ in 0..10 {
        peer.ping("");
        peer.expect_pong("");
    }
    peer.finish_first(1000);
    run.wait_stderr("closed by the peer");
    run.write(b"\xff\xfe\n");
    run.finish().status(1).stderr_has("record 2 of the input");
}

#[test]
fn a_count_with_echo_ends_the_listener_after_so_many_messages() {
    let run = Run::listen("--echo --count 2").start();
    let mut peer = Peer::open(&run.url());
    for text in ["a", "b"] {
        peer.text(text);
        peer.expect_text(text);
    }
    peer.finish(1000);
    run.finish().status(0).stdout("");
}

#[test]
fn a_count_with_echo_counts_the_messages_of_all_clients() {
    let run = Run::listen("--echo --count 2").start();
    let url = run.url();
    let mut peers = [Peer::open(&url), Peer::open(&url)];
    for peer in &mut peers {
        peer.text("a");
        peer.expect_text("a");
    }
    for peer in peers {
        peer.finish(1000);
    }
    run.finish().status(0).stdout("");
}

#[test]
fn a_client_that_leaves_inside_an_announced_message_spoils_no_record() {
    for options in ["--out length", "--format length"] {
        let run = Run::listen("-v").words(options).stdin(Stdin::Held).start();
        let url = run.url();
        let mut leaves = Peer::open(&url);
        let whole = leaves.bytes(FIN | TEXT, vec![b'A'; 1_000_000]);
        leaves.send(&whole[..400_000]);
        drop(leaves);
        run.wait_stderr("the connection broke");
        let mut peer = Peer::open(&url);
        peer.text("hello");
        run.wait_stdout("hello");
        run.signal(Signal::TERM);
        peer.finish(1001);
        run.finish().died_of(Signal::TERM).stdout(b"\0\0\0\x05hello");
    }
}

/// Nothing is read while nobody is there, but the end is seen.
#[test]
fn an_input_that_ends_while_nobody_is_there_ends_the_run() {
    let mut run = Run::listen("-v").stdin(Stdin::Held).start();
    let mut peer = Peer::open(&run.url());
    peer.text("here");
    run.wait_stdout("here\n");
    peer.finish_first(1000);
    run.wait_stderr("closed by the peer, 1000 (normal closure)");
    // It writes once more when the first has left, and reads that for the second only.
    run.write("for the next\n");
    let mut peer = Peer::open(&run.url());
    peer.expect_text("for the next");
    peer.finish_first(1001);
    run.wait_stderr("closed by the peer, 1001");
    run.end_input_and_finish().status(0);
}
