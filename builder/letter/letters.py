"""The letters of the relationship (confirm, welcome, goodbye): the house's own words, rendered like an edition.

Their [[tokens]] are live: what stands in content/letters/ was written by the house, not by a stranger.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

from msgspec import Struct

from builder.headers import take_apart
from builder.letter.render import Renderer, tidy
from builder.markdown import render
from builder.model import BuilderError, Finding, Letter, Variant
from builder.templates import Live, LiveHtml, told

BUTTON = (
    "display:inline-block;padding:12px 24px;border-radius:6px;background-color:#0b5563;color:#ffffff;"
    "font-weight:700;text-decoration:underline"
)
_ALONE = re.compile(r'<p style="[^"]*"><a style="[^"]*" href="([^"]*)">([^<]*)</a></p>')
_TOKEN = re.compile(r"\[\[([a-z-]+)\]\]")


class Words(Struct, frozen=True):
    subject: Live
    preheader: Live
    body: LiveHtml
    text: Live


def compose(renderer: Renderer, root: Path, name: str) -> Letter:
    """content/letters/<name>.md, rendered; its tokens are still in it. Raises BuilderError."""
    file = f"content/letters/{name}.md"
    try:
        written = take_apart((root / file).read_bytes(), file)
    except OSError as error:
        raise BuilderError((Finding(file, 0, "missing-letter", "block", "The letter is not there."),)) from error
    if written.findings or not written.headers.get("subject"):
        missing = Finding(file, 1, "missing-subject", "block", 'The letter has no subject. Add a line "subject: …".')
        raise BuilderError(written.findings or (missing,))
    body = render(written.body, renderer.styles)
    subject = " ".join(written.headers["subject"].split())
    preheader = written.headers.get("preheader", "")
    words = Words(Live(subject), Live(preheader), LiveHtml(_buttons(body.email)), Live(body.text))
    with told():
        html = renderer.template("email/letter.mjml").render(letter=words)
        text = tidy(renderer.environment.get_template("text/letter.txt").render(letter=words))
    return Letter(Variant(name, ()), subject, html, text)


def fill(letter: Letter, values: Mapping[str, str]) -> Letter:
    """Tokens → a reader's own values, escaped where they stand in HTML. A token without a value stays."""

    def plain(match: re.Match[str]) -> str:
        return values.get(match[1], match[0])

    html = _TOKEN.sub(lambda m: escape(plain(m)), letter.html)
    subject = " ".join(_TOKEN.sub(plain, letter.subject).split())
    return Letter(letter.variant, subject, html, _TOKEN.sub(plain, letter.text))


def _buttons(html: str) -> str:
    """A link that stands alone in its paragraph is what the letter is for: it becomes a button."""
    return _ALONE.sub(
        lambda m: f'<p style="margin:0 0 16px"><a class="button" style="{BUTTON}" href="{m[1]}">{m[2]}</a></p>', html
    )
