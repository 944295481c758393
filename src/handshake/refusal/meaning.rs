//! What a refusal most probably means, and what to do about it: one sentence for each status.

use super::Refusal;
use crate::handshake::checks::Check;
use crate::handshake::head::without_userinfo;
use crate::handshake::printable::printable;

/// What servers say to plain HTTP on a TLS port: nginx and load balancers, Apache, Go, Tomcat.
const WANTS_TLS: [&str; 4] = [
    "plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled",
    "HTTP request to an HTTPS server",
    "combination of host and port requires TLS",
];

/// What nginx says to a client without a certificate, and to one whose certificate it does not accept.
const WANTS_CERTIFICATE: [&str; 2] = ["No required SSL certificate was sent", "The SSL certificate error"];

/// Where there is nothing more to say.
const UNKNOWN_REFUSAL: &str = "the server refused the request: check the URL and the headers";
const UNKNOWN_STATUS: &str = "this status is no answer to a WebSocket handshake";

impl Refusal {
    /// What the response most probably means and what to do, naming the option. Safe to print, no line end.
    #[must_use]
    pub fn meaning(&self) -> String {
        if let Some(check) = &self.failed {
            return broken_rule(check);
        }
        let meaning = match self.status() {
            400..=499 if self.wants_tls() => return "the server speaks TLS on this port: use wss://".to_owned(),
            400..=499 if self.has_in_body(&WANTS_CERTIFICATE) => {
                return "the server wants a certificate of yours that it accepts: give --cert and --key, or --pkcs12"
                    .to_owned();
            }
            400 if self.is_about_subprotocols() => self.subprotocol_wanted(),
            401 => self.unauthorized(),
            403 => self.forbidden(),
            404 => self.not_found(),
            426 => self.upgrade_required(),
            429 => self.busy("too many requests came from here"),
            503 => self.busy("the server is overloaded, is being maintained, or has no backend running"),
            300 => self.choices(),
            301..=303 | 307 | 308 => self.redirect(),
            status => plain(status).to_owned(),
        };
        match self.answered_by() {
            Some(proxy) => format!("{meaning}; {proxy}"),
            None => meaning,
        }
    }

    /// Where all of it can be seen, if that helps.
    pub(super) fn hint(&self) -> &'static str {
        let is_accept = self.failed.as_ref().is_some_and(|check| check.subject == "Sec-WebSocket-Accept");
        let meaning = self.meaning();
        let is_unknown = [UNKNOWN_REFUSAL, UNKNOWN_STATUS].iter().any(|words| meaning.starts_with(words));
        if is_accept || is_unknown { "; `wspipe inspect URL` shows both sides" } else { "" }
    }

    fn wants_tls(&self) -> bool {
        let wants_upgrade =
            self.status() == 426 && self.shown("Upgrade").is_some_and(|upgrade| upgrade.starts_with("TLS/"));
        wants_upgrade || self.has_in_body(&WANTS_TLS)
    }

    fn has_in_body(&self, texts: &[&str]) -> bool {
        let body = String::from_utf8_lossy(&self.body);
        texts.iter().any(|text| body.contains(text))
    }

    fn is_about_subprotocols(&self) -> bool {
        let body = String::from_utf8_lossy(&self.body).to_ascii_lowercase();
        ["subprotocol", "sub-protocol", "sec-websocket-protocol"].iter().any(|word| body.contains(word))
    }

    fn subprotocol_wanted(&self) -> String {
        // (What was offered may be a token, and is not shown.)
        match self.asked("Sec-WebSocket-Protocol") {
            Some(_) => {
                "the server takes none of the subprotocols that were offered: offer another one with -s".to_owned()
            }
            None => "the server wants a subprotocol: offer one with -s".to_owned(),
        }
    }

    fn unauthorized(&self) -> String {
        let what = if self.asked("Authorization").is_some() {
            "the server does not accept the credentials that were sent"
        } else {
            "the server wants credentials that it accepts"
        };
        let challenges = self.response.head.tokens("WWW-Authenticate");
        if challenges.is_empty() {
            return format!("{what}: give -u USER:PASS or --bearer TOKEN");
        }
        let schemes = schemes(&challenges);
        let known = schemes.iter().filter_map(|scheme| match scheme.as_str() {
            "basic" => Some("-u USER:PASS"),
            "bearer" => Some("--bearer TOKEN"),
            _ => None,
        });
        let known: Vec<&str> = known.collect();
        let advice = if !known.is_empty() {
            format!("give {}", known.join(" or "))
        } else if schemes.iter().any(|scheme| scheme == "digest") {
            "wspipe does not compute Digest: give -H 'Authorization: Digest …', or a token that it takes, too, by --bearer"
                .to_owned()
        } else {
            "give -H 'Authorization: …', for wspipe knows only Basic and Bearer (-u, --bearer)".to_owned()
        };
        format!("{what} (WWW-Authenticate: {}): {advice}", printable(challenges.join(", ").as_bytes(), 200))
    }

    fn forbidden(&self) -> String {
        if self.response.head.has_token("cf-mitigated", "challenge") {
            return "Cloudflare wants to see a browser before it lets anybody through (cf-mitigated: challenge)"
                .to_owned();
        }
        match (&self.request, self.asked("Origin")) {
            (_, Some(origin)) => format!(
                "the server does not want this client: it probably does not allow the origin {origin} (--origin), or it wants \
                 credentials (-u, --bearer) or only some addresses"
            ),
            (Some(_), None) => {
                "the server does not want this client: it may want an Origin, as browsers send (--origin), \
                                credentials (-u, --bearer), or only some addresses"
                    .to_owned()
            }
            (None, None) => plain(403).to_owned(),
        }
    }

    fn not_found(&self) -> String {
        let path =
            self.request.as_ref().map_or("this path".to_owned(), |request| printable(request.path().as_bytes(), 200));
        format!(
            "there is no endpoint at {path}: check the path of the URL, and --host where several sites share the server"
        )
    }

    fn upgrade_required(&self) -> String {
        if self.response.head.has_token("Sec-WebSocket-Version", "13") {
            return self.lacks_version();
        }
        if let Some(versions) = self.shown("Sec-WebSocket-Version") {
            return format!(
                "the server speaks version {versions} of WebSocket, and wspipe speaks 13, the one of RFC 6455"
            );
        }
        let is = |protocol: &str| self.response.head.has_token("Upgrade", protocol);
        match self.shown("Upgrade") {
            Some(protocols) if is("h2c") || is("h2") || is("HTTP/2") || is("HTTP/2.0") => format!(
                "the server wants HTTP/2 ({protocols}), and a WebSocket handshake needs HTTP/1.1: is there a port or path for that?"
            ),
            Some(protocols) if !is("websocket") => {
                format!("the server wants another protocol, {protocols}, and not WebSocket")
            }
            _ => {
                "the server saw no upgrade to WebSocket: a proxy in between may have removed `Upgrade` and `Connection`"
                    .to_owned()
            }
        }
    }

    /// The server speaks version 13, and so there was something wrong with what it was asked.
    fn lacks_version(&self) -> String {
        match (&self.request, self.asked("Sec-WebSocket-Version")) {
            (Some(_), None) => "the request has no Sec-WebSocket-Version, and the server wants 13".to_owned(),
            (_, Some(version)) if version != "13" => {
                format!("the request asks for version {version} of WebSocket, and the server wants 13")
            }
            _ => "the server wants Sec-WebSocket-Version: 13, and did not see it: something in between may have removed it"
                .to_owned(),
        }
    }

    /// For a 300 (RFC 9110, 15.4.1), which nobody follows by himself.
    fn choices(&self) -> String {
        let preferred = self.response.head.field("Location").filter(|location| !location.is_empty());
        let preferred = preferred.map(|location| printable(&without_userinfo(location), 200));
        let preferred = preferred.map(|location| format!(", of which it prefers {location}")).unwrap_or_default();
        format!("the server offers several places to choose from{preferred}: give the URL of one")
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
        match self.location().filter(|location| !location.is_empty()) {
            Some(location) => {
                let resolved = self.destination.as_ref().map(|url| url.as_bytes().to_vec());
                let location = printable(&resolved.unwrap_or_else(|| without_userinfo(location)), 200);
                format!("the endpoint is at {location}: give that URL, or -L to follow redirects")
            }
            None => "a redirect that does not say where to go: check the URL".to_owned(),
        }
    }

    /// The first value of a header of the request, safe to print.
    fn asked(&self, name: &str) -> Option<String> {
        self.request.as_ref()?.head.field(name).map(|value| printable(value, 200))
    }

    /// The first value of a header, safe to print.
    pub(super) fn shown(&self, name: &str) -> Option<String> {
        self.response.head.field(name).map(|value| printable(value, 200)).filter(|value| !value.is_empty())
    }
}

/// The authentication schemes of challenges, in small letters (RFC 9110, 11.6.1). The list is split at every comma, also at
/// those between the parameters of one challenge, of which only the first stands behind a scheme.
pub(crate) fn schemes(challenges: &[String]) -> Vec<String> {
    let words = challenges.iter().filter_map(|challenge| challenge.split([' ', '\t']).next());
    words.filter(|word| !word.contains('=')).map(str::to_ascii_lowercase).collect()
}

/// For a 101 that breaks a rule.
fn broken_rule(check: &Check) -> String {
    let advice = match check.subject {
        "Upgrade" | "Connection" => ": a proxy in between may have removed or changed it",
        "Sec-WebSocket-Accept" => ": the server computes it wrongly, or something in between answered",
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
        405 => "the path exists, but takes no GET, so it is no WebSocket endpoint: check the path of the URL",
        407 => "the proxy wants credentials: give them in its URL, --proxy http://USER:PASS@HOST:PORT",
        408 => "the server waited too long for the request: try again, or look for a proxy that holds it back",
        410 => "there is no endpoint at this path any more: check the path of the URL",
        464 => "the load balancer speaks to its servers in a version of HTTP that knows no WebSocket handshake",
        421 => "this server does not serve the host of the URL: check --host, --sni and --resolve",
        431 => "the headers are too long for the server: send fewer or shorter ones (-H, --cookie, --bearer)",
        500 => "the server failed while it handled the handshake: its log says why",
        501 => "the server or a proxy in between does not know WebSocket",
        502 => {
            "who answered passes connections on, and could not reach the server behind, or got no valid answer: is that server running?"
        }
        504 => "a proxy waited too long for the WebSocket server behind it",
        505 => "the server does not take HTTP/1.1, which a WebSocket handshake needs: it may be one for HTTP/2 only",
        521 => "the server behind the proxy refuses connections: is it running?",
        522..=524 => "the server behind the proxy can't be reached, or took too long",
        525 | 526 => "TLS between the proxy and the server behind it failed: see its certificate",
        402..=499 => UNKNOWN_REFUSAL,
        506..=599 => "the server, or a proxy in between, failed: its log says why",
        304 => {
            "304 answers a request that asks whether something has changed, which no handshake does: a cache in between may have answered"
        }
        _ => UNKNOWN_STATUS,
    }
}
