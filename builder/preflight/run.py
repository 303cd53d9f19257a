"""Every check over every edition, once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from builder.audience import did_you_mean
from builder.content import spare_drafts
from builder.model import Content, Document, Edition, Finding, House, Item, Letter, Source, Tags
from builder.preflight import (
    acronyms,
    codes,
    days,
    duplicates,
    editions,
    headlines,
    inside,
    letter,
    letter_text,
    links,
    page,
    past,
    people,
    pictures,
    release,
    sentences,
    structure,
)
from builder.preflight.checks import Check
from builder.preflight.inside import Pages
from builder.preflight.passages import Passage, Proof, lay_out, of_document, of_edition, of_item

UNKNOWN_CODE = Check("unknown-code", "warn", "", "A misspelt code silences nothing.")
MUST_MEND = Check("cannot-stand", "warn", "", "Some faults no one can let stand: they have to be mended.")
_PARTS = (
    codes, headlines, acronyms, links, inside, days, past, sentences, structure, pictures, people, duplicates, release,
    editions, letter, letter_text,
)  # fmt: skip
CHECKS: dict[str, Check] = {
    check.code: check for part in _PARTS for check in (*part.CHECKS, UNKNOWN_CODE, MUST_MEND)
}  # fmt: skip
"""Every code that a finding can have."""


def check(
    content: Content,
    house: House,
    *,
    now: datetime,
    root: Path,
    letters: Mapping[str, Sequence[Letter]] | None = None,
    readers: Mapping[Tags, int] | None = None,
    only: Collection[str] | None = None,
) -> tuple[Finding, ...]:
    """Everything found, with what reading found, by file and line. No network.

    `letters`: edition key ("weekly/2025-01-14") → its variants, rendered. `readers`: how many subscribers made each
    choice of tags. `only`: the keys of the editions to look at, without documents; None looks at everything.
    """
    site = inside.pages(content, house)
    chosen = [edition for edition in content.editions if only is None or edition.key in only]
    found = _read_before(content, chosen, only)
    for edition in chosen:
        proof = lay_out(content, house, root, now, edition, tuple((letters or {}).get(edition.key, ())), readers)
        found |= set(_edition(proof, site))
    if only is None:
        found |= {f for d in (*content.documents, *content.pages) for f in _document(d, house, root, site, now)}
        found |= set(release.check_groups(content, house))
    sources = [*_sources(chosen), *(d.source for d in (*content.documents, *content.pages) if only is None)]
    found |= {f for source in sources for f in _unknown_codes(source)}
    return tuple(sorted(spare_drafts(_not_let_stand(found, sources), content.editions)))


def blocks(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == "block" for finding in findings)


def _read_before(content: Content, chosen: Iterable[Edition], only: Collection[str] | None) -> set[Finding]:
    """What reading found: all of it, or only what concerns the chosen editions and no edition at all."""
    if only is None:
        return set(content.findings)
    files = {source.file for source in _sources(chosen)}
    folders = tuple(f"{edition.source.file.rpartition('/')[0]}/" for edition in chosen)
    return {f for f in content.findings if f.file in files or f.file.startswith(folders)}


def _sources(chosen: Iterable[Edition]) -> Iterator[Source]:
    for edition in chosen:
        yield edition.source
        yield from (item.source for item in edition.items)


def _edition(proof: Proof, site: Pages) -> Iterator[Finding]:
    for part in (headlines, acronyms, past, release, duplicates, editions):
        yield from part.check(proof)
    for passage in of_edition(proof.edition):
        yield from _passage(passage, proof, site, None)
    for item in proof.items:
        yield from _item(item, proof, site)
    for rendered in proof.letters:
        yield from _letter(rendered, proof.edition.source.file, proof.edition.preheader, proof.house.publisher.url)


@lru_cache(maxsize=64)  # a desk asks at each look at its board, and most letters are as they were
def _letter(rendered: Letter, file: str, preheader: str, url: str) -> tuple[Finding, ...]:
    top = page.read(rendered.html)
    return (*letter.check(rendered, top, file, preheader, url), *letter_text.check(rendered, top, file))


def _item(item: Item, proof: Proof, site: Pages) -> Iterator[Finding]:
    yield from structure.check_item(item)
    yield from links.check_headers(item)
    yield from inside.check_names(item, site, proof.sends)
    yield from pictures.check(item, proof.root)
    for passage in of_item(item):
        yield from _passage(passage, proof, site, item)


def _passage(passage: Passage, proof: Proof, site: Pages, item: Item | None) -> Iterator[Finding]:
    yield from _text(passage, proof.root, proof.edition.day)
    yield from people.check(passage, item, proof.house.publisher)
    yield from inside.check(passage, site, item, proof.sends)


def _text(passage: Passage, root: Path, near: date) -> Iterator[Finding]:
    yield from days.check(passage, near)
    yield from links.check(passage)
    yield from structure.check(passage)
    yield from sentences.check(passage)
    yield from pictures.check_body(passage, root)


def _document(document: Document, house: House, root: Path, site: Pages, now: datetime) -> Iterator[Finding]:
    passages = tuple(of_document(document))
    yield from acronyms.check_passages(iter(passages), house.words.known_acronyms)
    for passage in passages:
        yield from _text(passage, root, now.astimezone(house.calendar.zone).date())
        yield from people.check(passage, None, house.publisher)
        yield from inside.check(passage, site, None, now)


def _unknown_codes(source: Source) -> Iterator[Finding]:
    for code in sorted(source.checked):
        if code not in CHECKS:
            hint = did_you_mean(code, CHECKS)
            yield UNKNOWN_CODE.on(source, "checked", f'checked: "{code}" is not a code of the proof-reader.{hint}')
        elif not CHECKS[code].can_stand:
            yield MUST_MEND.on(source, "checked", f'checked: "{code}" cannot be let stand. Mend it.')


def _not_let_stand(found: Iterable[Finding], sources: Iterable[Source]) -> Iterator[Finding]:
    """Without the findings that a person has looked at and lets stand."""
    checked = {source.file: source.checked for source in sources if source.checked}
    for finding in found:
        known = CHECKS.get(finding.code)
        if not (known and known.can_stand and finding.code in checked.get(finding.file, ())):
            yield finding
