"""The codes that reading gives: what was found while content, settings and templates were read."""

from __future__ import annotations

from builder.preflight.checks import Check


def _read(code: str, why: str) -> Check:
    return Check(code, "block", "R11", why)


CHECKS = (
    _read("empty-file", "A file that was cut off or never written."),
    _read("file-too-large", "No item is that long; reading it would take seconds."),
    _read("not-utf-8", "Its letters would come out wrong."),
    _read("unseen-character", "It changes how the text reads without being seen."),
    _read("unreadable", "The disk or the permissions keep it from being read."),
    _read("no-headers", "Without headers nothing is known of it."),
    _read("headers-not-closed", "The whole text was taken for headers."),
    _read("not-a-header", "The line would be lost."),
    _read("header-twice", "One of the two values would be lost."),
    _read("too-much-markup", "No reader follows it, and Markdown takes seconds over it."),
    _read("unknown-header", "What it says would be lost."),
    _read("header-of-other-kind", "What it says would be lost."),
    _read("missing-header", "The kind cannot do without it."),
    _read("missing-title", "It has no name in lists, search and the letter."),
    _read("missing-subject", "The letter needs one."),
    _read("missing-edition", "The letter needs a subject."),
    _read("bad-value", "It cannot be understood."),
    _read("bad-date", "The date is not on the calendar, or its weekday is another."),
    _read("bad-release", "It might be shown too early."),
    _read("bad-excerpt", "It does not name an item."),
    _read("excerpt-of-nothing", "There are no words to show."),
    _read("unknown-kind", "It decides how the item looks."),
    _read("unknown-section", "The item has no place."),
    _read("unknown-audience", "The wrong people would get it."),
    _read("unknown-visibility", "It might be shown to everyone."),
    _read("unknown-bulletin", "Its items would be in no edition."),
    _read("bad-folder", "Its items would be in no edition."),
    _read("bad-file-name", "The name is the page's address."),
    _read("slug-taken", "Two pages cannot have one address."),
    Check("address-lost", "block", "F7", "Somebody may have kept the link; addresses are for ever."),
    Check("formerly-taken", "block", "F7", "One address cannot lead to two pages."),
    Check("taken-down", "block", "F7", "What was taken down may not come back by accident."),
    Check("bad-permalink", "block", "F7", "The line says nothing that is understood."),
    Check("also-nowhere", "warn", "", "The other edition is not there yet."),
    _read("bad-config", "bulletin.toml has a mistake."),
    _read("bad-template", "No letter can be made of it."),
    _read("missing-letter", "People would wait for it in vain."),
)
