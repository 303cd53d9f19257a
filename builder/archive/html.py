"""A body's safe HTML → what stands on a page: no inline style, headings on their level, no link to what is not shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape, unescape
from unicodedata import combining, normalize

Dead = Callable[[str], bool]
"""Whether an address, as it stands in a link, leads nowhere on the public site."""

_ALIGNED = re.compile(r'(<t[dh]\b[^<>]*?) style="text-align:\s*(\w+);?"')
_STYLE = re.compile(r'(<(?:t[dh]|img|a)\b[^<>]*?) style="[^"]*"')
_HEADING = re.compile(r"<(/?)h([2-6])>")
_WHOLE_HEADING = re.compile(r"<h([2-6])>(.*?)</h\1>", re.DOTALL)
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
_CAPTION = re.compile(r"<table>\s*<caption>(.*?)</caption>", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_LEADS = re.compile(r"<(?:a|img)\b[^<>]*\b(?:href|src)=")
_ELSEWHERE = re.compile(r"https?:|mailto:|tel:|#", re.IGNORECASE)
# Neither HTML nor XML may hold them, and they would be in a page only by accident.
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def for_page(html: str, dead: Dead, table: str) -> str:
    """`html` from `markdown.to_html`, links placed. `table`: what a table without a caption is called."""
    html = _LINK.sub(lambda m: m[2] if _leads_nowhere(unescape(m[1]), dead) else m[0], html)
    if "<t" in html or "<img" in html:
        html = _ALIGNED.sub(lambda m: m[1] if m[2] == "left" else f'{m[1]} class="{m[2]}"', html)
        html = _STYLE.sub(r"\1", html).replace("<img ", '<img loading="lazy" ')
        html = _framed_tables(html, table)
    return html


def _leads_nowhere(address: str, dead: Dead) -> bool:
    return not _ELSEWHERE.match(address) or dead(address)


def _framed_tables(html: str, name: str) -> str:
    """A wide table scrolls in a frame of its own, which the keyboard can reach."""

    def framed(start: str) -> str:
        caption = _CAPTION.match(start)
        label = plain(caption[1]) if caption else name
        return f'<div class="table" role="group" tabindex="0" aria-label="{escape(label)}">'

    first, *rest = html.split("<table>")
    return first + "".join(framed(f"<table>{part}") + f"<table>{part}" for part in rest).replace(
        "</table>", "</table></div>"
    )


def without_style(html: str) -> str:
    return _STYLE.sub(r"\1", html)


def without_pictures(html: str) -> str:
    return re.sub(r"<img [^<>]*>", "", html)


def lowered(html: str, levels: int) -> str:
    """Headings so many levels further down, at most h6."""
    return _HEADING.sub(lambda m: f"<{m[1]}h{min(int(m[2]) + levels, 6)}>", html)


def with_ids(html: str, taken: Iterable[str] = ()) -> tuple[str, tuple[tuple[int, str, str], ...]]:
    """Every heading gets an id from its words → (html, each heading's level, id and words).

    An id stays while its heading's words stay; a heading that repeats gets a number.
    """
    used = set(taken)
    found: list[tuple[int, str, str]] = []

    def named(match: re.Match[str]) -> str:
        words = plain(match[2])
        name = free_name(words, used)
        found.append((int(match[1]), name, words))
        return f'<h{match[1]} id="{name}">{match[2]}</h{match[1]}>'

    return _WHOLE_HEADING.sub(named, html), tuple(found)


def free_name(words: str, used: set[str]) -> str:
    base = "-".join(re.findall(r"[^\W_]+", words.lower().replace("’", "")))[:60].rstrip("-") or "part"
    name, number = base, 2
    while name in used:
        name, number = f"{base}-{number}", number + 1
    used.add(name)
    return name


def unaccented(text: str) -> str:
    """Café → Cafe: for addresses, and for the order of names."""
    return "".join(c for c in normalize("NFKD", text) if not combining(c))


def plain(html: str) -> str:
    """The words alone, on one line."""
    return " ".join(unescape(_TAG.sub("", re.sub(r"</(p|li|h\d|td|th|caption)>|<br>", " ", html))).split())


def shortened(text: str, length: int) -> str:
    """At most so many characters, cut between words."""
    if len(text) <= length:
        return text
    return text[: length - 1].rpartition(" ")[0].rstrip(" ,;:.–") + "…"


def relative(page: str, site: str, up: str) -> str:
    """Links and pictures of the page's body that point into the site, told from where the page stands.

    So the archive can be read from any folder or address it is put into.
    """
    head, mark, body = page.partition("<body")
    before, *rest = body.split(f'"{escape(site)}/')
    parts = [head, mark, before]
    for piece in rest:
        parts += (f'"{up}' if _LEADS.fullmatch(before, before.rfind("<")) else f'"{escape(site)}/', piece)
        before = piece
    return "".join(parts)


def safe(text: str) -> str:
    """Without characters that neither HTML nor XML may hold."""
    return _FORBIDDEN.sub("", text)


def to_bytes(text: str) -> bytes:
    """`safe` text as UTF-8; looking through bytes takes a tenth of the time."""
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        return safe(text).encode("utf-8")
    raw = raw.translate(None, _CONTROLS)
    return raw.replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b"") if b"\xef" in raw else raw
