//! What a listener with several clients tells of them by `--out json`.

use serde_json::{Value, json};

use crate::harness::{Finished, Peer, Run, Server, Stdin};

/// The events of a run that are about this client, without what no test can know.
#[track_caller]
fn of_client(run: &Finished, client: u64) -> Vec<Value> {
    let events = run.json().into_iter().filter(|event| event["client"] == client);
    events.map(bare).collect()
}

fn bare(mut event: Value) -> Value {
    let fields = event.as_object_mut().expect("it is an object");
    assert!(fields.remove("time").is_some_and(|time| time.is_string()));
    for field in ["client", "url", "address", "version"] {
        fields.remove(field);
    }
    event
}

fn tally(messages: u64, bytes: u64) -> Value {
    json!({"messages": messages, "bytes": bytes})
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().expect("each has one")).collect()
}

#[test]
fn every_client_is_told_from_its_connection_to_its_end() {
    let mut run = Run::listen("--out json --wait 0").stdin(Stdin::Held).start();
    let url = run.url();
    let mut polite = Peer::connect(&url);
    polite.request("/chat?x=1", "");
    polite.head();
    polite.text("hello");
    run.wait_stdout("hello");
    run.write("one\ntwo!\n");
    polite.expect_text("one");
    polite.expect_text("two!");
    polite.finish_first(4000);
    run.wait_stdout("4000");
    drop(Peer::open(&url));
    run.wait_stdout("1006");
    let mut wrong = Peer::open(&url);
    wrong.send(b"\x81\x01x");
    wrong.expect_close(1002);
    drop(wrong);
    run.wait_stdout("not masked");
    let mut last = Peer::open(&url);
    last.text("bye");
    run.wait_stdout("bye");
    run.end_input();
    last.finish(1000);
    let run = run.finish();
    run.status(0);

    let none = tally(0, 0);
    let closed = json!({"type": "close", "code": 4000, "reason": "", "first": "peer", "clean": true, "dir": "in",
        "received": tally(1, 5), "sent": tally(2, 7)});
    let text = |data| json!({"type": "text", "data": data, "dir": "in"});
    let open = json!({"type": "open", "target": "/chat?x=1"});
    assert_eq!(of_client(&run, 1), [open, text("hello"), closed]);
    let gone = of_client(&run, 2);
    assert_eq!(types(&gone), ["open", "error", "close"]);
    assert_eq!(gone[1]["clean"], false);
    let vanished = json!({"type": "close", "code": 1006, "clean": false, "received": none, "sent": none});
    assert_eq!(gone[2], vanished);
    let wrong = of_client(&run, 3);
    assert_eq!(types(&wrong), ["open", "error", "close"]);
    assert_eq!(
        (&wrong[2]["code"], &wrong[2]["first"], &wrong[2]["clean"]),
        (&json!(1006), &json!("us"), &json!(false))
    );
    let last = json!({"type": "close", "code": 1000, "reason": "", "first": "us", "clean": true, "dir": "in",
        "received": tally(1, 3), "sent": none});
    assert_eq!(of_client(&run, 4)[1..], [text("bye"), last]);
    let events: Vec<Value> = run.json().into_iter().filter(|event| event["client"].is_null()).collect();
    let connections = events.iter().filter(|event| event["type"] == "connection");
    assert!(connections.clone().all(|event| event["address"].as_str().unwrap().starts_with("127.0.0.1:")));
    assert_eq!(connections.count(), 4);
    let sends: Vec<_> = events.into_iter().filter(|event| event["type"] == "send").map(bare).collect();
    assert_eq!(sends, [3, 4].map(|bytes| json!({"type": "send", "clients": 1, "bytes": bytes})));
}

#[test]
fn who_is_not_let_in_is_an_error_with_its_status() {
    let run = Run::listen("--out json --count 1 --page").start();
    let url = run.url();
    for (request, status) in [
        ("GET /favicon.ico HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\n\r\n", 404),
        ("POST / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
        ("no\r\n\r\n", 400),
    ] {
        let mut peer = Peer::connect(&url);
        peer.send(request);
        peer.rest();
        drop(peer);
        run.wait_stdout(format!("\"status\":{status}"));
    }
    drop(Peer::connect(&url));
    run.wait_stdout("left before its request was complete");
    let mut page = Peer::connect(&url);
    page.send("GET / HTTP/1.1\r\nHost: h\r\nAccept: text/html\r\n\r\n");
    page.rest();
    let mut peer = Peer::open(&url);
    peer.text("x");
    peer.finish(1000);
    let run = run.finish();
    let events = run.status(0).json();
    let errors: Vec<_> = events.iter().filter(|event| event["type"] == "error").collect();
    let statuses: Vec<_> = errors.iter().map(|event| event["status"].as_u64()).collect();
    assert_eq!(statuses, [Some(404), Some(405), Some(400), None]);
    assert!(errors.iter().all(|event| event["address"].is_string() && event["client"].is_null()), "{run:?}");
    assert_eq!(events.iter().filter(|event| event["type"] == "connection").count(), 6);
}

#[test]
fn who_is_too_slow_or_does_not_answer_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}/socket", folder.path().display());
    let mut run = Run::new(["listen", &address]).words("--out json --queue 64K --close-timeout 100ms --wait 0");
    run = run.stdin(Stdin::Held);
    let mut run = run.start();
    let deaf = Peer::open(&run.url());
    let mut stdin = run.take_stdin();
    let pouring = std::thread::spawn(move || {
        let line = crate::harness::line(1, 1000) + "\n";
        (0..3000).for_each(|_| std::io::Write::write_all(&mut stdin, line.as_bytes()).unwrap());
    });
    run.wait_stderr("is too slow");
    let mut silent = Peer::open(&run.url());
    // All that is left goes to the second one.
    while silent.read().payload.len() == 1000 {}
    pouring.join().unwrap();
    let run = run.finish();
    for (client, words) in [(1, "too slow"), (2, "never answered our Close")] {
        let events = of_client(&run, client);
        assert_eq!(types(&events), ["open", "error", "close"], "{run:?}");
        assert!(events[1]["message"].as_str().unwrap().contains(words), "{events:?}");
        assert_eq!((&events[2]["code"], &events[2]["clean"]), (&json!(1006), &json!(false)));
    }
    drop((deaf, silent));
}

#[test]
fn what_a_listener_prints_another_run_can_take() {
    let listener = Run::listen("--out json --wait 0").stdin(Stdin::Held);
    let mut listener = listener.start();
    let mut peer = Peer::open(&listener.url());
    peer.text("hello");
    listener.wait_stdout("hello");
    listener.write("line\n");
    peer.expect_text("line");
    listener.wait_stdout("\"send\"");
    drop(peer);
    listener.wait_stdout("1006");
    listener.end_input();
    let printed = listener.finish();
    assert_eq!(types(&printed.json()), ["connection", "open", "text", "send", "error", "close"]);
    let server = Server::start();
    let run = Run::connect("--in json --wait 0", &server.url()).input(printed.stdout.clone()).start();
    let mut peer = server.accept();
    peer.expect_text("hello");
    peer.finish(1000);
    run.finish().status(0).silent();
}
