//! Secrets that can't be printed by accident.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::grammar::{self, Misplaced};

/// A password, token or cookie. `Debug` and `Display` print `***`; [`Secret::expose`] is the only way to the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes `text` out of sight.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the wire.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::new(text))
    }
}

/// A user name and, where one was given, a password: what HTTP Basic authentication can carry (RFC 7617, 2).
///
/// Invariant: neither holds a control character, and the user name holds no colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: Option<Secret>,
}

/// Why a user name and password can't be sent. The message never shows either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// The user name holds a colon, where Basic authentication starts the password.
    #[error("the user name has a colon at position {0}: Basic authentication can't carry that")]
    Colon(usize),
    /// The user name holds a control character.
    #[error("the user name has {0}: control characters can't be sent")]
    User(Misplaced),
    /// The password holds a control character.
    #[error("the password has a control character at position {0}: it can't be sent")]
    Password(usize),
}

impl Credentials {
    /// Credentials from their parts.
    pub fn new(user: impl Into<String>, password: Option<String>) -> Result<Self, CredentialsError> {
        let user = user.into();
        let control = |text: &str| Misplaced::first(text, char::is_control);
        if let Some(colon) = Misplaced::first(&user, |c| c == ':') {
            return Err(CredentialsError::Colon(colon.position));
        }
        if let Some(found) = control(&user) {
            return Err(CredentialsError::User(found));
        }
        if let Some(found) = password.as_deref().and_then(control) {
            return Err(CredentialsError::Password(found.position));
        }
        Ok(Self { user, password: password.map(Secret::new) })
    }

    /// The user name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The value of a header that carries them: `Basic …` (RFC 7617, 2).
    #[must_use]
    pub(crate) fn basic(&self) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(self.pair().expose()))
    }

    /// What the header carries: user name and password with a colon between; without a password, the empty one.
    pub(super) fn pair(&self) -> Secret {
        let password = self.password.as_ref().map_or("", Secret::expose);
        Secret(format!("{}:{password}", self.user))
    }

    /// The password; `None` where only a user name was given, so that a program may ask for it.
    #[must_use]
    pub fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }
}

/// `USER[:PASSWORD]`, the form of `-u`: everything behind the first colon is the password.
impl FromStr for Credentials {
    type Err = CredentialsError;

    fn from_str(text: &str) -> Result<Self, CredentialsError> {
        match text.split_once(':') {
            Some((user, password)) => Self::new(user, Some(password.to_owned())),
            None => Self::new(text, None),
        }
    }
}

/// What `-u` and `--bearer` ask for: the value of the `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// `Basic`, RFC 7617.
    Basic(Credentials),
    /// `Bearer`, RFC 6750.
    Bearer(Secret),
}

impl Authorization {
    /// The header value, or what can't stand in one.
    pub(super) fn value(&self) -> Result<String, Misplaced> {
        match self {
            Self::Basic(credentials) => Ok(credentials.basic()),
            Self::Bearer(token) => match grammar::outside_value(token.expose()) {
                Some(found) => Err(found),
                None => Ok(format!("Bearer {}", token.expose())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_stars_only() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(secret.expose(), "hunter2");
        let credentials: Credentials = "bob:hunter2".parse().unwrap();
        assert!(!format!("{:?}", Authorization::Basic(credentials)).contains("hunter2"));
    }

    #[test]
    fn credentials_split_at_the_first_colon() {
        let both: Credentials = "bob:a:b".parse().unwrap();
        assert_eq!((both.user(), both.password().unwrap().expose()), ("bob", "a:b"));
        let alone: Credentials = "bob".parse().unwrap();
        assert_eq!((alone.user(), alone.password()), ("bob", None));
        let empty: Credentials = "bob:".parse().unwrap();
        assert_eq!(empty.password().unwrap().expose(), "");
    }

    #[test]
    fn credentials_that_basic_cannot_carry() {
        let message =
            |user: &str, password: &str| Credentials::new(user, Some(password.into())).unwrap_err().to_string();
        assert_eq!(
            message("a:b", ""),
            "the user name has a colon at position 2: Basic authentication can't carry that"
        );
        assert_eq!(message("a\n", ""), "the user name has a line feed at position 2: control characters can't be sent");
        assert_eq!(message("a", "s\tx"), "the password has a control character at position 2: it can't be sent");
    }

    #[test]
    fn values_on_the_wire() {
        // RFC 7617, 2 gives this pair.
        let aladdin = Authorization::Basic("Aladdin:open sesame".parse().unwrap());
        assert_eq!(aladdin.value().unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let no_password = Authorization::Basic("bob".parse().unwrap());
        assert_eq!(no_password.value().unwrap(), "Basic Ym9iOg==");
        assert_eq!(Authorization::Bearer(Secret::new("t0k")).value().unwrap(), "Bearer t0k");
        assert!(Authorization::Bearer(Secret::new("a\r\nX: y")).value().is_err());
    }
}
