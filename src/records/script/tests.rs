use super::*;

fn read(text: &str) -> Result<Script, ScriptError> {
    let mut reader = ScriptReader::default();
    text.lines().try_for_each(|line| reader.line(line.as_bytes()))?;
    reader.finish()
}

#[track_caller]
fn steps(text: &str) -> Vec<Step> {
    read(text).expect("it is a script").steps
}

#[track_caller]
fn actions(text: &str) -> Vec<String> {
    steps(text).iter().map(|step| format!("{} {}", step.line, shown(&step.action))).collect()
}

fn shown(action: &Action) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let wanted = |wanted: &Wanted| match wanted {
        Wanted::Any => "any".to_owned(),
        Wanted::Exactly(bytes) => text(bytes),
        Wanted::Match(pattern) => format!("/{pattern}/"),
    };
    match action {
        Action::Send(Outgoing::Piece { kind, first, last, payload }) => {
            format!("send {kind:?} {first} {last} {}", text(payload))
        }
        Action::Send(Outgoing::Ping(payload)) => format!("send ping {}", text(payload)),
        Action::Send(Outgoing::Pong(payload)) => format!("send pong {}", text(payload)),
        Action::Send(Outgoing::Close(close)) => format!("send close {close}"),
        Action::Await(Expected::Message(kind, what)) => format!("await {kind:?} {}", wanted(what)),
        Action::Await(Expected::Ping(what)) => format!("await ping {}", wanted(what)),
        Action::Await(Expected::Pong(what)) => format!("await pong {}", wanted(what)),
        Action::Await(Expected::Close { code, reason }) => format!("await close {code:?} {reason:?}"),
        Action::Pause(time) => format!("pause {time:?}"),
    }
}

#[test]
fn every_line_is_sent_or_awaited() {
    let script = r#"{"type":"open","url":"ws://h/","version":1,"client":3}
{"type":"text","data":"a\u0000 ✓"}

  {"data":"AQI=","dir":"out","type":"binary","unknown":[1,{}]}
{"type":"text","data":"b","dir":"in","client":3}
{"type":"text","match":"^\\d+$"}
{"type":"binary","dir":"in","match":"^\\x01","data":null}
{"type":"ping"}
{"type":"ping","base64":"aGk="}
{"type":"pong","data":"hi","dir":"in"}
{"type":"pong","dir":"in"}
{"type":"pong","data":"unasked"}
{"type":"wait","ms":500}
{"type":"close","code":4000,"reason":"bye"}
{"type":"close","code":4000,"dir":"in"}
{"type":"error","message":"none"}"#;
    let expected = [
        "2 send Text true true a\0 ✓",
        "4 send Binary true true \u{1}\u{2}",
        "5 await Text b",
        r"6 await Text /^\d+$/",
        r"7 await Binary /^\x01/",
        "8 send ping ",
        "9 send ping hi",
        "10 await pong hi",
        "11 await pong any",
        "12 send pong unasked",
        "13 pause 500ms",
        "14 send close 4000: bye",
        "15 await close Some(4000) None",
    ];
    assert_eq!(actions(script), expected);
}

#[test]
fn times_are_distances_from_the_step_before() {
    let at = |time: &str, rest: &str| format!("{{\"time\":\"2026-01-02T03:04:{time}Z\",{rest}}}\n");
    let text = "\"type\":\"text\",\"data\":\"\"";
    let script = at("01.000", "\"type\":\"connection\"")
        + &at("02.000", "\"type\":\"open\"")
        + &at("02.250", text)
        + &at("03.000", "\"type\":\"error\"")
        + &at("03.250", text)
        + "{\"type\":\"wait\",\"ms\":7}\n"
        + &at("03.000", text)
        + &at("04.500", text);
    let after: Vec<_> = steps(&script).iter().map(|step| step.after.as_millis()).collect();
    assert_eq!(after, [250, 1000, 0, 0, 1500]);
}

#[test]
fn pieces_are_sent_as_they_are_and_awaited_as_one_message() {
    let script = r#"{"type":"text","data":"a","fin":false}
{"type":"text","data":"1","fin":false,"dir":"in"}
{"type":"ping"}
{"type":"text","data":"b","fin":false}
{"type":"text","data":"2","dir":"in"}
{"type":"text","data":"c","fin":true}
{"type":"binary","data":""}"#;
    let expected = [
        "1 send Text true false a",
        "3 send ping ",
        "4 send Text false false b",
        "2 await Text 12",
        "6 send Text false true c",
        "7 send Binary true true ",
    ];
    assert_eq!(actions(script), expected);
}

#[test]
fn what_a_session_says_by_itself_is_no_step() {
    let script = r#"{"type":"ping","data":"1","dir":"in"}
{"type":"ping","data":"2","dir":"in"}
{"type":"pong","data":"2","dir":"out"}
{"type":"pong","data":"1","dir":"out"}
{"type":"ping","data":"3","dir":"in"}
{"type":"close","code":1000,"reason":"","dir":"in"}
{"type":"close","code":1000,"reason":"","dir":"out"}
{"type":"pong","data":"3","dir":"out"}"#;
    let expected =
        ["1 await ping 1", "2 await ping 2", "4 send pong 1", "5 await ping 3", "6 await close Some(1000) Some(\"\")"];
    assert_eq!(actions(script), expected);
}

#[test]
fn what_a_listener_tells_is_no_step() {
    let script = r#"{"type":"connection","address":"127.0.0.1:1"}
{"type":"send","clients":1,"bytes":3}
{"type":"text","data":"a","dir":"in"}
{"type":"close","code":1006,"clean":false,"received":{"messages":1,"bytes":1},"sent":{"messages":0,"bytes":0}}"#;
    assert_eq!(actions(script), ["3 await Text a"]);
}

#[test]
fn who_closes_may_leave_a_message_unfinished() {
    let script = "{\"type\":\"text\",\"data\":\"a\",\"fin\":false}\n{\"type\":\"close\"}";
    assert_eq!(actions(script), ["1 send Text true false a", "2 send close no code"]);
    let script = r#"{"type":"text","data":"a","fin":false,"dir":"in"}
{"type":"close","dir":"in"}"#;
    assert_eq!(actions(script), ["2 await close None None"]);
}

/// A recording of such a connection is a script, too.
#[test]
fn a_connection_may_break_in_the_middle_of_a_message() {
    let script = r#"{"type":"text","data":"1","fin":false,"dir":"in"}
{"type":"text","data":"a","fin":false,"dir":"out"}
{"type":"error","message":"the connection ended without a Close","clean":false}"#;
    assert_eq!(actions(script), ["2 send Text true false a"]);
    read(&script.replace(",\"clean\":false", "")).expect_err("it may be any other error");
}

#[test]
fn a_line_that_can_not_be_carried_out_is_an_error_with_its_place() {
    let long = format!("{{\"type\":\"ping\",\"data\":\"{}\"}}", "x".repeat(126));
    for (text, line, column, words) in [
        ("{\"type\":\"text\",", 1, 15, "EOF"),
        ("\n\nhello", 3, 1, "expected an object"),
        (" [\"text\",\"a\"]", 1, 2, "expected an object"),
        ("{\"type\":\"wait\",\"ms\":1}\n {\"data\":\"\"}", 2, 2, "the field \"type\" is missing"),
        (r#"{"type":"test"}"#, 1, 9, "unknown type \"test\""),
        (r#"{"type":7}"#, 1, 9, "invalid type: integer `7`, expected a string"),
        (r#"{"type":"text","type":"text"}"#, 1, 21, "duplicate field"),
        (r#"{"type":"text"}"#, 1, 1, "text needs the field \"data\""),
        (r#"{"type":"text","data":5}"#, 1, 23, "expected a string"),
        (r#"{"type":"text","data":"ab\ud800"}"#, 1, 32, "hex escape"),
        (r#"{"type":"text","data":"a","dir":"up"}"#, 1, 33, "unknown dir \"up\""),
        (r#"{"type":"text","data":"a","match":"a"}"#, 1, 35, "does not go with \"data\""),
        (r#"{"type":"text","match":"a","fin":true}"#, 1, 24, "does not go with \"fin\""),
        (r#"{"type":"ping","match":"a","dir":"out"}"#, 1, 24, "does not go with \"dir\":\"out\""),
        (r#"{"type":"close","match":"a"}"#, 1, 25, "does not go with a close"),
        (r#"{"type":"text","match":"a(b"}"#, 1, 24, "no regular expression: unclosed group"),
        (r#"{"type":"binary","data":"?"}"#, 1, 25, "not base64"),
        (r#"{"type":"pong","base64":"a"}"#, 1, 25, "not base64"),
        (&long, 1, 23, "126 bytes"),
        (r#"{"type":"close","code":1005}"#, 1, 24, "1005"),
        (r#"{"type":"close","code":70000}"#, 1, 28, "expected u16"),
        (r#"{"type":"close","reason":"x"}"#, 1, 1, "\"code\""),
        (r#"{"type":"close","code":1005,"dir":"in"}"#, 1, 24, "1005"),
        (r#"{"type":"close","code":1006,"dir":"in"}"#, 1, 24, "1006"),
        (
            "{\"type\":\"ping\"}\n{\"type\":\"open\"}",
            2,
            1,
            "a second connection begins here: replay one, as in sed '2,$d'",
        ),
        (r#"{"type":"wait"}"#, 1, 1, "\"ms\""),
        (r#"{"type":"wait","ms":-1}"#, 1, 21, "a whole number of milliseconds"),
        (r#"{"type":"wait","ms":0.5}"#, 1, 21, "a whole number of milliseconds"),
        ("# login", 1, 1, "JSON has no comments; a field of any other name may hold one"),
        ("  // login", 1, 3, "JSON has no comments"),
        (r#"{"type":"ping","time":"yesterday"}"#, 1, 23, "RFC 3339"),
        ("{\"type\":\"open\",\"client\":1}\n{\"type\":\"open\",\"client\":2}", 2, 25, "select(.client == 1)"),
        (r#"{"type":"text","data":"","fin":false}"#, 1, 1, "begins in line 1 is not finished"),
        (r#"{"type":"text","data":"","fin":false,"dir":"in"}"#, 1, 1, "begins in line 1 is not finished"),
        (
            "{\"type\":\"text\",\"data\":\"\",\"fin\":false}\n{\"type\":\"binary\",\"data\":\"\"}",
            2,
            1,
            "is not finished",
        ),
        ("{\"type\":\"close\"}\n{\"type\":\"text\",\"data\":\"\"}", 2, 1, "the close of line 1"),
        ("{\"type\":\"close\",\"dir\":\"in\"}\n{\"type\":\"text\",\"match\":\"\"}", 2, 1, "the close of line 1"),
    ] {
        let error = read(text).expect_err(text);
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[test]
fn a_line_that_is_not_utf8_is_an_error() {
    let error = ScriptReader::default().line(b"{\"type\":\"text\",\"data\":\"\xff\"}").unwrap_err();
    assert_eq!(error.line, 1);
    assert!(error.to_string().contains("not a JSON event"), "{error}");
}

#[test]
fn what_comes_is_compared_with_what_was_awaited() {
    let is_met = |line: &str, event: &Event<'_>| match &steps(line)[0].action {
        Action::Await(expected) => expected.is_met_by(event),
        other => panic!("{other:?}"),
    };
    let text = |payload| Event::Data(Chunk::whole(Kind::Text, payload));
    let binary = |payload| Event::Data(Chunk::whole(Kind::Binary, payload));
    assert!(is_met(r#"{"type":"text","data":"a","dir":"in"}"#, &text(b"a")));
    assert!(!is_met(r#"{"type":"text","data":"a","dir":"in"}"#, &text(b"ab")));
    assert!(!is_met(r#"{"type":"text","data":"a","dir":"in"}"#, &binary(b"a")));
    assert!(is_met(r#"{"type":"text","match":"a.c"}"#, &text("zaéc".as_bytes())));
    assert!(is_met(r#"{"type":"binary","match":"(?-u)^\\xff"}"#, &binary(b"\xff\0")));
    assert!(is_met(r#"{"type":"pong","dir":"in"}"#, &Event::Pong(b"x")));
    assert!(!is_met(r#"{"type":"pong","dir":"in"}"#, &Event::Ping(b"x")));
    let close = |code| Event::Close(Close::new(code, "bye"));
    assert!(is_met(r#"{"type":"close","code":1003,"dir":"in"}"#, &close(1003)));
    assert!(!is_met(r#"{"type":"close","code":1003,"dir":"in"}"#, &close(1000)));
    assert!(!is_met(r#"{"type":"close","code":1003,"reason":"","dir":"in"}"#, &close(1003)));
    assert!(!is_met(r#"{"type":"close","dir":"in"}"#, &close(1003)));
    assert!(is_met(r#"{"type":"close","dir":"in"}"#, &Event::Close(Close::default())));
}
