"""Addresses that something had before: whether each still leads somewhere, and where it leads."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

from msgspec import Struct, field

from builder.addresses import FILE, Place, parents
from builder.audience import did_you_mean
from builder.dates import say
from builder.model import Finding, House, Register

# --- what is wrong ---------------------------------------------------------------------------------------------------


def faults(there_are: Iterable[Place], register: Register, house: House) -> Iterator[Finding]:
    """Addresses that would vanish, come back from the dead, or lead to two places."""
    there = {place.address: place for place in there_are}
    moves: dict[str, Place] = {}
    for place in [place for place in there.values() if place.formerly]:
        for old in place.formerly:
            yield from _claimed(old, place, there, moves)
            moves.setdefault(old, place)
    yield from _lost(register, there, moves, house)
    for address in sorted(register.gone & there.keys()):
        text = (
            f"/{address} was taken down, and this file would bring it back. Rename the file; or, if it is to be public "
            f'again, add the line "YYYY-MM-DD {address}" to {FILE}.'
        )
        yield Finding(there[address].file, 0, "taken-down", "block", text)


def _claimed(old: str, place: Place, there: Mapping[str, Place], moves: Mapping[str, Place]) -> Iterator[Finding]:
    holder = there.get(old) or moves.get(old)
    if holder is None or (holder.file == place.file and old != place.address):
        return
    whose = "its own address" if holder.file == place.file else f"the address of {holder.file}"
    yield Finding(place.file, place.line, "formerly-taken", "block", f"formerly: /{old} is {whose}. Take it out.")


def _lost(
    register: Register, there: Mapping[str, Place], moves: Mapping[str, Place], house: House
) -> Iterator[Finding]:
    kept = _kept(house)
    known = {*moves, *register.moved, *register.gone}
    for address, day in register.first.items():
        if address in there or not kept.fullmatch(address) or known & {address, *parents(address)}:
            continue
        text = f"/{address} was published on {say(day)}, and nothing is there now.{_advice(address, register, there)}"
        yield Finding(FILE, register.lines[address], "address-lost", "block", text)


def _kept(house: House) -> re.Pattern[str]:
    """What people keep links to. Lists, feeds and calendars lead to the page above them when they end."""
    bulletins = "|".join(re.escape(b.path) for b in house.bulletins.values() if b.path)
    return re.compile(rf"(?:{bulletins})?(?:items/|documents/|editions/\d{{4}}-)[^/]+/")


def _advice(address: str, register: Register, there: Mapping[str, Place]) -> str:
    slug, folder = address.rstrip("/").rpartition("/")[2], address.rstrip("/").rpartition("/")[0]
    new = {a.rstrip("/").rpartition("/")[2]: p for a, p in there.items() if a not in register.first}
    beside = {name: place for name, place in new.items() if place.address.startswith(f"{folder}/")}
    hint = did_you_mean(slug, beside)
    near = next((beside[name] for name in beside if f'"{name}"' in hint), None)
    if near is None and len(beside) == 1:
        (near,) = beside.values()
    where = f"{near.file}" if near else "its file"
    return (
        f' Was it renamed? Then write "formerly: {slug}" into the headers of {where}. '
        f"Is it to go for good? Then: bulletin takedown /{address}"
    )


# --- where old addresses lead ----------------------------------------------------------------------------------------


class Answers(Struct, frozen=True):
    """What every former address answers."""

    moved: Mapping[str, str] = field(default_factory=dict)
    """Former address → a page that is there."""
    gone: frozenset[str] = frozenset()


def answers(former: Mapping[str, str], register: Register, living: Collection[str], today: date) -> Answers:
    """`former`: each former address of something, and its address. `living`: the addresses of the site as it is at the moment that it is built for."""
    moves = {**former, **register.moved}
    asked = {a for a, day in register.first.items() if day <= today or a in register.gone} | moves.keys()
    moved, gone = {}, set()
    for address in sorted(asked - set(living)):
        end = _follow(address, moves, living, register.gone)
        if end is None:
            gone.add(address)
        elif address in register.first or end in living:
            moved[address] = _nearest(end, living)
    return Answers({old: new for old, new in moved.items() if old != new}, frozenset(gone))


def _follow(address: str, moves: Mapping[str, str], living: Collection[str], gone: frozenset[str]) -> str | None:
    """The end of the way from a former address; None when what was there is gone. A circle ends where it is met again."""
    seen: set[str] = set()
    while address not in living and address not in seen:
        if gone & {address, *parents(address)}:
            return None
        seen.add(address)
        address = _next(address, moves)
    return address


def _next(address: str, moves: Mapping[str, str]) -> str:
    for start in (address, *parents(address)):
        if start in moves:
            return f"{moves[start]}{address.removeprefix(start)}"
    return address


def _nearest(address: str, living: Collection[str]) -> str:
    return next((a for a in (address, *parents(address)) if a in living), "")
