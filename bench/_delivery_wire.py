"""A mail server at the end of a long wire: each of its answers is a round trip late. It may offer CHUNKING.

`python -m bench._delivery_wire sink PORT MILLISECONDS [chunking]`
"""

from __future__ import annotations

import asyncio
import sys


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
    asyncio.run(sink(int(sys.argv[2]), float(sys.argv[3]) / 1000, "chunking" in sys.argv))
