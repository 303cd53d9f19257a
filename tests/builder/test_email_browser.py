"""The letter in a real browser: E6, E9, E12, E13, E15, E18."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from playwright.sync_api import Browser

from tests.editions import Built
from tests.mail_reader import Scheme, axe, opened

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BAD = '<!doctype html><html lang="en"><title>x</title><h1 style="color:#999999;background:#ffffff">Grey</h1><img src="/x.png">'
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_the_checker_sees_a_bad_contrast_and_a_missing_alt(browser: Browser, everything: Built) -> None:
    """The control: without fonts, for one, axe would miss contrast silently."""
    with opened(browser, BAD, everything, rules=True) as reader:
        found = " ".join(axe(reader.page))
    assert "color-contrast" in found
    assert "image-alt" in found


@pytest.mark.parametrize("scheme", get_args(Scheme))
@pytest.mark.parametrize("width", [320, 375, 600])
def test_axe_finds_nothing(browser: Browser, everything: Built, width: int, scheme: Scheme) -> None:
    with opened(browser, everything.letter.html, everything, width=width, scheme=scheme, rules=True) as reader:
        assert axe(reader.page) == []


@pytest.mark.parametrize("scheme", get_args(Scheme))
@pytest.mark.parametrize("name", ["weekly", "weekly-2", "ecourier", "starter"])
def test_axe_finds_nothing_in_what_is_shipped(
    browser: Browser, built: Callable[[str], Built], name: str, scheme: Scheme
) -> None:
    with opened(browser, built(name).letter.html, built(name), scheme=scheme, rules=True) as reader:
        assert axe(reader.page) == []


def test_e6_every_word_has_contrast_in_both_schemes_and_no_picture_hides_one(
    browser: Browser, everything: Built
) -> None:
    """Our own arithmetic beside axe's, which skips what it cannot decide."""
    for scheme in get_args(Scheme):
        with opened(browser, everything.letter.html, everything, scheme=scheme) as reader:
            poor = reader.page.evaluate(CONTRAST)
        assert poor == [], scheme


@pytest.mark.parametrize("width", [320, 375, 600, 1280])
def test_e13_nothing_is_wider_than_the_screen(browser: Browser, everything: Built, width: int) -> None:
    with opened(browser, everything.letter.html, everything, width=width) as reader:
        assert reader.page.evaluate(OVERFLOW) <= 0


def test_e9_at_twice_the_text_size_nothing_is_cut_or_sideways(browser: Browser, everything: Built) -> None:
    """Zooming to 200 % halves the width that the letter has: 640 becomes 320."""
    with opened(browser, everything.letter.html, everything, width=640) as reader:
        reader.page.evaluate("() => { document.documentElement.style.zoom = 2 }")
        assert reader.page.evaluate(OVERFLOW) <= 0
        assert reader.page.evaluate(CUT) == []


def test_e13_with_pictures_off_their_words_are_shown(browser: Browser, everything: Built) -> None:
    with opened(browser, everything.letter.html, everything, pictures=False, rules=True) as reader:
        pictures = reader.page.locator("img").evaluate_all("all => all.map(i => [i.alt, i.offsetHeight, i.complete])")
        assert pictures
        assert all(alt and height >= 16 for alt, height, _ in pictures)
        assert reader.page.evaluate(OVERFLOW) <= 0
        assert axe(reader.page) == []


def test_e13_with_style_sheets_off_the_words_read_in_order(browser: Browser, everything: Built) -> None:
    with opened(browser, everything.letter.html, everything) as reader:
        before = reader.page.locator("h1, h2, h3").all_inner_texts()
        reader.page.evaluate(
            "() => { document.querySelectorAll('style').forEach(s => s.remove());"
            " document.querySelectorAll('[style]').forEach(e => e.removeAttribute('style')) }"
        )
        assert reader.page.locator("h1, h2, h3").all_inner_texts() == before


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_e15_nothing_is_asked_for_but_our_own_pictures(browser: Browser, each: Built, scheme: Scheme) -> None:
    with opened(browser, each.letter.html, each, scheme=scheme) as reader:
        loaded = reader.page.locator("img").evaluate_all("all => all.map(i => i.naturalWidth > 0)")
    assert reader.asked == []
    assert reader.said == []
    assert all(loaded)


def test_every_link_within_the_letter_moves_to_its_item(browser: Browser, everything: Built) -> None:
    with opened(browser, everything.letter.html, everything, width=375) as reader:
        for item in everything.view.items:
            reader.page.evaluate(f"() => {{ location.hash = '#{item.anchor}' }}")
            heading = reader.page.locator(f"#{item.anchor}")
            assert 0 <= heading.bounding_box()["y"] < 900  # type: ignore[index]
            assert heading.inner_text() == " ".join(item.title.split())


def test_e12_dark_mode_turns_the_page_dark_and_the_words_light(browser: Browser, everything: Built) -> None:
    colours = {}
    for scheme in get_args(Scheme):
        with opened(browser, everything.letter.html, everything, scheme=scheme) as reader:
            colours[scheme] = reader.page.evaluate(LIGHTNESS)
    assert colours["light"]["page"] > 0.8 and colours["light"]["words"] < 0.2
    assert colours["dark"]["page"] < 0.2 and colours["dark"]["words"] > 0.8


def test_e18_in_print_the_page_is_white_and_links_for_the_screen_are_gone(browser: Browser, everything: Built) -> None:
    """Browsers print in the light scheme, whatever the screen has."""
    with opened(browser, everything.letter.html, everything) as reader:
        reader.page.emulate_media(media="print")
        assert reader.page.evaluate(LIGHTNESS)["page"] > 0.95
        assert reader.page.evaluate(CONTRAST) == []
        assert not reader.page.get_by_role("link", name="Unsubscribe").is_visible()
        assert reader.page.locator("h3").first.is_visible()


COLOURS = """
const parse = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number)
const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2])
const behind = e => {
  for (let n = e; n; n = n.parentElement) {
    const c = parse(getComputedStyle(n).backgroundColor)
    if (c.length < 4 || c[3] > 0) return c
  }
  return [255, 255, 255]
}
"""
CONTRAST = (
    "() => {"
    + COLOURS
    + """
  const poor = []
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), e = walk.currentNode.parentElement
    if (!text || text === '\\u00a0' || !e.checkVisibility() || e.getBoundingClientRect().height < 2) continue
    const style = getComputedStyle(e)
    const [a, b] = [light(parse(style.color)), light(behind(e))].sort((x, y) => y - x)
    const ratio = (a + 0.05) / (b + 0.05)
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700)
    if (ratio < (large ? 3 : 4.5)) poor.push(`${ratio.toFixed(2)} ${style.color} ${text.slice(0, 40)}`)
  }
  return poor
}"""
)
LIGHTNESS = (
    "() => {"
    + COLOURS
    + """
  const words = document.querySelector('.card p')
  return {page: light(behind(words)), words: light(parse(getComputedStyle(words).color))}
}"""
)
CUT = """() => [...document.querySelectorAll('body *')]
  .filter(e => getComputedStyle(e).overflow === 'hidden' && e.scrollHeight > e.clientHeight + 1 && e.clientHeight > 1)
  .map(e => e.outerHTML.slice(0, 80))"""
