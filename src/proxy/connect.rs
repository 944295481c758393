//! CONNECT: a tunnel through an HTTP proxy (RFC 9110, 9.3.6).

use std::fmt;

use super::Proxy;
use crate::handshake::{Credentials, Refusal, ResponseHead, Target, printable, schemes};

/// The request for a tunnel to the host and port of a target.
#[must_use]
pub fn connect_request(target: &Target, credentials: Option<&Credentials>) -> Vec<u8> {
    let place = place(target);
    let mut head = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n");
    let login = credentials.map(|credentials| format!("Proxy-Authorization: {}\r\n", credentials.basic()));
    head.push_str(login.as_deref().unwrap_or_default());
    head.push_str(concat!("User-Agent: wspipe/", env!("CARGO_PKG_VERSION"), "\r\n\r\n"));
    head.into_bytes()
}

/// `HOST:PORT`, the port always (RFC 9110, 7.1).
pub(super) fn place(target: &Target) -> String {
    format!("{}:{}", target.host, target.port)
}

/// An HTTP proxy's refusal, which is not the server's.
///
/// `Display` gives the status, what that most probably means and what to do, then the body's beginning, as
/// [`Refusal`] does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectRefusal {
    response: Box<Refusal>,
    /// Where the tunnel was to lead.
    place: String,
    proxy: Proxy,
}

impl ConnectRefusal {
    /// The refusal that the proxy's `response` is; none if it opens the tunnel, which every 2xx does.
    #[must_use]
    pub fn of(response: &ResponseHead, target: &Target, proxy: &Proxy) -> Option<Self> {
        let refused = !(200..300).contains(&response.status);
        refused.then(|| ConnectRefusal {
            response: Box::new(Refusal::of_another(response)),
            place: place(target),
            proxy: proxy.clone(),
        })
    }

    /// The same refusal with the beginning of its body.
    #[must_use]
    pub fn with_body(mut self, body: Vec<u8>) -> Self {
        *self.response = self.response.with_body(body);
        self
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status()
    }

    fn meaning(&self) -> String {
        let place = &self.place;
        match self.status() {
            407 => self.wants_credentials(),
            400 | 403 | 405 => {
                format!("it does not let anybody through to {place}, or not from here: its rules say so")
            }
            404 | 410 | 502 | 503 => format!("it could not reach {place}: is that right, and is the server running?"),
            408 | 504 => format!("it waited too long for {place}"),
            429 => "it has too much to do: try again later".to_owned(),
            101 | 300..=399 | 501 | 505 => format!(
                "it is no proxy for tunnels (CONNECT), or no proxy at all: check its URL, {place} was not reached"
            ),
            _ => format!("there is no tunnel to {place}"),
        }
    }

    fn wants_credentials(&self) -> String {
        let challenges = self.response.response().head.tokens("Proxy-Authenticate");
        let challenge = match challenges.join(", ").as_str() {
            "" => String::new(),
            some => format!(" (Proxy-Authenticate: {})", printable(some.as_bytes(), 200)),
        };
        let schemes = schemes(&challenges);
        if !schemes.is_empty() && !schemes.iter().any(|scheme| scheme == "basic") {
            return format!("it wants credentials{challenge}, and wspipe gives proxies those of Basic only");
        }
        let advice = format!("--proxy {}://USER:PASS@HOST:PORT", self.proxy.scheme);
        if self.proxy.credentials.is_some() {
            format!("it does not accept the credentials in its URL{challenge}: check {advice}")
        } else {
            format!("it wants credentials{challenge}: give them in its URL, {advice}")
        }
    }
}

impl fmt::Display for ConnectRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = printable(self.response.response().reason.as_bytes(), 100);
        let status = format!("{} {reason}", self.status());
        write!(f, "{}\n{}", status.trim_end(), self.meaning())?;
        for line in self.response.excerpt(false) {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::HeadReader;

    fn target(url: &str) -> Target {
        url.parse().unwrap()
    }

    fn response(head: &str) -> ResponseHead {
        let mut reader = HeadReader::for_response(4096);
        reader.feed(head.as_bytes()).unwrap();
        reader.into_response().unwrap()
    }

    fn refusal(head: &str, proxy: &str) -> Option<String> {
        let refusal = ConnectRefusal::of(&response(head), &target("ws://h/"), &proxy.parse().unwrap())?;
        Some(refusal.with_body(b"ask <b>Bob</b>\x1b\n".to_vec()).to_string())
    }

    #[test]
    fn the_request_names_host_and_port() {
        let user_agent = concat!("User-Agent: wspipe/", env!("CARGO_PKG_VERSION"));
        for (url, place) in [("ws://h/x?y", "h:80"), ("wss://h", "h:443"), ("ws://[::1]:9", "[::1]:9")] {
            let expected = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{user_agent}\r\n\r\n");
            assert_eq!(connect_request(&target(url), None), expected.as_bytes());
        }
        let credentials = "user:pass".parse().unwrap();
        let request = String::from_utf8(connect_request(&target("ws://h"), Some(&credentials))).unwrap();
        assert!(request.contains("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n"), "{request}");
    }

    #[test]
    fn every_2xx_opens_the_tunnel() {
        for status in [200, 201, 204, 299] {
            assert_eq!(refusal(&format!("HTTP/1.1 {status} x\r\n\r\n"), "p"), None);
        }
    }

    #[test]
    fn a_refusal_is_the_proxys_and_has_its_words() {
        let words = refusal("HTTP/1.0 403 Filtered\r\n\r\n", "p").unwrap();
        assert_eq!(
            words,
            "403 Filtered\n\
             it does not let anybody through to h:80, or not from here: its rules say so\n    ask <b>Bob</b>\\x1b"
        );
        for (status, part) in [
            (502, "could not reach h:80"),
            (504, "too long for h:80"),
            (301, "no proxy at all"),
            (101, "no proxy at all"),
        ] {
            let words = refusal(&format!("HTTP/1.1 {status}\r\n\r\n"), "p").unwrap();
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn a_407_says_what_to_give() {
        let head = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
        let words = refusal(head, "p").unwrap();
        assert!(words.contains("wants credentials (Proxy-Authenticate: Basic realm=\"x\"): give them"), "{words}");
        let words = refusal(head, "https://u:p@p").unwrap();
        assert!(words.contains("does not accept the credentials in its URL"), "{words}");
        assert!(words.contains("--proxy https://USER:PASS@HOST:PORT"), "{words}");
        let head = "HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n";
        let words = refusal(head, "p").unwrap();
        assert!(words.contains("Negotiate, NTLM), and wspipe gives proxies those of Basic only"), "{words}");
        assert!(!words.contains("give them"), "{words}");
    }
}
