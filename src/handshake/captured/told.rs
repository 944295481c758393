//! What a browser tells of start lines that it does not show.

use super::blocks::Block;
use super::{Repair, Side, shape};

/// What a browser's summary says of both heads.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) url: Option<String>,
    pub(super) method: Option<String>,
    pub(super) status: Option<String>,
}

impl Summary {
    /// A response of which there is nothing but a status that refuses. Of an accepted one this would tell too little.
    pub(super) fn refusal(&self) -> Option<Block> {
        let is_told = self.status.as_ref().is_some_and(|status| !status.starts_with("101"));
        let side = Side::Response;
        is_told.then(|| Block { side, start: None, fields: Vec::new(), body: Vec::new(), repairs: Vec::new() })
    }
}

/// What HTTP/2's fields tell, which browsers show for HTTP/1.1, too.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) method: Option<String>,
    pub(super) path: Option<String>,
    pub(super) authority: Option<String>,
    pub(super) status: Option<String>,
    /// The lines as they were captured.
    pub(super) lines: Vec<Vec<u8>>,
}

impl Told {
    /// Takes the fields that begin with a colon out of a block.
    pub(super) fn take(block: &mut Block) -> Self {
        let mut told = Self::default();
        let is_pseudo = |line: &Vec<u8>| line.starts_with(b":") && shape::field_name(line).is_some();
        let (lines, fields) = std::mem::take(&mut block.fields).into_iter().partition(is_pseudo);
        (told.lines, block.fields) = (lines, fields);
        for line in &told.lines {
            let text = String::from_utf8_lossy(&line[1..]).into_owned();
            let Some((name, value)) = text.split_once(':') else { continue };
            let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            match name.trim() {
                "method" => told.method = value,
                "path" => told.path = value,
                "authority" => told.authority = value,
                "status" => told.status = value,
                _ => {}
            }
        }
        if !told.lines.is_empty() {
            block.repairs.push(Repair::Http2Fields);
        }
        told
    }
}

/// The path and query of a URL.
pub(super) fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?']).map_or("/", |at| &rest[at..])
}
