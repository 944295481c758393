"""SOCKS proxies between us and the server, which lets in nobody but the proxies."""

from cases import case
from processes import HERE_ONLY, Failed, Skipped
from servers import (
    LOGIN,
    ONLY_THERE,
    may_have_own_hosts,
    microsocks,
    microsocks_with_login,
    nginx,
    proxy_url,
    refusing_port,
)
from sessions import exchanges, exchanges_bulk, fails, trusting

SCHEMES = ("socks5", "socks5h")


def ws(host=HERE_ONLY):
    return nginx().url("ws", "behind_proxy", host=host)


def wss(host=HERE_ONLY):
    return nginx().url("wss", "behind_proxy_tls", host=host)


@case("microsocks, {scheme}://: an address, and a name that all know", SCHEMES)
def through(scheme):
    proxy = ["--proxy", proxy_url(microsocks().port, scheme)]
    exchanges(ws(), *proxy)
    exchanges(wss(), *trusting(), *proxy)
    exchanges(ws("localhost"), *proxy)
    exchanges(wss("localhost"), *trusting(), *proxy)


@case("microsocks, {scheme}://: 5 MB at random, both ways, over wss://", SCHEMES)
def through_bulk(scheme):
    exchanges_bulk(wss("localhost"), *trusting(), "--proxy", proxy_url(microsocks().port, scheme))


@case("microsocks, by the environment")
def environment():
    url = proxy_url(microsocks().port, "socks5h")
    exchanges(ws(), env={"all_proxy": url})
    exchanges(wss(), *trusting(), env={"ALL_PROXY": url})
    exchanges(wss(), *trusting(), env={"https_proxy": url})


@case("microsocks: a name that only it can look up: socks5h://, not socks5://")
def remote_name():
    if not may_have_own_hosts():
        raise Skipped("no process may have an /etc/hosts of its own here")
    exchanges(ws(ONLY_THERE), "--proxy", proxy_url(microsocks().port, "socks5h"))
    exchanges(wss(ONLY_THERE), *trusting(), "--proxy", proxy_url(microsocks().port, "socks5h"))
    fails(3, ONLY_THERE, ws(ONLY_THERE), "--proxy", proxy_url(microsocks().port, "socks5"))


@case("microsocks: a name that it can't look up")
def unknown_name():
    fails(3, ["proxy", "nobody.test"], ws("nobody.test"), "--proxy", proxy_url(microsocks().port, "socks5h"))


@case("microsocks with a login, {scheme}://", SCHEMES)
def login(scheme):
    proxy = ["--proxy", proxy_url(microsocks_with_login().port, scheme, LOGIN)]
    exchanges(ws(), *proxy)
    exchanges(wss(), *trusting(), *proxy)


@case("microsocks without its login, and with a wrong one, which is not shown")
def wrong_login():
    port = microsocks_with_login().port
    fails(3, ["proxy", "--proxy"], ws(), "--proxy", proxy_url(port, "socks5"))
    said = fails(3, "proxy", ws(), "-vv", "--proxy", proxy_url(port, "socks5", "wspipe:not-this-one"))
    if "not-this-one" in said:
        raise Failed(f"the password is shown: {said}")


@case("microsocks can't reach the server, and nobody is there for a proxy: two things")
def unreachable():
    target = f"{HERE_ONLY}:{refusing_port()}"
    port = microsocks().port
    through = fails(3, ["proxy", target, "refused"], f"ws://{target}/", "--proxy", proxy_url(port, "socks5"))
    absent = fails(3, ["proxy", target, "refused"], ws(), "--proxy", proxy_url(refusing_port(), "socks5"))
    if through == absent:
        raise Failed(f"both are the same: {absent}")


@case("microsocks, taken for an HTTP proxy")
def mixed_up():
    fails(3, "proxy", ws(), "--connect-timeout", 5, "--proxy", proxy_url(microsocks().port))
