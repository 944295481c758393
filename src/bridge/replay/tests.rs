use super::*;
use crate::protocol::Kind;
use crate::records::script::ScriptReader;

/// A sink for which nothing matters.
struct Nowhere;

impl Sink for Nowhere {
    fn take(&mut self, _: &Event<'_>) -> Result<(), SinkError> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// The ends of a session that plays this, with everything checked.
fn play(script: &str, speed: Speed) -> (ScriptSource, ScriptSink<Nowhere>) {
    let mut reader = ScriptReader::default();
    for line in script.lines() {
        reader.line(line.as_bytes()).unwrap();
    }
    let replay = Replay {
        script: Arc::new(reader.finish().unwrap()),
        speed,
        check: true,
        patience: Duration::from_millis(50),
        close: Close::new(1000, ""),
        max_message: 10,
    };
    let (source, sink, _) = replay.ends(Nowhere, Arc::new(Wake::new().unwrap()));
    (source, sink)
}

/// What the source gives next, and the frames with it.
fn pull(source: &mut ScriptSource) -> (Pulled, Vec<u8>) {
    let mut encoder = Encoder::server();
    let pulled = source.pull(&mut encoder).unwrap();
    (pulled, encoder.pending().to_vec())
}

#[test]
fn all_that_is_due_leaves_at_once_and_the_rest_when_the_answer_has_come() {
    let script = r#"{"type":"text","data":"a"}
{"type":"ping","data":"b"}
{"type":"text","data":"1","dir":"in"}
{"type":"text","data":"2","dir":"in"}
{"type":"text","data":"c"}
{"type":"close","code":4000}"#;
    let (mut source, mut sink) = play(script, Speed::Max);
    assert_eq!(pull(&mut source), (Pulled::Frames, b"\x81\x01a\x89\x01b".to_vec()));
    sink.take(&Event::Data(Chunk::whole(Kind::Text, b"1"))).unwrap();
    // It was the bell that woke it; whether there are orders is for others to see.
    assert_eq!(pull(&mut source), (Pulled::Orders, Vec::new()));
    sink.take(&Event::Data(Chunk::whole(Kind::Text, b"2"))).unwrap();
    assert_eq!(pull(&mut source), (Pulled::Close(Close::new(4000, "")), b"\x81\x01c".to_vec()));
}

#[test]
fn what_does_not_come_ends_it() {
    let (mut source, _sink) = play("{\"type\":\"pong\",\"dir\":\"in\"}\n{\"type\":\"text\",\"data\":\"\"}", Speed::Max);
    let start = Instant::now();
    assert_eq!(pull(&mut source), (Pulled::Close(Close::new(1000, "")), Vec::new()));
    assert!(start.elapsed() >= Duration::from_millis(50));
    let report = source.play.report();
    assert_eq!((report.given_up, report.unsent), (true, 1));
}

#[test]
fn pauses_are_as_long_as_they_were_or_as_the_speed_says() {
    let script = r#"{"type":"text","data":"","time":"2026-01-02T03:04:05.000Z"}
{"type":"text","data":"","time":"2026-01-02T03:04:05.100Z"}
{"type":"wait","ms":30}
{"type":"text","data":"","time":"2026-01-02T03:04:05.100Z"}"#;
    for (speed, [first, second]) in
        [(Speed::Times(1.0), [100, 130]), (Speed::Times(2.0), [50, 80]), (Speed::Max, [0, 30])]
    {
        let start = Instant::now();
        let (mut source, _sink) = play(script, speed);
        if speed == Speed::Max {
            assert_eq!(pull(&mut source).1, b"\x81\0\x81\0");
        } else {
            assert_eq!(pull(&mut source).1, b"\x81\0");
            assert_eq!(pull(&mut source).1, b"\x81\0");
            assert!(start.elapsed() >= Duration::from_millis(first));
        }
        assert_eq!(pull(&mut source).1, b"\x81\0");
        assert!(start.elapsed() >= Duration::from_millis(second));
        assert_eq!(pull(&mut source).0, Pulled::Ended);
    }
}

#[test]
fn a_message_that_is_too_long_to_be_held_is_none() {
    let (_source, mut sink) = play("", Speed::Max);
    let piece = |first, last| Event::Data(Chunk { kind: Kind::Text, first, last, length: None, payload: b"123456" });
    sink.take(&piece(true, false)).unwrap();
    assert!(matches!(sink.take(&piece(false, true)), Err(SinkError::TooBig(_))));
}
