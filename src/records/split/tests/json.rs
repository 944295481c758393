//! JSON Lines.

use super::*;
use crate::protocol::{Close, CloseCodeError};
use crate::records::JsonProblem;

fn reads(input: &str, entries: &[Entry]) {
    check(Format::Json, Kind::Text, input.as_bytes(), entries, &Ok(()));
}

/// A line is refused, after a good one.
fn refuses(line: &str, problem: JsonProblem) {
    let input = format!("{{\"type\":\"ping\"}}\n{line}\n");
    let problem = Problem::Json(problem);
    super::refuses(Format::Json, input.as_bytes(), &[Entry::ping(b"")], 2, problem);
}

fn syntax(line: &str, what: &str, column: usize) {
    let what = what.to_owned();
    refuses(line, JsonProblem::Syntax { what, column });
}

#[test]
fn every_type_of_event() {
    reads(
        "{\"type\":\"text\",\"data\":\"h\\u00e9 ✓\\n\"}\n\
         {\"type\":\"binary\",\"data\":\"AP+A\"}\n\
         {\"type\":\"ping\"}\n\
         {\"type\":\"ping\",\"data\":\"p\"}\n\
         {\"type\":\"pong\",\"base64\":\"/w==\"}\n\
         {\"type\":\"close\",\"code\":4001,\"reason\":\"bye\"}\n",
        &[
            Entry::text("hé ✓\n"),
            Entry::binary(b"\0\xff\x80"),
            Entry::ping(b""),
            Entry::ping(b"p"),
            Entry::pong(b"\xff"),
            Entry::close(4001, "bye"),
        ],
    );
}

#[test]
fn data_may_be_empty() {
    reads(
        "{\"type\":\"text\",\"data\":\"\"}\n{\"type\":\"binary\",\"data\":\"\"}\n",
        &[Entry::text(""), Entry::binary(b"")],
    );
}

#[test]
fn a_message_may_stand_in_several_lines() {
    reads(
        "{\"type\":\"text\",\"data\":\"a\",\"fin\":false}\n{\"type\":\"ping\"}\n\
         {\"type\":\"text\",\"data\":\"b\",\"fin\":false}\n{\"type\":\"text\",\"data\":\"c\"}\n\
         {\"type\":\"binary\",\"data\":\"AA==\",\"fin\":true}\n",
        &[Entry::ping(b""), Entry::text("abc"), Entry::binary(b"\0")],
    );
    let begun = "{\"type\":\"text\",\"data\":\"a\",\"fin\":false}\n";
    for (rest, record, problem) in [
        ("{\"type\":\"binary\",\"data\":\"\"}\n", 2, JsonProblem::Inside),
        ("{\"type\":\"text\",\"data\":\"\",\"dir\":\"in\"}\n", 2, JsonProblem::OtherStream),
        ("{\"type\":\"text\",\"data\":\"\",\"client\":2}\n", 2, JsonProblem::OtherStream),
        ("{\"type\":\"ping\"}\n", 2, JsonProblem::Unfinished),
        ("", 1, JsonProblem::Unfinished),
    ] {
        let input = format!("{begun}{rest}");
        let entries: &[Entry] = if rest.contains("ping") { &[Entry::ping(b"")] } else { &[] };
        super::refuses(Format::Json, input.as_bytes(), entries, record, Problem::Json(problem));
    }
}

#[test]
fn a_close_needs_no_code() {
    let close = [Entry::Close(Close::default())];
    reads("{\"type\":\"close\"}", &close);
    reads("{\"type\":\"close\",\"code\":null,\"reason\":\"\"}", &close);
    reads("{\"type\":\"close\",\"code\":1000}", &[Entry::close(1000, "")]);
}

#[test]
fn what_says_nothing_is_passed_over() {
    reads(
        "\n {\"type\":\"open\",\"url\":\"ws://x\"} \r\n\t\n\
         { \"extra\":[1,{}], \"data\":\"a\", \"type\":\"text\", \"time\":\"…\" }\r\n\
         {\"type\":\"error\",\"message\":\"m\"}",
        &[Entry::text("a")],
    );
}

#[test]
fn the_number_of_a_line_counts_all_lines() {
    let problem = JsonProblem::Type("x".into());
    super::refuses(
        Format::Json,
        b"\n{\"type\":\"open\"}\n{\"type\":\"pong\"}\n{\"type\":\"x\"}\n",
        &[Entry::pong(b"")],
        4,
        Problem::Json(problem),
    );
}

#[test]
fn syntax_errors_have_a_column() {
    syntax("{\"type\":\"text\"", "EOF while parsing an object", 14);
    syntax("{\"type\":\"text\",\"data\":x}", "expected value", 23);
    syntax("{\"type\":\"ping\"} x", "trailing characters", 17);
    syntax("{\"data\":\"a\"}", "missing field `type`", 12);
    syntax("{\"type\":\"ping\",\"data\":1}", "invalid type: integer `1`, expected a string", 23);
}

#[test]
fn an_event_is_an_object() {
    for line in ["hello", "[\"text\",\"a\",null,null,null]", "\"text\"", "1"] {
        syntax(line, "expected an object, {…}", 1);
        syntax(&format!("  {line}"), "expected an object, {…}", 3);
    }
}

/// Blank lines count, also those behind a Close.
#[test]
fn a_problem_behind_a_close_has_the_number_of_its_line() {
    let input = b"{\"type\":\"close\"}\n\n \r\n  {";
    let what = "EOF while parsing an object".to_owned();
    let problem = Problem::Json(JsonProblem::Syntax { what, column: 3 });
    super::refuses(Format::Json, input, &[Entry::Close(Close::default())], 4, problem);
}

#[test]
fn blank_lines_are_nothing_that_stays_unsent() {
    let input = b"{\"type\":\"close\"}\n\n  ";
    let mut splitter = splitter(Format::Json, Kind::Text);
    splitter.space()[..input.len()].copy_from_slice(input);
    splitter.filled(input.len());
    assert_eq!(splitter.next(), Ok(Some(Event::Close(Close::default()))));
    assert_eq!(splitter.held(), 0);
}

/// The words of the parser repeat the value, whatever it says.
#[test]
fn a_value_can_not_cut_the_message() {
    syntax("{\"type\":\"close\",\"code\":\"x at line y\"}", "invalid type: string \"x at line y\", expected u16", 36);
}

#[test]
fn types_are_known() {
    refuses("{\"type\":\"Text\"}", JsonProblem::Type("Text".into()));
    let long = "é".repeat(100);
    let line = format!("{{\"type\":\"{long}\"}}");
    refuses(&line, JsonProblem::Type("é".repeat(40)));
}

#[test]
fn messages_have_data() {
    for kind in ["text", "binary"] {
        let line = format!("{{\"type\":\"{kind}\",\"base64\":\"AA==\"}}");
        refuses(&line, JsonProblem::Missing { kind, field: "data" });
    }
}

#[test]
fn binary_data_is_base64() {
    for data in ["a", "AA=", "AA", "A-_A", "A A=", "é"] {
        let input = format!("{{\"type\":\"binary\",\"data\":\"{data}\"}}");
        let (transcript, end) = feed(&mut splitter(Format::Json, Kind::Text), &[input.as_bytes()]);
        assert_eq!(transcript.entries, []);
        let error = end.unwrap_err();
        assert!(matches!(error.problem, Problem::Json(JsonProblem::Base64(_))), "{error:?}");
    }
}

#[test]
fn control_frames_hold_125_bytes() {
    let data = "x".repeat(125);
    reads(&format!("{{\"type\":\"ping\",\"data\":\"{data}\"}}"), &[Entry::ping(data.as_bytes())]);
    refuses(&format!("{{\"type\":\"pong\",\"data\":\"{data}x\"}}"), JsonProblem::ControlTooLong(126));
}

#[test]
fn closes_can_be_sent() {
    for code in [0, 1005, 2999, 5000] {
        refuses(&format!("{{\"type\":\"close\",\"code\":{code}}}"), JsonProblem::Close(CloseCodeError::Code(code)));
    }
    let reason = "r".repeat(124);
    refuses(
        &format!("{{\"type\":\"close\",\"code\":1000,\"reason\":\"{reason}\"}}"),
        JsonProblem::Close(CloseCodeError::Reason(124)),
    );
    refuses("{\"type\":\"close\",\"reason\":\"why\"}", JsonProblem::Missing { kind: "close", field: "code" });
}

/// A JSON text is UTF-8, and so is its content.
#[test]
fn what_is_not_utf8_is_no_json() {
    for line in [&b"{\"type\":\"text\",\"data\":\"\xff\"}"[..], b"{\"type\":\"text\",\"data\":\"\\ud800\"}"] {
        let (_, end) = feed(&mut splitter(Format::Json, Kind::Binary), &[line]);
        let error = end.unwrap_err();
        assert!(matches!(error.problem, Problem::Json(JsonProblem::Syntax { .. })), "{error:?}");
    }
}

#[test]
fn a_message_has_a_limit() {
    let limited = |input: &[u8], chunk: usize| {
        let mut splitter = Splitter::new(Format::Json, Kind::Text, 0, Some(3));
        let pieces: Vec<&[u8]> = input.chunks(chunk).collect();
        let (transcript, end) = feed(&mut splitter, &pieces);
        (transcript.entries, end)
    };
    let too_long = |record| {
        let problem = Problem::TooLong(3);
        Err(RecordError { record, problem })
    };
    let escaped = b"{\"type\":\"text\",\"data\":\"\\u0000\\u0000\\u0000\"}\n";
    let over = b"\n{\"type\":\"text\",\"data\":\"abcd\"}\n";
    let endless = [b"\n{\"type\":\"text\",\"data\":\"", &[b' '; 3000][..]].concat();
    let padded = [&endless, &b"\"}\n"[..]].concat();
    for chunk in [1, 10, 4096] {
        assert_eq!(limited(escaped, chunk), (vec![Entry::text("\0\0\0")], Ok(())));
        assert_eq!(limited(over, chunk), (vec![], too_long(2)));
        assert_eq!(limited(&endless, chunk), (vec![], too_long(2)));
        assert_eq!(limited(&padded, chunk), (vec![], too_long(2)));
    }
}

/// Lines that are only long by their spaces are too long as well, whether their end is there or not.
#[test]
fn a_line_has_a_limit() {
    let line = [b"{\"type\":\"ping\"}", &[b' '; 3000][..], b"\n"].concat();
    for chunk in [1, 4096] {
        let mut splitter = Splitter::new(Format::Json, Kind::Text, 0, Some(3));
        let pieces: Vec<&[u8]> = line.chunks(chunk).collect();
        let problem = Problem::TooLong(3);
        assert_eq!(feed(&mut splitter, &pieces).1, Err(RecordError { record: 1, problem }));
    }
}
