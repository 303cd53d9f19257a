"""What a mail server may be asked for, and how long it may take over it."""

from dataclasses import dataclass

from delivery.engine import Parcel
from delivery.smtp.reply import Reply


@dataclass(frozen=True)
class Timeouts:
    """Seconds, from RFC 5321 4.5.3.2."""

    connect: float = 30
    greeting: float = 300
    command: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600

    def of(self, stage: str) -> float:
        if stage in ("DOT", "BDAT"):
            return self.dot
        if stage == "DATA":
            return self.data
        return self.greeting if stage == "greeting" else self.command


@dataclass(frozen=True)
class Features:
    """What EHLO offered. Nothing else is used."""

    pipelining: bool = False
    chunking: bool = False
    utf8: bool = False
    starttls: bool = False
    sizes: bool = False
    size_limit: int = 0
    auth: frozenset[str] = frozenset()

    @classmethod
    def of(cls, reply: Reply) -> "Features":
        words = [line.upper().split() for line in reply.words.split("\n")[1:] if line.split()]
        offered = {line[0]: line[1:] for line in words}
        size = offered.get("SIZE", [])
        limit = int(size[0]) if size and size[0].isdigit() and len(size[0]) < 19 else 0
        return cls(
            pipelining="PIPELINING" in offered,
            chunking="CHUNKING" in offered,
            utf8="SMTPUTF8" in offered and "8BITMIME" in offered,
            starttls="STARTTLS" in offered,
            sizes="SIZE" in offered,
            size_limit=limit,
            auth=frozenset(offered.get("AUTH", [])),
        )

    def cannot_carry(self, parcel: Parcel) -> str:
        """Why this server cannot take this letter, or nothing."""
        if not self.utf8 and not (parcel.address.isascii() and parcel.sender.isascii()):
            return "cannot be delivered: the mail server takes no addresses beyond ASCII (SMTPUTF8)"
        if self.size_limit and parcel.message.size > self.size_limit:
            return f"cannot be delivered: the mail server takes letters up to {self.size_limit} bytes"
        return ""

    def parameters(self, parcel: Parcel) -> str:
        size = f" SIZE={parcel.message.size}" if self.sizes else ""
        utf8 = "" if parcel.address.isascii() and parcel.sender.isascii() else " BODY=8BITMIME SMTPUTF8"
        return size + utf8
