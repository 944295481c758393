//! Proxies, as values: which one a target is reached through, and what is said to it. There is no I/O here.
//!
//! | to | use |
//! | --- | --- |
//! | read a proxy's URL | [`Proxy`], [`ProxyScheme`] |
//! | choose one for a target, as curl does | [`ProxyRules`], [`Exceptions`] |
//! | speak to an HTTP proxy (RFC 9110, 9.3.6) | [`connect_request`], [`ConnectRefusal`] |
//! | speak to a SOCKS proxy (RFC 1928, RFC 1929) | [`socks`] |

mod connect;
mod exceptions;
mod rules;
pub mod socks;
mod url;

pub use connect::{ConnectRefusal, connect_request};
pub use exceptions::Exceptions;
pub use rules::{ProxyRules, WrongProxy};
pub use url::{Proxy, ProxyScheme, ProxyUrlError};
