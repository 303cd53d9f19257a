"""Who an item is for: tags on independent axes, and the one rule that says whether it reaches a reader."""

from __future__ import annotations

from collections.abc import Iterable

from builder.model import Audiences, Axis, Tags


def expand(names: Iterable[str], audiences: Audiences) -> tuple[Tags, tuple[str, ...]]:
    """Tags and groups as written → (the tags they stand for, the names nobody knows)."""
    tags: set[str] = set()
    unknown: list[str] = []
    for name in names:
        if name in audiences.tag_ids:
            tags.add(name)
        elif name in audiences.groups:
            tags |= audiences.groups[name]
        else:
            unknown.append(name)
    return frozenset(tags), tuple(unknown)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """' Did you mean "primary"?', or nothing when nothing is near."""
    from difflib import get_close_matches  # only whoever mistyped waits for it

    near = get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""


def reaches(item_tags: Tags, reader_tags: Tags, axes: Iterable[Axis]) -> bool:
    """On every axis that the item names, the reader has one of its tags or has chosen nothing on that axis."""
    return all(_meets(item_tags & axis.tag_ids, reader_tags & axis.tag_ids) for axis in axes)


def _meets(wanted: Tags, chosen: Tags) -> bool:
    return not wanted or not chosen or bool(wanted & chosen)


def in_order(tags: Iterable[str], audiences: Audiences) -> tuple[str, ...]:
    """Tags in the order in which bulletin.toml lists them."""
    chosen = set(tags)
    return tuple(tag.id for tag in audiences.tags if tag.id in chosen)
