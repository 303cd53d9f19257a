"""An e-mail address as a person typed it in, the same address as it is written and compared out."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from subscribers.model import BadAddress

LOCAL_OCTETS = 64  # RFC 5321, 4.5.3.1.1
DOMAIN_OCTETS = 253  # RFC 1035, 2.3.4, without the length octets
ADDRESS_OCTETS = 254  # a path of 256 with its angle brackets (RFC 5321, 4.5.3.1.3)
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_is_plain_local = re.compile(rf"{_ATOM}(?:\.{_ATOM})*\Z").match
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_is_plain_domain = re.compile(rf"(?:{_LABEL}\.)+[a-z]{{2,63}}\Z").match
_named = re.compile(r".*<\s*([^<>]+?)\s*>\s*\Z", re.DOTALL)
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


class Address(NamedTuple):
    """`written` goes on the envelope; `key` is the same for every spelling of one mailbox."""

    written: str
    key: str


def parse(text: str) -> Address:
    """The address in `text`; raises BadAddress with the reason.

    The domain is lower-cased and in its IDNA form. The part before the @ is written as it came, because only the receiving
    server knows whether case matters there, and compared without case, because no real one lets two people differ by it.
    """
    if (plain := quick(text)) is not None:
        return plain
    return _slowly(_cleaned(text))


def quick(text: str) -> Address | None:
    """The same as `parse` for the plain ASCII addresses that nearly all are, many times faster; None for any other."""
    local, _, domain = text.rpartition("@")
    if local[:1] == "'":  # a spreadsheet's mark for text, not part of anybody's address
        return None
    if len(local) > LOCAL_OCTETS or len(text) > ADDRESS_OCTETS or not _is_plain_local(local):
        return None
    known = _known_domain(domain)
    if known is None:
        return None
    key = f"{local.lower()}@{known}"
    return Address(key if local.islower() else f"{local}@{known}", key)


@lru_cache(maxsize=65_536)
def _known_domain(domain: str) -> str | None:
    """The domain in lower case when it is plain ASCII and valid; a list of a million has some thousands of them."""
    from email_validator import SPECIAL_USE_DOMAIN_NAMES

    lower = domain.lower()
    if len(lower) > DOMAIN_OCTETS or not _is_plain_domain(lower) or "--" in lower:
        return None
    if any(lower == name or lower.endswith(f".{name}") for name in SPECIAL_USE_DOMAIN_NAMES):
        return None
    return lower


def _slowly(text: str) -> Address:
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise BadAddress(str(error)) from None
    domain = found.ascii_domain.lower()
    return Address(f"{found.local_part}@{domain}", f"{found.local_part.casefold()}@{domain}")


def _cleaned(text: str) -> str:
    """Without what a spreadsheet or an address book puts around it: a name, mailto:, quotation marks, invisible spaces."""
    bare = text.translate(_INVISIBLE).strip()
    if found := _named.match(bare):
        bare = found[1]
    bare = bare.strip(" \t\r\n\u00a0'\"<>;,")
    return bare[len("mailto:") :] if bare[:7].lower() == "mailto:" else bare
