use super::*;
use crate::handshake::ResponseHead;
use crate::handshake::secret::{Authorization, Secret};

fn target(url: &str) -> Target {
    url.parse().unwrap()
}

fn redirect(status: u16, location: &[u8]) -> Refusal {
    let head = [format!("HTTP/1.1 {status} X\r\n").as_bytes(), location, b"\r\n\r\n"].concat();
    Refusal::of(&ResponseHead::parse(head).unwrap(), &[]).unwrap()
}

/// Where `Location: LOCATION` leads from `url`, with credentials.
fn leads(url: &str, location: &[u8]) -> Result<Target, RedirectError> {
    target(url).redirected(&redirect(302, &[b"Location: ", location].concat()))
}

#[track_caller]
fn to(url: &str, location: &str) -> String {
    leads(url, location.as_bytes()).unwrap().url()
}

/// RFC 3986, 5.4: the examples whose scheme can stay what it is; fragments are left out.
#[test]
fn references_are_resolved() {
    for (reference, resource) in [
        ("g", "/b/c/g"),
        ("./g", "/b/c/g"),
        ("g/", "/b/c/g/"),
        ("/g", "/g"),
        ("?y", "/b/c/d;p?y"),
        ("g?y", "/b/c/g?y"),
        ("#s", "/b/c/d;p?q"),
        ("g#s", "/b/c/g"),
        ("g?y#s", "/b/c/g?y"),
        (";x", "/b/c/;x"),
        ("g;x", "/b/c/g;x"),
        ("g;x?y#s", "/b/c/g;x?y"),
        (".", "/b/c/"),
        ("./", "/b/c/"),
        ("..", "/b/"),
        ("../", "/b/"),
        ("../g", "/b/g"),
        ("../..", "/"),
        ("../../", "/"),
        ("../../g", "/g"),
        ("../../../g", "/g"),
        ("../../../../g", "/g"),
        ("/./g", "/g"),
        ("/../g", "/g"),
        ("g.", "/b/c/g."),
        (".g", "/b/c/.g"),
        ("g..", "/b/c/g.."),
        ("..g", "/b/c/..g"),
        ("./../g", "/b/g"),
        ("./g/.", "/b/c/g/"),
        ("g/./h", "/b/c/g/h"),
        ("g/../h", "/b/c/h"),
        ("g;x=1/./y", "/b/c/g;x=1/y"),
        ("g;x=1/../y", "/b/c/y"),
        ("g?y/./x", "/b/c/g?y/./x"),
        ("g?y/../x", "/b/c/g?y/../x"),
        ("g#s/../x", "/b/c/g"),
    ] {
        assert_eq!(to("ws://a/b/c/d;p?q", reference), format!("ws://a{resource}"), "{reference}");
    }
    assert_eq!(to("wss://a:81/b", "//g"), "wss://g/");
    assert_eq!(to("ws://a:81/b", "//g:82/../x?y"), "ws://g:82/x?y");
    assert_eq!(to("wss://a:81/b", "/x"), "wss://a:81/x");
    assert_eq!(to("ws://a?q", "x"), "ws://a/x");
}

#[test]
fn http_is_as_good_as_ws() {
    for (location, url) in [
        ("ws://h/x", "ws://h/x"),
        ("http://h/x", "ws://h/x"),
        ("HTTP://h:80/x", "ws://h/x"),
        ("https://h", "wss://h/"),
        ("wss://h:443/a/../b/.", "wss://h/b/"),
        ("https://[::1]:8443?q#f", "wss://[::1]:8443/?q"),
    ] {
        assert_eq!(to("ws://a:9/", location), url, "{location}");
    }
}

#[test]
fn what_a_url_cannot_hold_is_encoded() {
    assert_eq!(to("ws://a/", "/a b/ü?\"<>|\\^`{}"), "ws://a/a%20b/%C3%BC?%22%3C%3E%7C%5C%5E%60%7B%7D");
    assert_eq!(to("ws://a/", "/100%/%2e%zz[x]"), "ws://a/100%/%2e%zz[x]");
    let latin = leads("ws://a/", b"/caf\xe9").unwrap();
    assert_eq!(latin.url(), "ws://a/caf%E9");
}

#[test]
fn credentials_of_the_location_are_used_and_those_before_are_not() {
    assert_eq!(leads("ws://u:p@a/", b"/x").unwrap().credentials, None);
    let own = leads("ws://u:p@a/", "//ann:p\u{fc}%20@a/x".as_bytes()).unwrap().credentials.unwrap();
    assert_eq!((own.user(), own.password().unwrap().expose()), ("ann", "pü "));
}

#[test]
fn a_unix_socket_is_never_led_to_but_may_be_stayed_at() {
    assert_eq!(leads("ws://a/", b"ws+unix:/run/x:/"), Err(RedirectError::Scheme("ws+unix".into())));
    assert_eq!(leads("ws+unix:/run/x:/", b"ws+unix:/run/x:/y"), Err(RedirectError::Scheme("ws+unix".into())));
    assert_eq!(to("ws+unix:/run/x:/a/b", "c"), "ws+unix:/run/x:/a/c");
    assert_eq!(to("ws+unix:/run/x:/a/b", "//h/c"), "ws://h/c");
}

#[test]
fn locations_that_lead_nowhere() {
    let words = |location: &str| leads("ws://a/", location.as_bytes()).unwrap_err().to_string();
    assert_eq!(words("ftp://h/"), "it leads to `ftp:`, and only ws, wss, http and https are followed");
    assert_eq!(words("mailto:x"), "it leads to `mailto:`, and only ws, wss, http and https are followed");
    assert_eq!(words("h:80/x"), "it leads to `h:`, and only ws, wss, http and https are followed");
    assert_eq!(
        words("ws:///x"),
        "its Location, ws:///x, is no URL of a WebSocket: the URL names no host: write ws://HOST[:PORT]/path"
    );
    assert!(words("ws://u:s3cret@h:99999/").starts_with("its Location, ws://***@h:99999/, is no URL"));
    assert!(words("ws://b\u{fc}cher.test/").contains("a host is made of letters"));
    assert!(words("http:x").contains("is no URL"));
    assert_eq!(words(""), "it has no Location");
    assert_eq!(target("ws://a/").redirected(&redirect(302, b"X: y")), Err(RedirectError::NoLocation));
    assert_eq!(target("ws://a/").redirected(&redirect(300, b"Location: /x")), Err(RedirectError::NoLocation));
}

#[test]
fn the_same_server_and_the_one_to_trust() {
    for (from, other, is_same, is_trusted) in [
        ("ws://h/", "ws://h/x", true, true),
        ("ws://h/", "ws://H/", true, true),
        ("ws://h/", "wss://h/", true, true),
        ("ws://h:81/", "wss://h:81/", true, true),
        ("wss://h:81/", "ws://h:81/", true, false),
        ("wss://h/", "ws://h/", false, false),
        ("wss://h/", "ws://h:443/", true, false),
        ("ws://h/", "wss://h:444/", false, false),
        ("ws://h:81/", "wss://h/", false, false),
        ("ws://h:81/", "ws://h:82/", false, false),
        ("ws://h/", "ws://h.test/", false, false),
        ("ws://localhost/", "ws://127.0.0.1/", false, false),
        ("ws://[::1]/", "ws://[0:0::1]/", true, true),
        ("ws+unix:/x:/", "ws+unix:/x:/y", true, true),
        ("ws+unix:/x:/", "ws://localhost/", false, false),
    ] {
        let [from, other] = [from, other].map(target);
        assert_eq!((from.is_same_server(&other), from.may_trust(&other)), (is_same, is_trusted), "{from} {other}");
    }
}

#[test]
fn options_without_what_is_not_for_another_host() {
    let headers = |lines: &[&str]| lines.iter().map(|line| line.parse().unwrap()).collect::<Vec<Header>>();
    let options = RequestOptions {
        host: Some("h".into()),
        origin: Some("o".into()),
        authorization: Some(Authorization::Bearer(Secret::new("t"))),
        cookies: vec![Secret::new("a=b")],
        headers: headers(&["X: y", "host: h", "authorization: a", "Cookie: c", "Proxy-Authorization: p", "Cookie:"]),
        ..RequestOptions::default()
    };
    assert!(options.have_credentials());
    let stripped = options.without_credentials();
    assert!(!stripped.have_credentials());
    assert_eq!(stripped.headers, headers(&["X: y", "host: h", "Cookie:"]));
    let elsewhere = stripped.without_host();
    assert_eq!((elsewhere.host, elsewhere.origin.as_deref()), (None, Some("o")));
    assert_eq!(elsewhere.headers, headers(&["X: y", "Cookie:"]));
    for header in ["Authorization: a", "cookie: a", "proxy-authorization: a"] {
        let options = RequestOptions { headers: headers(&[header]), ..RequestOptions::default() };
        assert!(options.have_credentials(), "{header}");
    }
}

/// A password with a `/` in it ends where it looks like a port.
#[test]
fn a_location_that_is_no_url_is_shown_without_its_password() {
    let error = leads("ws://a/", b"ws://bob:123456789/x@h/").unwrap_err().to_string();
    assert!(error.contains("ws://***@h/") && !error.contains("123456789"), "{error}");
}
