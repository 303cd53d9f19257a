"""Values in templates are never tokens, and a fault in a template is told with its file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from builder.engine import shown
from builder.model import BuilderError
from builder.templates import Live, LiveHtml, environment, harmless
from tests.editions import EVERYTHING, TEMPLATES, build_edition, open_press


@given(st.text(st.sampled_from("[]a-"), max_size=12))
def test_no_value_is_a_readers_token_or_completes_one(value: str) -> None:
    for around in ("{}", "[{}]", "[{}"):
        assert "[[" not in around.format(harmless(value))


def test_other_values_stay_as_they_are() -> None:
    assert harmless("a [b] c") == "a [b] c"
    assert harmless(7) == 7
    assert isinstance(harmless(Markup("<b>[[x]]</b>")), Markup)
    assert harmless(Live("[[unsubscribe]]")) == "[[unsubscribe]]"


@given(st.text(st.sampled_from("[]<>&'\"a-")), st.sampled_from([str, Markup, Live, LiveHtml]))
def test_one_step_shows_a_value_as_making_it_harmless_and_escaping_it_do(text: str, kind: type[str]) -> None:
    value = kind(text)
    assert shown(value) == escape(harmless(value))


def test_a_compiled_page_takes_the_one_step_and_a_text_takes_none() -> None:
    """It overrides a hook of Jinja's compiler; an upgrade that renames it must not go unnoticed."""
    engine = environment((), None)
    assert "environment.shown(" in engine.compile("{{ value }}", "page.html", raw=True)
    assert "environment.shown(" not in engine.compile("{{ value }}", "letter.txt", raw=True)


# (file, its text, the line that is told, a word of the message)
FAULTS = {
    "a syntax error": ("email/opening.mjml", "<mj-text>\n{% if %}\n</mj-text>", 2, "xpected"),
    "a block that is never closed": ("email/opening.mjml", "{% if edition %}\n<mj-text>x</mj-text>", 0, "end of template"),
    "an undefined name": ("email/opening.mjml", "<mj-text>\n{{ editon.title }}</mj-text>", 0, "editon"),
    "an undefined attribute": ("email/opening.mjml", "<mj-text>{{ edition.titel }}</mj-text>", 0, "titel"),
    "a tag that is not MJML": ("email/opening.mjml", "<mj-text>x</mj-text>\n<mj-txt>x</mj-txt>", 2, "mj-txt"),
    "an attribute that is not MJML's": ("email/opening.mjml", '\n<mj-text colour="#111111">x</mj-text>', 2, "colour"),
    "a part that is not there": ("email/opening.mjml", '{% include "email/none.mjml" %}', 1, "none.mjml"),
    "a part that includes itself": ("email/opening.mjml", '{% include "email/opening.mjml" %}', 1, "itself"),
    "a statement inside a tag": ("email/opening.mjml", '\n\n<mj-text {% if x %}color="#111111"{% endif %}>x</mj-text>', 3, "{% … %}"),
    "a web font": ("email/opening.mjml", '<mj-text font-family="Lato">x</mj-text>', 0, "web font"),
    "an undefined name in the text": ("text/edition.txt", "a\nb {{ editon }}\n", 2, "editon"),
    "a syntax error in the text": ("text/edition.txt", "a\n\n{{ edition. }}\n", 3, "xpected"),
    "an unknown filter": ("text/edition.txt", "{{ edition.title|shout }}", 1, "shout"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_a_template_is_told_with_its_file_and_line(tmp_path: Path, kept: Path, name: str) -> None:
    file, text, line, word = FAULTS[name]
    own = tmp_path / "templates"
    (own / file).parent.mkdir(parents=True)
    (own / file).write_text(text)
    with pytest.raises(BuilderError) as caught:
        build_edition(open_press(EVERYTHING, tmp_path / "kept", search=(own, TEMPLATES)))
    found = caught.value.findings[0]
    assert (found.code, found.severity) == ("bad-template", "block")
    assert word in found.message, found
    assert found.file.startswith("templates/"), found
    if line:
        assert (found.file, found.line) == (f"templates/{file}", line)


def test_every_fault_of_the_letters_template_is_told_at_once(tmp_path: Path) -> None:
    own = tmp_path / "templates" / "email"
    own.mkdir(parents=True)
    (own / "opening.mjml").write_text('<mj-txt>x</mj-txt>\n<mj-text colour="a" size="b">x</mj-text>')
    with pytest.raises(BuilderError) as caught:
        build_edition(open_press(EVERYTHING, tmp_path / "kept", search=(own.parent, TEMPLATES)))
    assert [(f.line, f.message.split()[-1]) for f in caught.value.findings] == [
        (1, "MJML."),
        (2, "colour."),
        (2, "size."),
    ]


@pytest.mark.parametrize("cut", [0.1, 0.35, 0.5, 0.77, 0.95])
def test_r11_a_template_cut_short_is_refused_or_still_a_letter(tmp_path: Path, cut: float) -> None:
    own = tmp_path / "templates"
    for part in ("email/edition.mjml", "text/edition.txt"):
        shutil.rmtree(own, ignore_errors=True)
        (own / part).parent.mkdir(parents=True)
        whole = (TEMPLATES / part).read_text("utf-8")
        (own / part).write_text(whole[: int(len(whole) * cut)])
        try:
            built = build_edition(open_press(EVERYTHING, tmp_path / "kept", search=(own, TEMPLATES)))
        except BuilderError as error:
            assert all(f.file.startswith("templates/") for f in error.findings)
        else:
            assert built.letter.text
