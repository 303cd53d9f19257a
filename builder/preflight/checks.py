"""What a check is: a stable code, how much it weighs, which requirement it keeps, and why it is worth a person's time."""

from __future__ import annotations

from msgspec import Struct

from builder.model import Finding, Severity, Source


class Check(Struct, frozen=True):
    code: str
    severity: Severity
    rule: str
    """The requirement's number in docs/standards.md; empty where plain sense asks for it."""
    why: str
    may_stand: bool | None = None
    """Whether `checked: <code>` silences it. None: everything may stand but what blocks."""

    @property
    def can_stand(self) -> bool:
        return self.severity != "block" if self.may_stand is None else self.may_stand

    def at(self, file: str, line: int, message: str) -> Finding:
        return Finding(file, line, self.code, self.severity, message)

    def on(self, source: Source, header: str, message: str) -> Finding:
        return self.at(source.file, source.line(header), message)
