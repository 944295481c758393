//! Help, manual pages and completions: what is kept in the repository is what the program prints.

use std::env;
use std::fs;
use std::path::Path;

use crate::harness::Run;

/// The commands that have a page of their own.
const COMMANDS: [&str; 8] = ["connect", "listen", "inspect", "ping", "replay", "forward", "completions", "man"];
const SHELLS: [(&str, &str); 5] = [
    ("bash", "wspipe.bash"),
    ("zsh", "_wspipe"),
    ("fish", "wspipe.fish"),
    ("powershell", "_wspipe.ps1"),
    ("elvish", "wspipe.elv"),
];

/// What the program prints is what the file holds; with `WSPIPE_REGENERATE` set, the file is written anew.
#[track_caller]
fn matches(args: &[&str], file: &str) {
    let run = Run::new(args).finish();
    let printed = &run.status(0).silent().stdout;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if env::var_os("WSPIPE_REGENERATE").is_some() {
        let directory = path.parent().expect("the file is in a directory");
        fs::create_dir_all(directory).expect("directories can be made");
        fs::write(&path, printed).expect("files can be written");
    }
    let kept = fs::read(&path).unwrap_or_default();
    assert!(
        kept == *printed,
        "{file} is not what `wspipe {}` prints: run `WSPIPE_REGENERATE=1 cargo test generated` and commit the result",
        args.join(" ")
    );
}

#[test]
fn manual_pages_are_generated() {
    matches(&["man"], "man/wspipe.1");
    for command in COMMANDS {
        matches(&["man", command], &format!("man/wspipe-{command}.1"));
    }
}

#[test]
fn completions_are_generated() {
    for (shell, file) in SHELLS {
        matches(&["completions", shell], &format!("completions/{file}"));
    }
}

fn printed(args: &[&str]) -> String {
    let run = Run::new(args).finish();
    run.status(0).silent().text()
}

/// The long options in a help text.
fn long_options(help: &str) -> Vec<String> {
    let words = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let words = words.flat_map(|line| line.split([' ', ',', '=', '[']).take(4));
    words
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .map(|word| word.trim_end_matches("...").to_owned())
        .collect()
}

#[test]
fn every_option_of_the_help_is_in_the_page() {
    for command in COMMANDS {
        let options = long_options(&printed(&[command, "--help"]));
        assert!(options.iter().any(|option| option == "--help"), "{options:?}");
        let page = printed(&["man", command]).replace("\\-", "-");
        let missing: Vec<_> = options.iter().filter(|option| !page.contains(*option)).collect();
        assert!(missing.is_empty(), "the page of {command} lacks {missing:?}");
    }
}

#[test]
fn every_option_in_a_page_is_explained() {
    for command in COMMANDS {
        let page = printed(&["man", command]);
        for option in page.split("\n.TP\n").filter(|entry| entry.starts_with("\\fB\\-")) {
            let words = option.lines().nth(1).unwrap_or_default();
            assert!(words.starts_with(|c: char| c.is_alphanumeric()), "no words for this option:\n{option}");
        }
    }
}

#[test]
fn the_pages_name_every_exit_status() {
    let page = printed(&["man"]);
    for status in 0..=9 {
        assert!(page.contains(&format!(".TP\n.B {status}\n")), "{status}");
    }
}

#[test]
fn the_short_help_fits_on_a_screen() {
    for command in COMMANDS {
        let help = printed(&[command, "-h"]);
        let lines = help.lines().count();
        assert!(lines <= 50, "{command} -h has {lines} lines");
    }
    let help = printed(&["-h"]);
    for command in COMMANDS {
        assert!(help.contains(&format!("  {command} ")), "{help}");
    }
}

#[test]
fn the_version_is_told() {
    let version = concat!("wspipe ", env!("CARGO_PKG_VERSION"), "\n");
    Run::new(["--version"]).finish().status(0).stdout(version).silent();
}

#[test]
fn a_page_has_the_name_that_man_knows_it_by() {
    assert_eq!(printed(&["man", "wspipe-connect"]), printed(&["man", "connect"]));
}
