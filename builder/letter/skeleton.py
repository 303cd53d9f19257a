"""The MJML template of the letter → a Jinja template of finished HTML, compiled once.

Theory of operation: PyPI mjml takes 60 to 120 ms a document, decodes entities in attribute values, and dies on stray
HTML. So values never pass through it. Each Jinja tag of the template is replaced by an opaque token; mjml and
premailer work on that; white space is crushed; every token is checked to have come through; the Jinja tags go back.
What remains is one Jinja render a variant. The result is kept on disk by the hash of all that went into it.
"""

from __future__ import annotations

import logging
import re
from importlib.metadata import version
from pathlib import Path

from builder.cache import Cache, fingerprint
from builder.letter.mjml_checks import check_conditionals, check_fonts, check_jinja, check_tags, check_template
from builder.letter.mjml_source import JINJA, PART, TAG_WITH_JINJA, Source, fault, read_template

VERSION = "12"  # raise it when the same template should compile otherwise
# Components whose content is HTML, not further components.
ENDING = frozenset("mj-text mj-button mj-table mj-raw mj-title mj-preview mj-style".split())
_TOKEN = re.compile(r"jJ(\d+)Jj")


def compile_letter(name: str, css: str, search: tuple[Path, ...], cache: Cache) -> str:
    """The finished HTML with its Jinja tags. `css`: rules that become inline styles.

    Raises BuilderError with every fault of the template and its line.
    """
    source = read_template(name, search)
    key = fingerprint("skeleton", VERSION, version("mjml"), version("premailer"), source.text, css)
    return str(cache.or_make(key, lambda: _compile(source, css)))


def _compile(source: Source, css: str) -> str:
    check_jinja(source)
    check_tags(source)
    check_template(source)
    tags: list[str] = []
    mjml = tokenise(source, tags)
    html = crush(inline(to_html(mjml), css))
    check_conditionals(html)
    check_fonts(html)
    return put_back(html, tags)


# --- Jinja tags out, and back in ---


def tokenise(source: Source, tags: list[str]) -> str:
    """Jinja tags → tokens that no tool touches; `tags` receives the tags in the order of their tokens.

    A tag between components becomes a comment in mj-raw, because an HTML parser moves bare text out of tables.
    """
    open_tags: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match["tag"]:
            _follow(match, open_tags)
            return match[0]
        if match[0].startswith("{#"):
            return ""
        tags.append(match[0])
        token = f"jJ{len(tags) - 1}Jj"
        if not (open_tags and open_tags[-1] in ENDING):
            return f"<mj-raw><!--{token}--></mj-raw>"
        return token if match[0].startswith("{{") else f"<!--{token}-->"

    # A tag with a Jinja expression in an attribute is matched by its parts: the expression alone.
    return PART.sub(replace, _protect_attributes(source, tags))


def _protect_attributes(source: Source, tags: list[str]) -> str:
    def token(match: re.Match[str]) -> str:
        tags.append(match[0])
        return f"jJ{len(tags) - 1}Jj"

    return TAG_WITH_JINJA.sub(lambda match: JINJA.sub(token, match[0]), source.text)


def _follow(match: re.Match[str], open_tags: list[str]) -> None:
    if match["close"]:
        if match["tag"] in open_tags:
            while open_tags.pop() != match["tag"]:
                pass
    elif not match["rest"].endswith("/"):
        open_tags.append(match["tag"])


def put_back(html: str, tags: list[str]) -> str:
    """Tokens → Jinja tags. Every statement comes through exactly once and in order, every expression at least once."""
    seen = [int(number) for number in _TOKEN.findall(html)]
    statements = [n for n in seen if tags[n].startswith("{%")]
    lost = set(range(len(tags))) - set(seen)
    if lost or statements != sorted(set(statements)):
        names = ", ".join(tags[n] for n in sorted(lost)) or "a statement in another order"
        raise fault("templates/email", 0, f"Compiling the letter lost or moved a Jinja tag: {names}.")
    html = re.sub(r"<!--jJ(\d+)Jj-->", lambda m: tags[int(m[1])], html)
    return _TOKEN.sub(lambda m: tags[int(m[1])], html)


# --- the tools ---


def to_html(mjml: str) -> str:
    """mjml's HTML, with language and direction on every direct child of body (a mail client may drop body itself)."""
    from mjml import mjml_to_html

    try:
        result = mjml_to_html(mjml)
    except (
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
    ) as error:  # what it does over a template that it cannot read
        raise fault("templates/email", 0, f"MJML cannot read the letter's template ({error}).") from error
    if result.errors:
        raise fault("templates/email", 0, f"MJML: {result.errors[0]}")
    html: str = result.html
    # White on white is what spam filters look for, and the preheader is hidden anyway (E17).
    html = html.replace("display:none;font-size:1px;color:#ffffff;", "display:none;font-size:1px;", 1)
    return html.replace('<div style="display:none', '<div lang="en-GB" dir="ltr" style="display:none', 1)


def inline(html: str, css: str) -> str:
    """premailer, in the recipe that keeps doctype, dark mode and responsive columns: each option was needed."""
    from premailer import Premailer

    html = html.replace("<!doctype", "<!DOCTYPE", 1)
    html = re.sub(r"<style\b", '<style data-premailer="ignore"', html)
    done: str = Premailer(
        html,
        css_text=css,
        strip_important=False,
        disable_validation=True,
        allow_network=False,
        disable_leftover_css=True,
        align_floating_images=False,
        disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
        cssutils_logging_level=logging.CRITICAL,
    ).transform()
    return done.replace(' data-premailer="ignore"', "")


def crush(html: str) -> str:
    """White space that no reader sees goes: between structural tags, in style sheets, inside style attributes."""
    # Not \s: it takes no-break spaces too, and those hold empty cells open.
    html = re.sub(r"(<style[^>]*>)(.*?)(</style>)", lambda m: m[1] + _crush_css(m[2]) + m[3], html, flags=re.DOTALL)
    html = re.sub(r"[ \t\r\n]+", " ", html)
    blocks = r"(?:!DOCTYPE|html|head|meta|title|style|body|div|table|tbody|thead|tr|td|th|p|ul|ol|li|h[1-6]|noscript|xml|o:\w+)"
    # A token stands for anything, perhaps for a word: the space beside it is kept, unless a block is on its other side.
    html = re.sub(rf"[ \t\r\n]+(</?{blocks}\b|<!--(?!jJ)|<!\[endif)", r"\1", html)
    html = re.sub(rf"(</?{blocks}[^<>]*>|(?<!Jj)-->)[ \t\r\n]+", r"\1", html)
    return re.sub(r' style="([^"]*)"', lambda m: f' style="{_crush_style(m[1])}"', html).strip() + "\n"


def _crush_css(css: str) -> str:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return re.sub(r"\s*([{};:,>])\s*", r"\1", re.sub(r"\s+", " ", css)).replace("and(", "and (").strip()


def _crush_style(style: str) -> str:
    return re.sub(r"\s*([;:,])\s*", r"\1", style).strip("; ")
