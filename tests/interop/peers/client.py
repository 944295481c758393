"""A client on Python's websockets that carries out the steps of a plan (JSON on standard input).

The steps: ["text", string], ["binary", base64], ["fragments", [string, …]], ["receive", count], ["ping", string],
["close", code, reason], ["abort"], ["wait"] for the server's Close. It prints events, each a line of JSON.
"""

import asyncio
import base64
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


async def receive(ws, count):
    for _ in range(count):
        message = await ws.recv()
        if isinstance(message, str):
            tell("text", data=message)
        else:
            tell("binary", data=base64.b64encode(message).decode())


async def step(ws, verb, *words):
    match verb:
        case "text":
            await ws.send(words[0])
        case "binary":
            await ws.send(base64.b64decode(words[0]))
        case "fragments":
            await ws.send(words[0])
        case "receive":
            await receive(ws, words[0])
        case "ping":
            tell("pong", seconds=await (await ws.ping(words[0])))
        case "close":
            await ws.close(*words)
        case "abort":
            ws.transport.abort()
        case "wait":
            # What comes before the Close is told too.
            try:
                while True:
                    await receive(ws, 1)
            except ConnectionClosed:
                pass


async def main():
    plan = json.load(sys.stdin)
    ws = await connect(
        plan["url"],
        subprotocols=plan["subprotocols"] or None,
        additional_headers=plan["headers"],
        compression="deflate",
        proxy=None,
        max_size=None,
        max_queue=None,
    )
    extensions = [extension.name for extension in ws.protocol.extensions]
    headers = list(ws.response.headers.raw_items())
    tell("open", subprotocol=ws.subprotocol, extensions=extensions, headers=headers)
    for words in plan["steps"]:
        await step(ws, *words)
    await ws.wait_closed()
    tell("close", code=ws.close_code, reason=ws.close_reason)


asyncio.run(main())
