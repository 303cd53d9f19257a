"""An edition in the browser, as any reader gets it, built anew whenever a file is saved. For the writer's own machine."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, render_template, request, send_from_directory
from jinja2 import FileSystemLoader

from builder import dates
from builder.letter.render import ENCODED_LIMIT, encoded_size
from builder.model import BuilderError, Edition, Letter
from builder.press import Press
from builder.select import ALL
from desk.checking import check_edition
from desk.house import open_press, shipped_templates, template_folders
from desk.settings import Settings, SettingsError, load

POLL_SECONDS = 0.4  # how soon a saved file is noticed
HOLD_SECONDS = 20  # how long the page's question "anything new?" is kept waiting
LOCAL = "/picture/"
SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self'; frame-ancestors 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# A letter carries its own styles, and no script may run in it.
LETTER_SECURITY = SECURITY | {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' https: data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A line in a menu."""

    value: str
    label: str
    chosen: bool


@dataclass(slots=True)
class Desk:
    """What the preview shows: settings and content as they are on disk at each request."""

    settings: Settings
    now: datetime | None

    def press(self) -> Press:
        self.settings = load(self.settings.root, self.settings.file, {})
        return open_press(self.settings, now=self.now, drafts=True)

    def stamp(self) -> str:
        """Changes whenever a file that an edition is made of changes."""
        folders = [self.settings.root / "content", *template_folders(self.settings)]
        newest = max((entry for folder in folders for entry in _times(folder)), default=0)
        return f"{newest}-{self.settings.file.stat().st_mtime_ns}"


def _times(folder: Path) -> Iterator[int]:
    for parent, _, names in os.walk(folder):
        yield from (path.stat().st_mtime_ns for path in (Path(parent), *(Path(parent, name) for name in names)))


def create_app(settings: Settings, now: datetime | None = None, host: str = "localhost") -> Flask:
    app = Flask(__name__, static_folder=None)
    app.jinja_loader = FileSystemLoader([str(folder) for folder in template_folders(settings)])
    desk = Desk(settings, now)
    shipped, pictures = shipped_templates() / "desk" / "static", settings.root / "var" / "cache" / "pictures"
    routes: dict[str, Callable[..., Any]] = {
        "/": lambda: page(desk, None, None),
        "/<bulletin>/": lambda bulletin: page(desk, bulletin, None),
        "/<bulletin>/<day>": lambda bulletin, day: page(desk, bulletin, day),
        "/letter/<bulletin>/<day>/<name>": lambda **place: letter(desk, **place),
        "/changed": lambda: changed(desk),
        "/static/<name>": lambda name: send_from_directory(shipped, name),
        f"{LOCAL}<name>": lambda name: send_from_directory(pictures, name),
    }
    for rule, view in routes.items():
        app.add_url_rule(rule, endpoint=rule, view_func=view)
    app.before_request(partial(_only_here, host))
    app.after_request(_secure)
    app.register_error_handler(SettingsError, lambda error: _trouble(desk, str(error).split("\n")))
    app.register_error_handler(BuilderError, lambda error: _trouble(desk, [str(f) for f in error.findings]))
    return app


def _only_here(host: str) -> None:
    """A name that another website had pointed at this machine could read here what nobody may see yet; an address cannot be."""
    asked = urlsplit(request.host_url).hostname or ""
    if asked not in ("localhost", host.lower()) and not _is_address(asked):
        abort(403)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _secure(response: Response) -> Response:
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    return response


def _trouble(desk: Desk, lines: list[str]) -> tuple[str, int]:
    """A fault is shown where the letter would be, and goes away by itself when it is mended."""
    return render_template("desk/preview-trouble.html", lines=lines, stamp=desk.stamp()), 500


def page(desk: Desk, bulletin: str | None, day: str | None) -> str:
    press = desk.press()
    edition = _edition(press, bulletin or press.house.main_bulletin.id, day)
    variant, letter = letter_for(press, edition, request.args.get("as", ""))
    findings = check_edition(press, edition)
    press.cache.close()
    size = encoded_size(letter.html)
    return render_template(
        "desk/preview.html",
        edition=edition,
        view=press.view(edition, letter.variant),
        letter=letter,
        number_of_items=len(letter.variant.items),
        editions=_edition_choices(press, edition),
        readers=reader_choices(press, edition, variant),
        findings=findings,
        blocks=sum(f.severity == "block" for f in findings),
        size=size,
        limit=ENCODED_LIMIT,
        readers_value=variant,
        stamp=desk.stamp(),
    )


def letter(desk: Desk, bulletin: str, day: str, name: str) -> Response:
    """all.html, primary+senco.html?scheme=dark, all.txt."""
    press = desk.press()
    tags, _, form = name.rpartition(".")
    _, made = letter_for(press, _edition(press, bulletin, day), "" if tags == ALL else tags.replace("+", ","))
    press.cache.close()
    if form == "txt":
        return Response(made.text, mimetype="text/plain; charset=utf-8")
    html = made.html.replace(f"{press.house.publisher.url}/images/", LOCAL)
    if request.args.get("scheme"):
        html = as_scheme(html, request.args["scheme"])
    response = Response(html)
    response.headers.update(LETTER_SECURITY)
    return response


def as_scheme(html: str, scheme: str) -> str:
    """The letter as a light or a dark mail programme shows it, whatever this browser prefers."""
    meant = "all" if scheme == "dark" else "not all"
    html = re.sub(r"@media\s*\(prefers-color-scheme:\s*dark\)", f"@media {meant}", html)
    return html.replace("color-scheme:light dark", f"color-scheme:{'dark' if scheme == 'dark' else 'light'}")


def changed(desk: Desk) -> dict[str, str]:
    """Answers when something is new, or after a while."""
    known, end = request.args.get("since", ""), time.monotonic() + HOLD_SECONDS
    while (stamp := desk.stamp()) == known and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    return {"stamp": stamp}


def _edition(press: Press, bulletin: str, day: str | None) -> Edition:
    """The edition asked for; without a day, the next to go out, else the last."""
    editions = press.content.of(bulletin)
    if day:
        return next((e for e in editions if str(e.day) == day), None) or abort(404)
    coming = (e for e in editions if press.sends(e) >= press.now)
    return next(coming, editions[-1] if editions else None) or abort(404)


def letter_for(press: Press, edition: Edition, asked: str) -> tuple[str, Letter]:
    """(the tags asked for, in order, with commas; that reader's letter, or everything when nothing reaches them)."""
    known = {tag.id for tag in press.house.audiences.tags}
    tags = frozenset(tag for tag in asked.split(",") if tag in known)
    wanted = press.receives(edition, tags)
    variants = press.variants(edition, [tags])
    variant = next((v for v in variants if v.items == wanted), variants[0])
    return ",".join(press.in_order(tags)), press.letter(edition, variant)


def _edition_choices(press: Press, shown: Edition) -> list[Choice]:
    names = {b.id: b.name for b in press.house.bulletins.values()}
    return [
        Choice(f"/{e.bulletin}/{e.day}", f"{dates.say_short(e.day)} · {names[e.bulletin]}", e.key == shown.key)
        for e in reversed(press.content.editions)
    ]


def reader_choices(press: Press, edition: Edition, chosen: str) -> list[dict[str, Any]]:
    """Groups of choices: everyone, the house's personas, then each audience by itself with its number of items."""
    gets = press.per_audience(edition)
    people = [(",".join(press.in_order(tags)), name) for name, tags in press.house.personas.items()]
    groups = [("", [Choice("", "", not chosen)]), ("personas", [Choice(v, n, v == chosen) for v, n in people])]
    axes = press.house.audiences.axes
    groups += [
        (axis.name, [Choice(tag.id, f"{tag.name} ({gets[tag.id]})", tag.id == chosen) for tag in axis.tags])
        for axis in axes
    ]
    return [{"name": name, "choices": choices} for name, choices in groups]


def serve(settings: Settings, now: datetime | None, host: str, port: int) -> None:
    import waitress

    waitress.serve(create_app(settings, now, host), host=host, port=port, threads=8, _quiet=True)
