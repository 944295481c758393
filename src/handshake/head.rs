//! HTTP heads as they were on the wire: the start line and the fields of a request or a response (RFC 9112, 2 to 5).
//!
//! Invariant: [`Head::raw`] is byte for byte what was received, and the fields keep its order and its case. An
//! inspector that showed re-ordered or re-cased fields would be lying.

use super::head_error::HeadError;
use super::token::{SUBPROTOCOLS, hidden_in_list, without_token};

/// The most fields a head may have. httparse wants a bound; servers commonly stop at 100.
pub const MAX_FIELDS: usize = 100;

/// The fields whose values are credentials.
const SECRET_FIELDS: [&str; 4] = ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"];

/// A start line and the fields under it.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    raw: Vec<u8>,
    fields: Vec<(String, Vec<u8>)>,
}

impl Head {
    /// The head as on the wire, with the empty line that ends it.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The head as on the wire, with `***` for each value that is a credential. See [`redact`].
    #[must_use]
    pub fn redacted(&self) -> Vec<u8> {
        redact(&self.raw)
    }

    /// The request line or status line, without its line end.
    #[must_use]
    pub fn start_line(&self) -> &[u8] {
        lines(&self.raw).find(|line| !line.is_empty()).unwrap_or_default()
    }

    /// Names and values in the order and case of the wire. White space around a value is not part of it, and a
    /// value folded over several lines (RFC 9112, 5.2) comes as one, a space for each fold.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The value of the first field called `name`, in any case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// The values of all fields called `name`, in any case.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.fields().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The elements of a comma-separated list, over all fields called `name` (RFC 9110, 5.6.1). A comma in a quoted
    /// string separates nothing; empty elements are left out; what is not UTF-8 is replaced.
    #[must_use]
    pub fn tokens(&self, name: &str) -> Vec<String> {
        self.values(name).flat_map(|value| list_elements(&String::from_utf8_lossy(value))).collect()
    }

    /// Whether the list called `name` has `token`, in any case.
    #[must_use]
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.tokens(name).iter().any(|own| own.eq_ignore_ascii_case(token))
    }

    fn new(mut raw: Vec<u8>, length: usize, fields: Vec<(String, Vec<u8>)>) -> Self {
        raw.truncate(length);
        Self { raw, fields }
    }
}

impl std::fmt::Debug for Head {
    /// The head as text, without credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.redacted()))
    }
}

/// The head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// `GET` and the like.
    pub method: String,
    /// The request-target as sent: path and query, or a whole URL.
    pub target: String,
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    pub minor_version: u8,
    /// The fields, and the head as on the wire.
    pub head: Head,
}

impl RequestHead {
    /// Reads a whole head; anything behind its empty line is dropped.
    pub fn parse(raw: Vec<u8>) -> Result<Self, HeadError> {
        let mut space = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut parsed = httparse::Request::new(&mut space);
        let status = parsed.parse(&raw).map_err(|error| HeadError::malformed(&raw, error))?;
        let httparse::Status::Complete(length) = status else {
            return Err(HeadError::ended(&raw));
        };
        let method = parsed.method.unwrap_or_default().to_owned();
        let target = parsed.path.unwrap_or_default().to_owned();
        let minor_version = parsed.version.unwrap_or_default();
        let fields = parsed.headers.iter().map(owned).collect();
        Ok(Self { method, target, minor_version, head: Head::new(raw, length, fields) })
    }

    /// The path that is asked for: the target without its query and, in the absolute form (RFC 9112, 3.2.2), without
    /// scheme and authority.
    #[must_use]
    pub fn path(&self) -> &str {
        let target = match self.target.split_once("://") {
            Some((_, rest)) if !self.target.starts_with('/') => rest.find(['/', '?']).map_or("/", |at| &rest[at..]),
            _ => &self.target,
        };
        match target.split('?').next() {
            None | Some("") => "/",
            Some(path) => path,
        }
    }
}

/// The head of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHead {
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    pub minor_version: u8,
    /// The status code, 101 for a handshake that was accepted.
    pub status: u16,
    /// The reason phrase, as the peer wrote it: pass it through [`printable`](super::printable()) before showing it.
    pub reason: String,
    /// The fields, and the head as on the wire.
    pub head: Head,
}

impl ResponseHead {
    /// Whether another response follows, which is the one that counts (RFC 9110, 15.2).
    #[must_use]
    pub fn is_interim(&self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }

    /// Reads a whole head; anything behind its empty line is dropped. A missing reason phrase, folded lines and a space
    /// before the colon are accepted, for old servers have them.
    pub fn parse(raw: Vec<u8>) -> Result<Self, HeadError> {
        let mut space = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut parsed = httparse::Response::new(&mut space);
        let mut config = httparse::ParserConfig::default();
        config.allow_obsolete_multiline_headers_in_responses(true);
        config.allow_multiple_spaces_in_response_status_delimiters(true);
        config.allow_spaces_after_header_name_in_responses(true);
        let status = config.parse_response(&mut parsed, &raw).map_err(|error| HeadError::malformed(&raw, error))?;
        let httparse::Status::Complete(length) = status else {
            return Err(HeadError::ended(&raw));
        };
        let minor_version = parsed.version.unwrap_or_default();
        let status = parsed.code.unwrap_or_default();
        let fields = parsed.headers.iter().map(owned).collect();
        let head = Head::new(raw, length, fields);
        let reason = reason_of(head.start_line());
        Ok(Self { minor_version, status, reason, head })
    }
}

/// `raw`, a head in bytes, with the values of `Authorization`, `Proxy-Authorization`, `Cookie` and `Set-Cookie` replaced
/// by `***`, and so user name and password of a URL in `Location`, and the tokens among subprotocols and in the query of the
/// start line (see [`Login`](super::Login)). Everything else, line ends included, stays as it is. The bytes need not be a
/// valid head.
#[must_use]
pub fn redact(raw: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(raw.len());
    let (mut in_secret, mut at_start) = (false, true);
    // What a value is shown as that is no credential as a whole, but may hold one.
    let mut partly: Option<Redaction> = None;
    for line in raw.split_inclusive(|&b| b == b'\n') {
        let is_folded = line.starts_with(b" ") || line.starts_with(b"\t");
        if is_folded && in_secret {
            continue;
        }
        let name = line.split(|&b| b == b':').next().unwrap_or_default();
        in_secret = name.len() < line.len() && is_secret(name.trim_ascii());
        if !is_folded {
            partly = partly_secret(name.trim_ascii());
        }
        if in_secret {
            let content = line.trim_ascii_end().len();
            shown.extend_from_slice(name);
            shown.extend_from_slice(b": ***");
            shown.extend_from_slice(&line[content..]);
        } else if let Some(shown_value) = partly {
            let value = if is_folded { 0 } else { (name.len() + 1).min(line.len()) };
            shown.extend_from_slice(&line[..value]);
            shown.extend_from_slice(&shown_value(&line[value..]));
        } else if at_start {
            shown.extend_from_slice(&without_token(line));
        } else {
            shown.extend_from_slice(line);
        }
        at_start &= line.trim_ascii().is_empty();
    }
    shown
}

/// A URL, or a reference to one, with `***` for its user name and password (RFC 3986, 3.2.1).
#[must_use]
pub fn without_userinfo(url: &[u8]) -> Vec<u8> {
    match userinfo(url) {
        Some((begin, end)) => [&url[..begin], b"***", &url[end..]].concat(),
        None => url.to_vec(),
    }
}

/// A value as it is shown.
type Redaction = fn(&[u8]) -> Vec<u8>;

/// How the value of the field called `name` is shown, if it may hold a credential beside other things.
fn partly_secret(name: &[u8]) -> Option<Redaction> {
    if name.eq_ignore_ascii_case(b"Location") {
        return Some(without_userinfo);
    }
    name.eq_ignore_ascii_case(SUBPROTOCOLS.as_bytes()).then_some(hidden_in_list)
}

/// Where in a URL the user name and password begin and end.
fn userinfo(url: &[u8]) -> Option<(usize, usize)> {
    let slashes = url.windows(2).position(|pair| pair == b"//")?;
    let before = url[..slashes].trim_ascii();
    let is_authority = before.is_empty() || before.ends_with(b":") && !before.contains(&b'/');
    let begin = slashes + 2;
    let url = url[begin..].split(|b| b" \t\r\n".contains(b)).next().filter(|_| is_authority)?;
    let authority = url.split(|b| b"/?#".contains(b)).next()?;
    // What stands where a port should, and is none, may be the start of a password that has a `/` in it.
    let cut_short =
        authority.iter().rposition(|&b| b == b':').is_some_and(|colon| !may_be_port(&authority[colon + 1..]));
    let at = |text: &[u8]| text.iter().rposition(|&b| b == b'@');
    let end = at(authority).or_else(|| at(url).filter(|_| cut_short))?;
    Some((begin, begin + end))
}

/// Whether this may follow the last colon of an authority without credentials: nothing, a port, or the rest of an IPv6 address.
fn may_be_port(text: &[u8]) -> bool {
    let is_number =
        text.iter().all(u8::is_ascii_digit) && str::from_utf8(text).is_ok_and(|text| text.parse::<u16>().is_ok());
    text.is_empty() || is_number || text.ends_with(b"]")
}

/// Whether the value of the field called `name` is a credential.
pub(super) fn is_secret(name: &[u8]) -> bool {
    SECRET_FIELDS.iter().any(|secret| secret.as_bytes().eq_ignore_ascii_case(name))
}

/// The lines of a head without their line ends, which are CRLF or, tolerated, LF alone.
pub(super) fn lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    raw.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// httparse leaves out a reason phrase that is not ASCII, so it is read here.
fn reason_of(status_line: &[u8]) -> String {
    let mut words = status_line.splitn(2, |&b| b == b' ');
    let after_version = words.nth(1).unwrap_or_default().trim_ascii_start();
    let reason = after_version.get(3..).unwrap_or_default(); // a status has three digits
    String::from_utf8_lossy(reason.trim_ascii()).into_owned()
}

fn owned(field: &httparse::Header<'_>) -> (String, Vec<u8>) {
    let lines: Vec<&[u8]> = lines(field.value).map(<[u8]>::trim_ascii).collect();
    (field.name.to_owned(), lines.join(&b' ').trim_ascii().to_owned())
}

/// The elements between the commas that stand outside quoted strings.
pub(super) fn list_elements(value: &str) -> Vec<String> {
    let mut quoted = false;
    let mut escaped = false;
    let elements = value.split(|c| {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => return c == ',' && !quoted,
        }
        false
    });
    elements
        .map(|element| element.trim_matches([' ', '\t']))
        .filter(|element| !element.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
