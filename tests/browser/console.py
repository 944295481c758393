"""The console in a tab, and what a user does with it."""

import json
import subprocess

from chromium import Tab
from processes import WSPIPE, Failed, Listener, Process, Skipped, announced, check_equal


# States come and go while nobody looks.
RECORDER = """{
  const state = document.getElementById("state");
  window.states = [state.textContent];
  new MutationObserver(() => states.push(state.textContent)).observe(state, { childList: true });
}"""


class Console(Tab):
    """The console of a listener, open. At the end, nothing may have been complained of."""

    def __init__(self, url):
        super().__init__(page_of(url))
        self._states_seen = 0
        try:
            self.evaluate(RECORDER)
            self.is_open()
        except BaseException:
            self.__exit__(Failed)
            raise

    def __exit__(self, error=None, *_):
        try:
            if not error:
                check_equal("complaints", self.complaints(), [])
        finally:
            super().__exit__()

    def is_open(self):
        self.state("open")

    def state(self, words):
        """Waits until the state begins with these words, after those that have been waited for; gives it all."""
        find = f"states.findIndex((each, at) => at >= {self._states_seen} && each.startsWith({json.dumps(words)}))"
        self.until(f"{find} >= 0")
        at = self.evaluate(find)
        self._states_seen = at + 1
        return self.evaluate(f"states[{at}]")

    def send(self, text, key="Enter"):
        """Types a text where messages are written, and sends it."""
        self.evaluate("document.getElementById('message').focus()")
        self.type(text)
        self.press(key)

    def choose(self, path):
        """Chooses a file to send."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def click(self, name):
        """Clicks what a user knows by this name."""
        controls = "[...document.querySelectorAll('button, label, a')]"
        self.evaluate(f"{controls}.find((each) => each.innerText.trim() === {json.dumps(name)}).click()")

    def heads(self, direction="entry"):
        """What stands above the entries in the log that went this way, behind the time."""
        heads = f"[...document.querySelectorAll('.{direction} .head')]"
        return self.evaluate(f"{heads}.map((head) => head.querySelector('time').nextSibling.textContent.trim())")

    def messages(self, direction):
        """The texts in the log that went this way."""
        entries = f"[...document.querySelectorAll('.entry.{direction}')]"
        return self.evaluate(f"{entries}.map((entry) => entry.querySelector('pre')?.textContent ?? '')")

    def wait_for_messages(self, direction, texts):
        """Waits until the texts in the log that went this way are these."""
        self.until(f"document.querySelectorAll('.entry.{direction}').length >= {len(texts)}")
        check_equal(f"texts {direction}", self.messages(direction), texts)


def page_of(url):
    return url.replace("ws", "http", 1)


class Again(Process):
    """`wspipe listen` where somebody has listened before."""

    def __init__(self, url, *options):
        super().__init__(WSPIPE, "listen", url.removeprefix("ws://").rstrip("/"), *options)
        check_equal("URL", self.wait_for(self.err, announced, "the line that says where it listens"), url, self)


def listen(*options, **streams):
    return Listener("--page", *options, **streams)


def needs(option):
    """Skips a case where this wspipe can't do what it is about."""
    told = subprocess.run([WSPIPE, "listen", "--help"], capture_output=True, check=True, timeout=60)
    if f" {option}" not in told.stdout.decode():
        raise Skipped(f"this wspipe has no {option}")
