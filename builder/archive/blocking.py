"""What keeps the site as it is: faults of what is out, and addresses that two ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from msgspec import Struct

from builder.addresses import Place as Address
from builder.addresses import of_documents
from builder.archive.public import edition_of_file
from builder.archive.shelves import Outline, Record
from builder.former import faults
from builder.model import Document, Finding, House, Register


class Blocking(Struct, dict=True):
    """`records`: of all editions; `out`: those that have gone out. `documents`: the house's own pages, too."""

    house: House
    records: Mapping[str, Record]
    out: frozenset[str]
    documents: tuple[Document, ...]
    register: Register
    findings: Iterable[Finding]
    """About all that is in no edition."""

    @cached_property
    def outlines(self) -> dict[str, Outline]:
        return {key: record.outline for key, record in self.records.items()}

    def found(self) -> Iterator[Finding]:
        """An edition that is still being written does not keep the others from the web."""
        for key, outline in self.outlines.items():
            if outline.findings:
                yield from self._of(key, outline)
        yield from (finding for finding in self.findings if finding.severity == "block")
        yield from self._taken_twice()
        yield from self._quoting_nothing()
        yield from self._addresses()

    def _of(self, key: str, outline: Outline) -> Iterator[Finding]:
        shown = {f"{key}/{slug}" for slug, target in self.records[key].also if target in self.out}
        for finding in outline.told():
            runs_elsewhere = any(finding.file.endswith(f"/{name.rpartition('/')[2]}.md") for name in shown)
            if finding.severity == "block" and (key in self.out or runs_elsewhere):
                yield finding

    def _taken_twice(self) -> Iterator[Finding]:
        """An item's slug is its permanent address, so a bulletin can give it only once."""
        first: dict[tuple[str, str], str] = {}
        for key, outline in self.outlines.items():
            bulletin = key.partition("/")[0]
            for slug in outline.slugs:
                holder = first.setdefault((bulletin, slug), key)
                if holder != key and key in self.out:
                    text = f'The address "{slug}" belongs to an item of {holder}. Rename this file.'
                    yield Finding(f"content/{key}/{slug}.md", 0, "slug-taken", "block", text)

    def _quoting_nothing(self) -> Iterator[Finding]:
        for key, outline in self.outlines.items():
            for slug, quoted in outline.quotes if key in self.out else ():
                edition, _, name = quoted.rpartition("/")
                original = self.outlines.get(edition)
                if original is None or name not in original.slugs or name in dict(original.quotes):
                    text = f'excerpt-of: "{quoted}" is not there, or is itself an excerpt.'
                    yield Finding(f"content/{key}/{slug}.md", 0, "excerpt-of-nothing", "block", text)

    def _addresses(self) -> Iterator[Finding]:
        for finding in faults(self._places(), self.register, self.house):
            edition = edition_of_file(finding.file)
            if not edition or edition in self.out:
                yield finding

    def _places(self) -> Iterator[Address]:
        """All that has an address, or will have one when its day comes."""
        for outline in self.outlines.values():
            yield from map(Address._make, outline.places)
        yield from of_documents(self.documents)
