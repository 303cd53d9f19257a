"""A rendered letter: its size, structure, links and pictures (E1 to E10, E15)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from builder.model import Finding, Letter
from builder.preflight.checks import Check
from builder.preflight.links import is_generic
from builder.preflight.page import Element

NEARLY_CLIPPED = Check(
    "letter-large", "warn", "E1", "Gmail clips letters at 102 kB: the end, with the way out, is lost."
)
CLIPPED = Check("letter-too-large", "block", "E1", NEARLY_CLIPPED.why)
LANGUAGE = Check(
    "letter-language", "block", "E2", "Webmail drops the outer tags, so each block tells its language itself."
)
TABLES = Check("letter-tables", "block", "E3", "A layout table without its role is read out cell by cell.")
HEADINGS = Check("letter-headings", "block", "E4", "Headings are how screen readers move through a letter.")
LINK_WORDS = Check("letter-links", "block", "E5", "A link is known by its words.")
UNDERLINE = Check("letter-underline", "warn", "E5", "Colour alone does not show everybody a link.")
PICTURES = Check(
    "letter-pictures", "block", "E7", "Without alt, width and height a letter falls apart when images are off."
)
TITLE = Check("letter-title", "block", "E8", "Screen readers announce the title when the letter is opened.")
PREHEADER = Check("letter-preheader", "block", "E8", "The inbox shows it; the letter does not say it twice.")
ZOOM = Check("letter-zoom", "block", "E9", "Who needs larger letters must be able to enlarge them.")
CONDITIONALS = Check("letter-conditionals", "block", "E10", "One comment left open, and Outlook hides the rest.")
LEFTOVERS = Check("letter-leftovers", "block", "E10", "A template's own marks are no words for readers.")
FOREIGN = Check("letter-foreign", "block", "E15", "Nothing is fetched but our own pictures: no reader is watched.")
CHECKS = (
    NEARLY_CLIPPED, CLIPPED, LANGUAGE, TABLES, HEADINGS, LINK_WORDS, UNDERLINE, PICTURES, TITLE, PREHEADER, ZOOM,
    CONDITIONALS, LEFTOVERS, FOREIGN,
)  # fmt: skip

LARGE_BYTES = 80_000  # leaves room for what forwarding adds
CLIP_BYTES = 100_000  # Gmail's is 102,400; reader tokens grow a little when they are filled in
COLUMN = 600  # px
_CONDITIONAL = re.compile(r"<!(?:--\[if[^\]]*\]>(?:<!-->)?|(?:--<!)?\[endif\]-->)")
_LEFTOVER = re.compile(r"</?mj-[a-z-]+|<!--token")  # not {{ or }}: writers may use them, and style sheets do
_FETCHED = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import[^;]*", re.IGNORECASE)

Fault = tuple[Check, str]


def check(letter: Letter, top: Element, file: str, preheader: str, url: str) -> Iterator[Finding]:
    """`top`: the letter's HTML, read. `file`: the edition's. `url`: the archive's; pictures come from there."""
    faults = (
        *_size(letter), *_language(top), *_tables(top), *_headings(top), *_links(top), *_pictures(top),
        *_head(top, letter, preheader), *_conditionals(letter.html), *_leftovers(letter.html), *_foreign(top, url),
    )  # fmt: skip
    return (check.at(file, 0, f"The letter: {text}") for check, text in faults)


def _size(letter: Letter) -> Iterator[Fault]:
    size = len(letter.html.encode())
    if size >= LARGE_BYTES:
        check = CLIPPED if size >= CLIP_BYTES else NEARLY_CLIPPED
        text = (
            f'variant "{letter.variant.id}" has {size:,} bytes of HTML; Gmail clips at 102,400. Shorten or move items.'
        )
        yield check, text


def _language(top: Element) -> Iterator[Fault]:
    for element in (*top.all("html"), *(child for body in top.all("body") for child in body.elements)):
        if missing := [name for name in ("lang", "dir") if not element.attributes.get(name)]:
            yield LANGUAGE, f"<{element.tag}> has no {' and no '.join(missing)}."
            return


def _tables(top: Element) -> Iterator[Fault]:
    for table in top.all("table"):
        if table.attributes.get("role") in {"presentation", "none"}:
            continue
        heads = [cell for cell in table.all("th") if cell.nearest("table") is table]
        if not heads:
            yield TABLES, f'a layout table has no role="presentation" ({table.text()[:60]}).'
        elif not all(cell.attributes.get("scope") for cell in heads) or not any(
            child.tag == "caption" for child in table.elements
        ):
            yield TABLES, f"a data table needs a caption and a scope on each th ({table.text()[:60]})."


def _headings(top: Element) -> Iterator[Fault]:
    headings = list(top.all("h1", "h2", "h3", "h4", "h5", "h6"))
    levels = [int(heading.tag[1]) for heading in headings]
    if levels.count(1) != 1:
        yield HEADINGS, f"it has {levels.count(1)} first-level headings instead of one."
    for (before, after), heading in zip(pairwise(levels), headings[1:], strict=True):
        if after > before + 1:
            yield HEADINGS, f'"{heading.text()[:60]}" skips from level {before} to {after}.'
    for heading in headings:
        if not heading.text():
            yield HEADINGS, f"there is an empty {heading.tag}."


def _links(top: Element) -> Iterator[Fault]:
    for link in top.all("a"):
        address = link.attributes.get("href", "")
        if not address:
            continue
        words = link.text() or " ".join(image.attributes.get("alt", "") for image in link.all("img")).strip()
        if not words:
            yield LINK_WORDS, f"the link to {address} has no words."
        elif is_generic(words) and not link.attributes.get("aria-label"):
            yield LINK_WORDS, f'the link "{words}" does not say where it leads.'
        elif "text-decoration:none" in link.style and link.text() and not _is_button(link):
            yield UNDERLINE, f'the link "{words[:60]}" is not underlined.'


def _is_button(link: Element) -> bool:
    """It has a ground of its own, or stands alone on one, or is nothing but a picture."""
    if "background" in link.style or "border" in link.style or any(link.all("img")):
        return True
    cell = link.parent
    return cell is not None and ("background" in cell.style or "bgcolor" in cell.attributes) and len(cell.elements) == 1


def _pictures(top: Element) -> Iterator[Fault]:
    for image in top.all("img"):
        name = image.attributes.get("src", "")[-60:]
        if "alt" not in image.attributes:
            yield PICTURES, f"{name} has no alt."
        sizes = [image.attributes.get(side, "") for side in ("width", "height")]
        if not all(size.isdecimal() for size in sizes):
            yield PICTURES, f"{name} has no width and height in figures."
        elif int(sizes[0]) > COLUMN:
            yield PICTURES, f"{name} is {sizes[0]} px wide; the letter is {COLUMN}."


def _head(top: Element, letter: Letter, preheader: str) -> Iterator[Fault]:
    title = " ".join(t.text(hidden=True) for t in top.all("title"))
    if title != " ".join(letter.subject.split()):
        yield TITLE, f'its title is "{title}" and its subject "{letter.subject}".'
    preheader = " ".join(preheader.split())
    times = top.text(hidden=True).count(preheader) if preheader else 1
    if times != 1:
        yield PREHEADER, "the preheader is not in it." if not times else f"it says the preheader {times} times."
    for meta in top.all("meta"):
        content = re.sub(r"\s", "", meta.attributes.get("content", "")).lower()
        if meta.attributes.get("name") == "viewport" and re.search(
            r"user-scalable=(?:no|0)|maximum-scale=1(?!\d)", content
        ):
            yield ZOOM, "its viewport forbids zooming."


def _conditionals(html: str) -> Iterator[Fault]:
    is_open = False
    for match in _CONDITIONAL.finditer(html):
        closes = "endif" in match[0]
        if closes != is_open:
            yield CONDITIONALS, f"{match[0]} at character {match.start():,} has no partner."
            return
        is_open = not closes
    if is_open:
        yield CONDITIONALS, "the last Outlook comment is never closed."


def _leftovers(html: str) -> Iterator[Fault]:
    if match := _LEFTOVER.search(html):
        yield LEFTOVERS, f'"{match[0]}" of the template was left at character {match.start():,}.'


def _foreign(top: Element, url: str) -> Iterator[Fault]:
    for element in top.all():
        for address in _fetched(element):
            if not _is_ours(address, url):
                yield FOREIGN, f"<{element.tag}> fetches {address[:80]}."
        if element.tag in {"script", "iframe", "object", "embed", "form", "link", "video", "audio"}:
            yield FOREIGN, f"<{element.tag}> has no place in a letter."
        if element.tag == "img" and {element.attributes.get("width"), element.attributes.get("height")} & {"0", "1"}:
            yield FOREIGN, f"{element.attributes.get('src', '')[-60:]} is a pixel that nobody can see."
        if handlers := [name for name in element.attributes if name.startswith("on")]:
            yield FOREIGN, f"<{element.tag}> has the script {handlers[0]}."


def _fetched(element: Element) -> Iterator[str]:
    for name in ("src", "srcset", "background", "poster", "data"):
        if address := element.attributes.get(name, ""):
            yield address
    css = element.text(hidden=True) if element.tag == "style" else element.attributes.get("style", "")
    for match in _FETCHED.finditer(css):
        yield match[1] or match[0]


def _is_ours(address: str, url: str) -> bool:
    return address.startswith((f"{url}/", "cid:", "[[")) and " " not in address
