"""Links that lead to other pages of the house: whether the page is there, and whether everyone may see it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice

from msgspec import Struct

from builder.kinds import Consultation
from builder.model import Content, Document, Edition, Finding, House, Item
from builder.preflight.checks import Check
from builder.preflight.links import MOST, links
from builder.preflight.passages import Passage

DEAD = Check("dead-link", "block", "Q6", "The page is not there.")
DEAD_RELATED = Check("dead-related", "block", "Q6", "The item or document that it names is not there.")
UNSEEN = Check("link-to-unseen", "warn", "F6", "The page it leads to is not in the public archive, or not yet.")
CHECKS = (DEAD, DEAD_RELATED, UNSEEN)

_OUTWARD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#|www\.|\\")


There = Item | Document | None
"""What an address leads to; None for an edition."""


class Pages(Struct, frozen=True):
    """What a link can lead to: by file (relative to the house) and by path on the site."""

    files: Mapping[str, There]
    paths: Mapping[str, There]
    slugs: Mapping[str, There]
    """By `bulletin/slug`, `bulletin/date/slug`, and by a document's slug."""
    url: str
    kept: re.Pattern[str]
    """The folders of the site whose pages all are in `paths`."""


def pages(content: Content, house: House) -> Pages:
    files: dict[str, There] = {}
    paths: dict[str, There] = {}
    slugs: dict[str, There] = {}
    for document in content.documents:
        files[document.source.file] = paths[f"/documents/{document.slug}/"] = slugs[document.slug] = document
    for edition in content.editions:
        for whole, part in zip((files, paths, slugs), _of_edition(edition, house), strict=True):
            whole.update(part)
    bulletins = "|".join(re.escape(b.path) for b in house.bulletins.values() if b.path)
    kept = re.compile(rf"/(?:{bulletins})?(?:items|editions|documents)/")
    return Pages(files, paths, slugs, house.publisher.url, kept)


Part = tuple[dict[str, There], dict[str, There], dict[str, There]]
_parts: dict[str, tuple[Edition, House, Part]] = {}
"""The last of each edition, as it was the last time: at the desk all but one are the same from key to key."""


def _of_edition(edition: Edition, house: House) -> Part:
    known = _parts.get(edition.key)
    if known and known[0] is edition and known[1] is house:
        return known[2]
    base = f"/{house.bulletins[edition.bulletin].path}"
    files: dict[str, There] = {}
    paths: dict[str, There] = {f"{base}editions/{edition.day}/": None}
    slugs: dict[str, There] = {}
    for item in (item for item in edition.items if item.key.bulletin == edition.bulletin):
        files[item.source.file] = paths[f"{base}items/{item.slug}/"] = item
        slugs[f"{item.key.bulletin}/{item.slug}"] = slugs[str(item.key)] = item
    _parts[edition.key] = (edition, house, (files, paths, slugs))
    return files, paths, slugs


def check(passage: Passage, site: Pages, item: Item | None, sends: datetime) -> Iterator[Finding]:
    """`item`: the one that the passage belongs to, if any. `sends`: when its edition goes out."""
    if not passage.is_body:
        return
    prose = passage.prose
    for link in islice(links(prose), MOST):
        place = (prose.file, prose.line_at(link.offset))
        found, there = _find(link.address, prose.file, site)
        if not found:
            yield DEAD.at(*place, f'"{link.address[:100]}" leads nowhere: there is no such page.')
        elif there and item and (why := _why_unseen(item, there, sends)):
            yield UNSEEN.at(*place, f'"{link.address[:100]}" leads to {_called(there)}, which {why}.')


def check_names(item: Item, site: Pages, sends: datetime) -> Iterator[Finding]:
    """`related:` and `document:`, which name their targets by slug."""
    for name in item.related:
        keys = (name, f"{item.key.bulletin}/{name}")
        if not any(key in site.slugs for key in keys):
            yield DEAD_RELATED.on(item.source, "related", f'related: there is no item or document "{name}".')
            continue
        there = next((site.slugs[key] for key in reversed(keys) if key in site.slugs), None)
        if there and (why := _why_unseen(item, there, sends)):
            yield UNSEEN.on(item.source, "related", f'related: "{name}" {why}.')
    if isinstance(item.details, Consultation) and item.details.document:
        slug = item.details.document
        found = site.slugs.get(slug)
        if not isinstance(found, Document):
            yield DEAD_RELATED.on(item.source, "document", f"document: there is no content/documents/{slug}.md.")
        elif why := _why_unseen(item, found, sends):
            yield UNSEEN.on(item.source, "document", f'document: "{slug}" {why}.')


def _find(address: str, file: str, site: Pages) -> tuple[bool, There]:
    """(whether it leads somewhere, what it leads to). What is not ours to know leads somewhere."""
    if address.startswith(f"{site.url}/"):
        address = address.removeprefix(site.url)
    address = address.partition("#")[0].partition("?")[0]
    if not address or _OUTWARD.match(address) or "@" in address:
        return True, None
    if address.startswith("/"):
        path = address if address.endswith("/") else f"{address}/"
        return path in site.paths or not site.kept.match(path), site.paths.get(path)
    target = posixpath.normpath(posixpath.join(posixpath.dirname(file), address))
    return target in site.files, site.files.get(target)


def _called(there: Item | Document) -> str:
    return str(there.key) if isinstance(there, Item) else there.source.file


def _why_unseen(item: Item, there: Item | Document, sends: datetime) -> str:
    """Why readers of an item may not find the other one; empty when they do."""
    if isinstance(there, Item) and there.draft:
        return "is a draft"
    if isinstance(there, Item) and there.subscribers_only and not item.subscribers_only:
        return "is for subscribers only and has no page"
    if not there.released_by(sends if item.release is None else max(sends, item.release, key=_utc)):
        return "is released later than this item"
    return ""


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
