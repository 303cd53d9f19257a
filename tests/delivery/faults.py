"""The SMTP fault matrix (R6): what the server does wrong, and what must become of the letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from delivery.model import State
from tests.delivery.servers import DRIP, DROP, DROP_AFTER, HANG, Script, Session

STAGES = ("MAIL", "RCPT", "DATA", "DOT")
TARGET = "reader5@school5.example"


@dataclass(frozen=True)
class Fault:
    """`expected`: the states in which the target's letter may end. Everyone else's must be accepted, once."""

    name: str
    script: Callable[[], Script]
    expected: frozenset[State]
    taken: int | None = None  # how many copies the server has of the target's letter


def at(stage: str, action: str, *, always: bool = True) -> Callable[[], Script]:
    """Only the target's letter meets it. MAIL comes before the recipient is known, so it looks at the return path."""

    def make() -> Script:
        met: list[int] = []

        def script(now: str, session: Session) -> str | None:
            is_target = session.recipient == TARGET or "-2025-01-14-5-" in session.sender
            if now != stage or not is_target or (met and not always):
                return None
            met.append(1)
            return action

        return script

    return make


def once(stage: str, action: str) -> Callable[[], Script]:
    """Whoever comes first meets it, nobody after."""

    def make() -> Script:
        met: list[int] = []

        def script(now: str, _session: Session) -> str | None:
            if now != stage or met:
                return None
            met.append(1)
            return action

        return script

    return make


ACCEPTED, FAILED = frozenset({State.ACCEPTED}), frozenset({State.FAILED})
DEFERRED, IN_DOUBT = frozenset({State.DEFERRED}), frozenset({State.IN_DOUBT})

FAULTS = (
    *(Fault(f"5xx at {stage}", at(stage, "550 5.7.1 not you"), FAILED, 0) for stage in STAGES),
    *(Fault(f"4xx at {stage}", at(stage, "450 4.2.1 later"), DEFERRED, 0) for stage in STAGES),
    *(Fault(f"421 at {stage}", at(stage, "421 4.3.2 closing", always=False), ACCEPTED | DEFERRED) for stage in STAGES),
    *(Fault(f"452 at {stage}", at(stage, "452 4.3.1 no room", always=False), DEFERRED, 0) for stage in STAGES),
    *(Fault(f"dropped at {stage}", at(stage, DROP), DEFERRED, 0) for stage in ("MAIL", "RCPT", "DATA", "BODY")),
    Fault("dropped at the dot, not taken", at("DOT", DROP), IN_DOUBT, 0),
    Fault("dropped after the dot, taken", at("DOT", DROP_AFTER), IN_DOUBT, 1),
    *(Fault(f"silent at {stage}", at(stage, HANG), DEFERRED, 0) for stage in ("MAIL", "RCPT", "DATA")),
    Fault("silent at DOT", at("DOT", HANG), IN_DOUBT, 0),
    *(Fault(f"a byte at a time at {stage}", at(stage, DRIP), ACCEPTED, 1) for stage in STAGES),
    *(Fault(f"garbage at {stage}", at(stage, "hello \udcff\udcfe"), DEFERRED, 0) for stage in ("MAIL", "RCPT", "DATA")),
    Fault("garbage at the dot", at("DOT", "\x00\x01 what"), IN_DOUBT, 0),
    Fault("354 to the dot", at("DOT", "354 more?"), IN_DOUBT, 0),
    Fault("250 to DATA", at("DATA", "250 already?"), DEFERRED, 0),
    Fault("a line without an end", at("DOT", "250 " + "x" * 9000), IN_DOUBT),
    Fault("many lines", at("DOT", "250-one\r\n250-two\r\n250 2.0.0 three"), ACCEPTED, 1),
    Fault("lines that do not fit together", at("DOT", "250-one\r\n550 two"), IN_DOUBT),
    Fault("two answers to one question", at("RCPT", "250 ok\r\n250 and again"), ACCEPTED | DEFERRED | IN_DOUBT),
    Fault("dropped at connect, once", once("connect", DROP), ACCEPTED, 1),
    Fault("421 at connect, once", once("connect", "421 busy"), ACCEPTED, 1),
    Fault("dropped at EHLO, once", once("EHLO", DROP), ACCEPTED, 1),
    Fault("only HELO", lambda: lambda stage, _session: "502 5.5.1 what?" if stage == "EHLO" else None, ACCEPTED, 1),
    Fault("silent at connect, once", once("connect", HANG), ACCEPTED, 1),
    Fault("RSET refused", at("RSET", "500 no"), ACCEPTED, 1),
)
