"""The template compiled once: Jinja tags out, tools over it, Jinja tags back, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cache import Cache
from builder.letter.mjml_checks import check_conditionals
from builder.letter.mjml_source import JINJA, read_template
from builder.letter.render import LETTER
from builder.letter.skeleton import compile_letter, crush, put_back, tokenise
from builder.model import BuilderError
from builder.templates import read_text
from tests.editions import TEMPLATES

SEARCH = (TEMPLATES,)


def compiled(cache: Cache | None = None) -> str:
    return compile_letter(LETTER, read_text("email/letter.css", SEARCH), SEARCH, cache or Cache())


def test_every_jinja_tag_of_the_template_is_in_the_compiled_letter() -> None:
    source = [tag for tag in JINJA.findall(read_template(LETTER, SEARCH).text) if not tag.startswith("{#")]
    html = compiled()
    assert set(source) == set(JINJA.findall(html))
    statements = [tag for tag in source if tag.startswith("{%")]
    assert [tag for tag in JINJA.findall(html) if tag.startswith("{%")] == statements


def test_compiling_twice_gives_the_same_and_the_second_comes_from_the_cache(tmp_path: Path) -> None:
    from time import process_time

    cache = Cache(tmp_path / "c.db")
    first = compiled(cache)
    cache.close()
    began = process_time()
    assert compiled(Cache(tmp_path / "c.db")) == first
    assert process_time() - began < 1


def test_a_change_of_template_or_rules_is_compiled_anew(tmp_path: Path) -> None:
    cache = Cache()
    before = compile_letter(LETTER, "h1 { color: #000001; }", SEARCH, cache)
    assert compile_letter(LETTER, "h1 { color: #000002; }", SEARCH, cache) != before
    own = tmp_path / "email"
    own.mkdir()
    (own / "opening.mjml").write_text("<mj-text>Own words</mj-text>")
    assert "Own words" in compile_letter(LETTER, "", (tmp_path, TEMPLATES), cache)


def test_what_premailer_must_not_spoil_is_there() -> None:
    html = compiled()
    assert html.startswith("<!DOCTYPE html>")
    assert "prefers-color-scheme" in html and "!important" in html
    assert "mj-column-per-100" in html
    assert "data-premailer" not in html


@pytest.mark.parametrize(
    "template",
    [
        "<mj-text>{{ a }}</mj-text>",
        "{% if a %}<mj-text>x</mj-text>{% endif %}",
        '<mj-text><a href="{{ a }}" title="{{ b|e }}">{{ c }}</a></mj-text>',
        "<mj-text>{% for a in b %}<p>{{ a }}</p>{% endfor %}</mj-text>",
        "{# a comment goes #}<mj-text>{{ a }}{{ b }}</mj-text>",
        "<mj-text>{{ '}' }}{{ \"<b>\" }}</mj-text>",
    ],
)
def test_tokens_go_out_and_come_back(tmp_path: Path, template: str) -> None:
    (tmp_path / "t.mjml").write_text(template)
    tags: list[str] = []
    mjml = tokenise(read_template("t.mjml", (tmp_path,)), tags)
    assert "{{" not in mjml and "{%" not in mjml and "{#" not in mjml
    assert sorted(tags) == sorted(t for t in JINJA.findall(template) if not t.startswith("{#"))
    assert put_back(mjml.replace("<mj-raw>", "").replace("</mj-raw>", ""), tags) == template.replace(
        "{# a comment goes #}", ""
    )


def test_a_tag_between_components_becomes_a_comment_and_one_in_text_stays_text(tmp_path: Path) -> None:
    (tmp_path / "t.mjml").write_text("{% if a %}<mj-text>{{ a }}{% if b %}x{% endif %}</mj-text>{% endif %}")
    mjml = tokenise(read_template("t.mjml", (tmp_path,)), [])
    assert mjml == (
        "<mj-raw><!--jJ0Jj--></mj-raw><mj-text>jJ1Jj<!--jJ2Jj-->x<!--jJ3Jj--></mj-text><mj-raw><!--jJ4Jj--></mj-raw>"
    )


@pytest.mark.parametrize("html", ["<p></p>", "<!--jJ1Jj--><!--jJ0Jj-->", "<!--jJ0Jj--><!--jJ0Jj--><!--jJ1Jj-->"])
def test_a_tag_that_a_tool_lost_moved_or_doubled_is_refused(html: str) -> None:
    with pytest.raises(BuilderError, match="lost or moved"):
        put_back(html, ["{% if a %}", "{% endif %}"])


@pytest.mark.parametrize(
    ("html", "crushed"),
    [
        ("<div>\n  <p>a  b</p>\n\n</div>", "<div><p>a b</p></div>"),
        ("<p>a <b>b</b> c</p>", "<p>a <b>b</b> c</p>"),
        ('<p style="margin: 0 ; color : #fff;">x</p>', '<p style="margin:0;color:#fff">x</p>'),
        ("<style>\n a { b : c ; }\n /* x */ </style>", "<style>a{b:c;}</style>"),
        ("<td>&nbsp;</td>", "<td>&nbsp;</td>"),
        ("<td>\u00a0</td>", "<td>\u00a0</td>"),
        ("<p>jJ1Jj <!--jJ2Jj--> jJ3Jj</p>", "<p>jJ1Jj <!--jJ2Jj--> jJ3Jj</p>"),
        ("<!--[if mso]> <table> <![endif]--> <div>", "<!--[if mso]><table><![endif]--><div>"),
    ],
)
def test_only_white_space_that_no_reader_sees_is_crushed(html: str, crushed: str) -> None:
    assert crush(html) == crushed + "\n"


@pytest.mark.parametrize(
    "html", ["<!--[if mso]>", "<![endif]-->", "<!--[if mso]><!--[if mso]><![endif]--><![endif]-->"]
)
def test_conditional_comments_that_do_not_balance_are_refused(html: str) -> None:
    with pytest.raises(BuilderError, match="balance"):
        check_conditionals(html)


def test_every_line_of_the_joined_template_knows_its_file() -> None:
    source = read_template(LETTER, SEARCH)
    lines = source.text.split("\n")
    assert len(lines) == len(source.origins)
    for line, origin in zip(lines, source.origins, strict=True):
        assert (TEMPLATES.parent / origin.file).read_text("utf-8").split("\n")[origin.line - 1] == line
