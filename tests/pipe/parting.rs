//! Peers that leave in every way but the right one: what they had sent before is printed, then the true reason is said.

use crate::harness::{BINARY, CLOSE, FIN, Finished, Peer, Run, Running, Server, Stdin, TEXT};

/// A session in each role with a peer that does this; what came of the runs. What `act` gives is kept until then.
#[track_caller]
fn both<T>(options: &str, act: impl Fn(&mut Running, Peer) -> T) -> [Finished; 2] {
    let server = Server::start();
    let mut connect = Run::connect(options, &server.url()).stdin(Stdin::Held).start();
    let kept = act(&mut connect, server.accept());
    let connect = connect.finish();
    drop(kept);
    let mut listen = Run::listen("--once").words(options).stdin(Stdin::Held).start();
    let peer = Peer::open(&listen.url());
    let kept = act(&mut listen, peer);
    let listen = listen.finish();
    drop(kept);
    [connect, listen]
}

/// The run says that what it read was not sent as a whole.
#[track_caller]
fn says_what_was_not_sent(run: &Finished) {
    let words = ["not sent; its last message is incomplete", "the last message of the input was sent in part"];
    assert!(words.iter().any(|words| run.stderr.contains(words)), "{}", run.stderr);
}

#[test]
fn the_connection_ends_between_or_inside_messages() {
    for (last, stdout) in [
        (&b""[..], "one\ntwo\n"),
        (&[FIN | TEXT], "one\ntwo\n"),
        (&[FIN | BINARY, 126, 4], "one\ntwo\n"),
        // What came of a message is printed, and its end, which never came, is not.
        (&[FIN | TEXT, 5, b't', b'h'], "one\ntwo\nth"),
        (&[TEXT, 2, b't', b'h'], "one\ntwo\nth"),
        // Half a Close is none.
        (&[FIN | CLOSE, 2, 3], "one\ntwo\n"),
    ] {
        let server = Server::start();
        let run = Run::connect("", &server.url()).stdin(Stdin::Held).start();
        let mut peer = server.accept();
        let whole = [peer.bytes(FIN | TEXT, "one"), peer.bytes(FIN | TEXT, "two")].concat();
        peer.send([&whole, last].concat());
        drop(peer);
        run.finish().status(6).stdout(stdout).stderr_has("the connection broke without a Close");
    }
}

#[test]
fn half_a_connection_is_none() {
    let runs = both("", |run, mut peer| {
        run.write("question\n");
        peer.expect_text("question");
        peer.text("answer");
        peer.half_close();
        // Nothing can follow from a peer that has left without a Close, so none is sent to it.
        peer.expect_end();
    });
    for run in runs {
        run.status(6).stdout("answer\n").stderr_has("the connection broke without a Close");
    }
}

#[test]
fn half_a_connection_after_a_close_is_a_clean_end() {
    let runs = both("", |_, mut peer| {
        peer.text("last words");
        peer.close(1000, "");
        peer.half_close();
        peer.expect_close(1000);
        peer.expect_end();
    });
    for run in runs {
        run.status(0).stdout("last words\n");
    }
}

#[test]
fn a_peer_that_does_not_wait_for_the_answer_to_its_close_has_closed_all_the_same() {
    for _ in 0..20 {
        let runs = both("", |_, mut peer| {
            peer.send([peer.bytes(FIN | TEXT, "last words"), peer.bytes(FIN | CLOSE, 1000_u16.to_be_bytes())].concat());
        });
        for run in runs {
            run.status(0).stdout("last words\n");
        }
    }
}

#[test]
#[cfg(target_os = "linux")] // Elsewhere a reset takes back what had come before.
fn what_came_before_a_reset_is_printed() {
    for _ in 0..10 {
        let runs = both("", |run, mut peer| {
            run.write("question\n");
            peer.expect_text("question");
            peer.send([peer.bytes(FIN | TEXT, "one"), peer.bytes(TEXT, "tw")].concat());
            peer.reset();
        });
        for run in runs {
            run.status(6)
                .stdout("one\ntw")
                .stderr_has("the connection broke without a Close: Connection reset by peer");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_close_before_a_reset_is_a_close() {
    for _ in 0..10 {
        let runs = both("", |_, mut peer| {
            peer.send([peer.bytes(FIN | TEXT, "one"), peer.bytes(FIN | CLOSE, 1011_u16.to_be_bytes())].concat());
            peer.reset();
        });
        for run in runs {
            run.status(7).stdout("one\n").stderr_has("the peer closed with 1011 (internal server error)");
        }
    }
}

#[test]
fn a_peer_that_closes_while_we_write_is_heard() {
    for (code, status, words) in [(1000, 6, "the peer closed, 1000"), (1011, 7, "the peer closed with 1011")] {
        let runs = both("--close-timeout 100ms", |run, mut peer| {
            run.fill_stdin();
            peer.text("enough");
            peer.close(code, "");
            // It stays and reads nothing: the answer to its Close can't reach it.
            peer
        });
        for run in runs {
            run.status(status).stdout("enough\n").stderr_has(words);
            says_what_was_not_sent(&run);
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_peer_that_goes_while_we_write_is_heard_out() {
    for resets in [false, true] {
        let runs = both("", |run, mut peer| {
            run.fill_stdin();
            peer.text("enough");
            if resets {
                peer.reset();
            }
        });
        for run in runs {
            run.status(6).stdout("enough\n").stderr_has("the connection broke without a Close");
            says_what_was_not_sent(&run);
        }
    }
}

#[test]
fn a_client_that_resets_is_told_about_and_the_others_stay() {
    let run = Run::listen("").stdin(Stdin::Held).start();
    let url = run.url();
    let [mut bad, mut good] = [Peer::open(&url), Peer::open(&url)];
    bad.text("here");
    run.wait_stdout("here\n");
    bad.reset();
    run.wait_stderr("client 1 at ");
    run.wait_stderr("the connection broke without a Close");
    good.text("still here");
    run.wait_stdout("still here\n");
    good.finish_first(1000);
    run.end_input_and_finish().status(0);
}
