//! Options of the opening handshake, from the client's side.

use std::time::Duration;

use wspipe::handshake::{Authorization, Credentials, DeflateTerms, Header, RequestOptions, Secret};
use wspipe::outcome::Failure;
use wspipe::protocol::Role;

use super::compression::CompressArgs;
use super::values::duration;

/// The options that say how to make a connection: where none is made, they are wrong usage. (clap makes a group of them,
/// but one in which an option has a default conflicts with nothing.)
pub(super) const MAKING_A_CONNECTION: [&str; 21] = [
    "headers",
    "subprotocols",
    "origin",
    "user",
    "bearer",
    "cookies",
    "host",
    "compress",
    "connect_timeout",
    "proxy",
    "via_command",
    "resolve",
    "ipv4",
    "ipv6",
    "cacert",
    "insecure",
    "sni",
    "tls_min",
    "cert",
    "pkcs12",
    "passphrase",
];

#[derive(Debug, clap::Args)]
pub(super) struct HandshakeArgs {
    /// Add a header to the request; @FILE reads headers from a file, one a line; repeatable
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", help_heading = "Handshake")]
    headers: Vec<String>,

    /// Offer a subprotocol; repeatable, the preferred one first
    #[arg(short, long = "subprotocol", value_name = "NAME", help_heading = "Handshake")]
    subprotocols: Vec<String>,

    /// Send an Origin, as a browser would
    #[arg(long, value_name = "ORIGIN", help_heading = "Handshake")]
    origin: Option<String>,

    /// Log in by HTTP Basic authentication
    #[arg(short, long, value_name = "USER[:PASS]", help_heading = "Handshake")]
    user: Option<String>,

    /// Log in with a bearer token; @FILE reads it from a file
    #[arg(long, value_name = "TOKEN", help_heading = "Handshake", conflicts_with = "user")]
    bearer: Option<String>,

    /// Send a cookie; repeatable
    #[arg(long = "cookie", value_name = "NAME=VALUE", help_heading = "Handshake", hide_short_help = true)]
    cookies: Vec<String>,

    /// Ask for this host rather than for the URL's
    #[arg(long, value_name = "HOST[:PORT]", help_heading = "Handshake", hide_short_help = true)]
    host: Option<String>,

    #[command(flatten)]
    compress: CompressArgs,

    /// Bound the way to an open connection, every step of it
    #[arg(long, value_name = "TIME", default_value = "10s", allow_negative_numbers = true, value_parser = duration, help_heading = "Handshake", hide_short_help = true)]
    pub(super) connect_timeout: Duration,
}

impl HandshakeArgs {
    pub(super) fn resolve(&self) -> Result<RequestOptions, Failure> {
        let authorization = match (&self.user, &self.bearer) {
            (Some(user), _) => Some(Authorization::Basic(credentials(user)?)),
            (None, Some(token)) => Some(Authorization::Bearer(secret("--bearer", token)?)),
            (None, None) => None,
        };
        Ok(RequestOptions {
            host: self.host.clone(),
            origin: self.origin.clone(),
            subprotocols: self.subprotocols.clone(),
            compress: self.compress.resolve(Role::Client, DeflateTerms::plain_offer())?,
            authorization,
            cookies: self.cookies.iter().map(Secret::new).collect(),
            headers: headers(&self.headers)?,
        })
    }
}

/// Headers as they are given to -H: one each, or a file of them.
pub(super) fn headers(given: &[String]) -> Result<Vec<Header>, Failure> {
    let mut headers = Vec::new();
    for text in given {
        let Some(path) = text.strip_prefix('@') else {
            headers.push(header(text)?);
            continue;
        };
        let file = read_file("-H", path)?;
        for line in file.lines().filter(|line| !line.trim().is_empty()) {
            headers.push(header(line).map_err(|failure| Failure::Usage(format!("{path}: {failure}")))?);
        }
    }
    Ok(headers)
}

fn header(text: &str) -> Result<Header, Failure> {
    text.parse().map_err(|error| Failure::Usage(format!("-H: {error}")))
}

fn credentials(text: &str) -> Result<Credentials, Failure> {
    text.parse().map_err(|error| Failure::Usage(format!("-u: {error}")))
}

/// A secret as it stands, or `@FILE`, without the line feed at its end.
pub(super) fn secret(flag: &str, text: &str) -> Result<Secret, Failure> {
    match text.strip_prefix('@') {
        Some(path) => read_file(flag, path).map(|content| Secret::new(content.trim_end_matches(['\r', '\n']))),
        None => Ok(Secret::new(text)),
    }
}

fn read_file(flag: &str, path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::Usage(format!("{flag} @{path}: {error}")))
}
