"""The letter, at length: any Markdown, any selection, every payload in every field; each with its control."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import Markdown
from markdown.treeprocessors import InlineProcessor
from playwright.sync_api import Browser

from builder import inlines, markdown
from builder.letter.eml import to_eml
from tests.editions import EDITIONS, Built, build, build_edition, open_press
from tests.full_compile import full_compile, tokens
from tests.hostile import write_house
from tests.mail_reader import axe, opened
from tests.payloads import PAYLOADS

pytestmark = pytest.mark.prove
MARKUP = [*"*_`[]()<>&\\!#|-:.\"' \n", "  \n", "\n\n", "    ", "](", "![", "://", "https://a.example/", "a@b.example", "word", "[a]: b\n", "é"]  # fmt: skip


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


def stock() -> Markdown:
    engine: Markdown = markdown._engine.__wrapped__()
    engine.treeprocessors.register(InlineProcessor(engine), "inline", 20)
    return engine


STOCK = stock()


@given(st.lists(st.sampled_from([*MARKUP, *PAYLOADS]), max_size=60).map("".join))
@settings(max_examples=4_000, deadline=None)
def test_the_quick_inline_step_gives_python_markdowns_output(source: str) -> None:
    assert markdown._engine().reset().convert(source) == STOCK.reset().convert(source)


def test_a_wrong_trigger_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setitem(inlines.TRIGGERS, "link", "!")
    wrong: Markdown = markdown._engine.__wrapped__()
    assert wrong.convert("[a](https://b.example)") != STOCK.reset().convert("[a](https://b.example)")


@pytest.mark.parametrize("name", EDITIONS)
def test_any_selection_compiles_to_the_tokens_of_the_full_compile(name: str, kept: Path) -> None:
    built, chance = build(name, kept), random.Random(name)
    items = built.press.items(built.edition)
    for _ in range(8):
        chosen = tuple(item for item in items if chance.random() < 0.6) or items[:1]
        view = built.press.viewer.edition(built.edition, chosen)
        one = Built(built.press, built.edition, view, built.letter)
        assert tokens(built.press.renderer.html(view)) == tokens(full_compile(one))


def test_another_letters_tokens_are_others(kept: Path) -> None:
    """The control."""
    assert tokens(build("weekly", kept).letter.html) != tokens(full_compile(build("weekly-2", kept)))


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("shift", range(0, len(PAYLOADS), 3))
def test_no_payload_in_any_field_does_anything_in_a_browser(
    browser: Browser, tmp_path: Path, kept: Path, shift: int
) -> None:
    def says(place: int) -> str:
        return PAYLOADS[(place + shift) % len(PAYLOADS)]

    hostile = build_edition(open_press(write_house(tmp_path / "house", says, says, 40), kept))
    with opened(browser, hostile.letter.html, hostile) as reader:
        assert reader.page.locator("h3").count() == len(hostile.view.items) == 40
        assert reader.page.locator("script, iframe, svg, object, embed, form, link, base").count() == 0
        reader.page.wait_for_timeout(30)
    assert reader.said == []
    assert reader.asked == []


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("name", EDITIONS)
def test_every_edition_passes_axe_at_every_width_in_both_schemes(browser: Browser, kept: Path, name: str) -> None:
    built = build(name, kept)
    for width in (320, 375, 600, 1280):
        for scheme in ("light", "dark"):
            with opened(browser, built.letter.html, built, width=width, scheme=scheme) as reader:  # type: ignore[arg-type]
                assert axe(reader.page) == []


@pytest.mark.parametrize("name", EDITIONS)
def test_e17_spamassassin_scores_it_no_higher_than_zero(name: str, kept: Path) -> None:
    built = build(name, kept)
    raw = to_eml(built.letter, built.press.house.publisher, sender="", date=datetime.now(UTC))
    assert score(b"To: reader@example.org\r\n" + raw) <= 0.0


def test_e17_what_is_spam_scores_above_zero() -> None:
    """The control: the test string that every filter knows."""
    gtube = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
    assert score(b"Subject: x\n\n" + gtube) > 100


def score(raw: bytes) -> float:
    if shutil.which("spamassassin") is None:
        pytest.fail("this proof needs SpamAssassin: apt-get install --no-install-recommends spamassassin")
    done = subprocess.run(["spamassassin", "-L", "-t"], input=raw, capture_output=True, check=True)
    found = re.search(rb"score=(-?[\d.]+)", done.stdout)
    assert found
    return float(found[1])
