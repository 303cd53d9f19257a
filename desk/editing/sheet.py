"""A content file as its lines: one header or the body is written anew, and every other byte stays as its author left it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from builder.headers import FENCE, LINE_ENDS, UNSEEN, name_in, take_apart

BOM = "\ufeff"
# Where a new header goes: after the nearest of those before it here. Names that are not here come last.
ORDER = (
    "title", "kind", "excerpt-of", "section", "audience", "summary", "subject", "preheader", "number", "special",
    "action-by", "returns-to", "reference", "respond", "starts", "ends", "venue", "book", "cost", "opens", "closes",
    "outcome", "document", "signed", "person", "post", "school",
    "visibility", "release", "expires", "image", "alt", "credit", "photo-consent", "contact", "related", "weight",
    "also", "draft", "checked",
)  # fmt: skip
_SPLIT = re.compile(f"({LINE_ENDS.pattern}|\n)")
# A form cannot hold these faults: the file has to be mended as the text it is.
UNFIT = frozenset({"not-utf-8", "file-too-large", "headers-not-closed"})


class NotEditable(Exception):
    """The file has to be mended as text first. The message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    end: str

    def __str__(self) -> str:
        return self.text + self.end


@dataclass(frozen=True, slots=True)
class Sheet:
    """`first` and `last`: the header lines are lines[first:last]; both 0 when the file has no header block."""

    lines: tuple[Line, ...]
    first: int
    last: int
    bom: str
    headers: Mapping[str, str]
    body: str

    @property
    def raw(self) -> bytes:
        return (self.bom + "".join(map(str, self.lines))).encode()

    @property
    def end(self) -> str:
        """The end of line that this file uses."""
        return next((line.end for line in self.lines if line.end), "\n")

    def having(self, changes: Mapping[str, str | None]) -> Sheet:
        """With these headers written anew; None takes one away. Further lines of a value become indented lines."""
        sheet = self if self.first else self._with_block()
        for name in sorted(changes, key=_place):
            sheet = sheet._one(name, changes[name])
        return lay_out(sheet.raw)

    def saying(self, body: str) -> Sheet:
        """With another body; the empty lines before and after it stay."""
        if not self.first:
            return self._with_block().saying(body)  # else a body's own --- could be taken for a fence
        before, after = self.lines[: self.last + 1], self.lines[self.last + 1 :]
        start, stop = _filled(after)
        new = [Line(text, self.end) for text in body.split("\n")] if body else []
        if new and stop == len(after) and after and not after[-1].end:
            new[-1] = Line(new[-1].text, after[-1].end if stop > start else self.end)
        lines = (*_ended(before, self.end), *after[:start], *new, *after[stop:])
        return lay_out((self.bom + "".join(map(str, lines))).encode())

    def _with_block(self) -> Sheet:
        fence = Line(FENCE, self.end)
        return lay_out((self.bom + "".join(map(str, (fence, Line("x:", self.end), fence, *self.lines)))).encode())._one(
            "x", None
        )

    def _one(self, name: str, value: str | None) -> Sheet:
        owners = self._owners()
        mine = [n for n, owner in owners.items() if owner == name]
        written = [] if value is None else self._written(name, value, self.lines[mine[0]].text if mine else "")
        at = mine[0] if mine else self._place_for(name, owners)
        lines = [line for n, line in enumerate(self.lines) if n not in mine]
        return self._like((*lines[:at], *written, *lines[at:]), self.last + len(written) - len(mine))

    def _like(self, lines: tuple[Line, ...], last: int) -> Sheet:
        return Sheet(lines, self.first, last, self.bom, self.headers, self.body)

    def _written(self, name: str, value: str, before: str) -> list[Line]:
        """A header keeps the name that its author gave it: Description stays Description."""
        spelled = before.partition(":")[0] if before else name
        first, *rest = value.split("\n")
        return [Line(f"{spelled}: {first}".rstrip(" "), self.end), *(Line(f"  {more}", self.end) for more in rest)]

    def _owners(self) -> dict[int, str]:
        """Each header line → the header that it belongs to. A header given twice: all of its lines are the first one's."""
        owners: dict[int, str] = {}
        current = ""
        for n in range(self.first, self.last):
            text = UNSEEN.sub("\ufffd", self.lines[n].text)
            if not text.strip() or text.startswith("#"):
                continue
            if not (text[0] in " \t" and current):
                current = name_in(text)
            if current:
                owners[n] = current
        return owners

    def _place_for(self, name: str, owners: Mapping[int, str]) -> int:
        before = [n for n, owner in owners.items() if _place(owner) <= _place(name)]
        if before:
            return max(before, key=lambda n: (_place(owners[n]), n)) + 1
        return min(owners, default=self.last)  # behind indented lines of no header, which would become this one's


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _ended(lines: Sequence[Line], end: str) -> Iterable[Line]:
    """A closing fence that was the file's very end needs an end of its own before a body can follow."""
    for line in lines:
        yield line if line.end else Line(line.text, end)


def _filled(lines: Sequence[Line]) -> tuple[int, int]:
    """[first, behind the last) of the lines that hold anything."""
    held = [n for n, line in enumerate(lines) if line.text]
    return (held[0], held[-1] + 1) if held else (len(lines), len(lines))


def lay_out(raw: bytes) -> Sheet:
    """Raises NotEditable."""
    written = take_apart(raw, "")
    for finding in written.findings:
        if finding.code in UNFIT:
            raise NotEditable(finding.message)
    text = raw.decode("utf-8")
    bom = BOM if text.startswith(BOM) else ""
    parts = [*_SPLIT.split(text.removeprefix(bom)), ""]
    lines = tuple(Line(part, end) for part, end in zip(parts[::2], parts[1::2], strict=True))
    first, last = _fences(lines)
    return Sheet(lines, first, last, bom, written.headers, written.body)


def _fences(lines: Sequence[Line]) -> tuple[int, int]:
    texts = [UNSEEN.sub("\ufffd", line.text) for line in lines]
    first = next((n for n, text in enumerate(texts) if text.strip()), 0)
    if texts[first].rstrip() != FENCE:
        return 0, 0
    last = next(n for n in range(first + 1, len(texts)) if texts[n].rstrip() == FENCE)
    return first + 1, last
