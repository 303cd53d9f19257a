"""A mail server on loopback that keeps what it takes, and misbehaves exactly as a test tells it to."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

OFFERS = ("PIPELINING", "8BITMIME", "SIZE 50000000", "ENHANCEDSTATUSCODES")


@dataclass(frozen=True)
class Taken:
    """A message that this server answered, or meant to answer, with 250."""

    sender: str
    recipient: str
    data: bytes
    session: int


@dataclass
class Session:
    number: int
    letters: int = 0
    sender: str = ""
    recipient: str = ""
    lines: list[str] = field(default_factory=list)
    is_secure: bool = False


# What to do instead of the ordinary answer: a line to say, or one of DROP, HANG, DRIP, or None for the ordinary answer.
Script = Callable[[str, Session], str | None]
DROP, HANG, DRIP, DROP_AFTER = "\0drop", "\0hang", "\0drip", "\0drop-after"


class DropError(Exception):
    pass


class MailServer:
    """Runs in a thread of its own. `script` is asked at: connect, EHLO, MAIL, RCPT, DATA, BODY, DOT, RSET, BDAT."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        offers: tuple[str, ...] = OFFERS,
        tls: ssl.SSLContext | None = None,
        tls_at_once: bool = False,
        port: int = 0,
        host: str = "127.0.0.1",
    ) -> None:
        self.script = script or (lambda _stage, _session: None)
        self.offers, self._tls, self._tls_at_once = offers, tls, tls_at_once
        self.taken: list[Taken] = []
        self.sessions: list[Session] = []
        self.credentials: list[str] = []
        self._open = 0
        self._wanted_port, self._host = port, host
        self.port = 0
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)

    def settle(self) -> None:
        """Waits until no session is open: what was on the wire has been read."""
        until = time.monotonic() + 5
        while self._open and time.monotonic() < until:
            time.sleep(0.002)

    @property
    def copies(self) -> Counter[str]:
        """How many letters each address was accepted for."""
        return Counter(message.recipient for message in self.taken)

    async def _main(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(
            self._serve, self._host, self._wanted_port, limit=2**20, ssl=self._tls if self._tls_at_once else None
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(len(self.sessions))
        self.sessions.append(session)
        self._open += 1
        try:
            await self._converse(session, reader, writer)
        except (DropError, OSError, asyncio.IncompleteReadError, asyncio.CancelledError, EOFError):
            pass
        finally:
            self._open -= 1
            writer.transport.abort()

    async def _converse(self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(session, writer, "connect", "220 mail.example ESMTP")
        while line := (await reader.readline()).decode("utf-8", "replace"):
            session.lines.append(line.rstrip("\r\n"))
            verb = line.split(" ")[0].strip().upper()
            if verb == "QUIT":
                writer.write(b"221 bye\r\n")
                await writer.drain()
                return
            await self._obey(verb, line.rstrip("\r\n"), session, reader, writer)

    async def _obey(
        self, verb: str, line: str, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if verb in ("EHLO", "HELO"):
            lines = ["mail.example", *self.offers] if verb == "EHLO" else ["mail.example"]
            ordinary = "\r\n".join(f"250{' ' if n == len(lines) - 1 else '-'}{offer}" for n, offer in enumerate(lines))
            await self._say(session, writer, verb, ordinary)
        elif verb == "STARTTLS":
            await self._say(session, writer, verb, "220 go ahead")
            await writer.start_tls(self._tls)  # type: ignore[arg-type]
            session.is_secure = True
        elif verb == "AUTH":
            self.credentials.append(line)
            await self._say(session, writer, verb, "235 2.7.0 welcome")
        elif verb == "MAIL":
            session.sender = line[line.find("<") + 1 : line.rfind(">")]
            session.recipient = ""
            await self._say(session, writer, verb, "250 2.1.0 ok")
        elif verb == "RCPT":
            said = await self._say(
                session, writer, verb, "250 2.1.5 ok", recipient=line[line.find("<") + 1 : line.rfind(">")]
            )
            if said.startswith("25"):
                session.recipient = line[line.find("<") + 1 : line.rfind(">")]
        elif verb == "DATA":
            await self._data(session, reader, writer)
        elif verb == "BDAT":
            body = await reader.readexactly(int(line.split()[1]))
            said = await self._say(session, writer, verb, self._verdict(session))
            self._keep(session, body, said)
        elif verb == "RSET":
            session.recipient = ""
            await self._say(session, writer, verb, "250 2.0.0 ok")
        else:
            await self._say(session, writer, verb, "500 5.5.2 what?")

    async def _data(self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await self._say(
            session, writer, "DATA", "354 go on" if session.recipient else "554 5.5.1 no valid recipients"
        )
        if not said.startswith("354"):
            return
        body = b""
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                raise DropError
            body += line[1:] if line.startswith(b".") else line
            if self.script("BODY", session) == DROP:
                raise DropError
        ordinary = self._verdict(session)
        action = self.script("DOT", session)
        # A server that takes the letter and dies before it says so: the reader has it.
        if action == DROP_AFTER:
            self._keep(session, body, ordinary)
            raise DropError
        said = await self._act(writer, action, ordinary)
        self._keep(session, body, said)

    def _verdict(self, session: Session) -> str:
        return f"250 2.0.0 queued as {len(self.taken)}" if session.recipient else "554 5.5.1 no valid recipients"

    def _keep(self, session: Session, body: bytes, said: str) -> None:
        if said.startswith("250") and session.recipient:
            self.taken.append(Taken(session.sender, session.recipient, body, session.number))
            session.letters += 1
        session.recipient = ""

    async def _say(
        self, session: Session, writer: asyncio.StreamWriter, stage: str, ordinary: str, recipient: str = ""
    ) -> str:
        session.recipient = recipient or session.recipient
        said = await self._act(writer, self.script(stage, session), ordinary)
        if recipient and not said.startswith("25"):
            session.recipient = ""
        return said

    async def _act(self, writer: asyncio.StreamWriter, action: str | None, ordinary: str) -> str:
        if action == DROP:
            raise DropError
        if action == HANG:
            await asyncio.sleep(3600)
        if action == DRIP:
            for byte in (ordinary + "\r\n").encode():
                writer.write(bytes([byte]))
                await asyncio.sleep(0.001)
            return ordinary
        said = action or ordinary
        writer.write(f"{said}\r\n".encode("utf-8", "surrogateescape"))
        await writer.drain()
        return said
