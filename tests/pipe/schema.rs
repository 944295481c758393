//! What `inspect --json` prints is what `docs/inspect.schema.json` says, and the other way round; so is a transcript what
//! `docs/transcript.schema.json` says.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::harness::{Run, Server, good_request};
use crate::tls::Files;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| schema("inspect"));
static TRANSCRIPT: LazyLock<Value> = LazyLock::new(|| schema("transcript"));

fn schema(name: &str) -> Value {
    let path = format!("{}/docs/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).expect("it is there")).expect("it is JSON")
}

/// The keywords that a schema of ours may use: those that [`Judge`] knows, and those that say nothing of a value.
const KNOWN: [&str; 14] = [
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "description",
    "enum",
    "items",
    "maximum",
    "minimum",
    "properties",
    "required",
    "title",
    "type",
    "$schema",
];

/// Holds values against the schema (JSON Schema 2020-12, as far as ours goes), and remembers the properties it has met.
pub(crate) struct Judge {
    schema: &'static Value,
    met: BTreeSet<String>,
}

impl Judge {
    fn of_reports() -> Self {
        Judge { schema: &SCHEMA, met: BTreeSet::new() }
    }

    /// One that accepts lines of transcripts.
    pub(crate) fn of_transcripts() -> Self {
        Judge { schema: &TRANSCRIPT, met: BTreeSet::new() }
    }

    #[track_caller]
    pub(crate) fn accept(&mut self, value: &Value) {
        if let Err(fault) = self.holds(self.schema, value, "#") {
            panic!("{fault}\n{value:#}");
        }
    }

    /// Fails with the first fault. `place` is that of the schema.
    fn holds(&mut self, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
        let fault = |what: &str| Err(format!("{place}: {what}: {value}"));
        if let Some(reference) = schema["$ref"].as_str() {
            let schema = self.schema.pointer(&reference[1..]).expect("what is referred to is there");
            self.holds(schema, value, reference)?;
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let met = self.met.clone();
            let mut fault_of = |schema| {
                // What a wrong choice has met says nothing.
                self.met.clone_from(&met);
                self.holds(schema, value, place).err()
            };
            let faults: Vec<_> = choices.iter().map_while(&mut fault_of).collect();
            if faults.len() == choices.len() {
                return fault(&faults.join(", "));
            }
        }
        if !schema["type"].is_null() && !is_of_type(&schema["type"], value) {
            return fault(&format!("is no {}", schema["type"]));
        }
        if schema.get("const").is_some_and(|constant| constant != value) {
            return fault("is another constant");
        }
        if schema["enum"].as_array().is_some_and(|list| !list.contains(value)) {
            return fault("is not among those");
        }
        let is_beyond = |bound: &str, is_wrong: fn(f64, f64) -> bool| {
            schema[bound].as_f64().zip(value.as_f64()).is_some_and(|(bound, value)| is_wrong(value, bound))
        };
        if is_beyond("minimum", |value, bound| value < bound) || is_beyond("maximum", |value, bound| value > bound) {
            return fault("is out of bounds");
        }
        if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
            items.iter().try_for_each(|item| self.holds(schema, item, &format!("{place}/items")))?;
        }
        value.as_object().map_or(Ok(()), |object| self.holds_object(schema, object, place))
    }

    fn holds_object(&mut self, schema: &Value, object: &Map<String, Value>, place: &str) -> Result<(), String> {
        let Some(properties) = schema["properties"].as_object() else { return Ok(()) };
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                return Err(format!("{place}: {name} is not there"));
            }
        }
        for (name, value) in object {
            let schema = properties.get(name).ok_or_else(|| format!("{place}: {name} is not in the schema"))?;
            let place = format!("{place}/properties/{name}");
            self.holds(schema, value, &place)?;
            self.met.insert(place);
        }
        Ok(())
    }
}

fn is_of_type(names: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some("null") => value.is_null(),
        name => panic!("no type: {name:?}"),
    };
    names.as_array().map_or_else(|| is(names), |names| names.iter().any(is))
}

/// Calls `visit` with every schema in `schema`, and the place of each.
fn walk(schema: &Value, place: &str, visit: &mut impl FnMut(&Map<String, Value>, &str)) {
    let object = schema.as_object().expect("a schema is an object");
    visit(object, place);
    for keyword in ["properties", "$defs"] {
        for (name, schema) in object.get(keyword).and_then(Value::as_object).into_iter().flatten() {
            walk(schema, &format!("{place}/{keyword}/{name}"), visit);
        }
    }
    for (number, schema) in object.get("anyOf").and_then(Value::as_array).into_iter().flatten().enumerate() {
        walk(schema, &format!("{place}/anyOf/{number}"), visit);
    }
    if let Some(schema) = object.get("items") {
        walk(schema, &format!("{place}/items"), visit);
    }
}

#[test]
fn the_schema_uses_what_is_checked_here_and_describes_every_field() {
    for schema in [&SCHEMA, &TRANSCRIPT] {
        walk(schema, "#", &mut check_schema);
    }
    let closed = |schema: &Map<String, Value>| schema.get("additionalProperties") == Some(&Value::Bool(false));
    walk(&SCHEMA, "#", &mut |schema, place| {
        assert_eq!(schema.contains_key("properties"), closed(schema), "{place}");
    });
    // Fields may come in any version, as the manual page says.
    walk(&TRANSCRIPT, "#", &mut |schema, place| assert!(!closed(schema), "{place}"));
}

fn check_schema(schema: &Map<String, Value>, place: &str) {
    let unknown: Vec<_> = schema.keys().filter(|key| !KNOWN.contains(&key.as_str()) && *key != "$defs").collect();
    assert!(unknown.is_empty(), "{place}: {unknown:?}");
    let is_property = place.rsplit('/').nth(1) == Some("properties");
    assert!(!is_property || schema.contains_key("description"), "{place} has no description");
    if let Some(properties) = schema.get("properties") {
        for name in schema["required"].as_array().expect("what is always there is listed") {
            assert!(properties.get(name.as_str().expect("a name")).is_some(), "{place} requires {name}");
        }
    }
}

/// The object that a run prints, which ends with this status.
#[track_caller]
fn printed(run: Run, status: i32) -> Value {
    let run = run.finish();
    let mut lines = run.status(status).json();
    assert_eq!(lines.len(), 1, "{run:?}");
    lines.remove(0)
}

fn inspect(url: &str) -> Run {
    Run::new(["inspect", "--json", url])
}

/// What is printed for a server that answers like this.
#[track_caller]
fn answered(answer: &str, status: i32) -> Value {
    let server = Server::start();
    let run = inspect(&server.url()).start();
    drop(server.answer(answer));
    let run = run.finish();
    run.status(status).json().remove(0)
}

#[test]
fn what_is_printed_is_what_the_schema_says() {
    let mut judge = Judge::of_reports();
    let listen = Run::listen("--echo --compress").start();
    judge.accept(&printed(inspect(&listen.url()).arg("--compress"), 0));
    judge.accept(&answered("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\nno", 5));
    judge.accept(&answered("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n", 5));
    judge.accept(&answered("SSH-2.0-x\r\n", 5));
    judge.accept(&answered("HTTP/1.1 103 Early Hints\r\n\r\n", 5));

    let key = |words: &str| Run::new(["inspect", "--json", "--key"]).words(words);
    judge.accept(&printed(key("dGhlIHNhbXBsZSBub25jZQ== --accept x"), 5));
    judge.accept(&printed(key("short"), 5));

    let server = Server::start();
    let run = inspect(&server.url()).arg("-L").start();
    drop(server.answer(format!("HTTP/1.1 301 Moved\r\nLocation: {}\r\n\r\n", listen.url())));
    judge.accept(&run.finish().status(0).json().remove(0));
    let run = inspect("ws://a.test/").args(["--proxy", &format!("http://127.0.0.1:{}", server.port())]).start();
    let mut peer = server.answer("HTTP/1.1 200 OK\r\n\r\n");
    peer.accept("");
    peer.finish(1000);
    judge.accept(&run.finish().status(0).json().remove(0));

    let files = Files::good();
    let listen = files.listen("--echo");
    let secure = |options: &str| files.trusting(inspect(&listen.url()).words(options));
    judge.accept(&printed(secure("--min-days 1"), 0));
    judge.accept(&printed(secure("--min-days 10000000"), 4));
    judge.accept(&printed(inspect(&listen.url()), 4));
    judge.accept(&printed(inspect(&listen.url()).arg("-k"), 0));

    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/", nobody.local_addr().expect("an address"));
    drop(nobody);
    judge.accept(&printed(inspect(&url), 3));

    let captured = |text: &str| Run::new(["inspect", "--json", "--request", "-"]).input(text);
    judge.accept(&printed(captured(&good_request("/", "")), 0));
    judge.accept(&printed(captured(&good_request("/", "").replace("\r\n", "\n> ")), 0));
    judge.accept(&printed(captured("nothing"), 5));

    // Whatever the schema has was printed by one of them.
    walk(&SCHEMA, "#", &mut |_, place| {
        let is_property = place.rsplit('/').nth(1) == Some("properties");
        assert!(!is_property || judge.met.contains(place), "nothing printed {place}");
    });
}

/// The judge itself: what is other is found.
#[test]
fn what_the_schema_does_not_say_is_found() {
    let report = printed(inspect(&Run::listen("--echo --compress").start().url()).arg("--compress"), 0);
    let changes: [fn(&mut Value); 6] = [
        |report| report["more"] = Value::Null,
        |report| drop(report.as_object_mut().map(|report| report.remove("key"))),
        |report| report["version"] = 2.into(),
        |report| report["checks"][0]["verdict"] = "maybe".into(),
        |report| report["milliseconds"]["http"] = "soon".into(),
        |report| report["compression"]["client"]["window_bits"] = 16.into(),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut other = report.clone();
        change(&mut other);
        assert!(Judge::of_reports().holds(&SCHEMA, &other, "#").is_err(), "{number}");
    }
}

/// Lines that people write: the schema and the program agree on each.
#[test]
fn a_script_is_what_the_schema_says() {
    let script = &TRANSCRIPT["$defs"]["script"];
    let holds = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("it is JSON");
        Judge::of_transcripts().holds(script, &line, "#").is_ok()
    };
    let play = |lines: &[&str], status| {
        let run = Run::new(["replay", "--speed", "max", "--wait", "0", "-", "echo:"]);
        run.input(lines.join("\n")).finish().status(status);
    };
    let good = [
        r#"{"type":"text","data":"price ","fin":false}"#,
        r#"{"type":"text","data":"10","time":"2026-01-02T03:04:05.678Z","dir":"out"}"#,
        r#"{"type":"text","match":"^price \\d+$"}"#,
        r#"{"type":"ping","base64":"/w=="}"#,
        r#"{"type":"pong","dir":"in"}"#,
        r#"{"type":"wait","ms":1}"#,
        r#"{"type":"close","code":4000,"reason":"bye"}"#,
        r#"{"type":"close","dir":"in","code":4000}"#,
    ];
    assert!(good.iter().all(|line| holds(line)));
    play(&good, 0);
    for bad in [
        r#"{"data":"a"}"#,
        r#"{"type":"txt","data":"a"}"#,
        r#"{"type":"text","data":1}"#,
        r#"{"type":"text","data":"a","dir":"up"}"#,
        r#"{"type":"close","code":999}"#,
        r#"{"type":"wait","ms":0.5}"#,
    ] {
        assert!(!holds(bad), "{bad}");
        play(&[bad], 1);
    }
}
