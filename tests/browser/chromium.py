"""Headless Chromium, and tabs that are driven by its DevTools protocol: lines of JSON, through `wspipe connect`."""

import base64
import functools
import json
import os
import signal
import tempfile
import urllib.request
from pathlib import Path

from processes import NONE, WSPIPE, Failed, Process, program

OPTIONS = [
    "--headless=new",
    "--no-sandbox",  # which root can't have
    "--disable-gpu",
    "--disable-dev-shm-usage",  # small in containers
    "--remote-debugging-port=0",
    # It is to ask nobody for anything but what a case tells it to.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--proxy-server=direct://",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
]

# Whatever the page complains of comes by one of these.
COMPLAINTS = ["Log.entryAdded", "Audits.issueAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"]

MODIFIERS = {"Shift": 8}
KEYS = {"Enter": (13, "\r"), "Tab": (9, None), "Home": (36, None)}

_browser = None


def browser():
    """The one browser of this run."""
    global _browser
    if _browser is None:
        _browser = Chromium()
    return _browser


def end():
    """Ends the browser, if one was started."""
    if _browser is not None:
        _browser.__exit__()


def die(number, _frame):
    """Dies of a signal, and leaves no browser behind: its session is none that the signal reaches."""
    if _browser is not None:
        _browser.kill_all()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


class Chromium(Process):
    """The browser, with a profile of its own, in a session of its own: so whatever it starts ends with it."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="wspipe-chromium-", ignore_cleanup_errors=True)
        command = [program("setsid"), program("chromium", "CHROMIUM"), *OPTIONS, f"--user-data-dir={self._folder.name}"]
        super().__init__(*command, "about:blank", input=NONE, env={"HOME": self._folder.name})
        try:
            self._address = self.wait_for(self.err, devtools_address, "the address for DevTools")
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.terminate()
        try:
            self.status()
        finally:
            self.kill_all()
            super().__exit__()
            self._folder.cleanup()

    def kill_all(self):
        """Ends the browser and all that it has started."""
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # All of them have ended.

    def ask(self, path, method="GET"):
        """Asks the browser for its tabs, or for one more."""
        request = urllib.request.Request(f"http://{self._address}{path}", method=method)
        # No proxy that is set on this machine is meant.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as response:
            return response.read()


def devtools_address(err):
    _, found, rest = err.partition(b"DevTools listening on ws://")
    return rest.partition(b"/")[0].decode() if found and b"/" in rest else None


class Tab(Process):
    """A tab of the browser: a `wspipe connect`, whose output holds all that its page complained of."""

    def __init__(self, url=None):
        self._opened = json.loads(browser().ask("/json/new?about:blank", method="PUT"))
        self._count = 0
        self._forgiven = 0
        super().__init__(WSPIPE, "connect", self._opened["webSocketDebuggerUrl"])
        try:
            for domain in ["Log", "Audits", "Runtime", "Page", "DOM", "Network", "Accessibility"]:
                self.call(f"{domain}.enable")
            # Otherwise only one tab has it, and keys go nowhere in the others.
            self.call("Emulation.setFocusEmulationEnabled", enabled=True)
            if url:
                self.go(url)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        try:
            browser().ask(f"/json/close/{self._opened['id']}")
            self.status()
        finally:
            super().__exit__()

    def call(self, method, **parameters):
        """Calls a method of the protocol, and gives its result."""
        self._count += 1
        number = self._count
        self.write(json.dumps({"id": number, "method": method, "params": parameters}).encode() + b"\n")
        is_reply = lambda event: event.get("id") == number  # noqa: E731
        reply = self.wait_for(self.out, lambda out: next(filter(is_reply, events(out)), None), f"the reply to {method}")
        if "error" in reply:
            raise Failed(f"{method}: {reply['error']}")
        return reply["result"]

    def go(self, url):
        """Loads a page, up to its end."""
        loaded = len(self.events("Page.loadEventFired"))
        self.call("Page.navigate", url=url)
        find = lambda out: True if len(named(out, "Page.loadEventFired")) > loaded else None  # noqa: E731
        self.wait_for(self.out, find, f"the page of {url}")

    def events(self, name):
        """The parameters of all events of this name so far."""
        return named(self.out.so_far(), name)

    def complaints(self):
        """All that is not well in this page, so far. That a connection could not be made is the case's matter."""
        found = [event for name in COMPLAINTS for event in self.events(name)][self._forgiven :]
        return [event for event in found if "WebSocket connection to" not in json.dumps(event)]

    def forgive(self):
        """What was complained of so far is as it should be."""
        self._forgiven = sum(len(self.events(name)) for name in COMPLAINTS)

    def evaluate(self, expression):
        """The value of an expression in the page; of a promise, what it brings."""
        found = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise Failed(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def until(self, condition):
        """Waits until something is true in the page."""
        try:
            look = f"const look = () => ({condition}) ? done(true) : setTimeout(look, 20);"
            self.evaluate(f"new Promise((done) => {{ {look} look(); }})")
        except Failed as failed:
            raise Failed(f"never true: {condition}\nthe page:\n{self.text()}") from failed

    def text(self):
        """The page as it is read."""
        return self.evaluate("document.body.innerText")

    def press(self, key, modifier=None):
        """A key, pressed and released."""
        code, text = KEYS[key]
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": MODIFIERS.get(modifier, 0)}
        down = {**event, "type": "keyDown", "text": text} if text else {**event, "type": "rawKeyDown"}
        self.call("Input.dispatchKeyEvent", **down)
        self.call("Input.dispatchKeyEvent", **event, type="keyUp")

    def type(self, text):
        """Text, where the focus is."""
        self.call("Input.insertText", text=text)

    def save_to(self, folder):
        """Says where files go that are saved."""
        self.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def wait_for_download(self):
        """Waits until a file is saved."""
        self.wait_for(self.out, download, "the file")

    def screenshot(self, path):
        """The page as it looks, in PNG."""
        Path(path).write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


def download(out):
    ended = [event for event in named(out, "Page.downloadProgress") if event["state"] == "completed"]
    return ended or None


def named(out, name):
    return [event["params"] for event in events(out) if event.get("method") == name]


def events(out):
    """The complete lines, as values."""
    return [parsed(line) for line in out.split(b"\n")[:-1]]


@functools.lru_cache(maxsize=None)
def parsed(line):
    return json.loads(line)
