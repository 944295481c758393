//! A transcript is played as it stands there or not at all: what it sends is what a session can send, and what came once is
//! awaited as it came.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspipe::protocol::{Chunk, Event};
use wspipe::records::script::{Action, Expected, Outgoing, Script, ScriptError, ScriptReader, Step, Wanted};
use wspipe::records::{Format, Joiner, JsonEvents};
use wspipe_fuzz::Transcript;
use wspipe_fuzz::shown::assert_printable;

fuzz_target!(|input: &[u8]| {
    let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    match read(&lines) {
        Ok(script) => {
            assert_can_be_sent(&script);
            for step in &script.steps {
                assert!((1..=lines.len() as u64).contains(&step.line), "{step:?} of {} lines", lines.len());
                assert_is_awaited_as_it_comes(step);
            }
        }
        Err(error) => {
            assert_printable(&error.to_string(), false);
            let line = lines[error.line as usize - 1];
            assert!((1..=line.len() + 1).contains(&error.column), "{error} in {line:?}");
        }
    }
});

fn read(lines: &[&[u8]]) -> Result<Script, ScriptError> {
    let mut reader = ScriptReader::default();
    for line in lines {
        reader.line(line)?;
    }
    reader.finish()
}

/// Pieces make messages, text is UTF-8, control frames are short, and nothing follows a Close.
fn assert_can_be_sent(script: &Script) {
    let mut transcript = Transcript::default();
    for step in &script.steps {
        let Action::Send(outgoing) = &step.action else { continue };
        transcript.note(&match outgoing {
            Outgoing::Piece { kind, first, last, payload } => {
                Event::Data(Chunk { kind: *kind, first: *first, last: *last, length: None, payload })
            }
            Outgoing::Ping(payload) => Event::Ping(payload),
            Outgoing::Pong(payload) => Event::Pong(payload),
            Outgoing::Close(close) => Event::Close(close.clone()),
        });
    }
}

/// What meets a step, written down when it comes, is a step that the same meets.
fn assert_is_awaited_as_it_comes(step: &Step) {
    let Action::Await(expected) = &step.action else { return };
    let event = match expected {
        Expected::Message(kind, Wanted::Exactly(payload)) => Event::Data(Chunk::whole(*kind, payload)),
        Expected::Ping(Wanted::Exactly(payload)) => Event::Ping(payload),
        Expected::Pong(Wanted::Exactly(payload)) => Event::Pong(payload),
        _ => return,
    };
    assert!(expected.is_met_by(&event), "{expected:?} and {event:?}");
    let mut line = Vec::new();
    let mut joiner = Joiner::new(Format::Json, None, JsonEvents::default());
    joiner.push(&event, &mut line).expect("memory takes it");
    let again = read(&[line.trim_ascii_end()]).expect("what is written can be read");
    assert_eq!(again.steps.len(), 1);
    let Action::Await(again) = &again.steps[0].action else { panic!("what came is awaited: {again:?}") };
    assert!(again.is_met_by(&event), "{again:?} and {event:?}");
}
