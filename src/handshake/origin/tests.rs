use super::*;
use crate::handshake::RequestHead;

/// Whether a page with these `Origin` lines may connect to `host`.
fn lets_in(patterns: &[&str], host: &str, origins: &[&str]) -> bool {
    let patterns: Vec<OriginPattern> = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    let origins: Vec<String> = origins.iter().map(|origin| format!("Origin: {origin}\r\n")).collect();
    let raw = format!("GET / HTTP/1.1\r\nHost: {host}\r\n{}\r\n", origins.concat());
    may_connect(&RequestHead::parse(raw.into_bytes()).unwrap().head, &patterns)
}

#[test]
fn by_default_a_page_connects_to_its_own_host() {
    for (host, origin, expected) in [
        ("app.example.com", "https://app.example.com", true),
        ("app.example.com:9001", "http://APP.example.com:3000", true),
        ("App.Example.com.", "https://app.example.com", true),
        ("192.0.2.1:9001", "http://192.0.2.1", true),
        ("[2001:DB8::1]:9001", "http://[2001:db8:0::1]", true),
        ("app.example.com", "https://example.com", false),
        ("app.example.com", "https://evil.app.example.com", false),
        ("app.example.com", "https://app.example.com.evil.example", false),
        ("app.example.com", "https://app.example.com@evil.example", false),
        ("app.example.com", "https://app.example.com/", false),
        ("app.example.com", "chrome-extension://app.example.com", false),
        ("app.example.com", "null", false),
        ("app.example.com", "app.example.com", false),
        ("app.example.com", "", false),
        ("null", "null", false),
        ("a@b", "https://b", false),
    ] {
        assert_eq!(lets_in(&[], host, &[origin]), expected, "{origin} to {host}");
    }
}

#[test]
fn the_loopback_interface_has_many_names() {
    let names = ["localhost", "LocalHost.", "app.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"];
    for host in names {
        for page in names {
            assert!(lets_in(&[], &format!("{host}:9001"), &[&format!("http://{page}:3000")]), "{page} to {host}");
        }
        for page in ["http://evil.example", "http://localhost.evil.example", "http://notlocalhost", "http://128.0.0.1"]
        {
            assert!(!lets_in(&[], host, &[page]), "{page} to {host}");
        }
        assert!(!lets_in(&[], "192.0.2.1", &[&format!("http://{host}")]), "{host}");
    }
}

#[test]
fn who_is_no_browser_is_let_in() {
    for patterns in [&[][..], &["https://a.example"]] {
        assert!(lets_in(patterns, "h", &[]));
    }
}

#[test]
fn two_origins_are_none() {
    let both = ["https://a.example", "https://a.example"];
    assert!(!lets_in(&["https://a.example"], "a.example", &both));
    assert!(!lets_in(&[], "a.example", &both));
    assert!(!lets_in(&["https://a.example"], "a.example", &["https://a.example https://b.example"]));
}

#[test]
fn a_pattern_says_which_pages_are_let_in() {
    for (pattern, inside, outside) in [
        (
            "https://app.example.com",
            &["https://app.example.com", "HTTPS://App.Example.Com:443", "https://app.example.com."][..],
            &["http://app.example.com", "https://app.example.com:8443", "https://x.app.example.com", "null", ""][..],
        ),
        ("HTTP://Localhost:80", &["http://localhost"], &["http://localhost:8080", "http://127.0.0.1"]),
        (
            "http://localhost:*",
            &["http://localhost", "http://localhost:3000"],
            &["https://localhost", "http://x.localhost"],
        ),
        (
            "https://*.example.com",
            &["https://a.example.com", "https://a.b.EXAMPLE.com:443"],
            &[
                "https://example.com",
                "https://.example.com",
                "https://aexample.com",
                "https://a.example.com.evil.example",
            ],
        ),
        (
            "https://app-*--*.example.com:*",
            &["https://app-1--x.example.com", "https://app-1--2--3.example.com:99"],
            &["https://app---x.example.com", "https://app-1--.example.com", "https://app-1-x.example.com"],
        ),
        ("https://**.x", &["https://ab.x"], &["https://a.x"]),
        ("https://*", &["https://a", "https://[::1]"], &["http://a"]),
        ("https://*:8443", &["https://a:8443"], &["https://a"]),
        ("http://[::1]:3000", &["http://[0::1]:3000"], &["http://[::1]"]),
        ("chrome-extension://abc", &["chrome-extension://abc"], &["chrome-extension://abcd", "https://abc"]),
        ("file://", &["file://"], &["null", "https://x"]),
        ("null", &["null"], &["NULL", "https://null", ""]),
        ("*", &["null", "https://x", "x y", "\u{e9}", ""], &[]),
    ] {
        for (origins, expected) in [(inside, true), (outside, false)] {
            for origin in origins {
                assert_eq!(lets_in(&["wss://other", pattern], "h", &[origin]), expected, "{origin} by {pattern}");
            }
        }
    }
}

#[test]
fn with_patterns_the_own_host_is_one_like_any_other() {
    assert!(!lets_in(&["https://a.example"], "b.example", &["https://b.example"]));
    assert!(lets_in(&["https://a.example", "https://b.example"], "b.example", &["https://b.example"]));
}

#[test]
fn what_is_no_pattern_is_told() {
    use OriginPatternError::{Malformed, NoScheme, Path};
    for (text, error) in [
        ("app.example.com", NoScheme),
        ("*.example.com", NoScheme),
        ("", NoScheme),
        ("https://app.example.com/", Path),
        ("https://a?b", Path),
        ("https://", Malformed),
        ("https://a b", Malformed),
        ("https://a:x", Malformed),
        ("https://a:*1", Malformed),
        ("https://a:0", Malformed),
        ("https://u@a", Malformed),
        ("https://\u{e9}", Malformed),
        ("*://a", Malformed),
        ("://a", Malformed),
    ] {
        assert_eq!(text.parse::<OriginPattern>(), Err(error), "{text}");
    }
    assert!(Malformed.to_string().contains("https://*.example.com"));
}

#[test]
fn only_what_is_an_origin_is_shown_as_one() {
    for origin in ["null", "https://evil.example:8", "chrome-extension://abc", "file://"] {
        assert_eq!(as_pattern(origin.as_bytes()), Some(origin));
        assert!(lets_in(&[origin], "h", &[origin]), "what is advised helps: {origin}");
    }
    let long = format!("https://{}", "a".repeat(300));
    for origin in
        ["https://a;reboot", "https://a/$(x)", "https://\x1b[2J", "a b", "", "https://a\u{202e}", long.as_str()]
    {
        assert_eq!(as_pattern(origin.as_bytes()), None);
    }
    assert_eq!(as_pattern(b"https://\xff"), None);
}
