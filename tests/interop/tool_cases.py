"""wspipe with command-line tools of other making; a tool that is not there is skipped."""

import random
from contextlib import contextmanager

from cases import case
from libraries import PEERS
from processes import (
    HERE_ONLY,
    LIMIT,
    NONE,
    Daemon,
    Failed,
    Listener,
    Process,
    Skipped,
    free_ports,
    program,
    wspipe,
)


@case("listen --echo, wscat -x")
def wscat():
    tool = PEERS / "node_modules" / ".bin" / "wscat"
    # Its input stays open: it leaves as soon as that ends.
    with Listener("--echo", input=NONE) as server, Process(tool, "-c", server.url, "-x", "é ✓", "-w", 1) as client:
        client.ends_with(0, "é ✓\n".encode())


@case("listen --once, wscat offers a subprotocol, a header and a password")
def wscat_handshake():
    tool = PEERS / "node_modules" / ".bin" / "wscat"
    with Listener("--once", "-s", "chat", "--out", "json") as server:
        options = ["-s", "chat", "-H", "X-Trace: 1", "--auth", "user:pass", "-x", "hello", "-w", 1]
        with Process(tool, "-c", server.url, *options) as client:
            server.wait_for(server.out, lambda out: b'"data":"hello"' in out or None, "wscat's message")
            server.write(b"welcome\n")
            client.ends_with(0, b"welcome\n")
        if b'"subprotocol":"chat"' not in server.out.so_far():
            raise Failed(f"no subprotocol was agreed on\n{server.describe()}")


@case("listen --echo, websocat")
def websocat_client():
    with Listener("--echo", input=NONE) as server:
        with Process(websocat(), "-n1", server.url, input=b"one\ntwo\n") as client:
            client.ends_with(0, b"one\n")
        with Process(websocat(), "-n", server.url) as client:
            client.write("one\n\né ✓\n".encode())
            client.wait_for_output("one\n\né ✓\n".encode())


@case("connect, websocat mirrors")
def websocat_server():
    sent = b"".join(b"line %d\n" % number for number in range(1000))
    with serving(websocat(), "--text", "ws-l:{address}", "mirror:") as url:
        with wspipe("connect", url, "-c", 1000, input=sent) as run:
            run.ends_with(0, sent)


@case("connect, websocketd runs cat")
def websocketd_lines():
    sent = b"".join(b"line %d\n" % number for number in range(1000))
    with serving(*websocketd("cat")) as url:
        with wspipe("connect", url, "-c", 1000, input=sent) as run:
            run.ends_with(0, sent)
        with wspipe("connect", url, "-c", 1, input=b"x" * 60_000 + b"\n") as run:
            run.ends_with(0, b"x" * 60_000 + b"\n")


@case("connect -b, websocketd --binary runs cat")
def websocketd_binary():
    generator = random.Random(3)
    came = b""
    with serving(*websocketd("--binary", "cat")) as url, wspipe("connect", url, "-b", "--wait", 0) as run:
        # A piece at a time: it stops for good when more is on its way than the pipes to and from its program hold.
        for _ in range(50):
            piece = generator.randbytes(20_000)
            came += piece
            run.write(piece)
            run.wait_for_output(came)
        run.end_input()
        run.ends_with(0, came)


@case("connect, websocketd's program ends")
def websocketd_ends():
    expected = b"".join(b"%d\n" % number for number in range(1, 1001))
    with serving(*websocketd("seq", "1000")) as url, wspipe("connect", url, input=NONE) as run:
        # All has come, but it sends no Close, so that nobody can know.
        run.ends_with(6, expected, err="without a Close")


@case("listen --once, curl ws://")
def curl():
    tool = program("curl")
    with Process(tool, "--version", input=NONE) as version:
        version.ends_with(0)
        protocols = version.out.whole().partition(b"Protocols:")[2].split(b"\n")[0].split()
    if b"ws" not in protocols:
        raise Skipped("this curl does not speak it")
    with Listener("--once", "--wait", 0, input=b"one\ntwo\n") as server:
        with Process(tool, "--silent", "--no-buffer", server.url, input=NONE) as client:
            client.wait_for_output(b"onetwo")


@case("listen, curl http://")
def curl_http():
    with Listener("--echo", input=NONE) as server:
        url = server.url.replace("ws://", "http://")
        options = ["--silent", "--max-time", LIMIT, "--output", "/dev/null", "--write-out", "%{http_code}"]
        with Process(program("curl"), *options, url, input=NONE) as client:
            client.ends_with(0, b"426")


# --- Helpers ----------------------------------------------------------------------------------------------------------


def websocat():
    installed = PEERS / "python" / "bin" / "websocat"
    return installed if installed.exists() else program("websocat", "WEBSOCAT")


def websocketd(*words):
    address = ["--address", HERE_ONLY, "--port", "{port}"]
    return [program("websocketd"), *address, "--loglevel", "error", *words]


@contextmanager
def serving(*command):
    """The URL of a server that can't say which port it picked; it is told one."""
    (port,) = free_ports(1)
    words = {"port": port, "address": f"{HERE_ONLY}:{port}"}
    with Daemon(*(str(word).format(**words) for word in command), port=port):
        yield f"ws://{HERE_ONLY}:{port}/"
