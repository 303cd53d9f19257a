"""One question about an item: "was this useful?". Looking counts nothing, pressing counts once, nobody is remembered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Response, abort, request

import db
from builder.archive.site import Site
from builder.view import Link
from delivery import useful as said
from desk.web.limits import client

if TYPE_CHECKING:
    from desk.web.public import Public

SLUG = re.compile(r"[a-z0-9-]{1,100}")


@dataclass(frozen=True, slots=True)
class Asked:
    """An edition whose readers are asked. Only items that everybody may read are named; of the others nothing is told."""

    public: Mapping[str, Link]
    all: frozenset[str]


def asked(site: Site) -> dict[tuple[str, str], Asked]:
    """(bulletin, date) → the edition, for all that have gone out."""
    found = {}
    for place in site.public.places:
        if not site.press.house.bulletins[place.bulletin].asks:
            continue
        sent, whole = site.public.of(place), site.public.whole(place.key)
        shown = {item.slug: Link(item.title, site.viewer.item_url(item)) for item in sent.items}
        everything = frozenset(item.slug for item in (whole.items if whole else ()) if not item.draft)
        found[place.bulletin, str(place.day)] = Asked(shown, everything)
    return found


def useful(public: Public, bulletin: str, day: str, slug: str) -> Response:
    """An item that only subscribers get, and one that does not exist, look alike: nobody learns of it here (F6)."""
    edition = public.reading().asked.get((bulletin, day))
    if edition is None or not SLUG.fullmatch(slug):
        abort(404)
    item = edition.public.get(slug)
    given = request.form.get("answer", "")
    if request.method != "POST" or given not in ("yes", "no"):
        return public.page("useful", status=200 if request.method != "POST" else 422, item=item)
    asker, now = client(request.remote_addr), public.clock()
    if not (public.limits.answers.allows(asker, now) and public.limits.answer.allows(f"{asker} {day} {slug}", now)):
        abort(429)
    if slug in edition.all:
        with db.writing(public.engine) as connection:
            said.count(connection, bulletin, day, slug, "yes" if given == "yes" else "no")
    return public.page("useful-thanks", item=item)
