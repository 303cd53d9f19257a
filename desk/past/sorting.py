"""A row of blocks → an edition: its day, its number, its opening, its items under their sections, and what is left over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from builder.dates import DAYS
from builder.model import Bulletin
from desk.past.blocks import Block
from desk.past.sources import Source

MONTHS = "January February March April May June July August September October November December".split()
_DAY = re.compile(
    rf"(?:(?:{'|'.join(DAYS)})\s+)?(\d{{1,2}})(?:st|nd|rd|th)?\s+({'|'.join(MONTHS)})(?:,?\s+(\d{{4}}))?", re.IGNORECASE
)
_AMERICAN = re.compile(rf"({'|'.join(MONTHS)})\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})", re.IGNORECASE)
_NUMBER = re.compile(r"\b(?:issue|edition|number|no\.?|bulletin)\s*#?\s*(\d{1,4})\b", re.IGNORECASE)
# What newsletter programmes put around the words; it is true of the mail and not of the news.
_FURNITURE = re.compile(
    r"(?:view|read|open|see) (?:this|it)\b.{0,40}(?:browser|online|web)|having trouble (?:viewing|reading)|unsubscribe|"
    r"update (?:your|my)?\s*(?:subscription )?preferences|manage (?:your )?(?:subscription|preferences)|forward to a friend|"
    r"why did i get this|you(?:'re| are| have) (?:receiv(?:ing|ed) this|subscribed to)|(?:copyright|©).{0,60}\d{4}|all rights reserved|"
    r"(?:our|their) mailing address|add us to your address book|back to top|^share\b.{0,30}$|^(?:tweet|forward|like|follow us)\b.{0,30}$|"
    r"subscriber services|powered by govdelivery|delivered (?:to|by) .{0,80}(?:govdelivery|on behalf of)|"
    r"questions for .{0,60}\? contact us",
    re.IGNORECASE,
)
_FOOT = re.compile(r"(?:copyright|©).{0,60}\d{4}|all rights reserved|unsubscribe|our mailing address", re.IGNORECASE)
_CONTENTS = re.compile(
    r"(?:on|in) this (?:page|issue|edition|update|week)s?|contents|in this week's .{0,40}", re.IGNORECASE
)
SIGNED_LINE = 80  # characters: a name, a post


@dataclass(slots=True)
class ItemDraft:
    title: str
    blocks: list[Block] = field(default_factory=list)
    section: str = ""
    """The heading that it stood under, as it was."""
    link: str = ""
    pictures: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    source: Source
    day: date | None = None
    number: int | None = None
    subject: str = ""
    preheader: str = ""
    opening: list[Block] = field(default_factory=list)
    items: list[ItemDraft] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    """What was said, and stands nowhere in the edition."""
    notes: list[str] = field(default_factory=list)
    """What a person should know or decide."""


def sort_out(source: Source, bulletin: Bulletin, day: date | None = None) -> Draft:
    draft = Draft(source, preheader=source.preheader, subject=source.subject)
    blocks = _without_furniture(source.blocks, draft)
    _name_it(blocks, draft, bulletin, day)
    if source.one_item:
        draft.items.append(ItemDraft(source.subject or _first_words(blocks), list(blocks), link=""))
    else:
        _items(_without_contents(blocks, draft), draft)
    for item in draft.items:
        item.pictures = [block for block in item.blocks if block.kind == "picture"]
        item.blocks = [block for block in item.blocks if block.kind not in {"picture", "rule"}]
    draft.items = [item for item in draft.items if _is_something(item, draft)]
    draft.subject = draft.subject or (draft.items[0].title if draft.items else bulletin.name)
    return draft


# --- around the news -------------------------------------------------------------------------------------------------


def _without_furniture(blocks: Sequence[Block], draft: Draft) -> list[Block]:
    kept = []
    end = _foot(blocks)
    for place, block in enumerate(blocks):
        if place >= end or (block.kind in {"text", "item", "table"} and _is_furniture(block)):
            draft.left_over += [block.words] if block.words else []
        else:
            kept.append(block)
    return kept


def _is_furniture(block: Block) -> bool:
    return len(block.words) < 400 and bool(_FURNITURE.search(block.words))


def _foot(blocks: Sequence[Block]) -> int:
    """Where the foot of the letter begins: a copyright or a farewell after which no heading comes."""
    last = max((n for n, block in enumerate(blocks) if block.kind == "heading"), default=0)
    found = (n for n, block in enumerate(blocks) if n > last and len(block.words) < 400 and _FOOT.search(block.words))
    return next(found, len(blocks))


def _without_contents(blocks: list[Block], draft: Draft) -> list[Block]:
    """A contents list is made anew by every page: its heading, and the short lines under it that headings repeat."""
    titles = {block.words.casefold() for block in blocks if block.kind == "heading"}
    kept: list[Block] = []
    listing = False
    for block in blocks:
        if block.words and _CONTENTS.fullmatch(block.words.strip(" :")):
            listing = True
        elif (
            listing
            and block.kind in {"item", "text"}
            and (block.words.casefold() in titles or len(block.words) < 90)
            and _follows(block)
        ):
            continue
        else:
            listing = False
            kept.append(block)
            continue
        draft.left_over.append(block.words)
    return kept


def _follows(block: Block) -> bool:
    return not block.words.endswith((".", "!", "?")) or block.kind == "item"


def _name_it(blocks: list[Block], draft: Draft, bulletin: Bulletin, day: date | None) -> None:
    """The day and number that the edition says of itself, else what its file or mail says. They are taken out of the text."""
    draft.day = day or draft.source.day
    for place, block in enumerate(blocks[:12]):
        if block.kind in {"text", "heading"} and _is_name(block.words, bulletin):
            draft.left_over.append(block.words)
            blocks[place] = Block("rule")
            continue
        if block.kind == "picture" or len(block.words) > 120:
            continue
        number, said = _NUMBER.search(block.words), _day_in(block.words, draft.source.day)
        if not number and not said:
            continue
        draft.day = day or said or draft.day
        draft.number = draft.number or (int(number[1]) if number and bulletin.numbered else None)
        if len(block.words) < 40 + len(bulletin.name):
            draft.left_over.append(block.words)
            blocks[place] = Block("rule")
    if draft.number is None and bulletin.numbered and (match := _NUMBER.search(draft.subject)):
        draft.number = int(match[1])
    if draft.day is None:
        draft.day = _day_in(draft.subject, None)


def _is_name(words: str, bulletin: Bulletin) -> bool:
    return len(words) <= len(bulletin.name) + 10 and _same(words, bulletin.name)


def _day_in(text: str, near: date | None) -> date | None:
    match, american = _DAY.search(text), _AMERICAN.search(text)
    if american:
        return _date(int(american[3]), american[1], int(american[2]))
    if not match:
        return None
    if match[3]:
        return _date(int(match[3]), match[2], int(match[1]))
    if near is None:
        return None
    years = (
        found for year in (near.year, near.year - 1, near.year + 1) if (found := _date(year, match[2], int(match[1])))
    )
    return min(years, key=lambda found: abs((found - near).days), default=None)


def _date(year: int, month: str, day: int) -> date | None:
    try:
        return date(year, MONTHS.index(month.capitalize()) + 1, day)
    except ValueError:
        return None


def _first_words(blocks: Sequence[Block]) -> str:
    words = next((block.words for block in blocks if block.words), "")
    return words if len(words) <= 80 else words[:80].rpartition(" ")[0]


# --- items -----------------------------------------------------------------------------------------------------------


def _items(blocks: list[Block], draft: Draft) -> None:
    """A heading with text under it begins an item; one with only further headings under it is a section's."""
    level = _item_level(blocks)
    section, current = "", None
    for place, block in enumerate(blocks):
        if block.kind != "heading":
            (current.blocks if current else draft.opening).append(block)
        elif _same(block.words, draft.subject) and not draft.items:
            draft.left_over.append(block.words)
        elif _leads_to_headings(blocks, place):
            section, current = block.words, None
        elif current is not None and block.level > level and current.blocks:
            current.blocks.append(block)
        else:
            section = "" if block.level < level and section else section
            current = ItemDraft(block.words, section=section, link=block.link)
            draft.items.append(current)
    pictures = [block for block in draft.opening if block.kind == "picture"]
    draft.left_over += [
        f"Picture before the first heading: {block.source[:200]} {block.words}".strip() for block in pictures
    ]
    draft.opening = [block for block in draft.opening if block.kind not in {"picture", "rule"}]


def _item_level(blocks: list[Block]) -> int:
    """The level most headings with text under them have; the higher one of two."""
    told = [b.level for n, b in enumerate(blocks) if b.kind == "heading" and not _leads_to_headings(blocks, n)]
    counted = Counter(told)
    return min(counted, key=lambda each: (-counted[each], each), default=1)


def _leads_to_headings(blocks: list[Block], place: int) -> bool:
    after = next((b for b in blocks[place + 1 :] if b.kind not in {"picture", "rule"}), None)
    return after is not None and after.kind == "heading" and after.level > blocks[place].level


def _same(one: str, other: str) -> bool:
    def bare(text: str) -> str:
        return "".join(filter(str.isalnum, text.casefold()))

    return bool(other) and (bare(one) == bare(other) or (len(bare(one)) > 8 and bare(one) in bare(other)))


def _is_something(item: ItemDraft, draft: Draft) -> bool:
    if item.blocks or item.pictures:
        return True
    draft.left_over.append(f"A heading without text: {item.title}")
    return False


def signature(item: ItemDraft) -> list[str]:
    """The lines that a message ends with: a name, then posts; taken out of its text. None for anything else."""
    lines: list[str] = []
    for block in reversed(item.blocks):
        if block.kind != "text" or len(block.words) > SIGNED_LINE or block.words.endswith((".", "!", "?")):
            break
        lines.insert(0, block.words)
    if (
        not re.match(r"(?:a )?(?:message|word|welcome|note|letter) from\b", item.title, re.IGNORECASE)
        or not 1 <= len(lines) <= 8
    ):
        return []
    del item.blocks[-len(lines) :]
    return lines


def to_markdown(blocks: Sequence[Block]) -> str:
    """Headings begin at the second level: the first is the item's title."""
    top = min((block.level for block in blocks if block.kind == "heading"), default=2)
    return "\n".join(_lines(blocks, top)).strip("\n")


def _lines(blocks: Sequence[Block], top: int) -> Iterator[str]:
    before: Block | None = None
    for block in blocks:
        if before is not None and not (before.kind == block.kind == "item"):
            yield ">" if before.kind == block.kind == "quote" else ""
        if block.kind == "heading":
            yield f"{'#' * min(block.level - top + 2, 4)} {block.markdown}"
        elif block.kind == "item":
            depth = (
                block.level if before is not None and before.kind == "item" and block.level <= before.level + 1 else 0
            )
            block = Block("item", block.markdown, block.words, depth, block.ordered)
            yield f"{'    ' * depth}{'1.' if block.ordered else '-'} {block.markdown}"
        elif block.kind == "quote":
            yield f"> {block.markdown}"
        else:
            yield block.markdown
        before = block
