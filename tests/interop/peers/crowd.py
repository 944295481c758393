"""Many clients at once, on Python's websockets: each sends messages of mixed sizes to an echo server as fast as it
takes them, and compares what comes back.

Arguments: the URL, the number of clients, the number of messages of each.
"""

import asyncio
import json
import random
import sys

from websockets.asyncio.client import connect

# Around the lengths at which a frame's header grows, and some that are ordinary.
SIZES = [0, 1, 20, 20, 125, 126, 300, 300, 1500, 4096, 65535, 65536]


def messages(client, count):
    generator = random.Random(client)
    for number in range(count):
        size = generator.choice(SIZES)
        if number % 2:
            yield generator.randbytes(size)
        else:
            yield f"{client}/{number}: é".ljust(size, "x")[:size]


async def send(ws, client, count):
    for message in messages(client, count):
        await ws.send(message)


async def serve(url, client, count):
    """How many messages came back wrong."""
    async with connect(url, compression=None, proxy=None, max_size=None) as ws:
        sending = asyncio.create_task(send(ws, client, count))
        wrong = sum([await ws.recv() != message for message in messages(client, count)])
        await sending
        return wrong


async def main(url, clients, count):
    wrong = await asyncio.gather(*(serve(url, client, count) for client in range(clients)))
    print(json.dumps({"event": "done", "messages": clients * count, "wrong": sum(wrong)}), flush=True)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
