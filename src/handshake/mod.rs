//! The opening handshake of WebSocket (RFC 6455, 4), as values: no I/O, no clock, no randomness.

mod body;
mod checks;
mod grammar;
mod head;
mod head_error;
mod header;
mod key;
mod printable;
mod reader;
mod request;
mod response;
mod secret;
mod target;

pub use body::{BODY_EXCERPT, BodyExcerpt, BodyLength, ChunkError, Dechunker};
pub use checks::{Check, Offer, Verdict, request_checks, response_checks};
pub use grammar::Misplaced;
pub use head::{Head, MAX_FIELDS, RequestHead, ResponseHead, redact};
pub use head_error::{Guess, HeadError};
pub use header::{Header, HeaderError};
pub use key::{KeyError, accept_for, check_key, generate_key};
pub use printable::printable;
pub use reader::{HeadReader, MAX_HEAD};
pub use request::{Request, RequestError, RequestOptions, check_subprotocols};
pub use response::{Answer, ServerOptions, answer, refusal};
pub use secret::{Authorization, Credentials, CredentialsError, Secret};
pub use target::{Host, Scheme, Target, TargetError};
