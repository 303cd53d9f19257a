"""W3 and W4: whatever stands where words belong comes out as words, in every field, in the letter and in its text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from builder.markdown import ALLOWED
from tests.editions import Built, build_edition, open_press
from tests.full_compile import tokens
from tests.hostile import write_house
from tests.mail_reader import opened
from tests.payloads import PAYLOADS

ITEMS = 40
PLAIN = "plain words"
TOKEN = r"\[\[[a-z-]+\]\]"
RUNS = {
    "href",
    "src",
    "alt",
    "style",
    "class",
    "id",
    "width",
    "height",
    "start",
    "scope",
    "title",
    "lang",
    "dir",
    "role",
}


def says_payload(shift: int) -> Callable[[int], str]:
    return lambda place: PAYLOADS[(place + shift) % len(PAYLOADS)]


def says_plain(place: int) -> str:
    return PLAIN


def in_headers(folder: Path, kept: Path, shift: int) -> Built:
    root = write_house(folder / f"headers-{shift}", says_payload(shift), says_plain, ITEMS)
    return build_edition(open_press(root, kept))


def in_bodies(folder: Path, kept: Path, first: int) -> Built:
    root = write_house(folder / f"bodies-{first}", says_plain, says_payload(first), ITEMS)
    return build_edition(open_press(root, kept))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Built:
    root = write_house(tmp_path_factory.mktemp("plain") / "house", says_plain, says_plain, ITEMS)
    return build_edition(open_press(root, kept))


def structure(html: str) -> list[tuple[str, ...]]:
    """Tags and the names of their attributes; addresses that became links are looked at by themselves."""
    names = [(kind, *(part.split("=")[0] for part in rest)) for kind, *rest in tokens(html) if kind in "<>!"]
    return [name for name in names if name[1] != "a"]


# Every payload in every field, in turn: each shift moves the list on by one house's worth of fields.
@pytest.mark.parametrize("shift", range(0, len(PAYLOADS), 12))
def test_no_header_changes_the_letters_structure(tmp_path: Path, kept: Path, plain: Built, shift: int) -> None:
    hostile = in_headers(tmp_path, kept, shift)
    assert structure(hostile.letter.html) == structure(plain.letter.html)
    assert addresses_are_safe(hostile.letter.html)


@pytest.mark.parametrize("first", range(0, len(PAYLOADS), ITEMS))
def test_no_body_brings_a_tag_or_an_attribute_of_its_own(tmp_path: Path, kept: Path, plain: Built, first: int) -> None:
    hostile = in_bodies(tmp_path, kept, first)
    for tag, *attributes in (rest for kind, *rest in tokens(hostile.letter.html) if kind == "<"):
        if tag in ALLOWED:
            assert {a.split("=")[0] for a in attributes} <= RUNS | {"aria-hidden", "aria-label", "cellpadding"} | LAYOUT
    known = {token[1] for token in tokens(plain.letter.html) if token[0] == "<"}
    assert {token[1] for token in tokens(hostile.letter.html) if token[0] == "<"} <= known | ALLOWED.keys()
    assert hostile.letter.html.count("<h3") == plain.letter.html.count("<h3")
    assert addresses_are_safe(hostile.letter.html)


LAYOUT = {"align", "border", "cellspacing", "valign", "bgcolor", "content", "name", "http-equiv"}


def addresses_are_safe(html: str) -> bool:
    links = [
        a.removeprefix("href=") for t in tokens(html) if t[:2] == ("<", "a") for a in t[2:] if a.startswith("href=")
    ]
    sources = [a for t in tokens(html) if t[0] == "<" for a in t[2:] if a.startswith("src=")]
    schemes = {m[1].lower() for link in links if (m := re.match(r"\s*([a-zA-Z][a-zA-Z0-9+.-]*):", link))}
    assert schemes <= {"http", "https", "mailto", "tel"}
    return all(source.startswith("src=https://updates.council.example/images/") for source in sources)


@pytest.mark.parametrize("place", ["headers", "bodies"])
def test_no_payload_makes_or_unmakes_a_readers_token(tmp_path: Path, kept: Path, plain: Built, place: str) -> None:
    make = in_headers if place == "headers" else in_bodies
    for start in range(0, len(PAYLOADS), ITEMS):
        letter = make(tmp_path, kept, start).letter
        for form, expected in [(letter.html, plain.letter.html), (letter.text, plain.letter.text)]:
            assert sorted(re.findall(TOKEN, form)) == sorted(re.findall(TOKEN, expected))


def test_no_template_syntax_is_worked_out(tmp_path: Path, kept: Path) -> None:
    for start in range(0, len(PAYLOADS), ITEMS):
        letters = [make(tmp_path, kept, start).letter for make in (in_headers, in_bodies)]
        for letter in letters:
            assert "49" not in re.sub(r"#\w+|\d{3,}", "", letter.text)
            assert "__mro__" not in letter.text or "{{ ''.__class__" in letter.text


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("first", range(0, len(PAYLOADS), ITEMS))
@pytest.mark.parametrize("place", ["headers", "bodies"])
def test_in_a_browser_nothing_runs_loads_or_hides(
    browser: Browser, tmp_path: Path, kept: Path, plain: Built, place: str, first: int
) -> None:
    hostile = (in_headers if place == "headers" else in_bodies)(tmp_path, kept, first)
    with opened(browser, hostile.letter.html, hostile) as reader:
        assert reader.page.evaluate(FOREIGN) == []
        assert reader.page.locator("h3").count() == len(hostile.view.items)
        assert reader.page.get_by_role("link", name=re.compile("Unsubscribe")).last.is_visible()
        reader.page.evaluate(
            "() => document.querySelectorAll('*').forEach(e => e.dispatchEvent(new Event('mouseover')))"
        )
        reader.page.wait_for_timeout(50)
    assert reader.said == []
    assert [url for url in reader.asked if "alert" in url or not url.startswith("https://")] == []


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_what_is_not_escaped_would_be_noticed(browser: Browser, plain: Built) -> None:
    """The control."""
    with opened(browser, plain.letter.html.replace(PLAIN, "<img src=x onerror=alert(1)>", 3), plain) as reader:
        assert reader.page.evaluate(FOREIGN)
        reader.page.wait_for_timeout(50)
    assert reader.said and reader.asked


FOREIGN = r"""() => [...document.querySelectorAll('*')].filter(e =>
    /^(script|iframe|object|embed|svg|math|form|input|video|audio|base|template|link|details)$/i.test(e.tagName)
    || [...e.attributes].some(a => a.name.startsWith('on') || a.name === 'srcdoc' || a.name === 'x')
    || (e.hasAttribute('href') && !['http:', 'https:', 'mailto:', 'tel:'].includes(e.protocol))
    || (e.src && !e.src.startsWith('https://updates.council.example/images/'))
  ).map(e => e.outerHTML.slice(0, 100))"""
