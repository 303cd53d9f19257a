"""Compiling the template once gives what compiling every letter would give: token by token and pixel by pixel."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser

from tests.editions import Built
from tests.full_compile import full_compile, tokens
from tests.mail_reader import Scheme, opened


def test_every_token_is_that_of_the_full_compile(each: Built) -> None:
    ours, full = tokens(each.letter.html), tokens(full_compile(each))
    different = [(a, b) for a, b in zip(ours, full, strict=False) if a != b]
    assert different == []
    assert len(ours) == len(full) > 300


def test_a_difference_would_be_seen(everything: Built) -> None:
    """The control."""
    ours = tokens(everything.letter.html)
    assert tokens(everything.letter.html.replace("padding:16px", "padding:17px", 1)) != ours
    assert tokens(everything.letter.html.replace("Census", "Consus", 1)) != ours


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize(("width", "scheme"), [(700, "light"), (375, "light"), (700, "dark")])
@pytest.mark.parametrize("name", ["everything", "weekly"])
def test_every_pixel_is_that_of_the_full_compile(
    browser: Browser, built: Callable[[str], Built], name: str, width: int, scheme: Scheme
) -> None:
    one = built(name)
    ours = pixels(browser, without_code(one.letter.html), one, width, scheme)
    full = pixels(browser, without_code(full_compile(one)), one, width, scheme)
    assert ours.size == full.size
    assert ImageChops.difference(ours, full).getbbox() is None


def without_code(html: str) -> str:
    """The full compile crushes the lines of preformatted text into one; ours keeps them."""
    return re.sub(r"<pre.*?</pre>", "", html, flags=re.DOTALL)


def pixels(browser: Browser, html: str, built: Built, width: int, scheme: Scheme) -> Image.Image:
    with opened(browser, html, built, width=width, scheme=scheme) as reader:
        return Image.open(io.BytesIO(reader.page.screenshot(full_page=True))).convert("RGB")
