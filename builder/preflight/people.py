"""Personal data that should not be there: it blocks until a person has looked at it (Q9).

A person who has looked and lets it stand writes the code into the item's `checked:` header: `checked: postcode`.
Messages do not repeat what was found: they end up in logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from builder.kinds import GoodNews
from builder.model import Finding, Item, Publisher
from builder.preflight.checks import Check
from builder.preflight.passages import Passage, headers_in_words


def _check(code: str, why: str) -> Check:
    return Check(code, "block", "Q9", why, may_stand=True)


PUPIL_NUMBER = _check("pupil-number", "A unique pupil number opens a child's whole school record.")
NHS_NUMBER = _check("nhs-number", "An NHS number opens a person's health record.")
INSURANCE_NUMBER = _check("insurance-number", "A National Insurance number is enough to steal an identity.")
MOBILE = _check("mobile-number", "A mobile number is most often a person's own.")
PHONE = _check("phone-number", "Numbers belong in contact:, where it is clear whose they are.")
POSTCODE = _check("postcode", "A full postcode is some fifteen homes; those of places belong in venue: or contact:.")
PRIVATE_MAIL = _check("private-mail-address", "It is a person's own mailbox, not an office's.")
BIRTH = _check("date-of-birth", "A date of birth identifies a child.")
CHILD = _check("childs-name", "A child's full name beside a photo tells strangers who it is.")
CHECKS = (PUPIL_NUMBER, NHS_NUMBER, INSURANCE_NUMBER, MOBILE, PHONE, POSTCODE, PRIVATE_MAIL, BIRTH, CHILD)

MOST = 20  # of one kind in one text
_PUPIL = re.compile(r"(?<!\w)[A-HJ-NP-RT-Z]\d{11}[0-9A-Z](?!\w)")
_TEN_DIGITS = re.compile(r"(?<![\w+.,-])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\w-])")
_INSURANCE = re.compile(
    r"(?<!\w)(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?(?:\d{2} ?){3}[A-D](?!\w)"
)
_PHONE = re.compile(r"(?<![\w+])(?:\+44\s?(?:\(0\)\s?)?|\(?0)\d(?:[\s()-]{0,2}\d){8,9}(?!\d)")
_TO_CALL = re.compile(r"\(tel:([^()\n]{3,30})\)")
_POSTCODE = re.compile(r"(?<!\w)[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}(?!\w)")
_PRIVATE = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:gmail|googlemail|hotmail|outlook|live|yahoo|icloud|btinternet|aol|sky|talktalk|ntlworld)"
    r"\.(?:com|co\.uk|net|org)\b",
    re.IGNORECASE,
)
_BORN = re.compile(r"\b(?:DOB|D\.O\.B\.?|date of birth)\b|\bborn (?:on )?\d{1,2}\s+[A-Z][a-z]{2,8}\s+(?:19|20)\d\d", re.IGNORECASE)  # fmt: skip
_NAME = r"[A-Z][a-zà-ɏ'’-]+\s+(?:Mc|Mac|O['’])?[A-Z][a-zà-ɏ'’-]+"
_CHILD = re.compile(
    rf"\b(?P<named>{_NAME}),?\s+(?:\(?aged?\s+\d{{1,2}}\b|\(?\d{{1,2}}\)|who is \d{{1,2}}\b|(?:from |in |of )?(?:Year|Reception|Class)\s+\d?)"
    rf"|\b(?:[Pp]upils?|[Ss]tudents?|[Cc]hild|[Cc]hildren|Year \d{{1,2}}(?:'s)?(?: pupils?| students?)?)\s+(?P<called>{_NAME})"
)
# "Oak Primary, Year 4" and "Pupil Premium Awards" are no children.
_NO_NAMES = frozenset(
    "Academy Alliance Award Awards Centre Children Choir Church City Class Club Coastal College Community Conference Council County "
    "Day Days Early Federation Festival First Forum Funding Hall High House Infant Infants Junior Juniors Kids Leaders Library "
    "Local Lodge Lower Middle Museum Nursery Park Parliament People Plan Plans Premium Prep Primary Project Protection Reception "
    "Road School Schools Secondary Service Services Sixth Special Sports Strategic Street Summit Team Together Transition Trust "
    "University Upper Village Voice Week World Years Young".split()
)


def check(passage: Passage, item: Item | None, publisher: Publisher) -> Iterator[Finding]:
    """What stands in contact:, venue: and the like, or is made a link to call, is meant for readers."""
    prose, text = passage.prose, passage.prose.text
    given = _digits_and_capitals(" ".join((publisher.address, *_given(item), *_TO_CALL.findall(text))))
    for kind, pattern in _PATTERNS:
        for match in islice(pattern.finditer(text), MOST):
            if _counts(kind, match[0], given):
                yield kind.at(prose.file, prose.line_at(match.start()), _ADVICE[kind.code])
    if item and _shows_people(item):
        for match in islice(filter(_names_a_person, _CHILD.finditer(prose.words)), MOST):
            yield CHILD.at(prose.file, prose.line_at(match.start()), _ADVICE[CHILD.code])


_PATTERNS = (
    (PUPIL_NUMBER, _PUPIL),
    (NHS_NUMBER, _TEN_DIGITS),
    (INSURANCE_NUMBER, _INSURANCE),
    (MOBILE, _PHONE),
    (PHONE, _PHONE),
    (POSTCODE, _POSTCODE),
    (PRIVATE_MAIL, _PRIVATE),
    (BIRTH, _BORN),
)
_STAND = 'If it may stand, add "checked: {}" to the headers.'
_ADVICE = {
    check.code: f"{text} {_STAND.format(check.code)}"
    for check, text in (
        (PUPIL_NUMBER, "This looks like a unique pupil number. Take it out."),
        (NHS_NUMBER, "This looks like an NHS number. Take it out."),
        (INSURANCE_NUMBER, "This looks like a National Insurance number. Take it out."),
        (MOBILE, "This looks like a mobile number. Take it out, or put it in contact:."),
        (PHONE, "This looks like a telephone number. Put it in contact:."),
        (POSTCODE, "This looks like a full postcode. Put a place's address in venue: or contact:."),
        (PRIVATE_MAIL, "This looks like somebody's private mail address. Use an office's."),
        (BIRTH, "This looks like a date of birth. Take it out."),
        (CHILD, "This looks like a child's full name, near a photo. Use the first name only."),
    )
}


def _names_a_person(match: re.Match[str]) -> bool:
    return _NO_NAMES.isdisjoint((match["named"] or match["called"]).split())


def _given(item: Item | None) -> Iterator[str]:
    if item:
        yield from (text for _, text in headers_in_words(item))


def _counts(kind: Check, found: str, given: str) -> bool:
    shown = _digits_and_capitals(found)
    if kind is NHS_NUMBER:
        return is_nhs_number(shown)
    if kind in (MOBILE, PHONE):
        national, given = (re.sub(r"440?(?=[1-9]\d{8})", "0", text) for text in (shown, given))
        is_mobile = national.startswith("07") and not national.startswith("070")
        # 03, 05, 08 and 09 are never a home's.
        return is_mobile == (kind is MOBILE) and national[:2] not in {"03", "05", "08", "09"} and national not in given
    return kind is not POSTCODE or shown not in given


def _digits_and_capitals(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.replace("(0)", ""))


def is_nhs_number(digits: str) -> bool:
    """Ten digits, the last a check digit: weights 10 to 2, modulo 11."""
    if len(digits) != 10 or not digits.isdecimal() or len(set(digits)) == 1:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    return (11 - total % 11) % 11 == int(digits[9])


def _shows_people(item: Item) -> bool:
    if item.picture is None:
        return False
    consent = item.details.photo_consent if isinstance(item.details, GoodNews) else None
    return consent is None or bool(consent.recorded_by)
