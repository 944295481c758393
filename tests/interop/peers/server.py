"""A server on Python's websockets: the first part of a URL's path says what it does with a connection.

It prints events, each a line of JSON; those of a connection carry the `id` of its URL's query.
"""

import asyncio
import hashlib
import json
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import ServerConnection, basic_auth, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Connection(ServerConnection):
    """A connection that counts the answers to the pings of its keepalive."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.pongs = 0
        self.enough_pongs = asyncio.Event()

    def process_event(self, event):
        super().process_event(event)
        if getattr(event, "opcode", None) is Opcode.PONG:
            self.pongs += 1
            if self.pongs >= 10:
                self.enough_pongs.set()


async def echo(ws, _):
    async for message in ws:
        await ws.send(message)


async def ask_echo(ws, _):
    """Wants messages back."""
    for message in ["text ✓", b"\x00\xff", "", b"", "x" * 100_000]:
        await ws.send(message)
        assert await ws.recv() == message


async def sink(ws, query):
    """Takes everything, and says what it was."""
    digest, count = hashlib.sha256(), 0
    async for message in ws:
        digest.update(message.encode() if isinstance(message, str) else message)
        count += 1
    tell("received", id=query["id"], count=count, sha256=digest.hexdigest())


async def flood(ws, query):
    """Sends many messages, and closes at once."""
    for number in range(int(query["count"])):
        await ws.send(f"message {number}")


async def fragments(ws, _):
    await ws.send(["in ", "", "three ", "frames"])
    # A character's bytes may come in different frames.
    await ws.send([b"\xe2\x9c", b"\x93 \xf0", b"\x9f\x98\x80"], text=True)
    await ws.send([""])
    await ws.send(b"abcdefgh" * count for count in range(100))


async def close(ws, query):
    await ws.close(int(query["code"]), query.get("reason", ""))


async def ten_then_fin(ws, _):
    """Ends the TCP connection in order, but without a Close."""
    for number in range(10):
        await ws.send(f"message {number}")
    ws.transport.close()


async def reset(ws, _):
    """Breaks the TCP connection off."""
    ws.transport.abort()


async def ping(ws, query):
    seconds = [await (await ws.ping(f"ping {number}")) for number in range(5)]
    tell("latency", id=query["id"], seconds=seconds)


async def keepalive(ws, query):
    await ws.enough_pongs.wait()
    tell("latency", id=query["id"], seconds=[ws.latency])


BEHAVIOURS = [echo, ask_echo, sink, flood, fragments, close, ten_then_fin, reset, ping, keepalive]


async def handle(ws):
    url = urlsplit(ws.request.path)
    query = dict(parse_qsl(url.query))
    tell(
        "open",
        id=query["id"],
        target=ws.request.path,
        headers=list(ws.request.headers.raw_items()),
        subprotocol=ws.subprotocol,
        extensions=[extension.name for extension in ws.protocol.extensions],
    )
    behaviour = next(each for each in BEHAVIOURS if each.__name__ == url.path.strip("/"))
    try:
        await behaviour(ws, query)
        await ws.close()
    except ConnectionClosed:
        pass
    await ws.wait_closed()
    tell("close", id=query["id"], code=ws.close_code, reason=ws.close_reason)


def keep_others_out(ws, request):
    """Asks for a password where the query says so."""
    if "guarded" in request.path:
        return basic_auth("interop", ("user", "pass:word"))(ws, request)


def choose(_, offered):
    return next((name for name in ("chat.v2", "chat.v1") if name in offered), None)


async def main():
    server = await serve(
        handle,
        "127.0.0.1",
        0,
        select_subprotocol=choose,
        process_request=keep_others_out,
        create_connection=Connection,
        max_size=None,
        # Often enough that it is seen to be answered, whatever else goes on.
        ping_interval=0.05,
        ping_timeout=30,
    )
    tell("listening", port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


asyncio.run(main())
