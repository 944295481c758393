//! What was awaited beside what came, as a diff.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline, group_diff_ops};

use crate::bridge::Report;

/// How many lines that are the same are shown before and after those that are not.
const CONTEXT: usize = 2;
/// How many lines are shown.
const MOST: usize = 100;
/// How long the shortest diff is looked for; after that, any will do.
const PATIENCE: Duration = Duration::from_secs(1);

/// The lines that differ, with the transcript's line numbers.
pub(super) fn of(report: &Report) -> String {
    let expected: Vec<&str> = report.expected.iter().map(|(_, words)| words.as_str()).collect();
    let found: Vec<&str> = report.found.iter().map(String::as_str).collect();
    let deadline = Instant::now().checked_add(PATIENCE);
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &expected, &found, deadline);
    let width = report.expected.last().map_or(1, |(line, _)| line.to_string().len());
    let awaited = |at: usize, mark: char| {
        let (line, words) = &report.expected[at];
        format!("{line:>width$} {mark} {words}")
    };
    let came = |at: usize| format!("{:>width$} + {}", "", report.found[at]);
    let mut lines = Vec::new();
    for (number, group) in group_diff_ops(ops, CONTEXT).into_iter().enumerate() {
        if number > 0 {
            lines.push(format!("{:>width$} …", ""));
        }
        for op in group {
            if let DiffOp::Equal { .. } = op {
                lines.extend(op.old_range().map(|at| awaited(at, ' ')));
            } else {
                lines.extend(op.old_range().map(|at| awaited(at, '-')));
                lines.extend(op.new_range().map(came));
            }
        }
    }
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    let mut text = lines.join("\n");
    if more > 0 {
        // Writing to a String never fails.
        let _ = write!(text, "\n… and {more} lines more");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(expected: &[(u64, &str)], found: &[&str]) -> String {
        let expected = expected.iter().map(|(line, words)| (*line, (*words).to_owned())).collect();
        of(&Report { expected, found: found.iter().map(|&words| words.into()).collect(), ..Report::default() })
    }

    #[test]
    fn lines_that_differ_are_shown_with_some_around_them() {
        let expected = [(2, "a"), (3, "b"), (5, "c"), (7, "d"), (10, "e")];
        assert_eq!(diff(&expected, &["a", "b", "c", "x", "e"]), " 3   b\n 5   c\n 7 - d\n   + x\n10   e");
        assert_eq!(diff(&expected, &["a", "b", "c", "d", "e", "f"]), " 7   d\n10   e\n   + f");
        assert_eq!(diff(&expected, &["b", "c", "d", "e"]), " 2 - a\n 3   b\n 5   c");
        assert_eq!(diff(&expected[..2], &["a"]), "2   a\n3 - b");
    }

    #[test]
    fn a_long_one_is_cut() {
        let found: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        let text = diff(&[], &found);
        assert_eq!((text.lines().count(), text.lines().last()), (101, Some("… and 900 lines more")));
    }
}
