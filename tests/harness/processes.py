"""Processes that are waited for with a time limit, and checks whose failures show both streams."""

import os
import shlex
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
WSPIPE = os.environ.get("WSPIPE") or str(TARGET / "release" / "wspipe")

# What is tried is what the tests ask for: not the proxies that are set on this machine.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}

HERE_ONLY = "127.0.0.1"
NONE = subprocess.DEVNULL

# Nothing here takes more than a few seconds, even on a busy machine: what takes this long is stuck.
LIMIT = 60.0


class Failed(Exception):
    """A case did not come out as it should."""


class Skipped(Exception):
    """A case can't be tried on this machine."""


# --- Processes --------------------------------------------------------------------------------------------------------


class Stream:
    """Everything that a process has written to one of its outputs, collected as it comes."""

    def __init__(self, pipe):
        self._pipe = pipe
        self._bytes = bytearray()
        self._ended = False
        self._changed = threading.Condition()
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        while chunk := self._pipe.read1(1 << 16):
            with self._changed:
                self._bytes += chunk
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, find, limit=LIMIT):
        """What `find` makes of the bytes, as soon as it makes something of them; else None."""
        deadline = time.monotonic() + limit
        with self._changed:
            while (found := find(bytes(self._bytes))) is None and not self._ended:
                if not self._changed.wait(deadline - time.monotonic()):
                    return find(bytes(self._bytes))
            return found

    def whole(self, limit=LIMIT):
        """All of it, once it has ended; None if it does not end."""
        with self._changed:
            return bytes(self._bytes) if self._changed.wait_for(lambda: self._ended, limit) else None

    def so_far(self):
        with self._changed:
            return bytes(self._bytes)


class Process:
    """A child process; leaving its `with` block ends it, if it has not ended by itself."""

    def __init__(self, *command, input=subprocess.PIPE, env=None):
        """`input` is a pipe that is fed by hand, `subprocess.DEVNULL`, or the bytes to feed."""
        self.command = [str(word) for word in command]
        self._env = env or {}
        fed = isinstance(input, bytes)
        self._child = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE if fed else input,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**ENVIRONMENT, **self._env},
        )
        self.out = Stream(self._child.stdout)
        self.err = Stream(self._child.stderr)
        if fed:
            self.feed(input)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self._child.wait()

    def feed(self, data):
        """Gives it its whole input, from a thread: it may not read before it has been read from."""
        threading.Thread(target=self._feed, args=(data,), daemon=True).start()

    def feed_open(self, data):
        """The same, but the input stays open."""
        threading.Thread(target=self._feed, args=(data, False), daemon=True).start()

    def _feed(self, data, end=True):
        try:
            self.write(data)
            if end:
                self.end_input()
        except BrokenPipeError:
            pass  # It ended without wanting all of it, which is its business.

    def write(self, data):
        self._child.stdin.write(data)
        self._child.stdin.flush()

    def end_input(self):
        self._child.stdin.close()

    def is_running(self):
        return self._child.poll() is None

    def kill(self):
        self._child.kill()

    def terminate(self):
        self._child.terminate()

    def wait_for(self, stream, find, what):
        """Waits until `find` makes something of a stream's bytes."""
        found = stream.wait_for(find)
        if found is None:
            raise Failed(f"{what} did not come\n{self.describe()}")
        return found

    def wait_for_output(self, expected):
        """Waits until its output is this, exactly."""
        self.wait_for(self.out, lambda out: True if len(out) >= len(expected) else None, f"{len(expected)} bytes")
        check_equal("output so far", self.out.so_far(), expected, self)

    def status(self):
        """Waits for its end; a negative status is the signal that it died of."""
        try:
            return self._child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise Failed(f"it did not end in {LIMIT:.0f} s\n{self.describe()}") from None

    def ends_with(self, status=0, out=None, err=b""):
        """Checks how it ends: the status, and what it wrote.

        `err` is all that it said, as bytes, or some words that must be in it, as one string or several.
        """
        check_equal("exit status", self.status(), status, self)
        if out is not None:
            check_equal("standard output", self.out.whole(), out, self)
        said = self.err.whole()
        if isinstance(err, bytes):
            check_equal("standard error", said, err, self)
            return
        for words in [err] if isinstance(err, str) else err:
            if words not in said.decode():
                raise Failed(f"standard error does not say {words!r}\n{self.describe()}")

    def describe(self):
        variables = [f"{name}={value}" for name, value in self._env.items()]
        words = [word if len(word) <= 300 else f"{word[:300]}…" for word in [*variables, *self.command]]
        status = self._child.poll()
        if status is not None:
            # What it wrote last is on its way here.
            self.out.whole(limit=1)
            self.err.whole(limit=1)
        return (
            f"command:  {shlex.join(words)}\n"
            f"status:   {'still running' if status is None else status}\n"
            f"stdout:   {excerpt(self.out.so_far())}\n"
            f"stderr:   {excerpt(self.err.so_far())}"
        )


def wspipe(*arguments, **kwargs):
    return Process(WSPIPE, *arguments, **kwargs)


def program(name, variable=None):
    """The path of a program that need not be there."""
    path = variable and os.environ.get(variable) or shutil.which(name)
    if not path:
        raise Skipped(f"no {name} here")
    return path


class Daemon(Process):
    """A server that is ready when its port takes connections; it is asked to end, for it may have children."""

    def __init__(self, *command, port, env=None):
        super().__init__(*command, input=NONE, env=env)
        self.port = port
        try:
            self._wait_until_open(port)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.terminate()
        try:
            self.status()
        finally:
            super().__exit__()

    def _wait_until_open(self, port):
        """Nothing tells when such a server is ready, so it is asked until it is."""
        deadline = time.monotonic() + LIMIT
        while self.is_running() and time.monotonic() < deadline:
            try:
                socket.create_connection((HERE_ONLY, port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise Failed(f"nobody listens on port {port}\n{self.describe()}")


_held = []


def free_ports(count):
    """Ports for servers that can't pick one; nobody else is given them while this process runs.

    They are held by sockets that do not listen: connections are refused, and who asks for the very port gets it.
    """
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind((HERE_ONLY, 0))
    _held.extend(held)
    return [each.getsockname()[1] for each in held]


class Listener(Process):
    """`wspipe listen` on a port that it picks."""

    def __init__(self, *arguments, input=subprocess.PIPE):
        super().__init__(WSPIPE, "listen", "0", *arguments, input=input)
        self.url = self.wait_for(self.err, announced, "the line that says where it listens")
        self.announcement = f"listening on {self.url}\n".encode()


def announced(err):
    line, end, _ = err.partition(b"\n")
    return line.removeprefix(b"listening on ").decode() if end else None


# --- Checks -----------------------------------------------------------------------------------------------------------


def check_equal(what, found, expected, process=None):
    if found != expected:
        described = f"\n{process.describe()}" if process else ""
        raise Failed(f"{what}\nexpected: {excerpt(expected)}\nfound:    {excerpt(found)}{described}")


def excerpt(value, length=600):
    text = repr(value)
    return text if len(text) <= length else f"{text[:length]}… ({len(value)} in all)"
