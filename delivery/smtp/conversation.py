"""One conversation with a mail server: letters in, an outcome for each, whatever the server says or does not say.

Theory of operation. Replies are matched with commands by `exchange`. With PIPELINING a letter's MAIL, RCPT and DATA go
in one segment, together with the final dot of the letter before (RFC 2920 3.1), so a letter costs one round trip.
Between body and dot the ledger makes "attempting" durable: only then may the dot leave.
"""

import asyncio
from collections import deque

from delivery import outcome
from delivery.engine import Parcel, Work
from delivery.model import Outcome
from delivery.smtp.exchange import Exchange
from delivery.smtp.features import Features, Timeouts
from delivery.smtp.reply import Reply

DROPS_BEFORE_BLAME = 3  # a connection may die idle; a letter at which it dies again and again is deferred
SHORTAGE_SECONDS = 30.0


class Leg:
    """A parcel's way through this conversation."""

    __slots__ = ("accepts", "asked", "commands", "dot_sent", "parcel", "refusal", "stage")

    def __init__(self, parcel: Parcel) -> None:
        self.parcel = parcel
        self.stage = "MAIL"
        self.refusal: Outcome | None = None
        self.commands: deque[tuple[str, bytes]] = deque()
        self.asked = False  # the ledger was asked: from here on it answers through _go
        self.dot_sent = False
        self.accepts = False  # the server has said yes to something about this letter


class Conversation(Exchange):
    """Commands one by one through `command` until `serve`; from then on letters, until `closed` is done."""

    def __init__(self, timeouts: Timeouts, shortage_seconds: float = SHORTAGE_SECONDS) -> None:
        super().__init__(timeouts)
        self._shortage_seconds = shortage_seconds
        self._work: Work | None = None
        self._features = Features()
        self._in_flight = 1
        self._leg: Leg | None = None  # on its way to the dot
        self._dotted: deque[Leg] = deque()  # whose dot waits for its answer
        self._asking = 0  # BDAT: letters that wait for the ledger
        self._flushing = False  # the body waits in our buffer for the network
        self._flush_left, self._flush_until = 0, 0.0
        self._dirty = False  # a refused transaction is still open there
        self._finishing = False
        self.answered = 0

    # ---- letters

    async def serve(self, work: Work, first: Parcel, features: Features, in_flight: int) -> int:
        """Carries letters until the work or the connection ends; how many of them were answered."""
        self._work, self._features = work, features
        self._in_flight = in_flight if features.chunking and features.pipelining else 1
        if self.is_closed:
            work.put_back(first)
            return 0
        self._pump(first)
        await asyncio.shield(self.closed)
        return self.answered

    def _pump(self, first: Parcel | None = None) -> None:
        if self.is_closed or self._finishing:
            self._wind_down()
        elif self._in_flight > 1:
            self._fill_chunks(first)
        elif self._leg is None and (line := self._envelope(first)):
            self.transport.write(line)

    def _wake(self) -> None:
        if not self.is_closed and (self._leg is None or self._in_flight > 1) and self._is_ready:
            self._pump()

    @property
    def _is_ready(self) -> bool:
        return self._features.pipelining or not self._dotted

    def _take(self, first: Parcel | None = None) -> Parcel | None:
        """The next letter that this server can carry at all."""
        assert self._work
        while parcel := first or self._work.take(self._wake):
            first = None
            why = self._features.cannot_carry(parcel)
            if not why:
                return parcel
            self._work.settle(parcel, outcome.refused_here(why))
        if self._work.is_over:
            self._finishing = True
            self._loop.call_soon(self._wind_down)
        return None

    def _envelope(self, first: Parcel | None = None) -> bytes:
        """The next letter's commands, to be written now: all of them where the server pipelines, else the first."""
        parcel = self._take(first)
        if parcel is None:
            return b""
        leg = self._leg = Leg(parcel)
        leg.commands.extend(self._commands(parcel))
        leg.commands.append(("DATA", b"DATA\r\n"))
        if not self._features.pipelining:
            return self._next_command(leg)
        return b"".join([self._next_command(leg) for _ in range(len(leg.commands))])

    def _commands(self, parcel: Parcel) -> list[tuple[str, bytes]]:
        mail = f"MAIL FROM:<{parcel.sender}>{self._features.parameters(parcel)}\r\n".encode()
        rcpt = f"RCPT TO:<{parcel.address}>\r\n".encode()
        reset = [("RSET", b"RSET\r\n")] if self._dirty else []
        self._dirty = False
        return [*reset, ("MAIL", mail), ("RCPT", rcpt)]

    def _next_command(self, leg: Leg) -> bytes:
        stage, line = leg.commands.popleft()
        if stage == "RSET":
            self._await(stage, lambda reply: self._on_reset(leg, reply))
        elif stage == "DATA":
            self._await(stage, lambda reply: self._on_data(leg, reply))
        else:
            self._await(stage, lambda reply: self._on_envelope(leg, stage, reply))
        return line

    def _on_reset(self, leg: Leg, reply: Reply) -> None:
        if not reply.is_good:
            self._fail(f"RSET was answered with {reply.code}")
        elif not self._features.pipelining and leg is self._leg:
            self.transport.write(self._next_command(leg))

    def _on_envelope(self, leg: Leg, stage: str, reply: Reply) -> None:
        leg.stage, leg.accepts = stage, leg.accepts or reply.is_good
        if not reply.is_good and leg.refusal is None:
            leg.refusal = outcome.of_reply(reply, stage)
        if self._features.pipelining or leg is not self._leg:
            return
        if leg.refusal:
            self._refuse(leg, leg.refusal)
        else:
            self.transport.write(self._next_command(leg))

    def _on_data(self, leg: Leg, reply: Reply) -> None:
        leg.stage = "DATA"
        if leg is not self._leg:
            return  # put back meanwhile; the connection is about to end
        if reply.code == 354 and leg.refusal is None:
            self._send_body(leg)
        elif reply.code == 354 and leg.refusal and leg.refusal.stage == "RCPT":
            self.transport.write(b".\r\n")  # RFC 2920 3.1: nobody to send to, so an empty message that goes nowhere
            self._await("DOT", lambda _: None)
            self._refuse(leg, leg.refusal)
        elif reply.code < 400:
            self._fail(f"DATA was answered with {reply.code}")
        else:
            self._refuse(leg, leg.refusal or outcome.of_reply(reply, "DATA"))

    def _refuse(self, leg: Leg, refusal: Outcome) -> None:
        self._leg, self._dirty = None, True
        self._settle(leg, refusal)
        self._pump()

    def _send_body(self, leg: Leg) -> None:
        leg.stage = "BODY"
        self.transport.writelines(leg.parcel.message.pieces)
        self._flushing = self.transport.get_write_buffer_size() > 0
        if not self._flushing:
            self._ask(leg)

    def resume_writing(self) -> None:
        if self._flushing and self._leg is not None:
            self._flushing = False
            self._ask(self._leg)

    def _ask(self, leg: Leg) -> None:
        assert self._work
        leg.asked = True
        self._work.attempt(leg.parcel, lambda granted: self._go(leg, granted))

    @property
    def _is_lost(self) -> bool:
        """Known to be, or just found to be: what would be written now goes nowhere."""
        return self.is_closed or self.transport.is_closing()

    def _go(self, leg: Leg, granted: bool) -> None:
        """The ledger has answered. The dot leaves, and the next letter's envelope with it."""
        if granted and self._is_lost:
            self._settle(leg, outcome.lost("BODY", self._why, dot_sent=False))
        elif self.is_closed:
            return
        elif not granted:
            self._leg = None
            self._fail("the letter was withdrawn before its final dot")
        else:
            self._leg, leg.dot_sent, leg.stage = None, True, "DOT"
            self._dotted.append(leg)
            self._await("DOT", lambda reply: self._on_dot(leg, reply))
            ahead = self._envelope() if self._features.pipelining and not self._finishing else b""
            self.transport.write(b".\r\n" + ahead)

    def _on_dot(self, leg: Leg, reply: Reply) -> None:
        self._dotted.remove(leg)
        if 300 <= reply.code < 400:
            self._settle(leg, outcome.lost("DOT", f"the letter was answered with {reply.code}", dot_sent=True))
            self._fail(f"the letter was answered with {reply.code}")
            return
        self._settle(leg, leg.refusal or outcome.of_reply(reply, leg.stage))
        if self._finishing or self._leg is None:
            self._pump()

    # ---- several letters in flight (CHUNKING)

    def _fill_chunks(self, first: Parcel | None = None) -> None:
        assert self._work
        while len(self._dotted) + self._asking < self._in_flight and (parcel := self._take(first)):
            first = None
            leg = Leg(parcel)
            self._asking += 1
            self._work.attempt(parcel, lambda granted, leg=leg: self._go_chunk(leg, granted))  # type: ignore[misc]

    def _go_chunk(self, leg: Leg, granted: bool) -> None:
        self._asking -= 1
        if granted and self._is_lost:
            self._settle(leg, outcome.lost("MAIL", self._why, dot_sent=False))
        elif granted:
            self._write_chunk(leg)
        else:
            self._pump()

    def _write_chunk(self, leg: Leg) -> None:
        message = leg.parcel.message
        self._dirty = bool(self.answered or self._dotted)  # whatever the last one came to, this one starts clean
        leg.commands.extend(self._commands(leg.parcel))
        lines = []
        while leg.commands:
            lines.append(self._next_command(leg))
        leg.dot_sent, leg.stage = True, "BDAT"
        self._dotted.append(leg)
        self._await("BDAT", lambda reply: self._on_dot(leg, reply))
        self.transport.writelines([*lines, f"BDAT {message.size} LAST\r\n".encode(), *message.pieces])

    # ---- trouble and the end

    def _hear(self, reply: Reply) -> None:
        if self._work is None or not outcome.is_about_the_server(reply):
            super()._hear(reply)
        elif reply.code == outcome.SERVICE_CLOSING:
            self._on_closing(reply)
            super()._hear(reply)
            self._fail(f"421 {reply.words}")
        else:
            super()._hear(reply)
            self._work.breathe(self._shortage_seconds, f"452 {reply.words}")

    def _on_closing(self, reply: Reply) -> None:
        """421 before the dot says nothing about the letter: it goes back, and is not held against the reader."""
        self._why = f"421 {reply.words}"
        if self._leg is not None and not self._leg.asked and not self._dotted:
            self._return(self._leg)
            self._leg = None
        self._finishing = True

    def expire(self, now: float) -> None:
        if self._flushing:
            self._watch_flush(now)
        else:
            super().expire(now)

    def _watch_flush(self, now: float) -> None:
        left = self.transport.get_write_buffer_size()
        if left != self._flush_left:
            self._flush_left, self._flush_until = left, now + self._timeouts.block
        elif now > self._flush_until:
            self._fail("the server takes no more of the letter")

    def _settle(self, leg: Leg, found: Outcome) -> None:
        assert self._work
        self.answered += found.code > 0
        self._work.settle(leg.parcel, found)

    def _return(self, leg: Leg) -> None:
        assert self._work
        leg.parcel.returned += 1
        if leg.refusal:
            self._work.settle(leg.parcel, leg.refusal)
        elif leg.accepts or leg.parcel.returned >= DROPS_BEFORE_BLAME:
            self._work.settle(leg.parcel, outcome.lost(leg.stage, self._why, dot_sent=False))
        else:
            self._work.put_back(leg.parcel)

    def _account(self) -> None:
        """Every letter that this conversation holds, exactly once."""
        for leg in self._dotted:
            self._settle(leg, outcome.lost(leg.stage, self._why, dot_sent=True))
        self._dotted.clear()
        if self._leg is not None and not self._leg.asked:
            self._return(self._leg)
        self._leg = None

    def finish(self) -> None:
        """The letter whose body is under way is ended properly; nothing new begins."""
        self._finishing = True
        self._wind_down()

    def _wind_down(self) -> None:
        if self.is_closed:
            return
        if self._leg is not None and self._leg.stage in ("MAIL", "RCPT", "DATA") and self._work:
            leg, self._leg = self._leg, None
            self._work.put_back(leg.parcel)
        if self._leg is None and not self._dotted and not self._asking:
            self._goodbye()

    def _goodbye(self) -> None:
        """Politely when nothing is open there; a half-made envelope is dropped with the line."""
        if self._awaited:
            self._fail("stopped")
            return
        self.transport.write(b"QUIT\r\n")
        self.transport.close()
        self._end()
