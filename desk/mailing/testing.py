"""A letter as its readers will have it, marked as a test in its subject and at its top, to a few addresses of the house."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace

from builder.model import Edition, Tags, Variant
from builder.press import Press
from delivery.loop.single import Posted, post
from delivery.model import Letter
from desk.mailing.engines import make_engine
from desk.mailing.freezing import mailing_of, reader
from desk.mailing.office import CannotSend, Office
from desk.mailing.selecting import everything
from desk.mailing.sending import terms_of
from subscribers.address import parse

NOBODY = 0  # no subscriber has this number: the links of a test letter lead nowhere
_BODY = re.compile(r"<body[^>]*>")


def post_test(office: Office, edition: Edition, tags: Tags | None, addresses: Sequence[str]) -> list[Posted]:
    """What became of each. `tags` None: with everything in it. Raises CannotSend, BadAddress, BuilderError and others."""
    variant, letter = test_letter(office.press, edition, _selected(office.press, edition, tags))
    keys = office.register.keys
    readers = [
        replace(reader(keys, edition.bulletin, NOBODY, parse(each).written, variant), subscriber=f"t{number}")
        for number, each in enumerate(dict.fromkeys(addresses), 1)
    ]
    # Each test has a name of its own: mail services show a second letter with the same Message-ID to nobody.
    mailing = mailing_of(office, edition, kind=f"test-{int(time.time()):x}")
    terms = terms_of(office)
    return post(mailing, letter, readers, make_engine(office.delivering), secret=terms.secret, sign=terms.sign)


def _selected(press: Press, edition: Edition, tags: Tags | None) -> Variant:
    if tags is None:
        return everything(press, edition)
    items = press.receives(edition, tags)
    if not items:
        raise CannotSend(f"{edition.key} holds nothing for a reader with these tags.")
    return Variant("test", items, press.in_order(tags))


def test_letter(press: Press, edition: Edition, variant: Variant) -> tuple[Variant, Letter]:
    words = press.renderer.words["letter"]
    made = press.letter(edition, variant)
    banner = press.renderer.environment.get_template("email/test-banner.html").render()
    html = _BODY.sub(lambda found: found[0] + banner, made.html, count=1)
    text = f"{words['test-banner']}\n\n{made.text}"
    return variant, Letter(variant.id, words["test-subject"].format(subject=made.subject), html, text)
