"""Text → quoted-printable that is 7-bit, needs no dot-stuffing and is already its own DKIM canonical form (relaxed)."""

import re

LINE = 76  # RFC 2045 6.7, the soft break's "=" included
_ROW = LINE - 3  # leaves room for "=" and for a guarded first character

_RISKY = re.compile(rb"[^ !-<>-~]|(?<= ) | \Z")  # never as they are; of several spaces, or at a line's end, the later
# A dot alone ends the message, mailbox files quote "From ": neither stands at the start of a line.
_START = re.compile(rb"\.|F(?=rom )")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9/:_?&;#%+,~@!*()'$-][A-Za-z0-9/:._?&;#%+,~@!*()'$-]{0,70}")


def encode(text: str) -> bytes:
    """Lines joined by CRLF. Runs and ends of spaces are encoded, so that no relay and no canonical form alters them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").split("\n")
    return b"\r\n".join(map(encode_line, lines))


def encode_line(line: str) -> bytes:
    """One line without its break, folded by soft breaks."""
    return _fold(_RISKY.sub(_escape, line.encode("utf-8", "replace")))


def encode_value(value: str) -> bytes:
    """A reader's own value, which stands on its own line between two soft breaks."""
    return value.encode() if _PLAIN_VALUE.fullmatch(value) else encode(value)


def _escape(match: re.Match[bytes]) -> bytes:
    return b"=%02X" % match[0][0]


def _fold(line: bytes) -> bytes:
    rows = []
    while len(line) > _ROW:
        cut = _before_escape(line, _ROW)
        rows.append(_START.sub(_escape, line[:cut], count=1) if _START.match(line) else line[:cut])
        line = line[cut:]
    rows.append(_START.sub(_escape, line, count=1) if _START.match(line) else line)
    return b"=\r\n".join(rows)


def _before_escape(line: bytes, cut: int) -> int:
    """The cut, moved back where it would fall inside an =XX."""
    for back in (1, 2):
        if line[cut - back] == 0x3D:
            return cut - back
    return cut
