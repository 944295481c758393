//! `replay`: a transcript is sent again, and what comes is printed, or compared.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, Peer, Run, Running, Server, Stdout, TEXT};

/// A run that plays these lines.
fn replay(options: &str, script: &str, url: &str) -> Run {
    Run::new(["replay"]).words(options).args(["-", url]).input(script)
}

/// A server for these lines, with the run under way.
#[track_caller]
fn play(options: &str, script: &str) -> (Running, Peer) {
    let server = Server::start();
    let run = replay(options, script, &server.url()).start();
    (run, server.accept())
}

#[test]
fn what_was_out_is_sent_and_what_comes_is_printed() {
    let script = r#"{"type":"open","url":"ws://old/","version":1,"time":"2026-01-02T03:04:05.000Z"}
{"type":"text","data":"hello","dir":"out"}
{"type":"text","data":"an old answer","dir":"in"}
{"type":"binary","data":"AAEC/w=="}
{"type":"ping","base64":"/w=="}
{"type":"pong","data":"unasked"}
{"type":"close","code":4001,"reason":"bye"}
"#;
    let (run, mut peer) = play("", script);
    peer.expect_text("hello");
    peer.text("a new answer");
    let frames: Vec<_> = (0..4).map(|_| peer.read()).map(|frame| (frame.first, frame.payload)).collect();
    let expected = [
        (FIN | BINARY, vec![0, 1, 2, 0xff]),
        (FIN | PING, vec![0xff]),
        (FIN | PONG, b"unasked".to_vec()),
        (FIN | CLOSE, b"\x0f\xa1bye".to_vec()),
    ];
    assert_eq!(frames, expected);
    peer.close(4001, "");
    run.finish().status(0).stdout("a new answer\n").silent();
}

#[test]
fn a_script_plays_against_an_echo_server_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.jsonl");
    let script = r#"{"type":"text","data":"hello"}
{"type":"ping","data":"p"}
{"type":"text","data":"hello","dir":"in"}
{"type":"pong","data":"p","dir":"in"}
{"type":"binary","data":"AAEC"}
{"type":"binary","data":"AAEC","dir":"in"}
{"type":"text","data":"price 10"}
{"type":"text","match":"^price \\d+$"}
{"type":"close","code":4000,"reason":"bye"}
{"type":"close","code":4000,"dir":"in"}
"#;
    std::fs::write(&file, script).unwrap();
    let run = Run::new(["replay", "--check", "--out", "nul"]).arg(&file).arg("echo:").finish();
    run.status(0).stdout("hello\0\0\x01\x02\0price 10\0").silent();
    std::fs::write(&file, script.replace("AAEC\",\"dir", "AAED\",\"dir")).unwrap();
    let run = Run::new(["replay", "--check"]).arg(&file).arg("echo:").finish();
    run.status(8).stderr_has(&format!("what came differs from {} (--check)", file.display()));
    let around = " 4   pong \"p\"\n 6 - binary 00 01 03\n   + binary 00 01 02\n 8   text that matches";
    run.stderr_has(around);
}

#[test]
fn the_diff_shows_what_is_missing_and_what_is_more() {
    let script = r#"{"type":"text","data":"a","dir":"in"}
{"type":"text","data":"b","dir":"in"}
{"type":"text","match":"^c"}
"#;
    let diff = |messages: &[&str]| {
        let (run, mut peer) = play("--check --wait 0.2 --answer-timeout 0.2", script);
        for message in messages {
            peer.text(message);
        }
        let close = peer.read();
        assert_eq!(close.close_code(), Some(1000));
        peer.close(1000, "");
        run.finish()
    };
    diff(&["a", "b", "cc"]).status(0).silent();
    diff(&["x", "a", "b", "cc"]).status(8).stderr_has("  + text \"x\"\n1   text \"a\"\n2   text \"b\"\n");
    diff(&["a", "b", "cc", "d"]).status(8).stderr_has("2   text \"b\"\n3   text that matches ^c\n  + text \"d\"\n");
    diff(&["a", "b"])
        .status(8)
        .stderr_has("2   text \"b\"\n3 - text that matches ^c\nline 3 did not come within 0.2 s");
    diff(&["a", "cc"]).status(8).stderr_has("1   text \"a\"\n2 - text \"b\"\n3   text that matches ^c\n");
}

#[test]
fn what_is_sent_waits_for_what_is_awaited_before_it() {
    let script = r#"{"type":"text","data":"first"}
{"type":"text","data":"answer","dir":"in"}
{"type":"pong","dir":"in"}
{"type":"text","data":"second"}
"#;
    let (run, mut peer) = play("--check --wait 0", script);
    peer.expect_text("first");
    peer.ping("1");
    peer.expect_pong("1");
    peer.text("answer");
    peer.ping("2");
    peer.expect_pong("2");
    // The Pong may be any, and a Ping that is not awaited does not matter.
    peer.frame(FIN | PONG, "whatever");
    peer.expect_text("second");
    peer.finish(1000);
    run.finish().status(0).stdout("answer\n").silent();
}

#[test]
fn after_a_mismatch_the_replay_goes_on() {
    let script = r#"{"type":"text","data":"first"}
{"type":"text","data":"answer","dir":"in"}
{"type":"text","data":"second"}
"#;
    let (run, mut peer) = play("--check --wait 0", script);
    peer.expect_text("first");
    peer.text("another");
    peer.expect_text("second");
    peer.finish(1000);
    run.finish().status(8).stderr_has("2 - text \"answer\"\n  + text \"another\"").stderr_lacks("not sent");
}

#[test]
fn a_pattern_is_awaited_also_without_check() {
    let script = r#"{"type":"text","data":"login"}
{"type":"text","data":"not compared","dir":"in"}
{"type":"text","match":"^welcome"}
{"type":"text","data":"next"}
"#;
    let (run, mut peer) = play("--wait 0", script);
    peer.expect_text("login");
    peer.text("please wait");
    peer.binary("welcome, but not as text");
    peer.ping("nothing is sent before it");
    peer.expect_pong("nothing is sent before it");
    peer.text("welcome back");
    peer.expect_text("next");
    peer.finish(1000);
    run.finish().status(0).silent();

    let (run, mut peer) = play("", script);
    peer.expect_text("login");
    peer.text("go away");
    peer.finish_first(1000);
    let run = run.finish();
    run.status(8).stderr_has("line 3 of standard input was awaited and did not come: text that matches ^welcome");
    run.stderr_has("1 line was not sent");
}

#[test]
fn an_awaited_close_has_to_come_with_its_code() {
    let script = r#"{"type":"binary","data":"AA=="}
{"type":"close","code":1003,"dir":"in"}
"#;
    let with = |code, options: &str| {
        let (run, mut peer) = play(options, script);
        peer.read();
        peer.close(code, "no");
        peer.expect_close(code);
        run.finish()
    };
    with(1003, "--check").status(0).silent();
    with(1002, "--check")
        .status(8)
        .stderr_has("2 - close 1003 (unsupported data)\n  + close 1002 (protocol error) \"no\"");
    with(1003, "").status(7).stderr_has("the peer closed with 1003");
}

#[test]
fn a_close_that_does_not_come_ends_the_replay() {
    let script = "{\"type\":\"close\",\"code\":1003,\"dir\":\"in\"}\n{\"type\":\"text\",\"data\":\"behind it\"}\n";
    let (run, peer) = play("--check --answer-timeout 0.1", script);
    peer.finish(1000);
    let run = run.finish();
    run.status(8).stderr_has("1 - close 1003 (unsupported data)\nline 1 did not come within 0.1 s (--answer-timeout)");
    run.stderr_has("1 line was not sent");
}

#[test]
fn a_peer_that_closes_too_early_is_told() {
    let script = "{\"type\":\"text\",\"data\":\"one\"}\n{\"type\":\"wait\",\"ms\":60000}\n{\"type\":\"ping\"}\n";
    let (run, mut peer) = play("", script);
    peer.expect_text("one");
    peer.finish_first(1000);
    run.finish().status(6).stderr_has("the session ended too early; 1 line was not sent");
}

#[test]
fn a_connection_that_breaks_is_status_6_with_what_was_awaited() {
    let script = r#"{"type":"text","data":"one"}
{"type":"text","data":"answer","dir":"in"}
{"type":"text","data":"two"}
{"type":"text","data":"three"}
"#;
    let (run, mut peer) = play("--check", script);
    peer.expect_text("one");
    drop(peer);
    let run = run.finish();
    run.status(6).stderr_has("broke without a Close; awaited was line 2 of standard input: text \"answer\"");
    run.stderr_has("2 lines were not sent");
}

#[test]
fn a_run_that_takes_too_long_is_status_9_with_what_was_awaited() {
    let (run, mut peer) = play("--timeout 0.3", "{\"type\":\"text\",\"match\":\"never\"}\n");
    peer.text("something else");
    run.finish().status(9).stderr_has("(--timeout); awaited was line 1 of standard input: text that matches never");
    drop(peer);
}

/// At times that are far enough apart, the second one is sent no sooner than it was; or much sooner, if asked.
#[test]
fn messages_are_sent_at_their_pace() {
    let line = |second: &str| format!("{{\"type\":\"text\",\"data\":\"x\",\"time\":\"2026-01-02T03:04:{second}Z\"}}\n");
    let time = |options: &str, script: &str| {
        let (run, mut peer) = play(options, script);
        peer.expect_text("x");
        let start = Instant::now();
        peer.expect_text("x");
        let passed = start.elapsed();
        peer.finish(1000);
        run.finish().status(0).silent();
        passed
    };
    // The peer may see the first one late.
    let late = Duration::from_millis(100);
    let script = line("00.000") + &line("00.600");
    assert!(time("--wait 0", &script) + late > Duration::from_millis(600));
    assert!(time("--wait 0 --speed 0.5", &script) + late > Duration::from_millis(1200));
    let minutes = line("00.000") + &line("50.000");
    assert!(time("--wait 0 --speed max", &minutes) < Duration::from_secs(20));
    assert!(time("--wait 0 --speed 1000", &minutes) < Duration::from_secs(20));
    let waits = line("00.000") + "{\"type\":\"wait\",\"ms\":600}\n" + &line("00.000");
    assert!(time("--wait 0 --speed max", &waits) + late > Duration::from_millis(600));
}

#[test]
fn pings_are_answered_while_the_script_waits() {
    let (run, mut peer) = play("--wait 0", "{\"type\":\"wait\",\"ms\":300}\n{\"type\":\"text\",\"data\":\"x\"}\n");
    peer.ping("early");
    peer.expect_pong("early");
    peer.expect_text("x");
    peer.finish(1000);
    run.finish().status(0).silent();
}

#[test]
fn answers_are_not_sent_twice() {
    let script = r#"{"type":"ping","data":"a","dir":"in"}
{"type":"pong","data":"a","dir":"out"}
{"type":"close","code":1000,"reason":"","dir":"in"}
{"type":"close","code":1000,"reason":"","dir":"out"}
"#;
    let (run, mut peer) = play("--check", script);
    peer.ping("a");
    peer.expect_pong("a");
    peer.close(1000, "");
    peer.expect_close(1000);
    peer.expect_end();
    run.finish().status(0).silent();
}

#[test]
fn pieces_leave_as_fragments_and_are_compared_as_one_message() {
    let script = r#"{"type":"text","data":"a","fin":false}
{"type":"ping","data":"between"}
{"type":"text","data":"b"}
{"type":"text","data":"one ","fin":false,"dir":"in"}
{"type":"text","data":"message","dir":"in"}
"#;
    let (run, mut peer) = play("--check --wait 0", script);
    let frames: Vec<_> = (0..3).map(|_| peer.read()).map(|frame| (frame.first, frame.payload)).collect();
    let expected = [(TEXT, b"a".to_vec()), (FIN | PING, b"between".to_vec()), (FIN | CONTINUATION, b"b".to_vec())];
    assert_eq!(frames, expected);
    peer.frame(TEXT, "one mess");
    peer.frame(FIN | CONTINUATION, "age");
    peer.finish(1000);
    run.finish().status(0).stdout("one message\n").silent();
}

#[test]
fn a_large_message_goes_there_and_back() {
    let text = "ä".repeat(400_000);
    let script = [json!({"type": "text", "data": text}), json!({"type": "text", "data": text, "dir": "in"})];
    let script = script.map(|line| line.to_string()).join("\n");
    replay("--check --wait 0 --compress", &script, "echo:").finish().status(0).stdout(text + "\n").silent();
    let changed = script.replace("ä\",\"dir", "ö\",\"dir");
    let run = replay("--check --wait 0", &changed, "echo:").finish();
    run.status(8).stderr_has("(800000 bytes), another from byte 800000 on");
}

#[test]
fn malformed_lines_are_found_before_anything_is_sent() {
    let server = Server::start();
    for (line, place, words) in [
        ("{\"type\":\"text\",", "line 2, column 15", "not a JSON event"),
        ("{\"type\":\"tekst\",\"data\":\"\"}", "line 2, column 9", "unknown type \"tekst\""),
        ("{\"type\":\"text\",\"match\":\"(\"}", "line 2, column 24", "no regular expression"),
        ("{\"type\":\"close\",\"code\":1005}", "line 2, column 24", "1005"),
    ] {
        let script = format!("{{\"type\":\"text\",\"data\":\"good\"}}\n{line}\n");
        let run = replay("", &script, &server.url()).finish();
        run.status(1).stdout("").stderr_has(&format!("standard input, {place}: ")).stderr_has(words);
    }
    server.expect_nobody();
    let run = Run::new(["replay", "/there/is/none.jsonl", &server.url()]).finish();
    run.status(1).stderr_has("cannot read /there/is/none.jsonl");
    replay("--speed 0", "", &server.url()).finish().status(2).stderr_has("no speed");
}

#[test]
fn what_comes_can_be_printed_as_json() {
    let run = replay(
        "--check --wait 0 --out json",
        "{\"type\":\"text\",\"data\":\"a\"}\n{\"type\":\"text\",\"match\":\"a\"}\n",
        "echo:",
    );
    let run = run.finish();
    let kinds: Vec<_> = run.status(0).json().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["open", "text", "close"]);
}

#[test]
fn a_check_with_nothing_to_compare_is_an_error_before_anything_is_sent() {
    let server = Server::start();
    let refused = r#"{"type":"open","url":"ws://old/"}
{"type":"text","data":"hello","dir":"out"}
{"type":"error","message":"refused"}
"#;
    for script in ["", refused] {
        let run = replay("--check", script, &server.url()).finish();
        run.status(1).stdout("").stderr_has("no line of standard input is awaited").stderr_has("leave --check out");
    }
    server.expect_nobody();
    replay("--wait 0", refused, "echo:").finish().status(0);
}

#[test]
fn what_was_not_sent_is_told_once_and_apart_from_the_diff() {
    let script = r#"{"type":"text","data":"hello","dir":"in"}
{"type":"wait","ms":60000}
{"type":"text","data":"never"}
"#;
    let with = |end: fn(&mut Peer)| {
        let (run, mut peer) = play("--check", script);
        peer.text("hel");
        end(&mut peer);
        drop(peer);
        run.finish()
    };
    let run = with(|peer| {
        peer.close(1000, "");
        peer.expect_close(1000);
    });
    assert!(run.stderr.ends_with("  + text \"hel\"\n1 line was not sent\n"), "{}", run.stderr);
    run.status(8);
    let run = with(|_| {});
    run.status(6).stderr_has("  + text \"hel\"\n").stderr_has("; 1 line was not sent\n");
    assert_eq!(run.stderr.matches("not sent").count(), 1, "{}", run.stderr);
}

#[test]
fn a_quiet_check_tells_by_its_status_alone() {
    let run = replay(
        "--check --wait 0 -q",
        "{\"type\":\"text\",\"data\":\"a\"}\n{\"type\":\"text\",\"match\":\"b\"}\n",
        "echo:",
    );
    run.finish().status(8).silent();
}

/// As `| head -1` does; what was not compared did not pass.
#[test]
fn a_check_whose_output_is_closed_has_not_passed() {
    let script = "{\"type\":\"text\",\"match\":\"a\"}\n{\"type\":\"text\",\"match\":\"b\"}\n";
    let server = Server::start();
    let mut run = replay("--check", script, &server.url()).stdout(Stdout::Held).start();
    let peer = server.accept();
    drop(run.take_stdout());
    peer.finish(1000);
    run.finish().status(8).stderr_has("standard output was closed too early; awaited was line 1 of standard input");
}

/// A recording, of whatever was said, plays against the same kind of server, at any speed; and so does the recording of that.
#[test]
fn what_was_recorded_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first.jsonl", "second.jsonl"].map(|name| folder.path().join(name));
    let long = "0123456789abcdef".repeat(100_000);
    let lines = [
        json!({"type": "text", "data": "zwölf \u{1f680}\n"}),
        json!({"type": "binary", "data": "AAEC/w=="}),
        json!({"type": "ping", "data": "are you there"}),
        json!({"type": "text", "data": ""}),
        json!({"type": "text", "data": long}),
        json!({"type": "close", "code": 4000, "reason": "done"}),
    ];
    let input = lines.map(|line| line.to_string() + "\n").concat();
    let run = Run::connect("--in json --out raw --record", first.to_str().unwrap()).arg("echo:").input(input).finish();
    run.status(0).silent();
    let replay = |options: &str, file: &std::path::Path| {
        Run::new(["replay", "--check", "--speed", "max", "--out", "raw"]).words(options).arg(file).arg("echo:").finish()
    };
    let again = replay(&format!("--compress --record {}", second.display()), &first);
    again.status(0).silent();
    replay("", &second).status(0).stdout(&again.stdout).silent();
    let changed =
        std::fs::read_to_string(&first).unwrap().replace("are you there\",\"dir\":\"out", "hello\",\"dir\":\"out");
    std::fs::write(&first, changed).unwrap();
    replay("--answer-timeout 0.2", &first).status(8).stderr_has("- pong \"are you there\"");
}

#[test]
fn a_url_in_the_place_of_the_file_is_wrong_usage() {
    for words in ["replay ws://127.0.0.1:1/ session.jsonl", "replay localhost:1/ /dev/null", "replay echo: x"] {
        let run = Run::new(words.split(' ')).finish();
        run.status(2).stderr_has("the transcript stands before the URL: wspipe replay FILE URL");
    }
    Run::new(["replay", "/nonexistent/file", "echo:"]).finish().status(1).stderr_has("cannot read /nonexistent/file");
}

#[test]
fn what_comes_is_shown_as_by_connect() {
    let script = "{\"type\":\"binary\",\"data\":\"AAEC\"}\n";
    let run = replay("--out hex --wait 100ms --stats", script, "echo:").finish();
    run.status(0).stdout("binary, 3 bytes\n00000000  00 01 02                                          |...|\n");
    run.stderr_has("sent 1 message, 3 bytes (").stderr_has("received 1 message, 3 bytes (");
    let script = "{\"type\":\"text\",\"data\":\"hello\"}\n";
    let run = replay("--timestamps --wait 100ms", script, "echo:").finish();
    let printed = run.status(0).silent().text();
    assert!(printed.ends_with("Z hello\n") && printed.starts_with("20"), "{printed}");
}

#[test]
fn long_messages_that_begin_alike_are_shown_where_they_differ() {
    let long = |word: &str| format!("{}the {word} brown fox", "x".repeat(180));
    let script = format!(
        "{}\n{}\n",
        json!({"type": "text", "data": long("quick")}),
        json!({"type": "text", "data": long("quack"), "dir": "in"})
    );
    let run = replay("--check --wait 100ms", &script, "echo:").finish();
    let words = r#"another from byte 187 on: "…xxxxthe quick brown fox" instead of "…xxxxthe quack brown fox""#;
    run.status(8).stderr_has(words);
}

#[test]
fn what_came_instead_of_a_pattern_is_told() {
    let script = r#"{"type":"text","data":"1"}
{"type":"text","data":"2"}
{"type":"binary","data":"Aw=="}
{"type":"text","data":"4"}
{"type":"text","match":"^never$"}
"#;
    let run = replay("--answer-timeout 300ms", script, "echo:").finish();
    let words =
        r#"that matches ^never$ within 0.3 s (--answer-timeout); the last messages were text "2", binary 03, text "4""#;
    run.status(8).stderr_has(words);
    let run = replay("--answer-timeout 100ms", r#"{"type":"text","match":"a"}"#, "echo:").finish();
    run.status(8).stderr_has("(--answer-timeout); no message came\n");
}
