"""The takedown itself. Each step may be repeated: a run that was cut off is finished by saying the same again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from builder.addresses import FILE as REGISTER
from builder.addresses import INDEX
from builder.archive import kept
from builder.archive.manifest import manifest
from builder.model import BuilderError
from builder.press import Press
from builder.publish import drop_spare
from desk import permalinks, rounds
from desk.editing.signing import Signed, signed_by
from desk.house import open_press
from desk.publishing.run import alone, publish
from desk.publishing.settings import open_target, target_names
from desk.publishing.target import TargetError
from desk.publishing.turns import turn_of
from desk.settings import Settings, SettingsError
from desk.takedown import caches, history, letters
from desk.takedown.history import History
from desk.takedown.planning import Removal, edit, plan_removal, without_links
from desk.takedown.traces import Trace, Traces, search, traces_of, without_common

PENDING = "var/takedowns"
SEARCHED = ("content", "site", "out", "var", ".site.spare", ".site.new", ".site.old", ".site.twin")
LEFT = "var/outbox"  # letters that have left: nobody can call them back


@dataclass(frozen=True, slots=True)
class TakenDown:
    removal: Removal
    found: tuple[Trace, ...] = ()
    """Where something of it still stands."""
    waiting: tuple[str, ...] = ()
    """Mailings that were under way, and are paused."""
    targets: Mapping[str, str] = field(default_factory=dict)
    """Target → what went wrong, or nothing."""
    notes: tuple[str, ...] = ()
    history: History = field(default_factory=History)
    """The versions of content/ that hold it still, where it is kept in git."""

    @property
    def complete(self) -> bool:
        return not self.found and not any(self.targets.values())


@dataclass(frozen=True, slots=True)
class _Pending:
    """What a run needs that comes after the files are gone."""

    traces: Traces
    slugs: frozenset[str]
    editions: tuple[tuple[str, date], ...]
    held: Mapping[str, letters.Slugs]
    files: tuple[str, ...]
    edits: tuple[str, ...]


def take_down(
    settings: Settings,
    what: str,
    *,
    reason: str,
    by: str,
    now: datetime | None = None,
    take_over: bool = False,
    signed: Signed | None = None,
) -> TakenDown:
    """`what`: bulletin/date/slug, an address or a URL. `by`: who decided it, for the record in var/reports and for git, unless
    it is `signed` otherwise.

    Nothing of it is left in content, site, caches, letters and named targets, or `found` says where. Raises NothingThere.
    """
    press = open_press(settings, now=now)
    try:
        removal = plan_removal(press, what)
        pending = _remember(settings, press, removal)
        signed = signed or signed_by(
            press.root, press.house.publisher, by, f"Take down /{removal.addresses[0]}", press.now
        )
        _out_of_content(press, removal)
    finally:
        press.close()
    _write_down(settings.root, press.now, removal, reason, by)
    _forget(settings.root, pending)
    waiting = _out_of_letters(settings, pending, press.now)
    wrong = _out_of_site(settings, removal, pending, now)
    if search(settings.root, ["var/cache"], pending.traces):  # something keeps more than we know of
        caches.empty(settings.root / "var" / "cache")
        wrong = _out_of_site(settings, removal, pending, now)
    targets = _out_of_targets(settings, press.now, take_over=take_over) if not wrong else {}
    found = (*wrong, *_searched(settings, removal, pending, press.now))
    touched = _changed(settings.root, (*pending.files, *pending.edits))  # git comes last: nothing above waits for it
    signed.keep(touched)
    held_by = history.holding(settings.root, pending.files, signed.left(touched))
    done = TakenDown(removal, found, waiting, targets, _notes(settings.root, pending), held_by)
    if done.complete:
        shutil.rmtree(settings.root / PENDING, ignore_errors=True)
    return done


def _changed(root: Path, files: Iterable[str]) -> list[Path]:
    """What is touched in content/, by this run or by one that was cut off."""
    return [root / REGISTER, *(root / file for file in files)]


# --- before anything is changed --------------------------------------------------------------------------------------


def _remember(settings: Settings, press: Press, removal: Removal) -> _Pending:
    """What is about to be gone is kept in a private file until all is done; what an earlier run left there counts too."""
    folder = settings.root / PENDING
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if removal.items:
        number = len(list(folder.glob("*.json")))  # beside what a run that was cut off knew: it knew more
        _private(folder / f"{number:04}.json", json.dumps(_facts(settings, press, removal)))
    told = [json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))]
    return _Pending(
        Traces(
            _all(told, "words"), _all(told, "hashes"), _all(told, "names"), _all(told, "addresses", *removal.addresses)
        ),
        _all(told, "slugs"),
        tuple((bulletin, date.fromisoformat(day)) for each in told for bulletin, day in each["editions"]),
        {name: {v: tuple(s) for v, s in held.items()} for each in told for name, held in each["held"].items()},
        _files(told, "files"),
        _files(told, "edits", *removal.edits),
    )


def _all(told: list[dict[str, Any]], key: str, *more: str) -> frozenset[str]:
    return frozenset([*more, *(str(one) for each in told for one in each[key])])


def _files(told: list[dict[str, Any]], key: str, *more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(str(file) for each in told for file in each.get(key, ())), *more]))


def _facts(settings: Settings, press: Press, removal: Removal) -> dict[str, Any]:
    prepared = [made for file in removal.pictures if (made := press.picture(file))]
    raw = [path.read_bytes() for file in removal.pictures if (path := settings.root / file).is_file()]
    pictures = [*raw, *(made.file.read_bytes() for made in prepared)]
    whole = traces_of(removal.items, pictures, (made.name for made in prepared), removal.addresses)
    gone = set(removal.files)
    others = [
        f for f in (settings.root / "content").rglob("*.md") if f.relative_to(settings.root).as_posix() not in gone
    ]
    traces = without_common(whole, removal.items, [file.read_text("utf-8", errors="replace") for file in others])
    with letters.register_of(settings) as register:
        editions = letters.days_of(list(removal.editions), press)
        held = letters.selected(register, press, editions) if register else {}
    return {
        **{key: sorted(getattr(traces, key)) for key in ("words", "hashes", "names", "addresses")},
        "slugs": sorted({item.slug for item in removal.items}),
        "editions": [(bulletin, str(day)) for bulletin, day in removal.editions],
        "held": held,
        "files": [*removal.files, *removal.pictures],
        "edits": list(removal.edits),
    }


def _private(file: Path, text: str) -> None:
    partial = file.with_suffix(".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)


# --- the steps -------------------------------------------------------------------------------------------------------


def _out_of_content(press: Press, removal: Removal) -> None:
    """The register first: from then on nothing brings it back, whatever happens next."""
    for address in removal.addresses:
        if address not in press.content.register.gone:
            permalinks.add_line(press.root, f"{press.now.date()} {address} gone")
    for file in removal.edits:
        text = (press.root / file).read_text("utf-8", errors="surrogateescape")
        edit(press.root, file, without_links(press, text, file, removal.items))
    for file in (*removal.pictures, *removal.files):  # an item's file last: it names its pictures
        (press.root / file).unlink(missing_ok=True)


def _write_down(root: Path, now: datetime, removal: Removal, reason: str, by: str) -> None:
    folder = root / "var" / "reports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "takedowns.txt").open("a", encoding="utf-8") as out:
        out.write(f"{now.isoformat(timespec='seconds')} /{removal.addresses[0]} by {by}: {' '.join(reason.split())}\n")


def _forget(root: Path, pending: _Pending) -> None:
    """Built letters, earlier versions, and what caches say of it."""
    for bulletin, day in pending.editions:
        shutil.rmtree(root / "out" / bulletin / str(day), ignore_errors=True)
    for trace in search(root, ["var/history"], pending.traces):  # what the desk's editor kept of earlier versions
        (root / trace.file).unlink(missing_ok=True)
    caches.forget(root / "var" / "cache", pending.traces, pending.slugs)


def _out_of_letters(settings: Settings, pending: _Pending, now: datetime) -> tuple[str, ...]:
    press = open_press(settings, now=now)
    try:
        with letters.register_of(settings) as register:
            if register is None:
                return ()
            editions = letters.days_of(list(pending.editions), press)
            return letters.rewrite(register, press, pending.held, editions, set(pending.slugs), now)
    finally:
        press.close()


def _out_of_site(settings: Settings, removal: Removal, pending: _Pending, now: datetime | None) -> tuple[Trace, ...]:
    """Built anew without it. Where something else keeps the site from being built, at least the page and its pictures go."""
    press = open_press(settings, now=now)
    try:
        rounds.publish_archive(press)
        drop_spare(settings.root / "site")
    except BuilderError as error:
        kept.forget(press.kept, settings.root / "site")
        for address in removal.addresses:
            shutil.rmtree(settings.root / "site" / address, ignore_errors=True)
        for name in pending.traces.names:
            (settings.root / "site" / "images" / name).unlink(missing_ok=True)
        return tuple(Trace(f.file, f"keeps the site from being built without it: {f.message}") for f in error.findings)
    finally:
        press.close()
    return ()


def _out_of_targets(settings: Settings, now: datetime, *, take_over: bool) -> dict[str, str]:
    told = {}
    files = manifest(settings.root / "site", settings.root / "var" / "cache")
    for name in target_names(settings):
        try:
            with alone(settings.root / "var" / "publish.lock"):
                turn = turn_of(settings.root, name, now, take_over=take_over)
                publish(files, open_target(settings, name), verify=True, turn=turn)
            told[name] = ""
        except (TargetError, SettingsError) as error:
            told[name] = str(error)
    return told


# --- afterwards ------------------------------------------------------------------------------------------------------


def _searched(settings: Settings, removal: Removal, pending: _Pending, now: datetime) -> tuple[Trace, ...]:
    stubs = {f"site/{address}{INDEX}" for address in (*removal.addresses, *pending.traces.addresses)}
    spared = (f"{PENDING}/", "var/keys/", f"{LEFT}/", "var/reports/takedowns.txt")
    found = [t for t in search(settings.root, SEARCHED, pending.traces, stubs) if not t.file.startswith(spared)]
    found = [trace for trace in found if not _is_database(trace.file)]
    press = open_press(settings, now=now)
    try:
        with letters.register_of(settings) as register:
            if register:
                editions = letters.days_of(list(pending.editions), press)
                found += letters.still_in_letters(register, editions, pending.traces)
    finally:
        press.close()
    return tuple(found)


def _is_database(file: str) -> bool:
    """The ledger is asked itself: its file may hold old pages that nothing points to any more."""
    return Path(file).parent == Path("var") and ".db" in Path(file).name


def _notes(root: Path, pending: _Pending) -> tuple[str, ...]:
    with suppress(OSError):
        if search(root, [LEFT], pending.traces):
            return ("outbox",)
    return ()
