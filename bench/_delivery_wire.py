"""A wire of ten milliseconds: a proxy that delays each direction, and a sink that knows CHUNKING.

`python -m bench._delivery_wire proxy PORT TARGET_PORT MILLISECONDS` or `… sink PORT MILLISECONDS [chunking]`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable


class Side(asyncio.Protocol):
    """Hands what it reads to its peer, later, in order."""

    def __init__(self, seconds: float, on_made: Callable[[Side], None] | None = None) -> None:
        self.peer: Side | None = None
        self.waiting: list[bytes] = []
        self._seconds, self._on_made = seconds, on_made
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        if self._on_made:
            self._on_made(self)

    def data_received(self, data: bytes) -> None:
        self._loop.call_later(self._seconds, self._pass_on, data)

    def _pass_on(self, data: bytes) -> None:
        if self.peer is None:
            self.waiting.append(data)
        elif not self.peer.transport.is_closing():
            self.peer.transport.write(data)

    def connection_lost(self, _exc: Exception | None) -> None:
        if self.peer:
            self._loop.call_later(self._seconds, self.peer.transport.close)


async def proxy(port: int, target: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()

    def join(client: Side) -> None:
        async def open_other() -> None:
            _, server = await loop.create_connection(lambda: Side(seconds), "127.0.0.1", target)
            client.peer, server.peer = server, client
            for data in client.waiting:
                server.transport.write(data)

        tasks.append(loop.create_task(open_other()))

    tasks: list[asyncio.Task[None]] = []
    serving = await loop.create_server(lambda: Side(seconds, join), "127.0.0.1", port, backlog=200)
    await serving.serve_forever()


class Sink(asyncio.Protocol):
    """Takes anything; each answer is a round trip late."""

    def __init__(self, seconds: float, chunking: bool) -> None:
        self._seconds, self._chunking = seconds, chunking
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._skip = 0
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._say(b"220 sink ESMTP\r\n")

    def _say(self, answer: bytes) -> None:
        self._loop.call_later(self._seconds, self._transport.write, answer)

    def data_received(self, data: bytes) -> None:
        answers = b""
        self._buffer = self._buffer + data if self._buffer else data
        while self._buffer:
            if self._skip:
                taken = min(self._skip, len(self._buffer))
                self._skip -= taken
                self._buffer = self._buffer[taken:]
                answers += b"250 ok\r\n" if not self._skip else b""
            elif self._in_data:
                end = self._buffer.find(b"\r\n.\r\n")
                if end < 0:
                    self._buffer = self._buffer[-4:]
                    break
                self._buffer, self._in_data = self._buffer[end + 5 :], False
                answers += b"250 ok\r\n"
            else:
                line, found, rest = self._buffer.partition(b"\r\n")
                if not found:
                    break
                self._buffer = rest
                answers += self._obey(line)
        if answers:
            self._say(answers)

    def _obey(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return (
                b"250-sink\r\n250-PIPELINING\r\n"
                + (b"250-CHUNKING\r\n" if self._chunking else b"")
                + b"250 8BITMIME\r\n"
            )
        if verb == b"DATA":
            self._in_data = True
            return b"354 go on\r\n"
        if verb == b"BDAT":
            self._skip = int(line.split()[1])
            return b""
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n"


async def sink(port: int, seconds: float, chunking: bool) -> None:
    loop = asyncio.get_running_loop()
    serving = await loop.create_server(lambda: Sink(seconds, chunking), "127.0.0.1", port, backlog=200)
    await serving.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "proxy":
        asyncio.run(proxy(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]) / 2000))
    else:
        asyncio.run(sink(int(sys.argv[2]), float(sys.argv[3]) / 1000, "chunking" in sys.argv))
