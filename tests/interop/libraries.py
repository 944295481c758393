"""Peers around the libraries that `setup` installs, and the server of each that the cases share."""

import inspect
import itertools
import json
import os
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import cases
from processes import NONE, TARGET, Failed, Process, excerpt, wspipe

HERE = Path(__file__).resolve().parent
PEERS = Path(os.environ.get("INTEROP_PEERS") or TARGET / "interop-peers").resolve()
PYTHON = {"PYTHONPATH": str(PEERS / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
NODE = {"NODE_PATH": str(PEERS / "node_modules")}


class Peer(Process):
    """A script around one of the libraries; it prints events, each a line of JSON."""

    def __init__(self, library, role, *arguments, **kwargs):
        self.library = library
        interpreter, env, suffix = {"websockets": ("python3", PYTHON, "py"), "ws": ("node", NODE, "js")}[library]
        super().__init__(interpreter, HERE / "peers" / f"{role}.{suffix}", *arguments, env=env, **kwargs)

    def event(self, name, **fields):
        """The first event of this name with these fields; waits for it."""

        def find(out):
            wanted = {"event": name, **fields}.items()
            return next((event for event in parse_events(out) if wanted <= pairs(event)), None)

        return self.wait_for(self.out, find, f"the event {name} {fields or ''}")

    def events(self, name):
        """All events of this name, once it has ended."""
        self.ends_with(0)
        return [event for event in parse_events(self.out.whole()) if event["event"] == name]


class Server(Peer):
    """A server that does what the path of the URL asks for; see peers/server.py."""

    def __init__(self, library):
        super().__init__(library, "server", input=NONE)
        self._port = self.event("listening")["port"]

    def visit(self, behaviour, **parameters):
        return Visit(self, behaviour, parameters)


class Visit:
    """One connection to a server, known by the number in its URL."""

    _numbers = itertools.count(1)

    def __init__(self, server, behaviour, parameters):
        self._server = server
        self._number = str(next(self._numbers))
        self.target = f"/{behaviour}?{urlencode({'id': self._number, **parameters})}"
        self.url = f"ws://127.0.0.1:{server._port}{self.target}"

    def event(self, name):
        return self._server.event(name, id=self._number)

    def connect(self, *arguments, input=subprocess.PIPE):
        return wspipe("connect", self.url, *arguments, input=input)


class Client(Peer):
    """A client that carries out steps; see peers/client.py."""

    def __init__(self, library, url, *steps, subprotocols=(), headers=None):
        plan = {"url": url, "steps": steps, "subprotocols": list(subprotocols), "headers": headers or {}}
        super().__init__(library, "client", input=json.dumps(plan).encode())


def parse_events(out):
    return [json.loads(line) for line in out.split(b"\n")[:-1]]


def pairs(event):
    """An event's simple fields, as a set."""
    return {(name, value) for name, value in event.items() if isinstance(value, str | int)}


# --- Cases ------------------------------------------------------------------------------------------------------------


def run_cases(words):
    """Runs the cases; those that take a `server` share one for each library. True if none failed."""
    servers = {}

    def attempt(function, library):
        if "server" not in inspect.signature(function).parameters:
            return cases.call(function, library)
        if library not in servers:
            servers[library] = Server(library)
        try:
            function(server=servers[library])
        except Failed as why:
            # It may be the server that came to grief; the next case gets a new one.
            with servers.pop(library) as server:
                raise Failed(f"{why}\nserver's stderr: {excerpt(server.err.so_far())}") from None

    try:
        return cases.run_cases(words, attempt)
    finally:
        for server in servers.values():
            server.__exit__()
