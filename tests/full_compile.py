"""The slow way to a letter: values into the MJML first, then mjml, premailer and the crush. For comparison only."""

from __future__ import annotations

from html.parser import HTMLParser

from builder.letter import skeleton
from builder.letter.mjml_source import read_template
from builder.letter.render import LETTER
from builder.templates import read_text
from tests.editions import Built

Token = tuple[str, ...]


def full_compile(built: Built) -> str:
    renderer = built.press.renderer
    source = read_template(LETTER, renderer.search).text
    mjml = renderer.environment.from_string(source).render(edition=built.view)
    return skeleton.crush(skeleton.inline(skeleton.to_html(mjml), read_text("email/letter.css", renderer.search)))


class _Tokens(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Token] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.flush()
        self.found.append(("<", tag, *(f"{name}={value}" for name, value in sorted(attrs))))

    def handle_endtag(self, tag: str) -> None:
        self.flush()
        self.found.append((">", tag))

    def handle_comment(self, data: str) -> None:
        self.flush()
        self.found.append(("!", " ".join(data.split())))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def flush(self) -> None:
        if text := " ".join("".join(self.words).split()):
            self.found.append(("text", text))
        self.words.clear()


def tokens(html: str) -> list[Token]:
    """Tags with their attributes, comments, and text; white space as a reader sees it."""
    parser = _Tokens()
    parser.feed(html)
    parser.close()
    parser.flush()
    return parser.found
