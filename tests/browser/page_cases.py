"""What the page is like: what its policy lets in, for keyboards and screen readers, in the dark, on narrow screens."""

import json
import tempfile
from pathlib import Path

from cases import case
from chromium import Tab, named
from console import Console, listen, page_of
from processes import ROOT, Listener, check_equal

IDENTITY = ROOT / "src/net/tls/identity"

OWN = """<!doctype html>
<link rel="icon" href="data:,">
<title>ö</title>
<script>new WebSocket(location).onopen = () => document.title += "!"</script>
"""

# The controls in the order of the Tab key, by role and name.
CONTROLS = [
    ("textbox", "Subprotocols, separated by commas"),
    ("button", "Connect"),
    ("button", "Disconnect"),
    ("log", "Messages"),
    ("textbox", "Message"),
    ("button", "Send"),
    ("radio", "text"),
    ("button", "Send a file"),
    ("button", "Clear the log"),
]


@case("the policy lets in what the page has, and nothing else")
def policy():
    with listen("--echo") as server, listen("--echo") as other, Console(server.url) as page:
        asked_for = {event["request"]["url"] for event in page.events("Network.requestWillBeSent")}
        check_equal("what was asked for", asked_for - {"data:,"}, {page_of(server.url)})
        check_equal("complaints", page.complaints(), [])
        for count, attempt in enumerate([
            "document.head.appendChild(document.createElement('style')).textContent = 'p { color: red }'",
            f"try {{ new WebSocket('{other.url}') }} catch {{}}",
            f"fetch('{page_of(other.url)}').catch(() => 0); 0",
            f"document.body.appendChild(document.createElement('img')).src = '{page_of(other.url)}'",
        ]):
            page.evaluate(attempt)
            refused = lambda out: True if len(named(out, "Audits.issueAdded")) > count else None  # noqa: E731
            page.wait_for(page.out, refused, f"what the policy says to {attempt}")
            codes = {event["issue"]["code"] for event in page.events("Audits.issueAdded")}
            check_equal(attempt, codes, {"ContentSecurityPolicyIssue"}, page)
        found = page.evaluate("try { document.body.innerHTML = '<b>x</b>' } catch (error) { error.name }")
        check_equal("text that would become HTML", found, "TypeError")
        page.forgive()


@case("over TLS, the connection is wss")
def tls():
    identity = ["--cert", IDENTITY / "rsa-cert.pem", "--key", IDENTITY / "rsa.pem"]
    with listen(*identity, "--echo") as server, Tab() as tab:
        tab.call("Security.setIgnoreCertificateErrors", ignore=True)
        tab.go(page_of(server.url))
        tab.until("document.getElementById('state').textContent === 'open'")
        check_equal("URL", tab.evaluate("document.getElementById('url').textContent"), server.url)


@case("somebody's own page is shown as it is, and does what it likes")
def own_page():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "own.html")
        path.write_text(OWN, encoding="utf-8")
        with Listener(f"--page={path}", "--echo") as server, Tab(page_of(server.url)) as tab:
            tab.until("document.title === 'ö!'")
            check_equal("complaints", tab.complaints(), [])


@case("all of it is reached by the Tab key, and can be seen to be")
def keyboard():
    with listen("--echo") as server, Console(server.url) as page:
        check_equal("focus at first", page.evaluate("document.activeElement.id"), "message")
        page.evaluate("document.getElementById('subprotocols').focus()")
        reached = []
        for _ in CONTROLS:
            reached.append(focused(page))
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            check_equal(f"outline of {reached[-1]}", outline, "solid")
            page.press("Tab")
        check_equal("order", reached, CONTROLS)


def focused(page):
    """Role and name of what has the focus, as a screen reader is told."""
    element = page.call("Runtime.evaluate", expression="document.activeElement")["result"]["objectId"]
    [node] = page.call("Accessibility.getPartialAXTree", objectId=element, fetchRelatives=False)["nodes"]
    return node["role"]["value"], node["name"]["value"].partition(":")[0]


@case("the log is scrolled by keys")
def scrolled_by_keys():
    with listen() as server, Console(server.url) as page:
        server.write(b"".join(b"%d\n" % number for number in range(200)))
        page.until("document.querySelectorAll('.entry.received').length === 200")
        page.evaluate("log.focus()")
        page.press("Home")
        page.until("log.scrollTop === 0")


@case("a screen reader is told of the state and of messages")
def live_regions():
    with listen("--echo") as server, Console(server.url) as page:
        live = {}
        for node in page.call("Accessibility.getFullAXTree")["nodes"]:
            properties = {each["name"]: each["value"].get("value") for each in node.get("properties", [])}
            if properties.get("live") not in [None, "off"]:
                live[node["role"]["value"]] = properties["live"]
        check_equal("live regions", live, {"status": "polite", "log": "polite", "alert": "assertive"})


@case("{scheme} colours can be read", ["light", "dark"])
def colours(scheme):
    with listen("--echo") as server, Console(server.url) as page:
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        page.send("x")
        page.wait_for_messages("received", ["x"])
        ground = luminance(page, "body", "backgroundColor")
        check_equal("dark", ground < 0.1, scheme == "dark")
        for selector in ["#state", "#facts", ".sent b", ".received b", "time", "#note", "label", "pre"]:
            ink = luminance(page, selector, "color")
            # WCAG 2.2, 1.4.3: 4.5 to 1 and more.
            contrast = (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05)
            check_equal(f"contrast of {selector}: {contrast:.1f}", contrast >= 4.5, True)


def luminance(page, selector, what):
    """The relative luminance of a colour, as WCAG 2.2 has it."""
    expression = f"getComputedStyle(document.querySelector({json.dumps(selector)})).{what}"
    red, green, blue = (int(part) / 255 for part in page.evaluate(expression).strip("rgb()").split(", "))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@case("on a narrow screen nothing is out of sight")
def narrow():
    with listen("--echo") as server, Console(server.url) as page:
        page.call("Emulation.setDeviceMetricsOverride", width=320, height=640, deviceScaleFactor=1, mobile=True)
        page.send("y" * 500)
        page.wait_for_messages("received", ["y" * 500])
        check_equal("width", page.evaluate("document.documentElement.scrollWidth"), 320)
        check_equal("height", page.evaluate("document.documentElement.scrollHeight"), 640)
        check_equal("log", page.evaluate("log.clientHeight >= 128 && log.scrollWidth <= log.clientWidth"), True)
