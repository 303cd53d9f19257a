"""The archive's search: its page may run its own script; without scripts the server searches the same index."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from flask import Response, request
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from builder.archive.search.query import Asked, Found, search
from builder.dates import say_short
from desk.web import archive
from desk.web.public import Public

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
PAGE = "search/"
LONGEST = 200  # letters of a question
MOST = 30  # results on the page
_NAME = re.compile(r"[a-z0-9-]{1,60}")
_FACETS = {"kind": "k", "section": "s", "for": "a"}


def page(public: Public, site: Path) -> AnyResponse:
    """With a question, its answers stand in the page; scripts take over from there."""
    if not any(value.strip() for value in request.args.values()):
        return _allowed(archive.page(public, site, PAGE))
    try:
        html = (site / PAGE / "index.html").read_text("utf-8")
    except OSError:
        return archive.page(public, site, PAGE)
    words = public.reading().environment.globals["words"]["web"]  # type: ignore[index]
    asked = read(request.args, list(public.house.bulletins))
    try:
        found = search(lambda path: (site / path).read_bytes(), asked, most=MOST)
    except (OSError, ValueError, KeyError, IndexError):  # the site was swapped between two reads, or is not whole
        told = Markup(escape(words["search-error"]))
        return _allowed(Response(_filled(html, told, Markup("")), 503, mimetype="text/html"))
    count = escape(_count(found, words))
    return _allowed(Response(_filled(html, count, _list(found, words["published"])), mimetype="text/html"))


def read(given: MultiDict[str, str], bulletins: list[str]) -> Asked:
    """What is no name, and no date, is as if it had not been given."""
    facets = [f"!{letter}:{v}" for name, letter in _FACETS.items() if _NAME.fullmatch(v := given.get(name, ""))]
    bulletin = given.get("bulletin", "")
    return Asked(
        text=given.get("q", "")[:LONGEST].rstrip() + " ",  # nothing more will be typed
        filters=tuple(facets),
        bulletin=bulletins.index(bulletin) if bulletin in bulletins else -1,
        since=_day(given.get("since", "")),
        until=_day(given.get("until", "")),
    )


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _count(found: Found, words: dict[str, str]) -> str:
    if not found.total:
        return f"{words['search-none']} {words['search-none-help']}"
    count = words["search-one"] if found.total == 1 else words["search-many"].format(count=f"{found.total:,}")
    return f"{words['search-near']} {count}" if found.near else count


def _list(found: Found, published: str) -> Markup:
    row = Markup('<li class="row">{label}<p class="row-title"><a href="../{path}">{title}</a></p><p class="row-say">{say}</p><p class="meta">{day}</p></li>')  # fmt: skip
    return Markup("").join(
        row.format(
            label=Markup('<p class="labels label">{}</p>').format(label) if label else "",
            path=path,
            title=title,
            say=description,
            day=" · ".join(filter(None, (when, published.format(date=say_short(date.fromisoformat(day)))))),
        )
        for path, title, label, description, day, when in found.results
    )


def _filled(html: str, count: Markup, rows: Markup) -> str:
    """The built page with its answers in their places, and the question in its form."""
    html = html.replace('aria-labelledby="found" hidden>', 'aria-labelledby="found">', 1)
    html = html.replace(
        '<p class="found-count" role="status"></p>', f'<p class="found-count" role="status">{count}</p>', 1
    )
    html = html.replace('<ol class="found-list"></ol>', f'<ol class="found-list">{rows}</ol>', 1)
    for name in ("q", "since", "until"):
        if value := request.args.get(name, "")[:LONGEST]:
            html = html.replace(f'<input id="{name}" ', Markup('<input id="{}" value="{}" ').format(name, value), 1)
    for name in ("kind", "for", "section", "bulletin"):
        html = _chosen(html, name, request.args.get(name, ""))
    return html


def _chosen(html: str, name: str, value: str) -> str:
    before, mark, after = html.partition(f'<select id="{name}"')
    if not mark or not _NAME.fullmatch(value):
        return html
    inside, end, rest = after.partition("</select>")
    inside = inside.replace(f'<option value="{value}">', f'<option value="{value}" selected>', 1)
    return before.replace('<details class="narrow">', '<details class="narrow" open>', 1) + mark + inside + end + rest


def _allowed(answer: AnyResponse) -> AnyResponse:
    answer.headers["Content-Security-Policy"] = POLICY
    return answer
