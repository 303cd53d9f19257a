"""Commands out, replies in, each matched by counting; silence, garbage and lost lines end it. What SMTP is made of.

Each command that is sent puts what it waits for at the end of a queue, each whole reply takes its head: never guessed,
however the network cuts them.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from delivery.smtp.features import Timeouts
from delivery.smtp.reply import GarbledError, Replies, Reply

NEVER = float("inf")

Handler = Callable[[Reply], None]


class Exchange(asyncio.Protocol):
    """`closed` is done when it has ended, for whatever reason."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeouts = timeouts
        self._replies = Replies()
        self._awaited: deque[tuple[str, Handler]] = deque()
        self._why = "the server closed the connection"
        self._deadline = NEVER
        self.is_closed = False
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.adopt(cast(asyncio.Transport, transport))
        self._greeting = self._expect("greeting")  # it may be here before anybody asks for it

    def adopt(self, transport: asyncio.Transport) -> None:
        """The transport, or the TLS one that took its place."""
        self.transport = transport
        transport.set_write_buffer_limits(high=0)  # so that resume_writing says when a body has left us

    async def greeting(self) -> Reply:
        """Raises ConnectionError when there is none."""
        return await self._heard(self._greeting)

    async def command(self, line: str) -> Reply:
        """Its reply. Raises ConnectionError when there is none."""
        if self.is_closed:
            raise ConnectionResetError(self._why)
        self.transport.write(line.encode() + b"\r\n")
        return await self._heard(self._expect(line.partition(" ")[0]))

    def _expect(self, stage: str) -> asyncio.Future[Reply]:
        expected: asyncio.Future[Reply] = self._loop.create_future()
        self._await(stage, lambda reply: None if expected.done() else expected.set_result(reply))
        return expected

    async def _heard(self, expected: asyncio.Future[Reply]) -> Reply:
        await asyncio.wait((expected, self.closed), return_when=asyncio.FIRST_COMPLETED)
        if not expected.done():
            raise ConnectionResetError(self._why)
        return expected.result()

    @property
    def is_silent(self) -> bool:
        """The server has said nothing that we have not asked for: whatever came before TLS is nobody's word."""
        return self._replies.is_empty and not self._awaited and not self.is_closed

    def _await(self, stage: str, handler: Handler) -> None:
        if not self._awaited:
            self._deadline = self._loop.time() + self._timeouts.of(stage)
        self._awaited.append((stage, handler))

    def data_received(self, data: bytes) -> None:
        try:
            for reply in self._replies.feed(data):
                if not self.is_closed:
                    self._hear(reply)
        except GarbledError as error:
            self._fail(str(error))

    def _hear(self, reply: Reply) -> None:
        if not self._awaited:
            self._fail(f"the server said {reply.code} {reply.words} unasked")
            return
        _, handler = self._awaited.popleft()
        self._deadline = self._loop.time() + self._timeouts.of(self._awaited[0][0]) if self._awaited else NEVER
        handler(reply)

    def expire(self, now: float) -> None:
        """Called a few times a second: a silence longer than RFC 5321 4.5.3.2 allows ends the conversation."""
        if now > self._deadline and not self.is_closed:
            self._fail(f"no answer to {self._awaited[0][0] if self._awaited else 'anything'} in time")

    def abort(self) -> None:
        self._fail("stopped before the server answered")

    def _fail(self, why: str) -> None:
        if not self.is_closed:
            self._why = why
            self.transport.abort()
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc and not self.is_closed:
            self._why = f"the connection broke: {exc}"
        self._end()

    def _end(self) -> None:
        if self.is_closed:
            return
        self.is_closed, self._deadline = True, NEVER
        self._account()
        if not self.closed.done():
            self.closed.set_result(None)

    def _account(self) -> None:
        """What was open when it ended is accounted for."""
