"""A letter and a reader → the bytes on the wire; all that is the same for everybody is made once, as a `Frame`."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime
from functools import cached_property
from hashlib import sha256

from delivery.letter import quoted, verp
from delivery.model import DeliveryError, Letter, Mailing

MAX_LINE = 998  # RFC 5322 2.1.1, without CRLF

# Builders and inliners sometimes percent-encode brackets in an href.
TOKEN = re.compile(r"(?:\[\[|%5B%5B)([a-z][a-z0-9_-]*)(?:\]\]|%5D%5D)", re.IGNORECASE)
_BREAKS = re.compile(
    "[\r\n\v\f\x00\x1c\x1d\x1e\x85\u2028\u2029]+"
)  # all that any reader of headers takes for a line end
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_LONG_SUBJECT = 900  # ASCII subjects longer than this would come near MAX_LINE, so they are folded as encoded words
_MARK = b"\0"  # cannot occur in a message, so it fences the reader's spots in the stored bytes


Encoder = Callable[[Mapping[str, str], str], bytes]


class MissingTokenError(DeliveryError):
    """This reader has no value for a token in their letter: the letter is set aside, the others go."""


@dataclass(frozen=True)
class Frame:
    """A serialised letter, cut at the reader's spots. `spots` are (encoder, token name, places in pieces)."""

    pieces: tuple[bytes, ...]
    spots: tuple[tuple[Encoder, str, tuple[int, ...]], ...]
    head: int  # how many pieces are header

    @classmethod
    def load(cls, stored: bytes) -> "Frame":
        pieces = stored.split(_MARK)
        spots: dict[str, list[int]] = {}
        head = len(pieces)
        for index in range(1, len(pieces), 2):
            if pieces[index] == b"body:":
                head = index
            else:
                spots.setdefault(pieces[index].decode(), []).append(index)
            pieces[index] = b""
        return cls(tuple(pieces), tuple(_spot(what, places) for what, places in spots.items()), head)


@dataclass(frozen=True)
class Message:
    """Headers end with CRLF; the empty line belongs to neither. The body needs no dot-stuffing (see quoted).

    It stays in the frame's parts, the same bytes for all readers but for their spots: joined it would be copied for each.
    """

    headers: bytes
    parts: tuple[bytes, ...]  # of the body

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    @cached_property
    def size(self) -> int:
        return len(self.headers) + 2 + sum(map(len, self.parts))

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """To be written one after the other."""
        return self.headers, b"\r\n", *self.parts

    @property
    def wire(self) -> bytes:
        return b"".join(self.pieces)


def _spot(what: str, places: Sequence[int]) -> tuple[Encoder, str, tuple[int, ...]]:
    encoder, _, name = what.partition(":")
    return _ENCODERS[encoder], name, tuple(places)


def serialise(mailing: Mailing, letter: Letter) -> bytes:
    """The letter's bytes for everybody, its spots fenced by NUL: what the ledger keeps."""
    subject, text, markup = (_share(part, mailing.shared) for part in (letter.subject, letter.text, letter.html))
    boundary = "=_" + sha256(f"{subject}\0{text}\0{markup}".encode("utf-8", "replace")).hexdigest()[:24]
    fence = f"--{boundary}".encode()
    part = b"\r\nContent-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    body = [
        *(fence, part % b"plain", _part(text, "text")),
        *(b"\r\n", fence, part % b"html", _part(markup, "html")),
        *(b"\r\n", fence, b"--\r\n"),
    ]
    return b"".join([*_headers(mailing, subject, boundary), b"\0body:\0", *body])


def compose(frame: Frame, values: Mapping[str, str]) -> Message:
    """Splices a reader's values in. Raises MissingTokenError."""
    pieces = list(frame.pieces)
    for encode, name, places in frame.spots:
        value = encode(values, name)
        for place in places:
            pieces[place] = value
    return Message(b"".join(pieces[: frame.head]), tuple(pieces[frame.head :]))


def single(mailing: Mailing, letter: Letter, address: str, name: str) -> bytes:
    """A letter to one reader as it goes over the wire, before it is signed. `name`: what stands before @ in its Message-ID.

    Whatever looks like a reader token in it is text: a stranger may have written it. Raises DeliveryError.
    """
    values = _Spoken({"to!": clean_address(address), "name!": name})
    return compose(Frame.load(serialise(mailing, letter)), values).wire


class _Spoken(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"[[{name}]]"


def reader_values(
    mailing: Mailing, subscriber: str, address: str, tokens: Mapping[str, str], secret: bytes
) -> dict[str, str]:
    """Everything a frame may ask for: the reader's tokens, their address, and two names of this one letter.

    The one that stands in its Message-ID, and the one with which its reader sees it in a browser.

    Raises DeliveryError for an address that nothing can be sent to.
    """
    name = verp.token(secret, mailing.name, subscriber)
    given = {"address": address, **tokens, "to!": clean_address(address), "name!": name}
    return _Values(given, reading=lambda: verp.reading(secret, mailing.name, subscriber))


class _Values(dict[str, str]):
    """The name for a browser is made when a letter asks for it."""

    def __init__(self, given: Mapping[str, str], reading: Callable[[], str]) -> None:
        super().__init__(given)
        self._reading = reading

    def __missing__(self, name: str) -> str:
        if name != "letter":
            raise KeyError(name)
        return self._reading()


def _value(values: Mapping[str, str], name: str) -> str:
    try:
        return values[name]
    except KeyError:
        raise MissingTokenError(f"the letter asks for [[{name}]], which this reader has not") from None


def _share(text: str, shared: Mapping[str, str]) -> str:
    """Fills in what is the same for everybody; what it brings may hold reader tokens, not shared ones."""
    return TOKEN.sub(lambda found: shared.get(found[1].lower(), f"[[{found[1].lower()}]]"), text)


def _part(text: str, kind: str) -> bytes:
    """The body of one part, each spot between two soft breaks so that a value has its line for itself."""
    pieces = TOKEN.split(text)
    out = [quoted.encode(pieces[0])]
    for name, after in zip(pieces[1::2], pieces[2::2], strict=True):
        out.append(f"=\r\n\0{kind}:{name.lower()}\0=\r\n".encode())
        out.append(quoted.encode(after))
    return b"".join(out)


def _headers(mailing: Mailing, subject: str, boundary: str) -> list[bytes]:
    domain = ascii_domain(mailing.sender.rpartition("@")[2])
    fields = [
        ("From", f"{_phrase(mailing.sender_name)}<{clean_address(mailing.sender)}>".encode()),
        ("To", b"\0raw:to!\0"),
        ("Subject", _subject(subject)),
        ("Date", format_datetime(mailing.date).encode()),
        ("Message-ID", b"<\0raw:name!\0@%b>" % domain.encode()),
        ("Reply-To", clean_address(mailing.reply_to).encode() if mailing.reply_to else b""),
        ("List-Id", f"{_phrase(mailing.list_name)}<{_url(mailing.list_id)}>".encode() if mailing.list_id else b""),
        ("List-Unsubscribe", _unsubscribe(mailing)),
        ("List-Unsubscribe-Post", b"List-Unsubscribe=One-Click" if mailing.unsubscribe else b""),
        ("List-Archive", _angle(mailing.archive, mailing)),
        ("List-Help", _angle(mailing.help, mailing)),
        ("Auto-Submitted", b"auto-generated" if mailing.automatic else b""),
        ("X-Auto-Response-Suppress", b"All" if mailing.automatic else b""),  # Exchange's word for the same
        ("MIME-Version", b"1.0"),
        ("Content-Language", _url(mailing.language).encode()),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'.encode()),
    ]
    return [f"{name}: ".encode() + value + b"\r\n" for name, value in fields if value]


def _unsubscribe(mailing: Mailing) -> bytes:
    """https first, then mailto (RFC 8058); folded between them, never an encoded word."""
    mail = f"mailto:{mailing.unsubscribe_mail.removeprefix('mailto:')}" if mailing.unsubscribe_mail else ""
    return b",\r\n ".join(_angle(link, mailing) for link in (mailing.unsubscribe, mail) if link)


def _angle(link: str, mailing: Mailing) -> bytes:
    if not link:
        return b""
    pieces = TOKEN.split(_share(link, mailing.shared))
    out = _url(pieces[0])
    for name, after in zip(pieces[1::2], pieces[2::2], strict=True):
        out += f"\0url:{name.lower()}\0{_url(after)}"
    return f"<{out}>".encode()


def _subject(subject: str) -> bytes:
    """With tokens in it a subject is encoded whole for each reader: blanks between encoded words would be lost."""
    subject = one_line(subject)
    return b"\0subject:%b\0" % subject.encode("utf-8", "replace") if TOKEN.search(subject) else _words(subject)


def _words(text: str) -> bytes:
    """Unstructured header text: as it is when ASCII and short, else encoded words."""
    text = one_line(text).strip()
    if text.isascii() and len(text) <= _LONG_SUBJECT and "=?" not in text and text.isprintable():
        return text.encode()
    encoded = Header(text.encode("utf-8", "replace").decode(), "utf-8", maxlinelen=75, header_name="Subject").encode()
    return encoded.replace("\n", "\r\n").encode()


def _phrase(name: str) -> str:
    """A display name and the space after it."""
    name = one_line(name).strip()
    if not name:
        return ""
    if not name.isascii():
        return Header(name, "utf-8", maxlinelen=60).encode().replace("\n", "\r\n") + " "
    if _ATOM.fullmatch(name) and "=?" not in name:
        return name + " "
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '" '


def one_line(text: str) -> str:
    """No field that a person can fill begins a new header (M2)."""
    return _BREAKS.sub(" ", text)


def _url(text: str) -> str:
    """For header values that must stay ASCII and unbroken: what does not belong is percent-encoded or dropped."""
    if _PLAIN_URL.fullmatch(text):
        return text
    kept = _BREAKS.sub("", text).replace(" ", "%20")
    return "".join(c if "!" <= c <= "~" and c not in "<>" else _percent(c) for c in kept)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace"))


def ascii_domain(domain: str) -> str:
    """münchen.example → xn--mnchen-3ya.example. Raises DeliveryError for what is no domain."""
    if domain.isascii():
        return domain.lower()
    import idna

    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise DeliveryError(f"{domain!r} is not a domain: {error}") from error


_PLAIN_URL = re.compile(r"[!-;=?-~]*")
_ADDRESS_PART = re.compile(r"[^\s\x00-\x20\x7f<>()\[\],;:\\\"@]+")


def clean_address(address: str) -> str:
    """local@domain with an ASCII domain. Raises DeliveryError: no address ever smuggles a command or a header."""
    local, at, domain = address.strip().rpartition("@")
    if not at or not _ADDRESS_PART.fullmatch(local) or not _ADDRESS_PART.fullmatch(domain):
        raise DeliveryError(f"{address!r} is not an address that mail can be sent to")
    return f"{local}@{ascii_domain(domain)}"


def _spoken_subject(values: Mapping[str, str], pattern: str) -> bytes:
    return _words(TOKEN.sub(lambda found: _value(values, found[1].lower()), pattern))


# Each takes the reader's values and the name behind the colon of its spot.
_ENCODERS: dict[str, Encoder] = {
    "text": lambda values, name: quoted.encode_value(_value(values, name)),
    "html": lambda values, name: quoted.encode_value(html.escape(_value(values, name))),
    "subject": _spoken_subject,
    "url": lambda values, name: _url(_value(values, name)).encode(),
    "raw": lambda values, name: _value(values, name).encode(),
}
