//! Checks as they are printed.

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::handshake::{Check, Side, Verdict};

/// A check of one head.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    /// None for what stands in no head: the certificate.
    head: Option<Side>,
    clause: &'static str,
    subject: &'static str,
    expected: String,
    found: String,
    verdict: Verdict,
}

impl Checked {
    pub(super) fn of(head: Option<Side>, check: &Check) -> Self {
        let Check { clause, subject, expected, found, verdict } = check.clone();
        Checked { head, clause, subject, expected, found, verdict }
    }
}

/// Two lines for each check: what was expected over what was found. Where both heads were checked, a line before each
/// list says whose it is.
pub(super) fn write_checks(out: &mut String, checks: &[Checked], in_color: bool) -> fmt::Result {
    let width = checks.iter().map(|check| check.subject.len().max(check.clause.len())).max().unwrap_or_default();
    let heads: Vec<Side> = checks.iter().filter_map(|check| check.head).collect();
    let is_of_one = heads.windows(2).all(|pair| pair[0] == pair[1]);
    let mut last = None;
    for Checked { head, clause, subject, expected, found, verdict } in checks {
        if let Some(head) = head
            && last.replace(*head) != Some(*head)
            && !is_of_one
        {
            let space = if *head == Side::Response { "\n" } else { "" };
            writeln!(out, "{space}{head}:")?;
        }
        write_verdict(out, *verdict, in_color)?;
        writeln!(out, "  {subject:width$}  expected {expected}")?;
        writeln!(out, "      {clause:width$}  found    {found}")?;
    }
    Ok(())
}

pub(super) fn write_verdict(out: &mut String, verdict: Verdict, in_color: bool) -> fmt::Result {
    let color = match verdict {
        Verdict::Pass => AnsiColor::Green,
        Verdict::Fail => AnsiColor::Red,
        Verdict::Note => AnsiColor::Yellow,
    };
    let style = if in_color { color.on_default() } else { Style::new() };
    write!(out, "{style}{verdict}{style:#}")
}
