use super::*;

fn target(url: &str) -> Target {
    url.parse().unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn error(url: &str) -> String {
    url.parse::<Target>().expect_err(url).to_string()
}

fn name(text: &str) -> Host {
    Host::Name(text.to_owned())
}

#[test]
fn schemes_and_their_default_ports() {
    for (url, scheme, port) in [
        ("ws://h/", Scheme::Ws, 80),
        ("http://h/", Scheme::Ws, 80),
        ("wss://h/", Scheme::Wss, 443),
        ("https://h/", Scheme::Wss, 443),
        ("WsS://h/", Scheme::Wss, 443),
        ("h", Scheme::Ws, 80),
        ("ws://h:9001", Scheme::Ws, 9001),
        ("wss://h:80/", Scheme::Wss, 80),
        ("ws://h:/", Scheme::Ws, 80),
        ("ws://h:65535/", Scheme::Ws, 65535),
    ] {
        let target = target(url);
        assert_eq!((target.scheme, target.port), (scheme, port), "{url}");
        assert_eq!(target.host, name("h"), "{url}");
    }
    assert!(Scheme::Wss.is_secure() && !Scheme::Ws.is_secure() && !Scheme::WsUnix.is_secure());
}

#[test]
fn bare_forms() {
    let local = target("localhost:9001");
    assert_eq!((local.host, local.port, local.resource.as_str()), (name("localhost"), 9001, "/"));
    let v6 = target("[::1]:9001/x");
    assert_eq!((v6.host, v6.port, v6.resource.as_str()), (Host::Ip("::1".parse().unwrap()), 9001, "/x"));
    let v4 = target("127.0.0.1:8080");
    assert_eq!((v4.host, v4.port), (Host::Ip("127.0.0.1".parse().unwrap()), 8080));
    let query = target("h:1/p?to=http://x");
    assert_eq!((query.host, query.resource.as_str()), (name("h"), "/p?to=http://x"));
}

#[test]
fn resources() {
    for (url, resource) in [
        ("ws://h", "/"),
        ("ws://h/", "/"),
        ("ws://h?a=b", "/?a=b"),
        ("ws://h/a/b?c=d&e", "/a/b?c=d&e"),
        ("ws://h/a%20b%zz%", "/a%20b%zz%"),
        ("ws://h/é?日", "/%C3%A9?%E6%97%A5"),
        ("ws://h/a/../b", "/a/../b"),
        ("ws://h//a@b:c", "//a@b:c"),
    ] {
        assert_eq!(target(url).resource, resource, "{url}");
    }
}

#[test]
fn unix_sockets() {
    for (url, path, resource) in [
        ("ws+unix:/tmp/s", "/tmp/s", "/"),
        ("ws+unix:/tmp/s:/chat?x=1", "/tmp/s", "/chat?x=1"),
        ("WS+UNIX:./a b:/", "./a b", "/"),
        ("ws+unix:///tmp/s:/a:/b", "/tmp/s", "/a:/b"),
        ("ws+unix:/tmp/a:1:", "/tmp/a:1", "/"),
        ("ws+unix:@a/b:/x@y", "@a/b", "/x@y"),
    ] {
        let target = target(url);
        assert_eq!((target.scheme, target.port), (Scheme::WsUnix, 0), "{url}");
        assert_eq!((target.host, target.resource.as_str()), (Host::Unix(path.into()), resource), "{url}");
    }
    assert_eq!(target("ws+unix:/tmp/s").authority(), "localhost");
    let secure = target("wss+unix:/tmp/s:/x");
    assert_eq!((secure.scheme, secure.port, &secure.host), (Scheme::Wss, 0, &Host::Unix("/tmp/s".into())));
    assert_eq!((secure.url().as_str(), secure.authority().as_str()), ("wss+unix:/tmp/s:/x", "localhost"));
    assert_eq!(target("ws+unix:/tmp/s:/x").url(), "ws+unix:/tmp/s:/x");
}

#[test]
fn authority_names_the_port_only_where_it_is_not_the_default() {
    assert_eq!(target("ws://h:80/").authority(), "h");
    assert_eq!(target("wss://h:443/").authority(), "h");
    assert_eq!(target("wss://h:80/").authority(), "h:80");
    assert_eq!(target("ws://[2001:db8::1]/").authority(), "[2001:db8::1]");
    assert_eq!(target("ws://u:p@[::1]:81/").authority(), "[::1]:81");
}

#[test]
fn credentials_are_decoded_and_never_shown() {
    let both = target("ws://bob%40x:p%3As%2Fw@h:1/x");
    let credentials = both.credentials.as_ref().unwrap();
    assert_eq!(credentials.user(), "bob@x");
    assert_eq!(credentials.password().unwrap().expose(), "p:s/w");
    assert_eq!(both.to_string(), "ws://h:1/x");
    assert!(!format!("{both:?}").contains("p:s/w"));
    assert_eq!(target("bob@h").credentials.unwrap().password(), None);
    assert_eq!(target("ws://bob:@h").credentials.unwrap().password().unwrap().expose(), "");
    // The last `@` of the authority ends the credentials, as in curl.
    assert_eq!(target("ws://a@b:c@h/").credentials.unwrap().user(), "a@b");
}

#[test]
fn a_url_survives_its_own_display() {
    for url in
        ["ws://h/", "wss://h:80/a?b", "ws://[::1]:9001/", "ws+unix:/tmp/s:/x", "wss+unix:@s:/x", "ws://10.0.0.1/"]
    {
        assert_eq!(target(url).to_string(), url);
    }
}

#[test]
fn errors_about_scheme_and_host() {
    for (url, message) in [
        ("", "the URL is empty: give one such as ws://localhost:9001/"),
        (
            "ftp://h/",
            "`ftp://` is no WebSocket: use ws://, wss://, http://, https://, ws+unix:PATH or HOST[:PORT]/path",
        ),
        ("ws:/h", "`ws:` needs two slashes: write ws://HOST[:PORT]/path"),
        ("wss:", "`wss:` needs two slashes: write wss://HOST[:PORT]/path"),
        ("9001", "`9001` alone is a port: write localhost:9001, or ws://9001/ if it is a host's name"),
        ("9001/chat?x", "`9001` alone is a port: write localhost:9001, or ws://9001/ if it is a host's name"),
        ("unix:/tmp/s", "`unix:PATH` is where to listen: to connect, write ws+unix:PATH:/uri"),
        ("echo:", "no port follows the colon after `echo`: give one from 1 to 65535, or leave the colon out"),
        ("ws:///x", "the URL names no host: write ws://HOST[:PORT]/path"),
        ("ws://:80/", "the URL names no host: write ws://HOST[:PORT]/path"),
        ("/x", "the URL names no host: write ws://HOST[:PORT]/path"),
        ("ws://u@/", "the URL names no host: write ws://HOST[:PORT]/path"),
        ("ws+unix:", "the URL names no socket: write ws+unix:PATH:/uri or ws+unix:@NAME:/uri"),
        ("ws+unix::/x", "the URL names no socket: write ws+unix:PATH:/uri or ws+unix:@NAME:/uri"),
        ("ws://[::zz]/", "`[::zz]` is not an IPv6 address: write one such as [::1]"),
        (
            "ws://[fe80::1%25eth0]/",
            "`[fe80::1%25eth0]` has a zone: leave out the `%` and what follows, a URL can't carry it",
        ),
        ("ws://::1/", "the host has more than one colon: an IPv6 address goes in brackets, as in ws://[::1]:9001/"),
        ("ws://bücher.de/", "the host has `ü` at position 7: give the name in its punycode form (xn--…)"),
        ("ws://a b/", "the host has a space at position 7: a host is made of letters, digits, `-`, `.` and `_`"),
        (" ws://h", "the host has a space at position 1: a host is made of letters, digits, `-`, `.` and `_`"),
        ("ws://-l:4444/", "the host has `-` at position 6: a host begins with a letter or a digit"),
        ("-l", "the host has `-` at position 1: a host begins with a letter or a digit"),
        ("ws://h]/", "the host has `]` at position 7: a host is made of letters, digits, `-`, `.` and `_`"),
        ("ws://[::1]x:1/", "the host has `[` at position 6: a host is made of letters, digits, `-`, `.` and `_`"),
    ] {
        assert_eq!(error(url), message, "{url}");
    }
}

#[test]
fn errors_about_ports() {
    for (url, message) in [
        ("ws://h:0/", "port 0 is out of range: ports go from 1 to 65535"),
        ("ws://h:65536/", "port 65536 is out of range: ports go from 1 to 65535"),
        ("ws://h:99999999999999999999/", "port 99999999999999999999 is out of range: ports go from 1 to 65535"),
        ("ws://h:8o/", "the port has `o` at position 9: a port is a number from 1 to 65535"),
        ("ws://h:+8/", "the port has `+` at position 8: a port is a number from 1 to 65535"),
    ] {
        assert_eq!(error(url), message, "{url}");
    }
}

#[test]
fn errors_about_the_path() {
    let fragment = "a WebSocket URL has no fragment (RFC 6455, 3); write it as %23";
    for (url, message) in [
        ("ws://h/a b", "the path has a space at position 9: write it as %20".to_owned()),
        ("ws://h/é\n", "the path has a line feed at position 9: write it as %XX".to_owned()),
        ("ws://h/\u{7f}", "the path has the character U+007F at position 8: write it as %XX".to_owned()),
        ("ws://h/a#b", format!("the path has `#` at position 9: {fragment}")),
        ("ws://h#b", format!("the path has `#` at position 7: {fragment}")),
        ("ws+unix:/s:/#", format!("the path has `#` at position 13: {fragment}")),
        ("ws+unix:/\t", "the socket's path has a tab at position 10: control characters can't be in it".to_owned()),
    ] {
        assert_eq!(error(url), message, "{url}");
    }
}

#[test]
fn errors_about_credentials_show_no_password() {
    for (url, message) in [
        (
            "ws://bob:50%@h/",
            "the user name or password has a `%` at position 12 without two hex digits: write it as %25",
        ),
        ("ws://b%4:x@h/", "the user name or password has a `%` at position 7 without two hex digits: write it as %25"),
        ("ws://b:%ff@h/", "the user name or password is not UTF-8 once its %XX are decoded: use -u USER:PASS"),
        ("ws://b:pa/ss@h/", "the user name or password has a `/` or `?`: write it as %2F or %3F, or use -u USER:PASS"),
        (
            "ws://b:123456789/x@h/",
            "the user name or password has a `/` or `?`: write it as %2F or %3F, or use -u USER:PASS",
        ),
        ("b:0/x@h", "the user name or password has a `/` or `?`: write it as %2F or %3F, or use -u USER:PASS"),
        (
            "ws://b%3A:x@h/",
            "the user name has a colon at position 2: Basic authentication can't carry that; it stands in the URL, before the `@`",
        ),
    ] {
        assert_eq!(error(url), message, "{url}");
    }
}
