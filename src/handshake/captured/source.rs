//! A capture as lines: decoded, and without the marks before each.

use super::{Repair, Side, shape};

/// What goes before a line and says who sent it: curl's and wspipe's own marks, and wspipe's log.
const MARKS: [(&[u8], Side); 4] = [
    (b"wspipe: debug: request:", Side::Request),
    (b"wspipe: debug: response:", Side::Response),
    (b">", Side::Request),
    (b"<", Side::Response),
];

/// A line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Who sent it, where a mark says so.
    pub(super) mark: Option<Side>,
    /// What stands in it, without the mark.
    pub(super) text: Vec<u8>,
    /// The line as it stood in the capture: that of a body that only looks as if it had a mark.
    pub(super) whole: Vec<u8>,
    pub(super) ending: Ending,
}

/// What ended a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// A carriage return and a line feed.
    Full,
    /// A line feed alone.
    LineFeed,
    /// The end of the capture.
    Nothing,
}

impl Line {
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }
}

/// The lines of a capture, and what was done to get them.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) lines: Vec<Line>,
    /// Whether marks say who sent a line: then lines without one belong to no head.
    pub(super) is_marked: bool,
    pub(super) repairs: Vec<Repair>,
}

impl Source {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut repairs = Vec::new();
        let mut lines = split(&written_out(&decoded(bytes, &mut repairs), &mut repairs));
        unquote(&mut lines, &mut repairs);
        let is_marked = unmark(&mut lines, &mut repairs);
        if is_marked {
            let count = lines.len();
            lines.retain(|line| line.mark.is_some() || !shape::is_comment(&line.text));
            if lines.len() < count {
                repairs.push(Repair::Comments);
            }
        } else {
            join_values(&mut lines, &mut repairs);
        }
        repairs.dedup();
        Self { lines, is_marked, repairs }
    }
}

/// Without a byte order mark, and in UTF-8 where it was UTF-16, which Windows consoles write into files.
fn decoded(bytes: &[u8], repairs: &mut Vec<Repair>) -> Vec<u8> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units).into_bytes()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => {
            repairs.push(Repair::Utf16);
            utf16(rest, u16::from_le_bytes)
        }
        [0xfe, 0xff, rest @ ..] => {
            repairs.push(Repair::Utf16);
            utf16(rest, u16::from_be_bytes)
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.to_vec(),
        _ => bytes.to_vec(),
    }
}

/// With line ends where they are written out as `\r\n`, as debuggers and packet analysers show them.
fn written_out(bytes: &[u8], repairs: &mut Vec<Repair>) -> Vec<u8> {
    const WRITTEN: &[u8] = br"\r\n";
    let has = |line: &[u8], word: &[u8]| line.windows(word.len()).any(|window| window == word);
    if !bytes.split(|&b| b == b'\n').any(|line| has(line, b"HTTP/") && has(line, WRITTEN)) {
        return bytes.to_vec();
    }
    repairs.push(Repair::WrittenOut);
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, others)) = rest.split_first() {
        let Some(behind) = rest.strip_prefix(WRITTEN) else {
            text.push(first);
            rest = others;
            continue;
        };
        text.extend_from_slice(b"\r\n");
        rest = behind.strip_prefix(b"\r\n").or(behind.strip_prefix(b"\n")).unwrap_or(behind);
    }
    text
}

fn split(bytes: &[u8]) -> Vec<Line> {
    let lines = bytes.split_inclusive(|&b| b == b'\n').map(|line| {
        let (content, ending) = match line {
            [content @ .., b'\r', b'\n'] => (content, Ending::Full),
            [content @ .., b'\n'] => (content, Ending::LineFeed),
            content => (content, Ending::Nothing),
        };
        let text = content.strip_suffix(b"\r").unwrap_or(content).to_vec();
        Line { mark: None, whole: text.clone(), text, ending }
    });
    lines.collect()
}

/// Takes off the `>` with which mail and Markdown quote, as long as it stands before every line.
fn unquote(lines: &mut [Line], repairs: &mut Vec<Repair>) {
    let is_quoted = |line: &Line| line.is_blank() || line.text.trim_ascii_start().starts_with(b">");
    while lines.iter().any(|line| !line.is_blank()) && lines.iter().all(is_quoted) {
        let is_wide =
            |line: &Line| matches!(line.text.trim_ascii_start(), [] | [b'>'] | [b'>', b' ' | b'\t' | b'>', ..]);
        let width = usize::from(lines.iter().all(is_wide));
        for line in lines.iter_mut().filter(|line| !line.is_blank()) {
            line.text = without_space(&line.text.trim_ascii_start()[1..], width).to_vec();
            line.whole.clone_from(&line.text);
        }
        repairs.push(Repair::Marks);
    }
}

/// Takes off marks, if there are any.
fn unmark(lines: &mut [Line], repairs: &mut Vec<Repair>) -> bool {
    let behind: Vec<&[u8]> = lines.iter().filter_map(|line| mark(&line.text).map(|(_, rest)| rest)).collect();
    let heads: Vec<&[u8]> = behind.into_iter().filter(|rest| is_of_head(rest)).collect();
    if heads.is_empty() {
        return false;
    }
    repairs.push(Repair::Marks);
    // Where one line has no space behind its mark, a space in another is the line's own: it may be folded.
    let width = usize::from(heads.iter().all(|rest| rest.starts_with(b" ") || rest.starts_with(b"\t")));
    for line in lines {
        let Some((side, rest)) = mark(&line.text) else { continue };
        (line.mark, line.text) = (Some(side), without_space(rest, width).to_vec());
    }
    true
}

/// Whether `text` is so surely a line of a head that what stands before it is a mark.
fn is_of_head(text: &[u8]) -> bool {
    shape::start_line(text).is_some() || shape::field_name(text).is_some_and(shape::is_telling)
}

/// The side that the mark before a line tells, and what stands behind the mark.
fn mark(text: &[u8]) -> Option<(Side, &[u8])> {
    let text = text.trim_ascii_start();
    MARKS.into_iter().find_map(|(mark, side)| text.strip_prefix(mark).map(|rest| (side, rest)))
}

/// `text` without the first `width` characters if they are white space.
fn without_space(text: &[u8], width: usize) -> &[u8] {
    let is_space = |b: &&u8| **b == b' ' || **b == b'\t';
    &text[text.iter().take(width).take_while(is_space).count()..]
}

/// Joins names and values that stand on lines of their own, in turn.
fn join_values(lines: &mut Vec<Line>, repairs: &mut Vec<Repair>) {
    let names: Vec<bool> = lines.iter().map(|line| shape::is_name_alone(&line.text)).collect();
    let is_name = |at: usize| names.get(at).copied().unwrap_or_default();
    let mut joined: Vec<Line> = Vec::with_capacity(lines.len());
    let (mut at, mut goes_on) = (0, false);
    while let Some(line) = lines.get(at) {
        let is_field = |line: &Line| shape::field_name(&line.text).is_some_and(shape::is_telling);
        let value =
            lines.get(at + 1).filter(|next| is_name(at) && !is_name(at + 1) && !next.is_blank() && !is_field(next));
        match value {
            Some(value) if goes_on || is_name(at + 2) => {
                let text = [line.text.trim_ascii_end(), b" ", value.text.trim_ascii()].concat();
                joined.push(Line { whole: text.clone(), text, ..value.clone() });
                (at, goes_on) = (at + 2, true);
            }
            _ => {
                joined.push(line.clone());
                // A title between two lists of names and values ends nothing.
                goes_on = goes_on && shape::title(&line.text).is_some();
                at += 1;
            }
        }
    }
    if joined.len() < lines.len() {
        repairs.push(Repair::Joined);
    }
    *lines = joined;
}
