"""News that must reach everyone at once, and news that reaches no one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from builder.audience import reaches
from builder.calendar import sending
from builder.dates import say_moment
from builder.model import Content, Edition, Finding, House, Item, Moment
from builder.preflight.checks import Check
from builder.preflight.passages import Proof

TORN = Check("release-group-torn", "block", "", "What was to reach everyone at once would reach some without it.")
SPREAD = Check("release-group-spread", "warn", "", "Its items go out on different days, so some readers have it later.")
MIXED = Check("release-group-mixed", "warn", "", "Its public items tell everyone what others keep for subscribers.")
HELD_BACK = Check("held-back", "warn", "", "It is released after the edition goes out, so no letter will hold it.")
NOBODY = Check("nobody-receives", "warn", "", "No subscriber has chosen any of its audiences.")
NO_PERSONA = Check("no-persona-receives", "advice", "", "None of the house's personas would get it.")
CHECKS = (TORN, SPREAD, MIXED, HELD_BACK, NOBODY, NO_PERSONA)


def check(proof: Proof) -> Iterator[Finding]:
    for item in proof.items:
        yield from _held(item, proof)
        yield from _nobody(item, proof)


def _held(item: Item, proof: Proof) -> Iterator[Finding]:
    holder = _holder(item)
    if holder is None or holder.release is None or not _before(proof.sends, holder.release):
        return
    header = "release" if holder is item else "excerpt-of"
    when, sends = _said(holder.release, proof.house), _said(proof.sends, proof.house)
    if holder.release_group:
        text = f'"{holder.release_group}" is released on {when}; {proof.edition.key} goes out before, on {sends}.'
        yield TORN.on(item.source, header, text)
    else:
        text = f"Released on {when}, so it will not be in the letter of {proof.edition.key}, which goes out on {sends}."
        yield HELD_BACK.on(item.source, header, text)


def _holder(item: Item) -> Item | None:
    """The item, of an excerpt and its originals, that holds it back longest."""
    chain = [item]
    while chain[-1].original:
        chain.append(chain[-1].original)
    held = [(link.release.astimezone(UTC), link) for link in chain if link.release]
    return max(held, key=lambda entry: entry[0])[1] if held else None


def _nobody(item: Item, proof: Proof) -> Iterator[Finding]:
    if not item.audience:
        return
    axes = proof.house.audiences.axes
    if proof.readers is not None:
        if not any(n and reaches(item.audience, tags, axes) for tags, n in proof.readers.items()):
            yield NOBODY.on(item.source, "audience", f"No subscriber receives this: {_names(item)}.")
    elif proof.house.personas and not any(reaches(item.audience, tags, axes) for tags in proof.house.personas.values()):
        yield NO_PERSONA.on(item.source, "audience", f"None of the personas receives this: {_names(item)}.")


def _names(item: Item) -> str:
    return ", ".join(sorted(item.audience))


def check_groups(content: Content, house: House) -> Iterator[Finding]:
    """Over all editions: a group's items belong together."""
    for name in house.release_groups:
        placed = [(e, i) for e in content.editions for i in e.items if i.release_group == name and not i.draft]
        yield from _mixed(name, placed)
        yield from _spread(name, placed, house)


def _mixed(name: str, placed: Iterable[tuple[Edition, Item]]) -> Iterator[Finding]:
    public = [item for _, item in placed if not item.subscribers_only]
    if public and any(item.subscribers_only for _, item in placed):
        for item in public:
            text = (
                f'This is public, and other items of "{name}" are for subscribers only. Is nothing of them told here?'
            )
            yield MIXED.on(item.source, "release", text)


def _spread(name: str, placed: list[tuple[Edition, Item]], house: House) -> Iterator[Finding]:
    first = min((edition.day for edition, _ in placed), default=None)
    for edition, item in placed:
        if first and edition.day > first and not _in_earlier(item, edition, placed):
            sends = _said(sending(house.bulletins[edition.bulletin], house.calendar, edition.day), house)
            text = f'Other items of "{name}" go out earlier; {edition.key}, with this one, on {sends}.'
            yield SPREAD.on(item.source, "release", text)


def _in_earlier(item: Item, edition: Edition, placed: Iterable[tuple[Edition, Item]]) -> bool:
    return any(other.key == item.key and where.day < edition.day for where, other in placed)


def _said(moment: datetime, house: House) -> str:
    local = moment.astimezone(house.calendar.zone)
    return say_moment(Moment(local.date(), local.time()))


def _before(moment: datetime, other: datetime) -> bool:
    return moment.astimezone(UTC) < other.astimezone(UTC)
