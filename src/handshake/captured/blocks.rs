//! Finds the heads among the lines of a capture.

use super::shape::{self, Title};
use super::source::{Ending, Line, Source};
use super::told::Summary;
use super::{Repair, Side};
use crate::handshake::printable::printable;

/// How much of the text around the heads is shown, in bytes.
const SHOWN: usize = 60;

/// The lines of a head.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) side: Side,
    /// The request line or status line, if it is there.
    pub(super) start: Option<Vec<u8>>,
    /// The lines under it, without the empty one.
    pub(super) fields: Vec<Vec<u8>>,
    /// What follows the head, up to the next one.
    pub(super) body: Vec<u8>,
    pub(super) repairs: Vec<Repair>,
}

/// All that a capture holds.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// In their order.
    pub(super) found: Vec<Block>,
    pub(super) summary: Summary,
    pub(super) repairs: Vec<Repair>,
}

/// Where in a capture a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Head,
    Body,
}

/// A head that is being gathered.
#[derive(Debug)]
struct Gathered {
    /// The side that the start line, a mark or a title tells.
    side: Option<Side>,
    start: Option<Line>,
    fields: Vec<Line>,
    has_end: bool,
    body: Vec<u8>,
}

#[derive(Debug)]
struct Finder<'a> {
    expected: Option<Side>,
    place: Place,
    /// What the last title says of the lines below it.
    titled: Option<Side>,
    current: Option<Gathered>,
    around: Option<&'a [u8]>,
    blocks: Blocks,
}

/// The heads in `source`. Lines that tell nothing of their side are taken for `expected`.
pub(super) fn find(source: &Source, expected: Option<Side>) -> Blocks {
    let mut finder = Finder {
        expected,
        place: Place::Outside,
        titled: None,
        current: None,
        around: None,
        blocks: Blocks::default(),
    };
    if source.lines.first().is_some_and(|line| line.is_blank() && line.ending != Ending::Nothing) {
        finder.blocks.repairs.push(Repair::LeadingBlank);
    }
    for (index, line) in source.lines.iter().enumerate() {
        if source.is_marked {
            finder.take_marked(line);
        } else {
            finder.take(line, &source.lines[index + 1..]);
        }
    }
    finder.finish();
    if let Some(first) = finder.around {
        finder.blocks.repairs.push(Repair::Around(printable(first.trim_ascii(), SHOWN)));
    }
    finder.blocks
}

impl<'a> Finder<'a> {
    /// Takes a line of a capture in which marks say who sent it.
    fn take_marked(&mut self, line: &'a Line) {
        let start = line.mark.and_then(|_| shape::start_line(&line.text));
        match (self.place, line.mark) {
            _ if start.is_some() => self.begin(start, Some(line)),
            (Place::Body, _) => self.add_body(line),
            (Place::Head, None) if !line.is_blank() => self.leave(line),
            (Place::Head, None) => {}
            (Place::Head, Some(side)) if self.current.as_ref().is_some_and(|head| head.side == Some(side)) => {
                if line.is_blank() { self.end_head() } else { self.add(line) }
            }
            (_, Some(side)) if shape::field_name(&line.text).is_some() => {
                self.begin(Some(side), None);
                self.add(line);
            }
            _ => self.pass(line),
        }
    }

    /// Takes a line of a capture without marks; `later` are those behind it.
    fn take(&mut self, line: &'a Line, later: &[Line]) {
        let text = &line.text;
        if let Some(side) = shape::start_line(text) {
            return self.begin(Some(side), Some(line));
        }
        if let Some(title) = shape::title(text) {
            return self.take_title(title);
        }
        if shape::is_fence_or_prompt(text) {
            return self.leave(line);
        }
        if self.place != Place::Body
            && let Some((name, value)) = shape::general(text)
        {
            return self.take_general(name, value);
        }
        match self.place {
            Place::Body => self.add_body(line),
            Place::Outside if shape::field_name(text).is_some() => {
                self.begin(self.titled, None);
                self.add(line);
            }
            Place::Outside => self.pass(line),
            Place::Head if line.is_blank() => self.end_head(),
            Place::Head if self.belongs(line, later) => self.add(line),
            Place::Head => self.leave(line),
        }
    }

    /// Whether a line under a start line, or under fields, is one of the head's, be it a broken one.
    fn belongs(&self, line: &Line, later: &[Line]) -> bool {
        let text = &line.text;
        let has_start = self.current.as_ref().is_some_and(|head| head.start.is_some());
        let is_indented = text.starts_with(b" ") || text.starts_with(b"\t");
        let mut below = later.iter().take_while(|line| !line.is_blank() && shape::start_line(&line.text).is_none());
        let mut has_field_below = || below.any(|line| shape::field_name(&line.text).is_some_and(shape::is_telling));
        shape::field_name(text).is_some()
            || is_indented
            || shape::is_broken_field(text)
            || has_start && is_wrong_name(text)
            || has_start && has_field_below()
    }

    fn take_title(&mut self, title: Title) {
        self.finish();
        match title {
            Title::Of(side) => self.titled = Some(side),
            Title::General => {}
            Title::Provisional => self.blocks.repairs.push(Repair::Provisional),
        }
    }

    fn take_general(&mut self, name: &str, value: &[u8]) {
        self.finish();
        let value = Some(String::from_utf8_lossy(value).into_owned());
        let summary = &mut self.blocks.summary;
        match name {
            "request url" => summary.url = value,
            "request method" => summary.method = value,
            "status code" => summary.status = value,
            _ => {}
        }
    }

    fn begin(&mut self, side: Option<Side>, start: Option<&Line>) {
        self.finish();
        self.current =
            Some(Gathered { side, start: start.cloned(), fields: Vec::new(), has_end: false, body: Vec::new() });
        self.place = Place::Head;
    }

    fn add(&mut self, line: &Line) {
        if let Some(head) = &mut self.current {
            head.fields.push(line.clone());
        }
    }

    fn add_body(&mut self, line: &Line) {
        if let Some(head) = &mut self.current {
            head.body.extend_from_slice(&line.whole);
            head.body.extend_from_slice(match line.ending {
                Ending::Full => b"\r\n",
                Ending::LineFeed => b"\n",
                Ending::Nothing => b"",
            });
        }
    }

    /// The head's empty line is there; what follows may be a body.
    fn end_head(&mut self) {
        let Some(head) = &mut self.current else { return };
        head.has_end = true;
        let has_body = head.start.as_ref().is_some_and(|start| has_body(&start.text));
        self.place = if has_body && head.side == Some(Side::Response) { Place::Body } else { Place::Outside };
        if self.place == Place::Outside {
            self.finish();
        }
    }

    /// A line that is of no head ends the one that was being gathered.
    fn leave(&mut self, line: &'a Line) {
        self.finish();
        self.pass(line);
    }

    /// Passes over a line.
    fn pass(&mut self, line: &'a Line) {
        if !line.is_blank() && self.around.is_none() {
            self.around = Some(&line.text);
        }
    }

    fn finish(&mut self) {
        self.place = Place::Outside;
        let Some(head) = self.current.take() else { return };
        let names: Vec<&str> = head.fields.iter().filter_map(|line| shape::field_name(&line.text)).collect();
        if head.start.is_none() && !names.iter().any(|name| shape::is_telling(name) || is_pseudo(name, &head.fields)) {
            return; // some text with colons
        }
        let side = head.side.or_else(|| majority(&names)).or(self.expected).unwrap_or_else(|| self.missing());
        self.blocks.found.push(block(side, head));
    }

    /// The side of which there is no head yet.
    fn missing(&self) -> Side {
        let has_request = self.blocks.found.iter().any(|block| block.side == Side::Request);
        if has_request { Side::Response } else { Side::Request }
    }
}

/// Whether a line has a colon behind a word or two that are no name: `Web Socket: yes`.
fn is_wrong_name(text: &[u8]) -> bool {
    let words = text.split(|&b| b == b':').next().unwrap_or_default().trim_ascii();
    words.len() < text.len() && words.iter().filter(|b| b.is_ascii_whitespace()).count() < 2
}

/// Whether `name` stands among the lines as HTTP/2 has it, `:name`.
fn is_pseudo(name: &str, lines: &[Line]) -> bool {
    lines
        .iter()
        .any(|line| line.text.trim_ascii().strip_prefix(b":").is_some_and(|rest| rest.starts_with(name.as_bytes())))
}

/// The side to which more names belong.
fn majority(names: &[&str]) -> Option<Side> {
    let count = |side| names.iter().filter(|name| shape::side_of(name) == Some(side)).count();
    match count(Side::Request).cmp(&count(Side::Response)) {
        std::cmp::Ordering::Greater => Some(Side::Request),
        std::cmp::Ordering::Less => Some(Side::Response),
        std::cmp::Ordering::Equal => None,
    }
}

/// Whether a response with this status line may have a body (RFC 9112, 6.3).
fn has_body(status_line: &[u8]) -> bool {
    let status = status_line.trim_ascii().split(|&b| b == b' ').nth(1).unwrap_or_default();
    !(status.starts_with(b"1") || status == b"204" || status == b"304")
}

fn block(side: Side, head: Gathered) -> Block {
    let mut repairs = Vec::new();
    let all = || head.start.iter().chain(&head.fields);
    if all().any(|line| line.ending == Ending::LineFeed) {
        let is_mixed = all().any(|line| line.ending == Ending::Full);
        repairs.push(if is_mixed { Repair::SomeLineFeeds } else { Repair::LineFeeds });
    }
    if !head.has_end {
        repairs.push(Repair::NoEmptyLine);
    }
    let mut lines: Vec<Vec<u8>> = all().map(|line| line.text.clone()).collect();
    if dedent(&mut lines, head.start.is_some()) {
        repairs.push(Repair::Indentation);
    }
    let mut fields = lines.into_iter();
    let start = head.start.and_then(|_| fields.next());
    let start = start.map(|line| {
        if line.trim_ascii_end().len() < line.len() {
            repairs.push(Repair::TrailingSpace);
        }
        line.trim_ascii().to_vec()
    });
    Block { side, start, fields: fields.collect(), body: head.body, repairs }
}

/// Takes off the indentation that all lines have, or all but the start line; says whether there was any.
fn dedent(lines: &mut [Vec<u8>], has_start: bool) -> bool {
    let mut taken = cut_common_indent(lines);
    if let (true, Some((_, fields))) = (has_start, lines.split_first_mut()) {
        taken |= cut_common_indent(fields);
    }
    taken
}

fn cut_common_indent(lines: &mut [Vec<u8>]) -> bool {
    let indent = |line: &Vec<u8>| line.iter().take_while(|&&b| b == b' ' || b == b'\t').count();
    let common = lines.iter().map(indent).min().unwrap_or_default();
    for line in lines {
        line.drain(..common);
    }
    common > 0
}
