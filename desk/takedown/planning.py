"""A name or an address → everything that has to go with it, worked out before anything is changed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from builder.addresses import as_address, of_item
from builder.audience import did_you_mean
from builder.items import read_key
from builder.model import Edition, Item
from builder.press import Press, pictures_named

_LINK = re.compile(r"(?<!!)\[([^\[\]]*)\]\(\s*<?([^()<>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_RELATED = re.compile(r"^(related|Related)\s*:(.*(?:\n[ \t].*)*)", re.MULTILINE)


class NothingThere(Exception):
    """The message says what was looked for and what is near it."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes. Files are told from the house."""

    items: tuple[Item, ...]
    """The item itself, then excerpts of it: they tell its words."""
    addresses: tuple[str, ...]
    files: tuple[str, ...]
    pictures: tuple[str, ...]
    """Pictures that no other item shows."""
    edits: tuple[str, ...]
    """Other files whose links and `related:` lines lead to it."""
    editions: tuple[tuple[str, date], ...]
    """Those that carried it, or an item that led to it: a link tells its title."""


def plan_removal(press: Press, what: str) -> Removal:
    """`what`: bulletin/date/slug, an address of the site, or a whole URL. Raises NothingThere."""
    address = _address(press, what)
    every = [item for edition in press.content.editions for item in edition.items if _own(item, edition)]
    items = tuple(item for item in every if of_item(press.house, item.key.bulletin, item.slug) == address)
    if not items and address not in press.content.register.first:
        known = [of_item(press.house, item.key.bulletin, item.slug) for item in every]
        raise NothingThere(f'There is no item at "{what}", and there never was.{did_you_mean(address, known)}')
    items += tuple(e for e in every for i in items if e.original is not None and e.original.key == i.key)
    keys = {item.key for item in items}
    edits = tuple(_leading_there(press, items))
    carried = [e for e in press.content.editions if any(i.key in keys or i.source.file in edits for i in e.items)]
    return Removal(
        items=items,
        addresses=tuple(dict.fromkeys([address, *(of_item(press.house, i.key.bulletin, i.slug) for i in items)])),
        files=tuple(item.source.file for item in items),
        pictures=_pictures(items, [item for item in every if item.key not in keys]),
        edits=edits,
        editions=tuple((edition.bulletin, edition.day) for edition in carried),
    )


def _own(item: Item, edition: Edition) -> bool:
    return (item.key.bulletin, item.key.day) == (edition.bulletin, edition.day)


def _address(press: Press, what: str) -> str:
    try:
        key = read_key(what.strip().removesuffix(".md").removeprefix("content/").replace("/good-news/", "/"))
        if key.bulletin in press.house.bulletins:
            return of_item(press.house, key.bulletin, key.slug)
    except ValueError:
        pass
    path, top = urlsplit(what.strip()).path, urlsplit(press.house.publisher.url).path
    try:
        return as_address(path.removeprefix(f"{top}/") if top and path.startswith(f"{top}/") else path)
    except ValueError as error:
        raise NothingThere(f"{error} Name it like weekly/2025-01-14/summit, or by its address.") from error


def _pictures(items: tuple[Item, ...], others: list[Item]) -> tuple[str, ...]:
    kept = {file for item in others for file, _ in pictures_named(item)}
    theirs = dict.fromkeys(file for item in items for file, _ in pictures_named(item))
    return tuple(file for file in theirs if file not in kept)


# --- what leads there ------------------------------------------------------------------------------------------------


def _leading_there(press: Press, items: tuple[Item, ...]) -> Iterator[str]:
    gone = {item.source.file for item in items}
    for path in sorted((press.root / "content").rglob("*.md")):
        file = path.relative_to(press.root).as_posix()
        if file in gone:
            continue
        text = path.read_text("utf-8", errors="surrogateescape")
        if without_links(press, text, file, items) != text:
            yield file


def without_links(press: Press, text: str, file: str, items: tuple[Item, ...]) -> str:
    """A file's text in which nothing leads to these items; the words of the links stay."""
    files = {item.source.file for item in items}
    paths = {f"/{of_item(press.house, i.key.bulletin, i.slug)}".rstrip("/") for i in items}
    names = {n for i in items for n in (str(i.key), f"{i.key.bulletin}/{i.slug}", *_short(i, file))}

    def kept(match: re.Match[str]) -> str:
        target = match[2].removeprefix(press.house.publisher.url).partition("#")[0].partition("?")[0]
        there = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
        return match[1] if target.rstrip("/") in paths or there in files else match[0]

    def related(match: re.Match[str]) -> str:
        words = [word.strip() for word in re.split(r"[,\n]", match[2]) if word.strip()]
        left = [word for word in words if word not in names]
        if len(left) == len(words):
            return match[0]
        return f"{match[1]}: {', '.join(left)}"

    return _RELATED.sub(related, _LINK.sub(kept, text))


def _short(item: Item, file: str) -> tuple[str, ...]:
    """Within its own bulletin an item is named by its slug alone."""
    return (item.slug,) if file.startswith(f"content/{item.key.bulletin}/") else ()


def edit(root: Path, file: str, text: str) -> None:
    partial = (root / file).with_name(f".{Path(file).name}.partial")
    partial.write_text(text, "utf-8", errors="surrogateescape", newline="")
    partial.replace(root / file)
