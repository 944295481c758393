#![doc = include_str!("musts.md")]

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    const TABLE: &str = include_str!("musts.md");
    /// What each table begins with.
    const HEADER: [&str; 4] = ["clause", "it says", "wspipe", "shown by"];

    /// The cells of a row.
    fn cells(row: &str) -> Vec<&str> {
        row.trim_matches('|').split('|').map(str::trim).collect()
    }

    /// The rows of all tables, without the lines that head them.
    fn rows() -> Vec<Vec<&'static str>> {
        let rows = TABLE.lines().filter(|line| line.starts_with('|')).map(cells);
        rows.filter(|row| row[..] != HEADER && !row[0].starts_with("---")).collect()
    }

    /// The names of tests in a cell, which stand between backticks.
    fn names(cell: &'static str) -> impl Iterator<Item = &'static str> {
        cell.split('`').skip(1).step_by(2)
    }

    /// The source of a file of this package, if there is one.
    fn source(path: &str) -> Option<String> {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
    }

    /// Whether there is a test of that name: `tests/pipe/file.rs: name`, or the path of a unit test from the crate's root.
    fn exists(name: &str) -> bool {
        if let Some((file, test)) = name.split_once(": ") {
            return source(file).is_some_and(|text| has_test(&text, test));
        }
        let Some((module, test)) = name.rsplit_once("::") else { return false };
        // A module `tests` may stand in the file of what it tests.
        let inline = module.strip_suffix("::tests").map(|module| (module, "\nmod tests {"));
        [Some((module, "")), inline].into_iter().flatten().any(|(module, needs)| {
            let file = format!("src/{}.rs", module.replace("::", "/"));
            source(&file).is_some_and(|text| text.contains(needs) && has_test(&text, test))
        })
    }

    /// Whether a source has a test of that name that is not left out: `#[test]` stands above it, among other attributes.
    fn has_test(source: &str, name: &str) -> bool {
        let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
        let head = format!("fn {name}(");
        lines.iter().enumerate().filter(|(_, line)| line.starts_with(&head)).any(|(at, _)| {
            let above = lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
            let attributes: Vec<&str> = above.copied().filter(|line| line.starts_with("#[")).collect();
            attributes.contains(&"#[test]") && !attributes.iter().any(|attribute| attribute.starts_with("#[ignore"))
        })
    }

    #[test]
    fn every_row_is_shown_by_tests_that_exist() {
        let rows = rows();
        assert!(rows.len() > 50, "{} rows", rows.len());
        for row in &rows {
            let [clause, says, _, shown_by] = row[..] else { panic!("{} cells: {row:?}", row.len()) };
            assert!(!clause.is_empty() && !says.is_empty(), "{row:?}");
            assert_eq!(shown_by.matches('`').count() % 2, 0, "{clause}, {says}: {shown_by}");
            assert!(names(shown_by).next().is_some(), "{clause}, {says}: no test");
            for name in names(shown_by) {
                assert!(exists(name), "{clause}, {says}: there is no test {name}");
            }
        }
    }

    #[test]
    fn a_test_is_one_that_runs() {
        let source = "mod tests {\n    /// Words.\n    #[test]\n    // More.\n    #[cfg(unix)]\n    fn one() {\n    }\n\n    \
                      fn two() {}\n    #[test]\n    #[ignore = \"slow\"]\n    fn three() {}\n";
        assert!(has_test(source, "one"));
        for name in ["two", "three", "on", "four"] {
            assert!(!has_test(source, name), "{name}");
        }
        assert!(exists("protocol::mask::tests::the_example_of_the_rfc"), "in the file of what it tests");
        assert!(exists("protocol::decoder::tests::framing::every_width_of_length"), "in a file of its own");
        assert!(exists("protocol::properties::a_mask_in_pieces_is_a_mask"), "in a macro");
        assert!(exists("tests/pipe/input.rs: each_frame_has_a_masking_key_of_its_own"));
        assert!(!exists("protocol::decoder::tests::framing::nothing"));
        assert!(!exists("tests/pipe/nothing.rs: each_frame_has_a_masking_key_of_its_own"));
        assert!(!exists("nothing"));
    }
}
