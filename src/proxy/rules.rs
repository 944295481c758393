//! Which proxy a target is reached through.

use super::{Exceptions, Proxy, ProxyUrlError};
use crate::handshake::{Scheme, Secret, Target};

/// Says which proxy a target is reached through.
#[derive(Debug, Clone, Default)]
pub struct ProxyRules {
    ws: Option<Source>,
    wss: Option<Source>,
    exceptions: Exceptions,
}

/// A proxy that was given, read when it is needed: one in the environment that is wrong hinders no other run.
#[derive(Debug, Clone)]
struct Source {
    name: &'static str,
    url: Secret,
}

/// A proxy whose URL is wrong, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the proxy of {from}: {error}")]
pub struct WrongProxy {
    /// `--proxy`, or a variable of the environment.
    pub from: &'static str,
    /// What is wrong with it.
    pub error: ProxyUrlError,
}

impl ProxyRules {
    /// This proxy for every target.
    #[must_use]
    pub fn always(url: Secret) -> Self {
        let source = Source { name: "--proxy", url };
        ProxyRules { ws: Some(source.clone()), wss: Some(source), exceptions: Exceptions::default() }
    }

    /// What the environment says, as curl reads it, which knows no `HTTP_PROXY`: `http_proxy` for `ws://`, `https_proxy` for `wss://`, else `all_proxy`,
    /// and `no_proxy` names what is reached directly. Lower case goes before upper case, and an empty variable counts as
    /// none. `HTTP_PROXY` does not count in a CGI program, where the client sets it by a header `Proxy`.
    #[must_use]
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_cgi = variable("REQUEST_METHOD").is_some();
        let first = |names: &[&'static str]| {
            let mut given = names.iter().filter(|name| !(is_cgi && **name == "HTTP_PROXY"));
            given.find_map(|name| {
                let url = variable(name).filter(|url| !url.is_empty())?;
                Some(Source { name, url: Secret::new(url) })
            })
        };
        let given = ["no_proxy", "NO_PROXY"].into_iter().filter_map(&variable).find(|list| !list.is_empty());
        let exceptions = given.unwrap_or_default();
        ProxyRules {
            ws: first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
            wss: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            exceptions: Exceptions::read(&exceptions),
        }
    }

    /// Whether one of the proxies is spoken to over TLS.
    #[must_use]
    pub fn need_tls(&self) -> bool {
        let is_secure = |source: &Source| source.url.expose().to_ascii_lowercase().starts_with("https://");
        self.ws.iter().chain(&self.wss).any(is_secure)
    }

    /// The proxy for a target; none where it is reached directly, as a unix socket always is.
    ///
    /// # Errors
    /// The URL of the proxy that would be used is wrong.
    pub fn for_target(&self, target: &Target) -> Result<Option<Proxy>, WrongProxy> {
        let source = match target.scheme {
            Scheme::Ws => &self.ws,
            Scheme::Wss => &self.wss,
            Scheme::WsUnix => &None,
        };
        let source = source.as_ref().filter(|_| !self.exceptions.has(&target.host));
        let read =
            |Source { name, url }: &Source| url.expose().parse().map_err(|error| WrongProxy { from: name, error });
        source.map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(environment: &[(&str, &str)], url: &str) -> Result<String, String> {
        let rules = ProxyRules::of_environment(|name| {
            environment.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
        });
        let proxy = rules.for_target(&url.parse().unwrap()).map_err(|error| error.to_string())?;
        Ok(proxy.map_or_else(|| "none".to_owned(), |proxy| proxy.to_string()))
    }

    #[track_caller]
    fn check(environment: &[(&str, &str)], expected: &[(&str, &str)]) {
        for (url, proxy) in expected {
            assert_eq!(chosen(environment, url).as_deref(), Ok(*proxy), "{url}");
        }
    }

    #[test]
    fn without_variables_there_is_no_proxy() {
        check(&[], &[("ws://a.test", "none"), ("wss://a.test", "none")]);
        check(&[("http_proxy", ""), ("all_proxy", "")], &[("ws://a.test", "none")]);
    }

    #[test]
    fn each_scheme_has_its_own() {
        let both = [("http_proxy", "p:1"), ("https_proxy", "socks5h://q:2")];
        check(
            &both,
            &[("ws://a.test", "http://p:1"), ("http://a.test", "http://p:1"), ("wss://a.test", "socks5h://q:2")],
        );
        let all = [("all_proxy", "socks5://r:3"), ("http_proxy", "p:1")];
        check(&all, &[("ws://a.test", "http://p:1"), ("wss://a.test", "socks5://r:3"), ("ws+unix:/a", "none")]);
    }

    #[test]
    fn lower_case_goes_first() {
        check(&[("HTTP_PROXY", "u:1"), ("http_proxy", "l:1")], &[("ws://a.test", "http://l:1")]);
        check(&[("HTTP_PROXY", "u:1")], &[("ws://a.test", "http://u:1"), ("wss://a.test", "none")]);
        check(
            &[("HTTPS_PROXY", "u:1"), ("ALL_PROXY", "v:1")],
            &[("ws://a.test", "http://v:1"), ("wss://a.test", "http://u:1")],
        );
        check(&[("HTTP_PROXY", "u:1"), ("http_proxy", "")], &[("ws://a.test", "http://u:1")]);
    }

    #[test]
    fn a_header_of_a_cgi_request_is_no_proxy() {
        let cgi = [("HTTP_PROXY", "evil:1"), ("HTTPS_PROXY", "p:1"), ("REQUEST_METHOD", "GET")];
        check(&cgi, &[("ws://a.test", "none"), ("wss://a.test", "http://p:1")]);
    }

    #[test]
    fn exceptions_are_reached_directly() {
        for name in ["no_proxy", "NO_PROXY"] {
            let environment = [("ALL_PROXY", "p:1"), (name, "a.test,127.0.0.0/8")];
            check(
                &environment,
                &[
                    ("ws://a.test", "none"),
                    ("wss://b.a.test", "none"),
                    ("ws://127.1.2.3", "none"),
                    ("ws://b.test", "http://p:1"),
                ],
            );
        }
    }

    #[test]
    fn an_empty_list_of_exceptions_counts_as_none() {
        let environment = [("ALL_PROXY", "p:1"), ("no_proxy", ""), ("NO_PROXY", "a.test")];
        check(&environment, &[("ws://a.test", "none"), ("ws://b.test", "http://p:1")]);
    }

    #[test]
    fn a_wrong_proxy_is_told_when_it_is_needed() {
        let environment = [("HTTPS_PROXY", "ftp://u:secret@p"), ("no_proxy", "a.test")];
        check(&environment, &[("ws://b.test", "none"), ("wss://a.test", "none")]);
        let error = chosen(&environment, "wss://b.test").unwrap_err();
        assert!(error.contains("HTTPS_PROXY") && error.contains("ftp://") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn one_that_is_asked_for_is_for_all() {
        let rules = ProxyRules::always(Secret::new("socks5://p"));
        for url in ["ws://127.0.0.1", "wss://a.test"] {
            let proxy = rules.for_target(&url.parse().unwrap()).unwrap();
            assert_eq!(proxy.unwrap().to_string(), "socks5://p:1080");
        }
    }
}
