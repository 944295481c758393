"""nginx, in front of `wspipe listen`, and in our way."""

import json
import re

from cases import case
from processes import HERE_ONLY, NONE, Failed, check_equal, wspipe
from servers import authority, behind, nginx, refusing_port
from sessions import exchanges, exchanges_bulk, fails, trusting

LONG_HEADER = ["-H", f"X-Long: {'x' * 12_000}"]


# --- Upgrades ---------------------------------------------------------------------------------------------------------


@case("nginx forwards the upgrade: lines")
def plain():
    exchanges(nginx().url("ws", "plain"))


@case("nginx ends TLS: lines")
def tls():
    exchanges(nginx().url("wss", "tls"), *trusting())


@case("nginx ends TLS: 5 MB at random, both ways")
def tls_bulk():
    exchanges_bulk(nginx().url("wss", "tls"), *trusting())


@case("nginx begins TLS to `listen --cert`: lines, and 5 MB at random")
def tls_upstream():
    exchanges(nginx().url("ws", "plain", "over-tls"))
    exchanges_bulk(nginx().url("ws", "plain", "over-tls"))


@case("nginx with HTTP/2 on: lines over HTTP/1.1, by ALPN")
def http2():
    exchanges(nginx().url("wss", "http2"), *trusting())


@case("nginx does not forward the upgrade")
def not_forwarded():
    words = ["the server refused the handshake: 426", "a proxy", "Upgrade"]
    fails(5, words, nginx().url("ws", "plain", "not-forwarded"))
    fails(5, words, nginx().url("wss", "tls", "not-forwarded"), *trusting())


@case("nginx finds nobody behind it")
def down():
    fails(5, ["502 Bad Gateway", "is that server running?"], nginx().url("ws", "plain", "down"))


@case("nginx before a listener with --trust-proxy: another path, wss outside and ws inside, the client's address")
def before_listener():
    url = nginx().url("wss", "tls", "app/room", host="localhost")
    page = ["--origin", "https://localhost"]
    # What a client says of itself stands before what nginx says of it.
    exchanges(url, *trusting(), *page, "-H", "X-Forwarded-For: 203.0.113.9")
    shown = re.compile(rb"client \d+ at 127\.0\.0\.1: /chat/room")
    behind().wait_for(behind().err, lambda err: shown.search(err), "the client's address")
    if b"203.0.113.9" in behind().err.so_far():
        raise Failed("a client can claim an address")
    fails(5, "404 Not Found", nginx().url("wss", "tls", "app/elsewhere", host="localhost"), *trusting(), *page)
    fails(5, "403 Forbidden", url, *trusting(), "--origin", "https://evil.test")
    behind().wait_for(behind().err, lambda err: b"--allow-origin https://evil.test" in err or None, "the flag")


# --- Redirects --------------------------------------------------------------------------------------------------------


@case("nginx redirects to https:// with {status}: told, or followed with -L", ("301", "308"))
def redirect(status):
    url = nginx().url("ws", "plain", {"301": "moved", "308": "moved-for-good"}[status], host="localhost")
    fails(5, [status, "-L", nginx().url("https", "tls", host="localhost")], url)
    exchanges(url, "-L", *trusting())


# --- The wrong scheme -------------------------------------------------------------------------------------------------


@case("nginx, ws:// to its TLS port")
def plain_to_tls():
    fails(5, "wss://", nginx().url("ws", "tls"))


@case("nginx, wss:// to its plain port")
def tls_to_plain():
    fails(4, "ws://", nginx().url("wss", "plain"), *trusting())


# --- What it wants in the request -------------------------------------------------------------------------------------


@case("nginx wants a login: -u")
def login():
    url = nginx().url("wss", "tls", "login")
    fails(5, ["401", "-u"], url, *trusting())
    fails(5, ["401", "-u"], url, *trusting(), "-u", "user:wrong")
    exchanges(url, *trusting(), "-u", "user:pass")


@case("nginx with a limit on headers, and with a higher one")
def long_header():
    fails(5, "Request Header Or Cookie Too Large", nginx().url("ws", "plain"), *LONG_HEADER)
    exchanges(nginx().url("ws", "roomy"), *LONG_HEADER)


# --- TLS --------------------------------------------------------------------------------------------------------------


@case("nginx wants a certificate of the client: --cert, --key")
def client_certificate():
    url = nginx().url("wss", "members")
    fails(5, ["400", "No required SSL certificate was sent", "--cert"], url, *trusting())
    member = authority().issue("a member")
    exchanges(url, *trusting(), *member.options())
    both = member.file.with_name("both.pem")
    both.write_bytes(member.file.read_bytes() + member.key.read_bytes())
    exchanges(url, *trusting(), "--cert", both)


@case("nginx with TLS 1.3 only, and --tls-min 1.3")
def tls_1_3():
    exchanges(nginx().url("wss", "tls_1_3"), *trusting(), "--tls-min", "1.3")


@case("nginx with TLS 1.2 only, and --tls-min")
def tls_1_2():
    exchanges(nginx().url("wss", "tls_1_2"), *trusting(), "--tls-min", "1.2")
    fails(4, "--tls-min", nginx().url("wss", "tls_1_2"), *trusting(), "--tls-min", "1.3")


@case("nginx has another certificate for another name: --sni")
def sni():
    url = nginx().url("wss", "tls")
    exchanges(url, *trusting(), "--sni", "other.test")
    fails(4, ["another name", "reach.test"], nginx().url("wss", "http2"), *trusting(), "--sni", "other.test")


@case("nginx, its certificate unknown, and -k")
def insecure():
    url = nginx().url("wss", "tls")
    fails(4, ["CN=a good server", "--cacert", "-k"], url)
    exchanges(url, "-k")


# --- Addresses --------------------------------------------------------------------------------------------------------


@case("nginx by a name that only --resolve knows")
def resolve():
    url = nginx().url("wss", "tls", host="reach.test")
    to_here = ["--resolve", f"reach.test:{nginx().ports['tls']}:{HERE_ONLY}"]
    fails(3, "reach.test", url, *trusting())
    exchanges(url, *trusting(), *to_here)
    exchanges(url, *trusting(), *to_here, "-4")
    # There is no such address of that name.
    fails(3, "reach.test", url, *trusting(), *to_here, "-6")


# --- inspect ----------------------------------------------------------------------------------------------------------


@case("nginx, inspected as JSON")
def inspect_json():
    with wspipe("inspect", nginx().url("wss", "tls"), *trusting(), "--json", input=NONE) as run:
        run.ends_with(0)
        json.loads(run.out.whole())


@case("nginx, inspected: what it refuses has its status")
def inspect_statuses():
    for status, url, options in [
        (3, f"ws://{HERE_ONLY}:{refusing_port()}/", []),
        (4, nginx().url("wss", "tls"), []),
        (5, nginx().url("wss", "tls", "not-forwarded"), trusting()),
    ]:
        with wspipe("inspect", url, *options, input=NONE) as run:
            check_equal("exit status", run.status(), status, run)


@case("nginx, inspected: --min-days of its certificate")
def inspect_min_days():
    for days, status in [(30, 0), (1000, 4)]:
        with wspipe("inspect", nginx().url("wss", "tls"), *trusting(), "--min-days", days, input=NONE) as run:
            check_equal("exit status", run.status(), status, run)
