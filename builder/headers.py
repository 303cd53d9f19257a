"""The header block of a content file: plain `name: value` lines between `---` fences, read literally.

Not YAML: `title: SEND: Element 3 funding` is a title with a colon in it, and `number: 010` is not eight.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct, field

from builder.limits import excesses
from builder.model import Finding, Severity, Source

ALIASES = {
    "publishdate": "release",
    "publish-date": "release",
    "expirydate": "expires",
    "expiry-date": "expires",
    "description": "summary",
    "audiences": "audience",
    "tags": "audience",
    "type": "kind",
    "deadline": "action-by",
    "location": "venue",
}
FENCE = "---"
MAX_FILE_BYTES = 200_000  # the longest real item seen is 20 kB; past this, Markdown takes seconds
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9 _-]{0,40}?)\s*")
# Characters that change how text reads without being seen: controls, bidi overrides and isolates, and BOMs inside.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
LINE_ENDS = re.compile("\r\n|[\r\u0085\u2028\u2029]")
_ODD = re.compile(f"{UNSEEN.pattern[:-1]}\r\u2028\u2029]")
_LONG_VALUE = re.compile(r'"([^"]{80})[^"]{20,}"')


class Written(Struct, frozen=True):
    """A content file, taken apart but not yet understood. Values keep their further lines, joined by newlines."""

    source: Source
    headers: Mapping[str, str]
    body: str
    body_line: int
    findings: tuple[Finding, ...] = ()


class Notes(Struct):
    """What was found in one file so far."""

    file: str
    findings: list[Finding] = field(default_factory=list)

    def add(self, code: str, line: int, message: str, severity: Severity = "block") -> None:
        """What was found is shown in double quotes; only its beginning when it is long."""
        message = _LONG_VALUE.sub(r'"\1…"', message)
        self.findings.append(Finding(self.file, line, code, severity, message))


def take_apart(raw: bytes, file: str) -> Written:
    """Bytes of a file → its headers and body. Never raises: what cannot be read is in `findings`."""
    notes = Notes(file)
    text = _decode(raw, notes)
    lines = text.split("\n")
    if not text.strip():
        notes.add("empty-file", 0, "The file is empty. Write a header block between two --- lines, then the text.")
    start, end = _fences(lines, notes)
    headers, at = _headers(lines[start:end], start + 1, notes)
    if start and not headers and not notes.findings:
        notes.add("no-headers", start, f"There is no header between the {FENCE} lines. Add at least a title:.")
    rest = lines[end + 1 :] if start else lines
    blank = next((n for n, line in enumerate(rest) if line), 0)
    body, body_line = "\n".join(rest).strip("\n"), (end + 2 if start else 1) + blank
    _check_size(body, body_line, notes)
    source = Source(file, {**at, "body": body_line}, _checked(headers))
    return Written(source, headers, body, body_line, tuple(notes.findings))


def nothing(file: str, *findings: Finding) -> Written:
    """Stands in for a file that is not there, so that the rest can be read."""
    return Written(Source(file), {}, "", 1, findings)


def _checked(headers: Mapping[str, str]) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9-]+", headers.get("checked", "").lower()))


def _decode(raw: bytes, notes: Notes) -> str:
    if len(raw) > MAX_FILE_BYTES:
        kb = f"{len(raw) // 1000:,} kB; the limit is {MAX_FILE_BYTES // 1000} kB"
        notes.add("file-too-large", 0, f"The file is {kb}. Make a long text a document in content/documents/.")
        return f"{FENCE}\n{FENCE}\n"
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        found = f"byte {raw[error.start]:02X}"
        notes.add("not-utf-8", line, f"The file is not UTF-8 text ({found}). Save it again as UTF-8.")
        text = raw.decode("utf-8-sig", errors="replace")
    if not _ODD.search(text):
        return text
    text = LINE_ENDS.sub("\n", text)
    for match in UNSEEN.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        notes.add("unseen-character", line, f"There is an unseen character here (U+{ord(match[0]):04X}). Delete it.")
        break
    return UNSEEN.sub("\ufffd", text)


def _fences(lines: list[str], notes: Notes) -> tuple[int, int]:
    """(first header line, index of the closing fence), 0-based; (0, 0) when there is no header block."""
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    if lines[first].rstrip() != FENCE:
        if any(line.strip() for line in lines):
            notes.add(
                "no-headers",
                first + 1,
                f"The file must begin with a {FENCE} line, headers such as title:, and {FENCE}.",
            )
        return 0, 0
    for n in range(first + 1, len(lines)):
        if lines[n].rstrip() == FENCE:
            return first + 1, n
    notes.add(
        "headers-not-closed", first + 1, f"The header block is never closed. Put a {FENCE} line after the last header."
    )
    return first + 1, len(lines)


def _headers(lines: list[str], first_line: int, notes: Notes) -> tuple[dict[str, str], dict[str, int]]:
    headers: dict[str, list[str]] = {}
    at: dict[str, int] = {}
    current: list[str] | None = None
    for number, line in enumerate(lines, first_line):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] in " \t" and current is not None:
            current.append(line.strip())
            continue
        current = headers.get(_one_header(line, number, headers, at, notes), [])
    return {name: "\n".join(written) for name, written in headers.items()}, at


def _one_header(line: str, number: int, headers: dict[str, list[str]], at: dict[str, int], notes: Notes) -> str:
    name = name_in(line)
    if not name:
        notes.add("not-a-header", number, f'"{line[:60]}" is not a header. Headers look like title: Inclusion Summit.')
        return ""
    if name in headers:
        notes.add("header-twice", number, f'"{name}" is already given in line {at[name]}. Keep one of them.')
        return ""
    headers[name], at[name] = [line.partition(":")[2].strip()], number
    return name


def name_in(line: str) -> str:
    """The header that a line begins, by its one name; empty when it begins none."""
    before, colon, _ = line.partition(":")
    return _one_name(before) if colon else ""


@lru_cache(maxsize=256)
def _one_name(written: str) -> str:
    """All files use the same few."""
    match = _NAME.fullmatch(written)
    name = re.sub(r"[ _]+", "-", match[1].strip().lower()) if match else ""
    return ALIASES.get(name, name)


def _check_size(body: str, body_line: int, notes: Notes) -> None:
    for line, message in excesses(body):
        notes.add("too-much-markup", body_line + line, message)
