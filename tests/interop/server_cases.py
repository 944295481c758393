"""`wspipe listen` with clients of other making."""

import base64
import json
import random
import re
import tempfile
from pathlib import Path

from cases import case
from client_cases import check_latency, json_bytes, json_events
from libraries import HERE, PYTHON, Client
from processes import NONE, Failed, Listener, Process, Skipped, check_equal, program

LIBRARIES = ("websockets", "ws")


# --- Echo -------------------------------------------------------------------------------------------------------------


@case("listen --echo, {library} connects: text, binary, empty, long, fragmented", LIBRARIES)
def echo(library):
    texts = ["hello", "", "é ✓ 😀 \0", "x" * 1_000_000]
    binaries = [random.Random(size).randbytes(size) for size in (0, 1, 125, 126, 65535, 65536, 5_000_000)]
    encoded = [base64.b64encode(binary).decode() for binary in binaries]
    steps = [["text", text] for text in texts] + [["binary", binary] for binary in encoded]
    fragments = ["in ", "", "three ", "frames"]
    with Listener("--echo", input=NONE) as server:
        steps += [["fragments", fragments], ["receive", len(steps) + 1], ["close", 1000, "thanks"]]
        with Client(library, server.url, *steps) as client:
            client.ends_with(0)
            check_equal("texts", [event["data"] for event in client.events("text")], [*texts, "".join(fragments)])
            check_equal("binaries", [event["data"] for event in client.events("binary")], encoded)
            check_equal("code of the answer", client.event("close")["code"], 1000, client)
            # Compression was offered, and is not done.
            check_equal("extensions", client.event("open")["extensions"], [], client)
        server.terminate()
        server.ends_with(-15, b"", err=server.announcement)


@case("listen --echo: 50 clients of websockets at once, 200 messages each")
def crowd():
    with Listener("--echo", input=NONE) as server:
        script = HERE / "peers" / "crowd.py"
        with Process("python3", script, server.url, 50, 200, input=NONE, env=PYTHON) as clients:
            clients.ends_with(0)
            check_equal("result", json.loads(clients.out.whole()), {"event": "done", "messages": 10_000, "wrong": 0})
        server.terminate()
        server.ends_with(-15, b"", err=server.announcement)


@case("listen --echo, Node's own WebSocket connects")
def builtin():
    node = program("node")
    test = ["-e", "process.exit(typeof WebSocket === 'undefined' ? 1 : 0)"]
    flags = next((flags for flags in ([], ["--experimental-websocket"]) if succeeds(node, *flags, *test)), None)
    if flags is None:
        raise Skipped("this Node has none")
    binary = base64.b64encode(bytes(range(256)) * 300).decode()
    steps = [["text", "é ✓"], ["text", ""], ["binary", binary], ["receive", 3], ["close", 1000, "thanks"]]
    with Listener("--echo", "-s", "chat.v1", input=NONE) as server:
        plan = {"url": server.url, "steps": steps, "subprotocols": ["chat.v1"]}
        script = HERE / "peers" / "client.js"
        with Process(node, *flags, "--no-warnings", script, "builtin", input=json.dumps(plan).encode()) as client:
            client.ends_with(0)
            expected = [
                {"event": "open", "subprotocol": "chat.v1", "extensions": [], "headers": []},
                {"event": "text", "data": "é ✓"},
                {"event": "text", "data": ""},
                {"event": "binary", "data": binary},
            ]
            events = json_events(client.out.whole())
            check_equal("events", events[:-1], expected, client)
            check_equal("code of the answer", events[-1]["code"], 1000, client)


# --- Standard input and output ----------------------------------------------------------------------------------------


@case("listen --once, {library} connects: lines both ways, and the client closes", LIBRARIES)
def once(library):
    with Listener("--once") as server:
        steps = [["text", "to the server"], ["text", ""], ["receive", 2], ["close", 1000, ""]]
        with Client(library, server.url, *steps) as client:
            server.wait_for_output(b"to the server\n\n")
            server.write(b"to the client\n\n")
            server.ends_with(0, b"to the server\n\n", err=server.announcement)
            check_equal("received", [event["data"] for event in client.events("text")], ["to the client", ""])


@case("listen --once, the input ends: {library} gets all of it, then the Close", LIBRARIES)
def input_ends(library):
    lines = [f"line {number}" for number in range(2000)]
    sent = "".join(f"{line}\n" for line in lines).encode()
    with Listener("--once", "--wait", 0, input=sent) as server:
        with Client(library, server.url, ["wait"]) as client:
            server.ends_with(0, b"", err=server.announcement)
            check_equal("received", [event["data"] for event in client.events("text")], lines)
            check_equal("code", client.event("close")["code"], 1000, client)


@case("listen, three clients of {library}: what comes in goes to all, what they send comes out", LIBRARIES)
def several(library):
    with tempfile.TemporaryDirectory() as folder:
        url_file = Path(folder, "url")
        with Listener("--url-file", url_file) as server:
            check_equal("URL file", url_file.read_text(), f"{server.url}\n", server)
            plans = [[["text", f"I am {number}"], ["wait"]] for number in range(3)]
            clients = [Client(library, server.url, *plan) for plan in plans]
            try:
                server.wait_for(server.out, lambda out: out.count(b"\n") == 3 or None, "a line from each")
                server.write(b"for all\nof you\n")
                server.end_input()
                for client in clients:
                    received = [event["data"] for event in client.events("text")]
                    check_equal("received", received, ["for all", "of you"], client)
                    check_equal("code", client.event("close")["code"], 1000, client)
                server.ends_with(0, err=server.announcement)
                came = sorted(server.out.whole().splitlines())
                check_equal("from the clients", came, [b"I am 0", b"I am 1", b"I am 2"], server)
            finally:
                for client in clients:
                    client.__exit__()


@case("listen, {library} connects: json both ways", LIBRARIES)
def json_lines(library):
    # The ping first: nobody answers pings once it closes.
    sent = [{"type": "ping", "data": "?"}, {"type": "text", "data": "✓"}, {"type": "binary", "data": "AAH/"}]
    with Listener("--once", "--format", "json") as server:
        steps = [["text", "1"], ["binary", "AAH/"], ["ping", "p"], ["receive", 2], ["close", 4001, "enough"]]
        with Client(library, server.url, *steps) as client:
            server.write(json_bytes(sent))
            server.ends_with(7, err="4001: enough")
            check_equal("texts", [event["data"] for event in client.events("text")], ["✓"], client)
            check_equal("binaries", [event["data"] for event in client.events("binary")], ["AAH/"], client)
    events = json_events(server.out.whole())
    kept = [{name: event[name] for name in ("type", "data", "code", "reason") if name in event} for event in events]
    expected = [
        {"type": "open"},
        {"type": "text", "data": "1"},
        {"type": "binary", "data": "AAH/"},
        {"type": "ping", "data": "p"},
        {"type": "close", "code": 4001, "reason": "enough"},
    ]
    # The answer to our ping comes when it comes.
    check_equal("events", [event for event in kept if event["type"] != "pong"], expected, server)
    check_equal("pongs", [event for event in kept if event["type"] == "pong"], [{"type": "pong", "data": "?"}], server)


# --- How it ends ------------------------------------------------------------------------------------------------------


@case("listen --once, {library} closes with 4001", LIBRARIES)
def client_closes_badly(library):
    with Listener("--once") as server, Client(library, server.url, ["text", "x"], ["close", 4001, "bye"]) as client:
        server.ends_with(7, b"x\n", err="the peer closed with 4001: bye")
        check_equal("code of the answer", client.event("close")["code"], 4001, client)


@case("listen --once, {library} breaks off", LIBRARIES)
def client_breaks_off(library):
    with Listener("--once") as server, Client(library, server.url, ["receive", 1], ["abort"]):
        server.write(b"x\n")
        server.ends_with(6, b"", err="without a Close")


@case("listen --close-code --close-reason, as {library} sees it", LIBRARIES)
def own_close(library):
    options = ["--once", "--wait", 0, "--close-code", 4002, "--close-reason", "gone ✓"]
    with Listener(*options, input=b"last words") as server, Client(library, server.url, ["wait"]) as client:
        server.ends_with(0, b"", err=server.announcement)
        check_equal("received", [event["data"] for event in client.events("text")], ["last words"])
        closed = client.event("close")
        check_equal("close", (closed["code"], closed["reason"]), (4002, "gone ✓"), client)


@case("listen, SIGTERM, as {library} sees it", LIBRARIES)
def terminated(library):
    with Listener() as server, Client(library, server.url, ["text", "x"], ["wait"]) as client:
        server.wait_for_output(b"x\n")
        server.terminate()
        server.ends_with(-15, b"x\n", err=server.announcement)
        client.ends_with(0)
        check_equal("code", client.event("close")["code"], 1001, client)


# --- The handshake, and heartbeats ------------------------------------------------------------------------------------


@case("listen -s -H --path, {library} connects", LIBRARIES)
def subprotocol(library):
    options = ["-s", "chat.v2", "-s", "chat.v1", "-H", "X-Served-By: interop", "--path", "/here"]
    with Listener("--echo", *options, input=NONE) as server:
        offered = ["unheard-of", "chat.v1", "chat.v2"]
        url = server.url.rstrip("/").removesuffix("/here") + "/here"
        with Client(library, url, ["close", 1000, ""], subprotocols=offered) as client:
            client.ends_with(0)
            opened = client.event("open")
            check_equal("chosen", opened["subprotocol"], "chat.v2", client)
            sent = {name.lower(): value for name, value in opened["headers"]}
            check_equal("header", sent.get("x-served-by"), "interop", client)


@case("listen --path, {library} asks for another", LIBRARIES)
def wrong_path(library):
    with Listener("--echo", "--path", "/here", input=NONE) as server:
        url = server.url.rstrip("/").removesuffix("/here") + "/there"
        with Client(library, url) as client:
            check_equal("exit status", client.status(), 1, client)
            said = client.err.whole().decode()
            if not re.search(r"\b404\b", said):
                raise Failed(f"it was not told 404\n{client.describe()}")


@case("listen answers {library}'s pings", LIBRARIES)
def ping(library):
    for options in (["--echo"], []):
        with Listener(*options) as server:
            pings = [["ping", f"ping {number}"] for number in range(5)]
            with Client(library, server.url, *pings, ["close", 1000, ""]) as client:
                check_latency([event["seconds"] for event in client.events("pong")], 5)


# --- Helpers ----------------------------------------------------------------------------------------------------------


def succeeds(*command):
    with Process(*command, input=NONE) as process:
        return process.status() == 0
