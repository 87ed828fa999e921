"""Sends records over WebSocket until all are acknowledged, however often the connection breaks.

Usage: websocket_send.py URL COUNT PREFIX [--producer ID] [--ca FILE] [--seconds N]

Record n is {"id":"PREFIX-n","n":n}. With --producer each goes in an envelope with its number, and after a failure the
client goes on behind the last number that the server has; without, a record whose answer was lost is sent again and may
be stored twice. Prints the number of records acknowledged and of connections, and exits 0 once all are.
"""

import argparse
import asyncio
import json
import ssl
import time

import websockets

WINDOW = 512


class Sender:
    def __init__(self, arguments):
        self.url = arguments.url
        self.count = arguments.count
        self.prefix = arguments.prefix
        self.producer = arguments.producer
        self.context = ssl.create_default_context(cafile=arguments.ca) if arguments.ca else None
        if self.producer:
            self.url += ("&" if "?" in self.url else "?") + "producer=" + self.producer
        self.acknowledged = 0
        self.connections = 0

    def message(self, number):
        record = {"id": f"{self.prefix}-{number}", "n": number}
        return json.dumps({"seq": number, "records": [record]} if self.producer else record)

    async def run(self):
        """One connection, until all is acknowledged or it breaks."""
        async with websockets.connect(self.url, ssl=self.context, open_timeout=5, close_timeout=5) as socket:
            self.connections += 1
            if self.producer:
                greeting = json.loads(await socket.recv())
                assert greeting["producer"] == self.producer, greeting
                last = -1 if greeting["seq"] is None else greeting["seq"]
                # The server never forgets what it has acknowledged.
                assert last >= self.acknowledged - 1, (greeting, self.acknowledged)
                self.acknowledged = last + 1
            sent = self.acknowledged
            while self.acknowledged < self.count:
                while sent < self.count and sent - self.acknowledged < WINDOW:
                    await socket.send(self.message(sent))
                    sent += 1
                answer = json.loads(await socket.recv())
                if "error" in answer:
                    await self.wait(answer)
                    sent = await self.drain(socket, sent - self.acknowledged - answer["messages"])
                    continue
                self.take(answer)
            await socket.close()

    def take(self, answer):
        assert answer["refused"] == [], answer
        assert answer["committed"] == answer["messages"], answer
        self.acknowledged += answer["messages"]
        if self.producer:
            assert answer["seq"] == self.acknowledged - 1, (answer, self.acknowledged)

    async def drain(self, socket, waiting):
        """Reads the answers to what was sent behind a failed message, and returns the number to go on with."""
        while waiting > 0:
            answer = json.loads(await socket.recv())
            # Only without numbers may later messages have been taken: then they are sent twice.
            assert "error" in answer or not self.producer, answer
            waiting -= answer["messages"]
        return self.acknowledged

    async def wait(self, answer):
        assert answer["error"]["code"] in ("too_many_requests", "disk_full", "sequence_gap"), answer
        await asyncio.sleep(answer.get("retry_after", 0))


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("count", type=int)
    parser.add_argument("prefix")
    parser.add_argument("--producer")
    parser.add_argument("--ca")
    parser.add_argument("--seconds", type=float, default=120)
    arguments = parser.parse_args()
    sender = Sender(arguments)
    end = time.monotonic() + arguments.seconds
    while sender.acknowledged < sender.count:
        try:
            await sender.run()
        except (OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException):
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.1)
    print(f"acknowledged {sender.acknowledged} connections {sender.connections}")


asyncio.run(main())
