"""What everyone may see at a moment. It is decided here and nowhere else; no other module of the archive reads content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from builder.model import Bulletin, Document, Edition, Item, ItemKey
from builder.press import Press
from builder.select import in_letters, in_order_of


@dataclass(frozen=True, slots=True)
class Sent:
    """An edition that has gone out, with those of its items that everyone may read, in order."""

    edition: Edition
    bulletin: Bulletin
    at: datetime
    items: tuple[Item, ...]

    @property
    def path(self) -> str:
        return f"{self.bulletin.path}editions/{self.edition.day}/"


@dataclass(frozen=True, slots=True)
class Public:
    """`now` is on the publisher's clock. Editions are newest first."""

    now: datetime
    editions: tuple[Sent, ...]
    documents: tuple[Document, ...]
    pages: tuple[Document, ...]
    items: Mapping[ItemKey, Item] = field(default_factory=dict)
    """Each item once, as it stands in its own edition when that has gone out."""
    homes: Mapping[ItemKey, tuple[Sent, ...]] = field(default_factory=dict)
    """The editions that carry an item, its own first, then the oldest."""

    def of(self, bulletin: Bulletin) -> tuple[Sent, ...]:
        return tuple(sent for sent in self.editions if sent.bulletin.id == bulletin.id)

    def published(self, item: Item) -> datetime:
        """When everyone could first read it, in UTC."""
        first = min(sent.at.astimezone(UTC) for sent in self.homes[item.key])
        held = [i.release.astimezone(UTC) for i in (item, item.original) if i and i.release]
        return max([first, *held])


def public(press: Press) -> Public:
    now = press.now.astimezone(press.house.calendar.zone)
    sent = list(_sent(press, now))
    shown = {item.key for one in sent for item in one.items}
    editions = tuple(sorted((_whole(one, shown) for one in sent), key=_newest_first))
    homes = _homes(editions)
    return Public(
        now=now,
        editions=editions,
        documents=press.content.documents,
        pages=press.content.pages,
        items={key: next(i for i in carrying[0].items if i.key == key) for key, carrying in homes.items()},
        homes=homes,
    )


def _sent(press: Press, now: datetime) -> Iterator[Sent]:
    """The editions that have gone out. Their excerpts are not yet joined with what they quote."""
    for edition in press.content.editions:
        at = press.sends(edition)
        if at.astimezone(UTC) > now.astimezone(UTC):
            continue
        bulletin = press.house.bulletins[edition.bulletin]
        chosen = (i for i in in_letters(edition, now=now, sends=at) if not i.subscribers_only and i.released_by(now))
        yield Sent(edition, bulletin, at, in_order_of(bulletin, chosen))


def _whole(sent: Sent, shown: Iterable[ItemKey]) -> Sent:
    """An excerpt tells its original's words, so it shows when its original does."""
    items = tuple(i for i in sent.items if i.original is None or i.original.key in shown)
    return Sent(sent.edition, sent.bulletin, sent.at, items)


def _newest_first(sent: Sent) -> tuple[float, str]:
    return -sent.at.timestamp(), sent.bulletin.id


def _homes(editions: Iterable[Sent]) -> dict[ItemKey, tuple[Sent, ...]]:
    found: dict[ItemKey, list[Sent]] = {}
    for sent in reversed(tuple(editions)):
        for item in sent.items:
            found.setdefault(item.key, []).append(sent)
    return {key: tuple(sorted(carrying, key=lambda s: not _own(s, key))) for key, carrying in found.items()}


def _own(sent: Sent, key: ItemKey) -> bool:
    return (sent.bulletin.id, sent.edition.day) == (key.bulletin, key.day)
