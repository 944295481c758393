//! The client's side.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng, TryRng};

use super::{
    Followed, Heard, Interrupted, Limits, Lost, OpenError, Reached, Route, TlsFailure, Unread, follow, log_head,
    read_response,
};
use crate::handshake::{
    BodyExcerpt, Check, DeflateAgreement, HeadError, Refusal, Request, RequestHead, RequestOptions, ResponseHead,
    Scheme, Target, agreed_deflate, generate_key, response_checks,
};
use crate::net::{Attendant, Connection, Exit, TlsError};
use crate::protocol::MaskingKeys;
use crate::records::{Opening, Timings};

/// How long to wait for the body of a refusal: it is only there to explain.
const BODY_PATIENCE: Duration = Duration::from_secs(1);

/// An open connection.
#[derive(Debug)]
pub struct Opened {
    /// Where it leads: what was asked for, or the end of the redirects.
    pub target: Target,
    /// The two directions.
    pub connection: Connection,
    /// Frames that came together with the response.
    pub early: Vec<u8>,
    /// What was reached, for people.
    pub place: String,
    /// The address that was reached.
    pub address: String,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
    /// The compression agreed on.
    pub compression: Option<DeflateAgreement>,
    /// How long each phase took.
    pub timings: Timings,
    /// How long this attempt took in all, redirects included.
    pub took: Duration,
    /// The command that the way leads through, if one does; it ends with the connection.
    pub attendant: Option<Attendant>,
}

impl Opened {
    /// What JSON Lines tell of it.
    #[must_use]
    pub fn opening(&self) -> Opening {
        Opening {
            url: self.target.url(),
            address: self.address.clone(),
            target: None,
            subprotocol: self.subprotocol.clone(),
            extensions: self.compression.iter().map(DeflateAgreement::extension).collect(),
            timings: Some(self.timings),
        }
    }
}

/// A handshake that was carried out, whatever came of it.
#[derive(Debug)]
pub struct Exchange {
    /// What was sent.
    pub request: Request,
    /// What came first and said that the response would follow.
    pub interim: Vec<ResponseHead>,
    /// What came.
    pub response: ResponseHead,
    /// The rules, applied to what came.
    pub checks: Vec<Check>,
    /// Why it came to nothing, if it did.
    pub refusal: Option<Refusal>,
    /// The compression agreed on.
    pub compression: Option<DeflateAgreement>,
    /// Frames that came together with the response.
    pub early: Vec<u8>,
    /// How long the answer took.
    pub http: Duration,
}

/// Connects and shakes hands; redirects are followed where the route says so.
///
/// # Errors
/// The host can't be reached, the server refuses, or time is up; a redirect can't be followed, or there are too many.
pub fn open(target: &Target, options: &RequestOptions, route: &Route, limits: &Limits) -> Result<Opened, OpenError> {
    let start = Instant::now();
    let followed = follow(target, options, route, limits).map_err(|lost: Box<Lost>| OpenError::from(*lost))?;
    if let Some(failure) = followed.failure() {
        return Err(failure);
    }
    let Followed { target, reached, exchange, .. } = followed;
    let Exchange { response, early, compression, http, .. } = exchange;
    if !options.subprotocols.is_empty() && response.head.field("Sec-WebSocket-Protocol").is_none() {
        log::info!("the server chose none of the subprotocols offered");
    }
    if options.compress.is_some() && compression.is_none() {
        log::info!("the server did not take the compression offered");
    }
    let subprotocol =
        response.head.field("Sec-WebSocket-Protocol").map(|name| String::from_utf8_lossy(name).into_owned());
    let place = reached.place();
    let Reached { connection, address, resolve, connect, proxy, secured, attendant } = reached;
    let (proxy, tls) = (proxy.map(|proxy| proxy.took), secured.map(|secured| secured.took));
    let timings = Timings { name: resolve, connect, proxy, tls, http };
    let took = start.elapsed();
    Ok(Opened { target, connection, early, place, address, subprotocol, compression, timings, took, attendant })
}

/// Sends the request and reads the response. The body of a refusal comes by [`explain`].
///
/// # Errors
/// The request can't be built or sent, or what comes is no HTTP response, or nothing comes in time.
pub(super) fn exchange(
    reached: &mut Reached,
    target: &Target,
    options: &RequestOptions,
    limits: &Limits,
) -> Result<Exchange, Box<Interrupted>> {
    let interrupted =
        |error, request, Heard { interim, received }| Box::new(Interrupted { error, request, interim, received });
    let nothing = |error| interrupted(error, None, Heard::default());
    let key = generate_key(random_bytes().map_err(|error| nothing(OpenError::Io(error)))?);
    let request = Request::new(target, options, &key).map_err(|error| nothing(OpenError::Request(error)))?;
    log_head("request", request.redacted().as_bytes());
    let start = Instant::now();
    let mut heard = Heard::default();
    let answered = write_request(reached, request.bytes(), limits).and_then(|()| {
        read_response(&mut reached.connection, "response", limits, &mut heard)
            .map_err(|unread| unanswered(unread, &heard, target.scheme, reached, limits))
    });
    let (response, rest) = match answered {
        Ok(answered) => answered,
        Err(error) => return Err(interrupted(told_by_command(error, reached), Some(request), heard)),
    };
    let http = start.elapsed();
    let checks = response_checks(request.offer(), &response);
    let request_head = RequestHead::parse(request.bytes().to_vec()).ok();
    let refusal = Refusal::of(&response, &checks).map(|refusal| refusal.answering(request_head).at(target));
    let compression = agreed_deflate(request.offer(), &response).filter(|_| refusal.is_none());
    Ok(Exchange { request, interim: heard.interim, response, checks, refusal, compression, early: rest, http })
}

/// Reads the body of a refusal, as far as it explains.
pub(super) fn explain(reached: &mut Reached, exchange: &mut Exchange, limits: &Limits) {
    if let Some(refusal) = exchange.refusal.take() {
        let body = read_body(&mut reached.connection, &exchange.response, &exchange.early, limits);
        exchange.refusal = Some(refusal.with_body(body));
    }
}

/// Sends the request. A server that has gone already is found out by reading, where there may be a word of its own.
fn write_request(reached: &mut Reached, bytes: &[u8], limits: &Limits) -> Result<(), OpenError> {
    reached.connection.write_by(bytes, limits.deadline()).or_else(|error| match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Ok(()),
        io::ErrorKind::TimedOut => Err(limits.timed_out(&reached.address, reached.proxy.as_ref(), b"")),
        _ => Err(OpenError::Io(error)),
    })
}

/// Why there is no response, in the light of what was heard.
fn unanswered(unread: Unread, heard: &Heard, scheme: Scheme, reached: &Reached, limits: &Limits) -> OpenError {
    match (unread, heard.interim.last()) {
        (Unread::Head(HeadError::Nothing), Some(last)) => {
            OpenError::NotHttp(HeadError::OnlyInterim { status: last.status })
        }
        (Unread::Head(HeadError::Nothing), None) if scheme == Scheme::Ws => OpenError::ClosedAtOnce,
        (Unread::Cut, _) => OpenError::NotHttp(HeadError::Nothing),
        (Unread::Head(error), _) => OpenError::NotHttp(error),
        (Unread::TimedOut, _) => limits.timed_out(&reached.address, reached.proxy.as_ref(), &heard.received),
        (Unread::Io(error), _) => broken(error, reached),
    }
}

/// Where no answer came, a command in between may have ended: then that is what there is to tell; unless all was well with it,
/// and the answer only was not complete.
fn told_by_command(error: OpenError, reached: &Reached) -> OpenError {
    let nothing_came = matches!(error, OpenError::ClosedAtOnce | OpenError::NotHttp(HeadError::Nothing));
    let is_cut = nothing_came || matches!(error, OpenError::NotHttp(HeadError::Ended { .. }));
    let exit = reached.attendant.as_ref().filter(|_| is_cut).and_then(Attendant::exit);
    exit.filter(|exit| nothing_came || *exit != Exit::Code(0)).map_or(error, OpenError::Command)
}

/// A read that failed. With TLS 1.3 a server refuses a client's certificate, or the lack of one, only after the handshake
/// (RFC 8446, 4.4.2.4 and 6.2).
fn broken(error: io::Error, reached: &Reached) -> OpenError {
    let Some(refused) = reached.secured.as_ref().and_then(|secured| TlsError::refused_later(&error, secured)) else {
        return OpenError::Io(error);
    };
    let Reached { address, resolve, connect, proxy, .. } = reached;
    OpenError::TlsFailed(Box::new(TlsFailure {
        words: refused.to_string(),
        address: address.clone(),
        resolve: *resolve,
        connect: *connect,
        proxy: proxy.clone(),
        certificate: None,
        is_cut: false,
    }))
}

/// The beginning of a body, as far as it comes in time.
pub(super) fn read_body(connection: &mut Connection, response: &ResponseHead, rest: &[u8], limits: &Limits) -> Vec<u8> {
    let mut body = BodyExcerpt::of(response);
    body.feed(rest);
    let end = Instant::now() + BODY_PATIENCE;
    let mut bytes = [0; 2048];
    while !body.is_complete()
        && let Some(left) = limits.left().map(|left| left.min(end.saturating_duration_since(Instant::now())))
        && !left.is_zero()
        && connection.line.set_read_timeout(Some(left)).is_ok()
    {
        match connection.reader.read(&mut bytes) {
            Ok(count) if count > 0 => body.feed(&bytes[..count]),
            _ => break,
        }
    }
    body.into_bytes()
}

/// A source of masking keys that nobody can predict (RFC 6455, 5.3; 10.3): a `ChaCha` generator seeded by the system.
///
/// # Errors
/// The system has no random bytes to give.
pub fn masking_keys() -> io::Result<MaskingKeys> {
    let mut generator = StdRng::from_seed(random_bytes()?);
    Ok(Box::new(move || generator.next_u32().to_ne_bytes()))
}

fn random_bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// RFC 6455, 5.3: two sources say nothing of each other, and a key nothing of the next one.
    #[test]
    fn masking_keys_are_fresh_for_each_connection_and_each_frame() {
        let take = |count| masking_keys().map(|mut keys| (0..count).map(|_| keys()).collect::<Vec<_>>());
        let [first, second] = [take(10_000).unwrap(), take(10_000).unwrap()];
        let all: HashSet<[u8; 4]> = first.iter().chain(&second).copied().collect();
        // Of 20000 among 2^32, one in twenty such sets has a pair that is equal by chance, and none has ten.
        assert!(all.len() > 19_990, "{} of 20000 keys differ", all.len());
        let number = |key: &[u8; 4]| u32::from_be_bytes(*key);
        let steps: HashSet<u32> =
            first.windows(2).map(|pair| number(&pair[1]).wrapping_sub(number(&pair[0]))).collect();
        assert!(steps.len() > 9_990, "{} of 9999 steps differ", steps.len());
    }

    #[test]
    fn keys_of_handshakes_are_fresh() {
        let keys: HashSet<String> = (0..1000).map(|_| generate_key(random_bytes().unwrap())).collect();
        assert_eq!(keys.len(), 1000);
    }
}
