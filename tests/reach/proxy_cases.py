"""HTTP proxies between us and the server, which lets in nobody but them: a session has passed through one of them."""

from cases import case
from processes import HERE_ONLY, NONE, Failed, check_equal, wspipe
from servers import LOGIN, nginx, proxy_url, refusing_port, squid, stunnel, tinyproxy, tinyproxy_with_login
from sessions import exchanges, exchanges_bulk, fails, trusting

HTTP = ("tinyproxy", "squid")
OPEN = {"tinyproxy": lambda: tinyproxy().port, "squid": lambda: squid().port}
WITH_LOGIN = {"tinyproxy": lambda: tinyproxy_with_login().port, "squid": lambda: squid().port_with_login}
# What each says in the body of its answer: without credentials, and when the target refuses the connection.
WANTS_LOGIN = {"tinyproxy": "This proxy requires authentication.", "squid": "Cache Access Denied"}
CANT_REACH = {"tinyproxy": "Tinyproxy was unable to connect", "squid": "could not be retrieved"}
CANT_REACH_STATUS = {"tinyproxy": "500", "squid": "503"}


def ws():
    return nginx().url("ws", "behind_proxy")


def wss():
    return nginx().url("wss", "behind_proxy_tls")


def open_proxy(name="tinyproxy"):
    return proxy_url(OPEN[name]())


def nobody():
    """The URL of a proxy that is not there."""
    return proxy_url(refusing_port())


# --- Through the proxy ------------------------------------------------------------------------------------------------


@case("no proxy: the server lets in nobody but the proxies")
def direct():
    fails(5, "403", ws())
    fails(5, "403", wss(), *trusting())


@case("{proxy}, --proxy: lines over ws:// and wss://", HTTP)
def through(proxy):
    exchanges(ws(), "--proxy", open_proxy(proxy))
    exchanges(wss(), *trusting(), "--proxy", open_proxy(proxy))


@case("{proxy}, --proxy: 5 MB at random, both ways, over wss://", HTTP)
def through_bulk(proxy):
    exchanges_bulk(wss(), *trusting(), "--proxy", open_proxy(proxy))


@case("{proxy}, --proxy: inspect", HTTP)
def inspect(proxy):
    with wspipe("inspect", wss(), *trusting(), "--proxy", open_proxy(proxy), input=NONE) as run:
        check_equal("exit status", run.status(), 0, run)


@case("{proxy}, --proxy with a login", HTTP)
def login(proxy):
    url = proxy_url(WITH_LOGIN[proxy](), login=LOGIN)
    exchanges(ws(), "--proxy", url)
    exchanges(wss(), *trusting(), "--proxy", url)


@case("{proxy} with a login in the environment", HTTP)
def login_in_environment(proxy):
    url = proxy_url(WITH_LOGIN[proxy](), login=LOGIN)
    exchanges(ws(), env={"http_proxy": url})
    exchanges(wss(), *trusting(), env={"https_proxy": url})


@case("TLS to the proxy (stunnel before tinyproxy): --proxy https://")
def tls_to_proxy():
    url = proxy_url(stunnel().port, "https")
    exchanges(ws(), *trusting(), "--proxy", url)
    exchanges(wss(), *trusting(), "--proxy", url)
    exchanges_bulk(wss(), *trusting(), "--proxy", url)


@case("TLS to the proxy, and to the server by a name of --sni")
def tls_to_proxy_and_sni():
    url = nginx().url("wss", "tls")
    exchanges(url, *trusting(), "--sni", "other.test", "--proxy", proxy_url(stunnel().port, "https"))


# --- The environment --------------------------------------------------------------------------------------------------


@case("proxies in the environment: ws://")
def environment():
    for name in ["http_proxy", "all_proxy", "ALL_PROXY"]:
        exchanges(ws(), env={name: open_proxy()})
    # The one for this scheme comes before the one for all.
    exchanges(ws(), env={"http_proxy": open_proxy(), "all_proxy": nobody(), "https_proxy": nobody()})


@case("proxies in the environment: wss://")
def environment_tls():
    for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]:
        exchanges(wss(), *trusting(), env={name: open_proxy()})
    exchanges(wss(), *trusting(), env={"https_proxy": open_proxy(), "all_proxy": nobody(), "http_proxy": nobody()})


@case("proxies in the environment: an address without a scheme is that of an HTTP proxy")
def environment_without_scheme():
    exchanges(ws(), env={"http_proxy": open_proxy().removeprefix("http://")})


@case("proxies in the environment: --proxy comes before them, and `none` ignores them")
def option_first():
    exchanges(ws(), "--proxy", open_proxy(), env={"http_proxy": nobody()})
    fails(5, "403", ws(), "--proxy", "none", env={"http_proxy": open_proxy()})
    exchanges(nginx().url("ws", "plain"), "--proxy", "none", env={"http_proxy": nobody(), "ALL_PROXY": nobody()})


@case("proxies in the environment: {name} makes exceptions", ("no_proxy", "NO_PROXY"))
def no_proxy(name):
    url = nginx().url("wss", "tls", host="localhost")
    environment = {"https_proxy": nobody()}
    fails(3, "proxy", url, *trusting(), env=environment)
    for exceptions in ["localhost", "elsewhere.test, localhost", "*"]:
        exchanges(url, *trusting(), env={**environment, name: exceptions})
    # A part of a name is none of its domains.
    fails(3, "proxy", url, *trusting(), env={**environment, name: "host,local,elsewhere.test"})
    exchanges(nginx().url("wss", "tls"), *trusting(), env={**environment, name: HERE_ONLY})


# --- Refusals ---------------------------------------------------------------------------------------------------------


@case("{proxy} without its login", HTTP)
def no_login(proxy):
    port = WITH_LOGIN[proxy]()
    words = ["proxy", "407", "--proxy", WANTS_LOGIN[proxy]]
    fails(3, words, ws(), "--proxy", proxy_url(port))
    fails(3, words, wss(), *trusting(), "--proxy", proxy_url(port))


@case("{proxy} with a wrong login, which is not shown", HTTP)
def wrong_login(proxy):
    # tinyproxy says 401, though it is no server.
    status = {"tinyproxy": "401", "squid": "407"}[proxy]
    url = proxy_url(WITH_LOGIN[proxy](), login="wspipe:not-this-one")
    said = fails(3, ["proxy", status], ws(), "-vv", "--proxy", url)
    if "not-this-one" in said:
        raise Failed(f"the password is shown: {said}")


@case("{proxy} does not let us through to a port", HTTP)
def forbidden(proxy):
    url = {
        "tinyproxy": lambda: proxy_url(tinyproxy_with_login().port, login=LOGIN),
        "squid": lambda: proxy_url(squid().port),
    }[proxy]()
    fails(3, ["proxy", "403"], nginx().url("ws", "plain"), "--proxy", url)


@case("{proxy} can't reach the server, and nobody is there for a proxy: two things", HTTP)
def unreachable(proxy):
    target = f"{HERE_ONLY}:{refusing_port()}"
    status = CANT_REACH_STATUS[proxy]
    fails(3, ["proxy", status, target, CANT_REACH[proxy]], f"ws://{target}/", "--proxy", open_proxy(proxy))
    # Both times the connection to this address is refused, and it is another one's.
    said = fails(3, ["proxy", target, "refused"], ws(), "--proxy", nobody())
    if f" {status} " in said:
        raise Failed(f"a proxy that is not there has answered: {said}")


@case("TLS to a proxy that is not trusted")
def untrusted_proxy():
    fails(4, ["proxy", "--cacert"], ws(), "--proxy", proxy_url(stunnel().port, "https"))


@case("a server behind {proxy} that is not trusted", HTTP)
def untrusted_server(proxy):
    fails(4, ["CN=a good server", "--cacert"], wss(), "--proxy", open_proxy(proxy))
