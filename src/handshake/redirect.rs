//! Where a redirect leads (RFC 9110, 10.2.2), and what a client may say there: RFC 6455, 4.1 lets it follow.
//!
//! Invariant: a redirect leads to TCP or TLS, never to a socket of this machine's file system that was not given, and what
//! one server was trusted with is not told to another.

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::header::Header;
use super::printable::printable;
use super::refusal::Refusal;
use super::request::RequestOptions;
use super::target::{Host, Scheme, Target, TargetError};
use super::{head, target};

/// How much of a wrong Location is shown, in bytes.
const SHOWN: usize = 200;

/// How far a client follows redirects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redirects {
    /// So many of them.
    pub max: u32,
    /// Send credentials to whatever host they lead to.
    pub trusted: bool,
}

/// Why a redirect can't be followed. No message shows a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// It does not say where to go.
    #[error("it has no Location")]
    NoLocation,
    /// It leads to something else than a WebSocket.
    #[error("it leads to `{0}:`, and only ws, wss, http and https are followed")]
    Scheme(String),
    /// It leads nowhere.
    #[error("its Location, {location}, is no URL of a WebSocket: {error}")]
    NoUrl {
        /// The location, safe to print.
        location: String,
        /// What is wrong with it.
        error: TargetError,
    },
    /// There were enough.
    #[error("{}", too_many(*.0))]
    TooMany(u32),
}

fn too_many(max: u32) -> String {
    match max {
        0 => "none is to be followed (--location=0)".to_owned(),
        1 => "1 was followed before it, as many as may be (--location=MAX)".to_owned(),
        max => format!("{max} were followed before it, as many as may be (--location=MAX)"),
    }
}

impl Target {
    /// Where the redirect that `refusal` is leads from here (RFC 3986, 5). A fragment is left out, for a WebSocket has none;
    /// what a URL can't hold is %-encoded. Credentials are those of the location.
    ///
    /// # Errors
    /// There is no location, or it can't be followed.
    pub fn redirected(&self, refusal: &Refusal) -> Result<Target, RedirectError> {
        let location = refusal.location().filter(|location| !location.is_empty()).ok_or(RedirectError::NoLocation)?;
        let encoded = percent_encode(location, OUTSIDE_URLS).to_string();
        let reference = encoded.split('#').next().unwrap_or_default();
        self.resolve(reference).map_err(|error| match error {
            TargetError::Scheme(scheme) => RedirectError::Scheme(scheme),
            error => RedirectError::NoUrl { location: printable(&head::without_userinfo(location), SHOWN), error },
        })
    }

    /// Resolves a reference (RFC 3986, 5.2.2).
    fn resolve(&self, reference: &str) -> Result<Target, TargetError> {
        let absolute = match scheme_of(reference) {
            Some(scheme) if !FOLLOWED.iter().any(|own| own.eq_ignore_ascii_case(scheme)) => {
                return Err(TargetError::Scheme(scheme.to_owned()));
            }
            Some(_) => reference.to_owned(),
            None if reference.starts_with("//") => {
                format!("{}:{reference}", if self.scheme.is_secure() { "wss" } else { "ws" })
            }
            None => {
                let resource = without_dot_segments(&self.merge(reference));
                return Ok(Target { resource, credentials: None, ..self.clone() });
            }
        };
        let target: Target = absolute.parse()?;
        Ok(Target { resource: without_dot_segments(&target.resource), ..target })
    }

    /// A reference without scheme and host, put on our path and query (RFC 3986, 5.2.3).
    fn merge(&self, reference: &str) -> String {
        let path = self.resource.split('?').next().unwrap_or_default();
        match reference {
            "" => self.resource.clone(),
            _ if reference.starts_with('/') => reference.to_owned(),
            _ if reference.starts_with('?') => format!("{path}{reference}"),
            _ => format!("{}{reference}", &path[..path.rfind('/').map_or(0, |slash| slash + 1)]),
        }
    }

    /// Whether the other target is the same server: host and port are the same, or it is the one of TLS where this one has
    /// no TLS, both at their scheme's default port.
    #[must_use]
    pub fn is_same_server(&self, other: &Target) -> bool {
        let is_upgrade = (self.scheme, other.scheme) == (Scheme::Ws, Scheme::Wss)
            && [self, other].iter().all(|target| target.port == target.scheme.default_port());
        let is_same_host = match (&self.host, &other.host) {
            (Host::Name(own), Host::Name(others)) => own.eq_ignore_ascii_case(others),
            (own, others) => own == others,
        };
        is_same_host && (self.port == other.port || is_upgrade)
    }

    /// Whether credentials for this target may be sent to the other one: to the same server, and not without TLS where they
    /// were sent with it.
    #[must_use]
    pub fn may_trust(&self, other: &Target) -> bool {
        self.is_same_server(other) && (other.scheme.is_secure() || !self.scheme.is_secure())
    }
}

impl RequestOptions {
    /// Whether there are credentials in them: `-u`, `--bearer`, `--cookie`, or `-H` with a header that holds one.
    #[must_use]
    pub fn have_credentials(&self) -> bool {
        self.authorization.is_some() || !self.cookies.is_empty() || self.headers.iter().any(holds_credentials)
    }

    /// The same without credentials.
    #[must_use]
    pub fn without_credentials(mut self) -> Self {
        self.authorization = None;
        self.cookies.clear();
        self.headers.retain(|header| !holds_credentials(header));
        self
    }

    /// The same without `Authorization`, so that the credentials of a URL take its place.
    #[must_use]
    pub fn without_authorization(mut self) -> Self {
        self.authorization = None;
        self.headers.retain(|header| !header.is("Authorization"));
        self
    }

    /// The same with the `Host` of the URL.
    #[must_use]
    pub fn without_host(mut self) -> Self {
        self.host = None;
        self.headers.retain(|header| !header.is("Host"));
        self
    }
}

fn holds_credentials(header: &Header) -> bool {
    header.value().is_some() && head::is_secret(header.name().as_bytes())
}

/// The schemes that are followed.
const FOLLOWED: [&str; 4] = ["ws", "wss", "http", "https"];

/// What can stand nowhere in a URL, as far as browsers encode it (RFC 3986, 2; what is not ASCII always is).
const OUTSIDE_URLS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// The scheme that a reference begins with, if it does (RFC 3986, 3.1).
pub(super) fn scheme_of(reference: &str) -> Option<&str> {
    let (name, _) = reference.split_once(':')?;
    target::is_scheme(name).then_some(name)
}

/// A path and query whose path has no `.` and `..` any more (RFC 3986, 5.2.4).
fn without_dot_segments(resource: &str) -> String {
    let (path, query) = resource.split_at(resource.find('?').unwrap_or(resource.len()));
    let mut kept = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
        if is_last && [".", ".."].contains(&segment) {
            kept.push("");
        }
    }
    format!("/{}{query}", kept.join("/"))
}

#[cfg(test)]
mod tests;
