//! The redirects that led to a handshake.

use std::fmt::Write;

use serde::Serialize;

use super::{Report, SHOWN};
use crate::handshake::{printable, without_userinfo};
use crate::opening::{Followed, Hop};

/// A redirect, as it is printed.
#[derive(Debug, Serialize)]
pub(super) struct Redirected {
    status: u16,
    url: String,
    location: String,
    /// Where the location leads from the URL.
    #[serde(skip)]
    to: String,
}

impl Redirected {
    fn of(hop: &Hop, show_secrets: bool) -> Self {
        let location = if show_secrets { hop.location.clone() } else { without_userinfo(&hop.location) };
        let location = String::from_utf8_lossy(&location).into_owned();
        Redirected { status: hop.status, url: hop.from.url(), location, to: hop.to.url() }
    }
}

impl Report {
    /// The same with the redirects before it.
    pub(super) fn led_by(mut self, hops: &[Hop], show_secrets: bool) -> Self {
        self.redirects = hops.iter().map(|hop| Redirected::of(hop, show_secrets)).collect();
        self
    }

    /// The same with why one more redirect was not followed, if so.
    pub(super) fn stopped(mut self, followed: &Followed) -> Self {
        if let (Some(refusal), Some(why)) = (&mut self.refusal, &followed.stopped) {
            refusal.meaning = format!("the redirect is not followed: {why}");
        }
        if let (Some(failure), Some(_)) = (followed.failure(), &followed.stopped) {
            self.conclusion = failure.to_string();
        }
        self
    }
}

/// A line for each redirect, and an empty one behind them.
pub(super) fn write_redirects(out: &mut String, redirects: &[Redirected]) -> std::fmt::Result {
    for Redirected { status, url, to, .. } in redirects {
        writeln!(out, "{status}  {} to {}", printable(url.as_bytes(), SHOWN), printable(to.as_bytes(), SHOWN))?;
    }
    if redirects.is_empty() { Ok(()) } else { out.write_char('\n') }
}
