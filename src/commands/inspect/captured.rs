//! `inspect --request`, `--response`: heads that somebody captured.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anstream::ColorChoice;

use super::report::Report;
use super::show;
use crate::commands::print;
use crate::handshake::{Captured, Side, check_key, printable};
use crate::outcome::{ExitStatus, Failure};

/// How much of a file is read, in bytes: many times what heads and the beginning of a body have.
const MAX_CAPTURE: u64 = 1 << 20;

/// What `inspect` with captured heads was asked for.
#[derive(Debug, Clone)]
pub struct InspectCapturedConfig {
    /// The files, `-` being standard input, and the head that each has to hold. One that holds the other, too, gives both.
    pub files: Vec<(PathBuf, Side)>,
    /// The key that a response without a request answers.
    pub key: Option<String>,
    /// Print JSON.
    pub json: bool,
    /// Colour the verdicts.
    pub color: ColorChoice,
    /// Show credentials.
    pub show_secrets: bool,
}

/// Reads captured heads and prints all there is to say about them.
///
/// # Errors
/// A file can't be read or holds no such head, or a check fails.
pub fn inspect_captured(config: &InspectCapturedConfig) -> Result<(), Failure> {
    if let Some(key) = &config.key {
        check_key(key).map_err(|error| Failure::Mismatch(error.to_string()))?;
    }
    let captured = gather(&config.files);
    if let (true, Err(failure @ Failure::Capture(_))) = (config.json, &captured) {
        print(Report::failed(&failure.to_string()).json().as_bytes())?;
    }
    let captured = captured?;
    if config.key.is_some() && captured.request.is_some() {
        return Err(Failure::Usage("--key: the request is there, and its Sec-WebSocket-Key counts".into()));
    }
    let report = Report::captured(&captured, config.key.as_deref(), config.show_secrets);
    show(&report, config.json, config.color)?;
    if report.is_ok() { Ok(()) } else { Err(Failure::Told(ExitStatus::Handshake)) }
}

/// The heads of all files together.
fn gather(files: &[(PathBuf, Side)]) -> Result<Captured, Failure> {
    let mut whole = Captured::default();
    let mut done = Vec::new();
    for (path, side) in files {
        // One file may be named for both heads; standard input can be read once only.
        let captured = if done.contains(&path) { whole.clone() } else { read(path, *side)? };
        require(&captured, path, *side)?;
        if done.contains(&path) {
            continue;
        }
        done.push(path);
        whole.repairs.extend(captured.repairs);
        if *side == Side::Request || whole.request.is_none() {
            whole.request = captured.request;
        }
        if captured.response.is_some() {
            (whole.interim, whole.response) = (captured.interim, captured.response);
        }
    }
    Ok(whole)
}

fn read(path: &Path, side: Side) -> Result<Captured, Failure> {
    let mut bytes = Vec::new();
    let result = if path.as_os_str() == "-" {
        io::stdin().take(MAX_CAPTURE + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MAX_CAPTURE + 1).read_to_end(&mut bytes))
    };
    let count = result.map_err(|error| Failure::File { path: shown(path), error })?;
    if count as u64 > MAX_CAPTURE {
        return Err(Failure::Capture(format!("{} is longer than 1 MiB: cut the heads out of it", shown(path))));
    }
    Captured::read(&bytes, Some(side)).map_err(|error| Failure::Capture(format!("{}: {error}", shown(path))))
}

/// Fails unless the head is there that a file was to hold.
fn require(captured: &Captured, path: &Path, side: Side) -> Result<(), Failure> {
    let what = match (side, &captured.request, &captured.response) {
        (_, None, None) => "holds no HTTP head: a request line or status line, and header lines under it",
        (Side::Request, None, Some(_)) => "holds a response and no request: give it with --response",
        (Side::Response, Some(_), None) => "holds a request and no response: give it with --request",
        _ => return Ok(()),
    };
    Err(Failure::Capture(format!("{} {what}", shown(path))))
}

/// A file's name in a message.
fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        printable(path.as_os_str().as_encoded_bytes(), 4096)
    }
}
