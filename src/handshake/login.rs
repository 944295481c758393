//! What a client has to know to be let in: a user name and password (RFC 7617), or a token (RFC 6750).
//!
//! Invariant: how long a comparison takes says nothing about a secret but, perhaps, its length.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use subtle::ConstantTimeEq as _;

use super::head::RequestHead;
use super::response::{Answer, refusal};
use super::secret::{Credentials, Secret};
use super::token;

/// What lets a client in. Either is enough; where there is neither, everybody may come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// `--user`: HTTP Basic. Without a password, the empty one.
    pub user: Option<Credentials>,
    /// `--token`: in `Authorization: Bearer`, in the query as `token=…`, or as the subprotocol `token.…`.
    pub token: Option<Secret>,
}

impl Login {
    /// The refusal of a request that does not show what is asked for.
    pub(super) fn refuses(&self, request: &RequestHead) -> Option<Answer> {
        if self.user.is_none() && self.token.is_none() {
            return None;
        }
        let tokens = tokens(request);
        if self.is_user(request) || tokens.iter().any(|token| self.is_token(token)) {
            return None;
        }
        let was_given = !tokens.is_empty() || request.head.field("Authorization").is_some();
        let why = match (&self.user, &self.token) {
            _ if was_given => "These credentials are not the right ones.",
            (Some(_), None) => "A user name and password are wanted here.",
            (None, _) => "A token is wanted here.",
            (Some(_), Some(_)) => "A user name and password, or a token, are wanted here.",
        };
        let challenge = |scheme| ("WWW-Authenticate", scheme);
        let basic = self.user.as_ref().map(|_| challenge("Basic realm=\"wspipe\", charset=\"UTF-8\""));
        let bearer = self.token.as_ref().map(|_| challenge("Bearer realm=\"wspipe\""));
        let challenges: Vec<_> = [basic, bearer].into_iter().flatten().collect();
        Some(refusal(Some(request), 401, &challenges, why))
    }

    fn is_user(&self, request: &RequestHead) -> bool {
        let Some(user) = &self.user else { return false };
        let expected = user.pair();
        let given = authorizations(request, "Basic").filter_map(|value| BASE64_STANDARD.decode(value).ok());
        given.into_iter().any(|pair| is_same(&pair, expected.expose().as_bytes()))
    }

    fn is_token(&self, given: &[u8]) -> bool {
        self.token.as_ref().is_some_and(|token| is_same(given, token.expose().as_bytes()))
    }
}

/// All that may be meant as a token.
fn tokens(request: &RequestHead) -> Vec<Vec<u8>> {
    let mut tokens: Vec<_> = authorizations(request, "Bearer").map(<[u8]>::to_vec).collect();
    tokens.extend(token::in_query(&request.target));
    tokens.extend(token::in_subprotocols(&request.head.tokens(token::SUBPROTOCOLS)));
    tokens
}

/// What stands behind a scheme in `Authorization` (RFC 9110, 11.4).
fn authorizations<'a>(request: &'a RequestHead, scheme: &str) -> impl Iterator<Item = &'a [u8]> {
    request.head.values("Authorization").filter_map(move |value| {
        let (given, rest) = value.split_at_checked(scheme.len())?;
        (given.eq_ignore_ascii_case(scheme.as_bytes()) && rest.starts_with(b" ")).then(|| rest.trim_ascii())
    })
}

fn is_same(given: &[u8], expected: &[u8]) -> bool {
    given.ct_eq(expected).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(login: &Login, target: &str, lines: &str) -> u16 {
        let raw = format!("GET {target} HTTP/1.1\r\n{lines}\r\n");
        match login.refuses(&RequestHead::parse(raw.into_bytes()).unwrap()) {
            None => 101,
            Some(Answer::Refuse { status, .. }) => status,
            Some(answer) => panic!("{answer:?}"),
        }
    }

    fn user(pair: &str) -> Login {
        Login { user: Some(pair.parse().unwrap()), token: None }
    }

    fn token(token: &str) -> Login {
        Login { user: None, token: Some(Secret::new(token)) }
    }

    #[test]
    fn nothing_is_asked_of_anybody_by_default() {
        assert_eq!(status(&Login::default(), "/?token=x", "Authorization: Basic eA==\r\n"), 101);
    }

    #[test]
    fn a_user_logs_in_by_basic() {
        let aladdin = user("Aladdin:open sesame");
        for (line, expected) in [
            // RFC 7617, 2 gives this one.
            ("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n", 101),
            ("authorization: basic   QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n", 101),
            ("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZS4=\r\n", 401),
            ("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2Ft\r\n", 401),
            ("Authorization: Basic QWxhZGRpbg==\r\n", 401),
            ("Authorization: Basic Aladdin:open sesame\r\n", 401),
            ("Authorization: Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n", 401),
            ("Authorization: Basic\r\n", 401),
            ("Authorization:\r\n", 401),
            ("Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n", 401),
            ("", 401),
        ] {
            assert_eq!(status(&aladdin, "/", line), expected, "{line}");
        }
        // RFC 7617, 2.1: UTF-8, as the challenge says.
        assert_eq!(status(&user("test:123£"), "/", "Authorization: Basic dGVzdDoxMjPCow==\r\n"), 101);
        assert_eq!(status(&user("bob:"), "/", "Authorization: Basic Ym9iOg==\r\n"), 101);
    }

    #[test]
    fn a_token_comes_in_four_ways() {
        let login = token("s3cret/=");
        for (target, line, expected) in [
            ("/", "Authorization: Bearer s3cret/=\r\n", 101),
            ("/", "Authorization: bearer s3cret/=\r\n", 101),
            ("/?x&token=s3cret%2F%3D", "", 101),
            ("/?token=s3cret/=", "", 101),
            ("/", "Sec-WebSocket-Protocol: chat, token.czNjcmV0Lz0\r\n", 101),
            ("/", "Authorization: Bearer s3cret/\r\n", 401),
            ("/", "Authorization: Bearer\r\n", 401),
            ("/", "Authorization: Basic s3cret/=\r\n", 401),
            ("/?Token=s3cret/=", "", 401),
            ("/?token=", "", 401),
            ("/", "Sec-WebSocket-Protocol: chat, czNjcmV0Lz0\r\n", 401),
            ("/", "Cookie: token=s3cret/=\r\n", 401),
        ] {
            assert_eq!(status(&login, target, line), expected, "{target} {line}");
        }
        assert_eq!(status(&token("abc.def"), "/", "Sec-WebSocket-Protocol: token.abc.def, chat\r\n"), 101);
    }

    #[test]
    fn either_is_enough_and_both_are_named() {
        let login = Login { token: Some(Secret::new("t")), ..user("a:b") };
        assert_eq!(status(&login, "/?token=t", "Authorization: Basic eDp5\r\n"), 101);
        assert_eq!(status(&login, "/?token=x", "Authorization: Basic YTpi\r\n"), 101);
        assert_eq!(status(&login, "/?token=a:b", "Authorization: Bearer a:b\r\n"), 401);
    }
}
