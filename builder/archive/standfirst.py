"""What an edition holds, in one sentence: "Including a message from …, an introduction to … and …"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from builder.kinds import Appointment, GoodNews, Message
from builder.model import Item

NAMED = 3
# One of each kind, the tellers of the most first: an edition is more than its first section.
ORDER = (
    "message", "appointment", "consultation", "event", "case-study", "news", "excerpt", "good-news", "action",
    "feedback", "notice",
)  # fmt: skip
SHORTEST_HEAD = 2  # words before a colon that can stand for a title


def standfirst(items: Iterable[Item], words: Mapping[str, str]) -> str:
    """Empty for an edition without items."""
    phrases = [phrase(item, words) for item in _told(tuple(items))]
    return words["including"].format(items=listed(phrases, words["and"])) if phrases else ""


def _told(items: tuple[Item, ...]) -> tuple[Item, ...]:
    leads: dict[str, Item] = {}
    for item in sorted(items, key=_asks):
        leads.setdefault(item.kind, item)
    first = sorted(leads.values(), key=lambda item: (_asks(item), ORDER.index(item.kind)))
    rest = (item for item in items if item not in first)
    return (*first, *rest)[:NAMED]


def _asks(item: Item) -> bool:
    """A question reads badly inside a sentence, so it is named only when there is nothing else."""
    return short(item.title).endswith("?")


def phrase(item: Item, words: Mapping[str, str]) -> str:
    shown = item.original or item
    name = "".join(_names(shown))
    if name:
        return words[f"including-{shown.kind}"].format(name=softened(name, words["soft"]))
    return softened(short(item.title), words["soft"])


def _names(item: Item) -> Iterator[str]:
    match item.details:
        case Message(signed):
            yield signed.first
        case Appointment(person):
            yield person
        case GoodNews(school):
            yield school


def short(title: str) -> str:
    """What a title says before its colon, when that is enough; without a full stop."""
    head = title.partition(": ")[0]
    return (head if len(head.split()) >= SHORTEST_HEAD else title).rstrip(".")


def softened(text: str, soft: str) -> str:
    """Without its capital where the first word is one that never keeps it inside a sentence."""
    first = text.split(" ", 1)[0]
    return text[0].lower() + text[1:] if first in soft.split() else text


def listed(phrases: list[str], and_: str) -> str:
    """`a, b and c`; with semicolons where a phrase has a comma of its own."""
    *first, last = phrases
    if not first:
        return last
    if any("," in phrase for phrase in phrases):
        return f"{'; '.join(first)}; {and_} {last}"
    return f"{', '.join(first)} {and_} {last}"
