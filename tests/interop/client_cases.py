"""`wspipe connect` against servers of other making."""

import base64
import hashlib
import json
import random

from cases import case
from processes import NONE, Failed, check_equal, wspipe

LIBRARIES = ("websockets", "ws")


# --- What is sent comes back ------------------------------------------------------------------------------------------


@case("connect, {library} echoes: lines", LIBRARIES)
def lines(server):
    sent = b"".join(b"line %d\n" % number for number in range(1000))
    with server.visit("echo").connect("-c", 1000, input=sent) as run:
        run.ends_with(0, sent)


@case("connect, {library} echoes: a last line without its end, closed after --wait", LIBRARIES)
def last_line(server):
    visit = server.visit("echo")
    with visit.connect(input=b"one\ntwo") as run:
        run.ends_with(0, b"one\ntwo\n")
    check_equal("code at the server", visit.event("close")["code"], 1000)


@case("connect, {library} echoes: empty messages", LIBRARIES)
def empty(server):
    with server.visit("echo").connect("-c", 5, input=b"\n\nx\n\n\n") as run:
        run.ends_with(0, b"\n\nx\n\n\n")


@case("connect, {library} echoes: UTF-8 of every length", LIBRARIES)
def utf8(server):
    sent = "é ✓ 😀 \u0000\u007f\u0080\u07ff\u0800\uffff\U00010000\U0010ffff\n".encode() * 50
    with server.visit("echo").connect("-c", 50, input=sent) as run:
        run.ends_with(0, sent)


@case("connect, {library} echoes: one line of 1 MB", LIBRARIES)
def long_line(server):
    sent = b"x" * 1_000_000 + b"\n"
    with server.visit("echo").connect("-c", 1, input=sent) as run:
        run.ends_with(0, sent)


@case("connect, {library} echoes: -b, 5 MB at random", LIBRARIES)
def raw(server):
    sent = random.Random(1).randbytes(5_000_000)
    # The driver says when the input ends, not the clock: when all has come back.
    with server.visit("echo").connect("-b", "--wait", 0) as run:
        run.feed_open(sent)
        run.wait_for_output(sent)
        run.end_input()
        run.ends_with(0, sent)


@case("connect, {library} echoes: -b --in whole, 5 MB as one message", LIBRARIES)
def whole(server):
    sent = random.Random(2).randbytes(5_000_000)
    with server.visit("echo").connect("-b", "--in", "whole", "-c", 1, input=sent) as run:
        run.ends_with(0, sent)


@case("connect, {library} echoes: length, binary, of lengths at the header's limits", LIBRARIES)
def length(server):
    sizes = [0, 1, 125, 126, 127, 65535, 65536, 70000]
    sent = b"".join(size.to_bytes(4) + random.Random(size).randbytes(size) for size in sizes)
    with server.visit("echo").connect("-b", "--format", "length", "-c", len(sizes), input=sent) as run:
        run.ends_with(0, sent)


@case("connect, {library} echoes: json", LIBRARIES)
def json_lines(server):
    visit = server.visit("echo")
    messages = [
        {"type": "text", "data": 'quote " and ✓'},
        {"type": "binary", "data": base64.b64encode(bytes(range(256))).decode()},
        {"type": "text", "data": ""},
    ]
    ping = {"type": "ping", "data": "are you there?"}
    with visit.connect("--format", "json") as run:
        run.write(json_bytes([ping, *messages]))
        run.wait_for(run.out, lambda out: out.count(b'"type":"text"') == 2 or None, "the echo")
        run.wait_for(run.out, lambda out: b'"type":"pong"' in out or None, "the pong")
        run.write(json_bytes([{"type": "close", "code": 4001, "reason": "bye"}]))
        run.ends_with(0)
    # The server's own pings may come at any time.
    events = [event for event in map(strip, json_events(run.out.whole())) if event["type"] != "ping"]
    by_type = {kind: [event for event in events if event["type"] == kind] for kind in ("open", "pong", "close")}
    check_equal("number of open events", len(by_type["open"]), 1, run)
    check_equal("pongs", by_type["pong"], [{**ping, "type": "pong"}], run)
    check_equal("code of the answer", [close["code"] for close in by_type["close"]], [4001], run)
    check_equal("messages", [event for event in events if event["type"] in ("text", "binary")], messages, run)
    closed = visit.event("close")
    check_equal("close at the server", (closed["code"], closed["reason"]), (4001, "bye"))


@case("connect --echo, and {library} closes", LIBRARIES)
def connect_echo(server):
    with server.visit("ask_echo").connect("--echo") as run:
        run.ends_with(0, b"")


# --- Much at once -----------------------------------------------------------------------------------------------------


@case("connect, {library} sends 2000 messages and closes at once", LIBRARIES)
def flood(server):
    expected = b"".join(b"message %d\n" % number for number in range(2000))
    with server.visit("flood", count=2000).connect(input=NONE) as run:
        run.ends_with(0, expected)


@case("connect, {library} gets 2000 messages and a Close at once", LIBRARIES)
def flood_out(server):
    visit = server.visit("sink")
    with visit.connect("--wait", 0, input=b"".join(b"message %d\n" % number for number in range(2000))) as run:
        run.ends_with(0, b"")
    received = visit.event("received")
    check_equal("number of messages", received["count"], 2000)
    payload = b"".join(b"message %d" % number for number in range(2000))
    check_equal("their digest", received["sha256"], hashlib.sha256(payload).hexdigest())


@case("connect, {library} gets a line of 20 MB as one message", LIBRARIES)
def long_line_out(server):
    visit = server.visit("sink")
    with visit.connect("--wait", 0, input=b"y" * 20_000_000) as run:
        run.ends_with(0, b"")
    received = visit.event("received")
    check_equal("number of messages", received["count"], 1)
    check_equal("its digest", received["sha256"], hashlib.sha256(b"y" * 20_000_000).hexdigest())


@case("connect, {library} sends fragments", LIBRARIES)
def fragments(server):
    long = b"".join(b"abcdefgh" * count for count in range(100))
    expected = b"in three frames\n" + "✓ 😀\n\n".encode() + long + b"\n"
    with server.visit("fragments").connect(input=NONE) as run:
        run.ends_with(0, expected)


# --- How it ends ------------------------------------------------------------------------------------------------------


@case("connect, {library} closes with 1000", LIBRARIES)
def close_1000(server):
    visit = server.visit("close", code=1000, reason="done")
    with visit.connect(input=NONE) as run:
        run.ends_with(0, b"")
    check_equal("code of the answer", visit.event("close")["code"], 1000)


@case("connect, {library} closes with 1011", LIBRARIES)
def close_1011(server):
    with server.visit("close", code=1011, reason="out of order").connect(input=NONE) as run:
        run.ends_with(7, b"", err="1011 (internal server error): out of order")


@case("connect, {library} closes with 4321 while the input is open", LIBRARIES)
def close_4321(server):
    visit = server.visit("close", code=4321)
    with visit.connect() as run:
        run.ends_with(7, b"", err="4321")
    check_equal("code of the answer", visit.event("close")["code"], 4321)


@case("connect, {library} ends TCP without a Close", LIBRARIES)
def fin(server):
    expected = b"".join(b"message %d\n" % number for number in range(10))
    with server.visit("ten_then_fin").connect() as run:
        run.ends_with(6, expected, err="without a Close")


@case("connect, {library} resets TCP", LIBRARIES)
def reset(server):
    with server.visit("reset").connect() as run:
        run.ends_with(6, b"", err="without a Close")


@case("connect --close-code --close-reason, as {library} sees it", LIBRARIES)
def own_close(server):
    visit = server.visit("echo")
    with visit.connect("--close-code", 4001, "--close-reason", "as planned", "-c", 1, input=b"x\n") as run:
        run.ends_with(0, b"x\n")
    closed = visit.event("close")
    check_equal("close", (closed["code"], closed["reason"]), (4001, "as planned"))


@case("connect, SIGTERM, as {library} sees it", LIBRARIES)
def terminated(server):
    visit = server.visit("echo")
    with visit.connect() as run:
        run.write(b"x\n")
        run.wait_for_output(b"x\n")
        run.terminate()
        run.ends_with(-15, b"x\n")
    check_equal("code", visit.event("close")["code"], 1001)


# --- The handshake ----------------------------------------------------------------------------------------------------


@case("connect -s, {library} chooses its own favourite", LIBRARIES)
def subprotocol(server):
    visit = server.visit("close", code=1000)
    with visit.connect("-s", "chat.v1", "-s", "chat.v2", "--out", "json", input=NONE) as run:
        run.ends_with(0)
    check_equal("chosen by the server", visit.event("open")["subprotocol"], "chat.v2")
    check_equal("understood by us", json_events(run.out.whole())[0].get("subprotocol"), "chat.v2", run)


@case("connect -s, {library} wants none of them", LIBRARIES)
def no_subprotocol(server):
    visit = server.visit("echo")
    with visit.connect("-s", "unheard-of", "-c", 1, input=b"x\n") as run:
        run.ends_with(0, b"x\n")
    check_equal("chosen by the server", visit.event("open")["subprotocol"], None)


@case("connect with headers, as {library} sees them", LIBRARIES)
def headers(server):
    visit = server.visit("close", code=1000)
    options = ["-H", "X-Trace: a b  c", "-H", "x-trace: 2", "--origin", "https://example.org", "--cookie", "k=v"]
    with visit.connect(*options, "--bearer", "t0ken", "--host", "other.example:81", input=NONE) as run:
        run.ends_with(0, b"")
    opened = visit.event("open")
    check_equal("target", opened["target"], visit.target)
    seen = [tuple(header) for header in opened["headers"]]
    for header in [
        ("X-Trace", "a b  c"),
        ("x-trace", "2"),
        ("Origin", "https://example.org"),
        ("Cookie", "k=v"),
        ("Authorization", "Bearer t0ken"),
        ("Host", "other.example:81"),
    ]:
        if header not in seen:
            raise Failed(f"{header} is not among {seen}")


@case("connect -u, {library} lets the user in", LIBRARIES)
def basic_auth(server):
    with server.visit("echo", guarded=1).connect("-u", "user:pass:word", "-c", 1, input=b"x\n") as run:
        run.ends_with(0, b"x\n")


@case("connect, {library} refuses with 401", LIBRARIES)
def refused(server):
    for options in [[], ["-u", "user:wrong"]]:
        with server.visit("echo", guarded=1).connect(*options, input=b"x\n") as run:
            run.ends_with(5, b"", err="401")


@case("inspect, {library}", LIBRARIES)
def inspect(server):
    visit = server.visit("echo")
    with wspipe("inspect", visit.url, "--json", input=NONE) as run:
        run.ends_with(0)
    json.loads(run.out.whole())
    check_equal("code of the goodbye", visit.event("close")["code"], 1000)


# --- Heartbeats -------------------------------------------------------------------------------------------------------


@case("connect answers {library}'s pings", LIBRARIES)
def ping(server):
    visit = server.visit("ping")
    with visit.connect() as run:
        run.ends_with(0, b"")
    check_latency(visit.event("latency")["seconds"], 5)


@case("connect answers {library}'s pings while its input has ended (--on-eof keep)", LIBRARIES)
def ping_after_eof(server):
    visit = server.visit("ping")
    with visit.connect("--on-eof", "keep", input=b"") as run:
        run.ends_with(0, b"")
    check_latency(visit.event("latency")["seconds"], 5)


@case("connect keeps {library}'s keepalive content", ("websockets",))
def keepalive(server):
    visit = server.visit("keepalive")
    with visit.connect() as run:
        run.ends_with(0, b"")
    check_latency(visit.event("latency")["seconds"], 1)


# --- Helpers ----------------------------------------------------------------------------------------------------------


def json_bytes(events):
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def json_events(out):
    return [json.loads(line) for line in out.splitlines()]


def strip(event):
    """An event without what differs from run to run."""
    return {name: value for name, value in event.items() if name not in ("time", "dir")}


def check_latency(seconds, count):
    check_equal("number of round trips", len(seconds), count)
    # Far above any real one: a pong that waits for something else is what this finds.
    if not all(0 < each < 1 for each in seconds):
        raise Failed(f"round trips took {seconds} s")
