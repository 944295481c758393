//! The opening handshake of WebSocket (RFC 6455, 4), as values.
//!
//! Everything here takes bytes and options and gives bytes, values and sentences. There is no socket, thread, clock or
//! random source inside: the key is handed in, the bytes come from the caller in whatever pieces the network made.
//!
//! Invariant: what was on the wire is kept and shown as it was ([`Head::raw`]); what a peer sent gets into a message
//! only by way of [`printable()`]; credentials get into one only as `***`.
//!
//! ```text
//! URL ─► Target ─┐                       bytes ─► HeadReader ─► ResponseHead ─► response_checks ─► Refusal
//!      -H, -s, … ├─► Request ─► bytes          (client)                              │
//!           key ─┘                                                                   ▼
//!                                                                    Check, Check, … for `inspect`
//!                                                                                    ▲
//! bytes ─► HeadReader ─► RequestHead ─► answer ─► bytes             request_checks ──┘
//!        (server)                         └── by the first check that failed
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | read a URL | [`Target`], [`Scheme`], [`Host`] |
//! | make the client's request | [`generate_key`], [`RequestOptions`], [`Header`], [`Request`] |
//! | read a head from a connection | [`HeadReader`], then [`RequestHead`] or [`ResponseHead`] |
//! | judge an answer, or a request | [`response_checks`], [`request_checks`]: a list of [`Check`] |
//! | read what people pasted | [`Captured`]: heads that give such lists, and each [`Repair`] |
//! | say why a server refused | [`Refusal`], with the body by [`BodyExcerpt`] |
//! | follow a redirect | [`Target::redirected`], [`Redirects`] |
//! | compress | [`DeflateTerms`] are offered and answered; [`DeflateAgreement`] is what holds then |
//! | answer as a server | [`answer`], [`ServerOptions`], [`refusal()`]; browsers by a [`Page`] |
//! | say who may come in | [`OriginPattern`], [`Login`] |
//! | show what came from a peer | [`printable()`], [`redact`], [`without_userinfo`], [`without_token`] |
//! | hold a password | [`Secret`], [`Credentials`], [`Authorization`] |

mod admission;
mod body;
mod captured;
mod checks;
mod deflate;
mod extension;
mod forwarded;
mod grammar;
mod head;
mod head_error;
mod header;
mod key;
mod login;
mod origin;
mod page;
mod printable;
mod reader;
mod redirect;
mod refusal;
mod request;
mod response;
mod secret;
mod target;
mod token;

pub use body::{BODY_EXCERPT, BodyExcerpt, BodyLength, ChunkError, Dechunker};
pub use captured::{Captured, CapturedHead, Repair, Side};
pub use checks::{Check, Offer, Verdict, agreed_deflate, lone_response_checks, request_checks, response_checks};
pub use deflate::{ClientWindow, DeflateAgreement, DeflateError, DeflateTerms};
pub(crate) use forwarded::forwarded_for;
pub use grammar::Misplaced;
pub use head::{Head, MAX_FIELDS, RequestHead, ResponseHead, redact, without_userinfo};
pub use head_error::{Guess, HeadError};
pub use header::{Header, HeaderError};
pub use key::{KeyError, accept_for, check_key, generate_key};
pub use login::Login;
pub use origin::{OriginPattern, OriginPatternError};
pub use page::Page;
pub use printable::printable;
pub use reader::{HeadReader, MAX_HEAD};
pub use redirect::{RedirectError, Redirects};
pub use refusal::Refusal;
pub(crate) use refusal::schemes;
pub use request::{Request, RequestError, RequestOptions, check_subprotocols};
pub use response::{Answer, ServerOptions, answer, refusal};
pub use secret::{Authorization, Credentials, CredentialsError, Secret};
pub(crate) use target::Authority;
pub use target::{Host, Scheme, Target, TargetError};
pub(crate) use token::dropped_from as token_dropped_from;
pub use token::without_token;
