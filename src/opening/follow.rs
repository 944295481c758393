//! The way along redirects.

use super::client::{Exchange, exchange, explain};
use super::{Interrupted, Limits, OpenError, Reached, Route, reach};
use crate::handshake::{Header, RedirectError, RequestOptions, Target};

/// A redirect that was followed.
#[derive(Debug, Clone)]
pub struct Hop {
    /// The status: 301, 302, 303, 307 or 308.
    pub status: u16,
    /// What redirects.
    pub from: Target,
    /// The `Location`, as sent.
    pub location: Vec<u8>,
    /// Where it leads.
    pub to: Target,
}

/// A handshake, and the redirects that led to it.
#[derive(Debug)]
pub struct Followed {
    /// The redirects, the first one first.
    pub hops: Vec<Hop>,
    /// Where the last one led; what was asked for if there is none.
    pub target: Target,
    /// The way there.
    pub route: Route,
    /// The connection.
    pub reached: Reached,
    /// What came of it.
    pub exchange: Exchange,
    /// Why it went no further, where that is one more redirect.
    pub stopped: Option<RedirectError>,
}

/// A way that ended before there was a response to look at.
#[derive(Debug)]
pub struct Lost {
    /// The redirects, the first one first.
    pub hops: Vec<Hop>,
    /// Where the last one led; what was asked for if there is none.
    pub target: Target,
    /// The way there.
    pub route: Route,
    /// The connection, if there was one.
    pub reached: Option<Reached>,
    /// Why, and what had been said by then.
    pub interrupted: Interrupted,
}

impl From<Lost> for OpenError {
    fn from(lost: Lost) -> Self {
        led_to(&lost.hops, lost.interrupted.error)
    }
}

impl Followed {
    /// Why no session is open, if none is.
    #[must_use]
    pub fn failure(&self) -> Option<OpenError> {
        let refusal = self.exchange.refusal.clone()?;
        Some(match &self.stopped {
            Some(error) => {
                OpenError::Redirect { status: refusal.status(), url: self.target.url(), error: error.clone() }
            }
            None => led_to(&self.hops, OpenError::Refused(Box::new(refusal))),
        })
    }
}

/// Connects and shakes hands; where the route says so, also at whatever a redirect leads to.
///
/// Each connection is closed before the next one is made, and the limits hold for all of them together.
///
/// # Errors
/// A host can't be reached, or what it answers is no HTTP, or time is up. That the last one refuses is none.
pub fn follow(
    target: &Target,
    options: &RequestOptions,
    route: &Route,
    limits: &Limits,
) -> Result<Followed, Box<Lost>> {
    let (mut hops, mut target) = (Vec::new(), target.clone());
    let mut baggage = Baggage { options, route, first: target.clone(), is_withheld: false, is_replaced: false };
    loop {
        let (options, route) = baggage.content(&target);
        let checked = check_headers(&options, &route, &target);
        let mut reached = match checked.and_then(|()| reach(&target, &route, limits)) {
            Ok(reached) => reached,
            Err(error) => {
                let interrupted = Interrupted::before(error);
                return Err(Box::new(Lost { hops, target, route, reached: None, interrupted }));
            }
        };
        let mut exchange = match exchange(&mut reached, &target, &options, limits) {
            Ok(exchange) => exchange,
            Err(interrupted) => {
                let reached = Some(reached);
                return Err(Box::new(Lost { hops, target, route, reached, interrupted: *interrupted }));
            }
        };
        match next(&target, &exchange, &route, &hops) {
            Some(Ok(hop)) => {
                reached.connection.line.hang_up();
                log::info!("redirected by {} to {}", hop.status, hop.to);
                if hop.from.scheme.is_secure() && !hop.to.scheme.is_secure() {
                    log::warn!("the redirect leads from TLS to none: {}", hop.to);
                }
                target = baggage.take_along(&hop);
                hops.push(hop);
            }
            stopped => {
                explain(&mut reached, &mut exchange, limits);
                if let Some(attendant) = reached.attendant.as_mut().filter(|_| exchange.refusal.is_none()) {
                    attendant.has_served();
                }
                let stopped = stopped.and_then(Result::err);
                return Ok(Followed { hops, target, route, reached, exchange, stopped });
            }
        }
    }
}

/// What is meant for a proxy must not go through it to the server.
fn check_headers(options: &RequestOptions, route: &Route, target: &Target) -> Result<(), OpenError> {
    let is_for_proxy = |header: &Header| header.is("Proxy-Authorization") && header.value().is_some();
    if options.headers.iter().any(is_for_proxy)
        && let Some(proxy) = route.proxy(target)?
    {
        return Err(OpenError::HeaderForProxy(proxy.scheme));
    }
    Ok(())
}

/// The redirect that an answer is, if it is to be followed.
fn next(from: &Target, exchange: &Exchange, route: &Route, hops: &[Hop]) -> Option<Result<Hop, RedirectError>> {
    let redirects = route.redirects?;
    let refusal = exchange.refusal.as_ref().filter(|refusal| refusal.is_redirect())?;
    if hops.len() >= redirects.max as usize {
        return Some(Err(RedirectError::TooMany(redirects.max)));
    }
    let hop = |to| Hop {
        status: refusal.status(),
        from: from.clone(),
        location: refusal.location().unwrap_or_default().to_vec(),
        to,
    };
    Some(from.redirected(refusal).map(hop))
}

/// What the user gave for the way, of which not everything is for every host.
struct Baggage<'a> {
    options: &'a RequestOptions,
    route: &'a Route,
    /// What the options about names are for.
    first: Target,
    /// Whether credentials have been left behind; then they stay there.
    is_withheld: bool,
    /// Whether a Location had credentials of its own, which count from there on.
    is_replaced: bool,
}

impl Baggage<'_> {
    /// What of it is for this target.
    fn content(&self, target: &Target) -> (RequestOptions, Route) {
        let (mut options, mut route) = (self.options.clone(), self.route.clone());
        if self.is_withheld {
            options = options.without_credentials();
        } else if self.is_replaced {
            options = options.without_authorization();
        }
        if !self.first.is_same_server(target) {
            options = options.without_host();
            route.tls.server_name = None;
        }
        (options, route)
    }

    /// Where a redirect leads, with the credentials that may be sent there.
    fn take_along(&mut self, hop: &Hop) -> Target {
        let mut to = hop.to.clone();
        self.is_replaced |= to.credentials.is_some();
        let is_trusted = self.route.redirects.is_some_and(|redirects| redirects.trusted);
        if is_trusted || hop.from.may_trust(&to) {
            to.credentials = to.credentials.or_else(|| hop.from.credentials.clone());
            return to;
        }
        let of_options = !self.is_withheld && self.options.have_credentials();
        if of_options || to.credentials.is_none() && hop.from.credentials.is_some() {
            let what = if hop.from.is_same_server(&to) { " without TLS" } else { "" };
            log::warn!(
                "credentials are not sent{what} to {}, where a redirect leads: --location-trusted sends them",
                to.authority()
            );
        }
        self.is_withheld = true;
        to
    }
}

/// A failure behind redirects says where they led.
fn led_to(hops: &[Hop], error: OpenError) -> OpenError {
    match hops.last() {
        Some(hop) => OpenError::Redirected { to: hop.to.url(), error: Box::new(error) },
        None => error,
    }
}
