//! What a refusal most probably means, and what to do about it: one sentence for each status.

use super::Refusal;
use crate::handshake::checks::Check;
use crate::handshake::printable::printable;

/// What servers say to plain HTTP on a TLS port: nginx, Apache, Go.
const WANTS_TLS: [&str; 3] = [
    "plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled",
    "HTTP request to an HTTPS server",
];

impl Refusal {
    /// What the response most probably means and what to do, naming the option. Safe to print, no line end.
    #[must_use]
    pub fn meaning(&self) -> String {
        if let Some(check) = &self.failed {
            return broken_rule(check);
        }
        match self.status() {
            401 => self.unauthorized(),
            426 => self.upgrade_required(),
            429 => self.busy("too many requests came from here"),
            503 => self.busy("the server is overloaded, is being maintained, or has no backend running"),
            300..=399 => self.redirect(),
            400 if self.wants_tls() => "the server speaks TLS on this port: use wss://".to_owned(),
            status => plain(status).to_owned(),
        }
    }

    fn wants_tls(&self) -> bool {
        let body = String::from_utf8_lossy(&self.body);
        WANTS_TLS.iter().any(|text| body.contains(text))
    }

    fn unauthorized(&self) -> String {
        let Some(challenge) = self.shown("WWW-Authenticate") else {
            return "the server wants credentials that it accepts: give -u USER:PASS or --bearer TOKEN".to_owned();
        };
        let scheme = challenge.split(' ').next().unwrap_or_default().to_ascii_lowercase();
        let option = match scheme.as_str() {
            "basic" => "-u USER:PASS",
            "bearer" => "--bearer TOKEN",
            _ => "-H 'Authorization: …', for wspipe knows only Basic and Bearer (-u, --bearer)",
        };
        format!("the server wants credentials that it accepts (WWW-Authenticate: {challenge}): give {option}")
    }

    fn upgrade_required(&self) -> String {
        match self.shown("Sec-WebSocket-Version") {
            Some(versions) => format!(
                "the server speaks version {versions} of WebSocket, and wspipe speaks 13, the one of RFC 6455"
            ),
            None => match self.shown("Upgrade") {
                Some(protocols) if !self.response.head.has_token("Upgrade", "websocket") => {
                    format!("the server wants another protocol, {protocols}, and not WebSocket")
                }
                _ => "the server saw no upgrade to WebSocket: a proxy in between may have removed `Upgrade` and `Connection`".to_owned(),
            },
        }
    }

    fn busy(&self, what: &str) -> String {
        match self.shown("Retry-After") {
            Some(when) if when.bytes().all(|b| b.is_ascii_digit()) => {
                format!("{what}: try again in {when} seconds")
            }
            Some(when) => format!("{what}: try again after {when}"),
            None => format!("{what}: try again later"),
        }
    }

    fn redirect(&self) -> String {
        match self.shown("Location") {
            Some(location) if self.location().is_some() => {
                format!("the endpoint is at {location}: give that URL")
            }
            _ => "a redirect that does not say where to go: check the URL".to_owned(),
        }
    }

    /// The first value of a header, safe to print.
    fn shown(&self, name: &str) -> Option<String> {
        self.response.head.field(name).map(|value| printable(value, 200)).filter(|value| !value.is_empty())
    }
}

/// For a 101 that breaks a rule.
fn broken_rule(check: &Check) -> String {
    let advice = match check.subject {
        "Upgrade" | "Connection" => ": a proxy in between may have removed or changed it",
        "Sec-WebSocket-Accept" => {
            ": the server computes it wrongly, or something in between answered; `wspipe inspect` shows both heads"
        }
        "Sec-WebSocket-Extensions" => {
            ": a server may only accept what --compress offers, and has to grant what it asks for"
        }
        "Sec-WebSocket-Protocol" => ": a server may only choose one that was offered with -s",
        _ => "",
    };
    let Check { clause, subject, expected, found, .. } = check;
    format!("{clause} asks that {subject} be {expected}, and the server sent {found}{advice}")
}

fn plain(status: u16) -> &'static str {
    match status {
        200..=299 => {
            "the server answered with a page: there is no WebSocket at this path, or a proxy in between does not forward `Upgrade`"
        }
        400 => {
            "the server found the request wrong: it may want a subprotocol (-s), another Host (--host) or path, or a proxy in between removed `Upgrade`"
        }
        403 => {
            "the server does not want this client: it may accept only some origins (--origin), credentials (-u, --bearer) or addresses"
        }
        404 => {
            "there is no endpoint at this path: check the path of the URL, and --host where several sites share the server"
        }
        405 => "the path exists, but takes no GET, so it is no WebSocket endpoint: check the path of the URL",
        407 => "the proxy wants credentials: give them in its URL, --proxy http://USER:PASS@HOST:PORT",
        408 => "the server waited too long for the request: try again, or look for a proxy that holds it back",
        410 => "there is no endpoint at this path any more: check the path of the URL",
        421 => "this server does not serve the host of the URL: check --host, --sni and --resolve",
        431 => "the headers are too long for the server: send fewer or shorter ones (-H, --cookie, --bearer)",
        500 => "the server failed while it handled the handshake: its log says why",
        501 => "the server or a proxy in between does not know WebSocket",
        502 => {
            "a proxy could not reach the WebSocket server behind it, or got no valid answer: is that server running?"
        }
        504 => "a proxy waited too long for the WebSocket server behind it",
        505 => "the server does not take HTTP/1.1, which a WebSocket handshake needs",
        402..=499 => {
            "the server refused the request: check the URL and the headers, `wspipe inspect URL` shows both sides"
        }
        506..=599 => "the server, or a proxy in between, failed: its log says why",
        _ => "this status is no answer to a WebSocket handshake: `wspipe inspect URL` shows both sides",
    }
}
