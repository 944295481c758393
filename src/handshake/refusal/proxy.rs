//! Who answered, where a head or an error page tells, and what such a proxy needs to forward a WebSocket.

use super::Refusal;

/// A proxy, the signs by which it is known, in small letters, and what its configuration has to say.
struct Proxy {
    name: &'static str,
    /// How `Server` begins.
    server: &'static [&'static str],
    /// What `Via` has.
    via: &'static [&'static str],
    /// What its own error pages have.
    page: &'static [&'static str],
    /// What makes it forward `Upgrade`; empty where it does so by itself.
    upgrade: &'static str,
}

const PROXIES: [Proxy; 15] = [
    Proxy {
        name: "nginx",
        server: &["nginx", "openresty", "tengine", "angie"],
        via: &["nginx"],
        page: &["<center>nginx", "<center>openresty"],
        upgrade: "`proxy_http_version 1.1;`, `proxy_set_header Upgrade $http_upgrade;` and `proxy_set_header Connection \"upgrade\";`",
    },
    Proxy {
        name: "Apache",
        server: &["apache/", "apache "],
        via: &[],
        page: &["<address>apache/"],
        upgrade: "`ProxyPass … upgrade=websocket`, or mod_proxy_wstunnel with a ws:// URL",
    },
    Proxy {
        name: "HAProxy",
        server: &["haproxy"],
        via: &["haproxy"],
        page: &[
            "no server is available to handle this request",
            "the server returned an invalid or incomplete response",
            "the server didn't respond in time",
        ],
        upgrade: "",
    },
    Proxy { name: "Cloudflare", server: &["cloudflare"], via: &[], page: &[], upgrade: "WebSockets under Network" },
    Proxy {
        name: "Envoy",
        server: &["envoy", "istio-envoy"],
        via: &["envoy"],
        page: &["upstream connect error or disconnect/reset before headers", "no healthy upstream"],
        upgrade: "`upgrade_configs` with `upgrade_type: websocket`",
    },
    Proxy { name: "Traefik", server: &["traefik"], via: &["traefik"], page: &["no available server"], upgrade: "" },
    Proxy { name: "Caddy", server: &["caddy"], via: &["caddy"], page: &[], upgrade: "" },
    Proxy {
        name: "Varnish",
        server: &["varnish"],
        via: &["varnish"],
        page: &["<p>varnish cache server</p>"],
        upgrade: "`return (pipe)` for requests with Upgrade, which vcl_pipe hands on",
    },
    Proxy {
        name: "lighttpd",
        server: &["lighttpd"],
        via: &[],
        page: &[],
        upgrade: "`proxy.header = (\"upgrade\" => \"enable\")`",
    },
    Proxy { name: "a load balancer of AWS", server: &["awselb"], via: &[], page: &[], upgrade: "" },
    Proxy { name: "CloudFront", server: &["cloudfront"], via: &["cloudfront"], page: &[], upgrade: "" },
    Proxy { name: "Squid", server: &["squid"], via: &["squid"], page: &[], upgrade: "" },
    Proxy { name: "Google's front end", server: &["google frontend"], via: &["1.1 google"], page: &[], upgrade: "" },
    Proxy { name: "Heroku's router", server: &[], via: &["vegur", "heroku"], page: &[], upgrade: "" },
    Proxy { name: "Kong", server: &["kong"], via: &["kong"], page: &[], upgrade: "" },
];

impl Refusal {
    /// The proxy that answered, and how it forwards `Upgrade`, if either matters for the status.
    pub(super) fn answered_by(&self) -> Option<String> {
        // A page or a 400 often means that `Upgrade` was lost on the way; Envoy says 403.
        let may_have_lost = |proxy: &Proxy| match self.status() {
            200..=299 | 400 | 426 | 501 => true,
            403 => proxy.name == "Envoy",
            _ => false,
        };
        let (proxy, sign) = PROXIES.iter().find_map(|proxy| Some((proxy, self.sign_of(proxy)?)))?;
        let answered = format!("{} answered ({sign})", proxy.name);
        if may_have_lost(proxy) && !proxy.upgrade.is_empty() {
            return Some(format!("{answered}, which forwards `Upgrade` only if it is told: {}", proxy.upgrade));
        }
        matches!(self.status(), 502..=504 | 520..=530).then_some(answered)
    }

    /// What shows that this proxy answered.
    fn sign_of(&self, proxy: &Proxy) -> Option<String> {
        let lower = |name| self.shown(name).map(|value| (value.to_ascii_lowercase(), value));
        if let Some((server, shown)) = lower("Server")
            && proxy.server.iter().any(|sign| server.starts_with(sign) || server == sign.trim_end_matches(['/', ' ']))
        {
            return Some(format!("Server: {shown}"));
        }
        if let Some((via, shown)) = lower("Via")
            && proxy.via.iter().any(|sign| via.contains(sign))
        {
            return Some(format!("Via: {shown}"));
        }
        let page = String::from_utf8_lossy(&self.body).to_ascii_lowercase();
        proxy.page.iter().any(|sign| page.contains(sign)).then(|| "by its page".to_owned())
    }
}
