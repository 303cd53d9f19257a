"""Addresses: one mailbox has one key, however it is written, and the quick way agrees with the standard's."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.address import Address, _slowly, parse, quick
from subscribers.model import BadAddress


@pytest.mark.parametrize(
    ("text", "written", "key"),
    [
        ("office@school.org", "office@school.org", "office@school.org"),
        ("Ann.Bell@School.ORG", "Ann.Bell@school.org", "ann.bell@school.org"),
        ("  office@school.org\u00a0", "office@school.org", "office@school.org"),
        ("\ufeffoffice@school.org", "office@school.org", "office@school.org"),
        ("Ann Bell <Ann@School.org>", "Ann@school.org", "ann@school.org"),
        ("mailto:office@school.org", "office@school.org", "office@school.org"),
        ("'office@school.org';", "office@school.org", "office@school.org"),
        ("a@münchen.de", "a@xn--mnchen-3ya.de", "a@xn--mnchen-3ya.de"),
        ("a@XN--MNCHEN-3YA.de", "a@xn--mnchen-3ya.de", "a@xn--mnchen-3ya.de"),
        ("Élise@école.fr", "Élise@xn--cole-9oa.fr", "élise@xn--cole-9oa.fr"),
        ("e\u0301lise@ecole.fr", "élise@ecole.fr", "élise@ecole.fr"),
    ],
)
def test_every_spelling_of_a_mailbox_has_one_key(text: str, written: str, key: str) -> None:
    assert parse(text) == Address(written, key)


@pytest.mark.parametrize(
    "text",
    ["", "ann", "@", "a@", "@x.org", "a@b", "a b@x.org", "a@x..org", ".a@x.org", "a.@x.org", "a@x.local", "a@localhost",
     "a@[127.0.0.1]", "/o=ExchangeLabs/cn=ann", "a" * 65 + "@x.org", "a@" + "x" * 64 + ".org", "a\0@x.org", "a@x.org\nBcc: b@x.org",
     "\ud800@x.org", "a@-x.org", "a@x-.org", "a@x_y.org", "=cmd|x@y", "<script>@x.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(BadAddress) as refused:
        parse(text)
    assert str(refused.value)


LOCAL = st.text(string.ascii_letters + string.digits + ".!#$%&'*+/=?^_`{|}~-\"() ", min_size=1, max_size=70)
DOMAIN = st.one_of(
    st.from_regex(r"[A-Za-z0-9-]{1,20}(\.[A-Za-z0-9-]{1,20}){1,3}", fullmatch=True),
    st.sampled_from(["x.local", "y.test", "a.arpa", "x.onion", "school.example", "x.ORG", "b.co.uk", "1.2", "a.b.c1"]),
    st.text(min_size=1, max_size=20),
)


@given(LOCAL, DOMAIN)
def test_the_quick_way_agrees_with_the_library(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    found = quick(text)
    if found is not None:
        slow = _slowly(text)
        assert (found.key, found.written) == (slow.key, slow.written)


@given(st.text(max_size=300))
def test_any_text_is_an_address_or_a_bad_one(text: str) -> None:
    try:
        assert parse(parse(text).written).key == parse(text).key
    except BadAddress as error:
        assert str(error)
