"""A variant's view → its letter: subject, HTML and text, the same for all its readers but for the [[tokens]]."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder.cache import Cache, fingerprint
from builder.letter import skeleton
from builder.letter.mjml_source import retold
from builder.markdown import read_styles
from builder.model import BuilderError, House, Letter, Variant
from builder.templates import environment, harmless, read_text, read_words, told
from builder.view import EditionView, ItemView

if TYPE_CHECKING:
    from jinja2 import Template

# E1; quoted-printable, as it is sent. Gmail cuts a message off at 102,400, its unsubscribe link with it.
ENCODED_LIMIT = 100_000
WORTH_CUTTING = 600  # bytes of a body; cutting a shorter one saves nothing
CUT_ITEM_BYTES = 400  # what a summary and its link take instead
LETTER = "email/edition.mjml"


class Renderer:
    """The templates, read and compiled once; then one Jinja render a letter."""

    def __init__(self, house: House, search: tuple[Path, ...], cache: Cache, kept: Path | None = None) -> None:
        """`kept`: the folder for compiled templates, which saves their compiling in the next process."""
        self.house = house
        self.search = search
        self.cache = cache
        self.kept = kept
        self.words = read_words(search)
        self.styles = read_styles(read_text("email/prose.css", search))
        self.environment = environment(search, kept)
        self.environment.globals.update(words=self.words, publisher=house.publisher, site=house.publisher.url)
        self._compiled_letters: dict[str, Template] = {}
        self._text: Template | None = None

    def template(self, name: str) -> Template:
        """An MJML template as the Jinja template that it was compiled to."""
        if name not in self._compiled_letters:
            css = read_text("email/letter.css", self.search)
            with told():
                source = skeleton.compile_letter(name, css, self.search, self.cache)
                self._compiled_letters[name] = self._compiled(source)
        return self._compiled_letters[name]

    def _compiled(self, source: str) -> Template:
        """Through a file where there is one, because Jinja keeps compiled bytes only for what it loads."""
        if self.kept is None:
            return self.environment.from_string(source)
        name = f"letter-{fingerprint(source)}.html"
        if not (self.kept / name).is_file():
            _write_whole(self.kept / name, source)
        return environment((self.kept,), self.kept).get_template(name, globals=self.environment.globals)

    @property
    def text_template(self) -> Template:
        if self._text is None:
            with told():
                self._text = self.environment.get_template("text/edition.txt")
        return self._text

    def html(self, edition: EditionView) -> str:
        try:
            with told():
                return self.template(LETTER).render(edition=edition)
        except BuilderError as error:
            raise retold(error, LETTER, self.search) from error

    def text(self, edition: EditionView) -> str:
        with told():
            return tidy(self.text_template.render(edition=edition))

    def letter(self, edition: EditionView, variant: Variant) -> Letter:
        """Too long for Gmail: the longest items are cut to their summary and a link, until it fits (E1)."""
        html = self.html(edition)
        while (over := encoded_size(html) - ENCODED_LIMIT + 1) > 0 and (shorter := cut_longest(edition, over)):
            edition = shorter
            html = self.html(edition)
        return Letter(variant, harmless(edition.subject), html, self.text(edition))


def encoded_size(html: str) -> int:
    """Bytes as sent: quoted-printable writes `=` and every byte past ASCII in three, and breaks lines at 76."""
    raw = html.encode("utf-8")
    ascii_bytes = sum(map(raw.count, (b"=",)))
    beyond = len(raw) - len(raw.decode("ascii", "ignore"))
    size = len(raw) + 2 * (ascii_bytes + beyond)
    return size + 3 * (size // 75)


def cut_longest(edition: EditionView, over: int) -> EditionView | None:
    """The same edition with as many of its longest items cut as save about `over` bytes; None when none is worth it."""
    chosen: set[str] = set()
    for item in sorted(edition.items, key=lambda item: len(item.body.email), reverse=True):
        if over <= 0 or len(item.body.email) < WORTH_CUTTING:
            break
        if not item.cut:
            chosen.add(item.anchor)
            over -= len(item.body.email) - CUT_ITEM_BYTES
    return _with_cut(edition, chosen) if chosen else None


def _with_cut(edition: EditionView, anchors: set[str]) -> EditionView:
    def cut(item: ItemView) -> ItemView:
        return replace(item, cut=True) if item.anchor in anchors else item

    sections = tuple(replace(section, items=tuple(map(cut, section.items))) for section in edition.sections)
    return replace(edition, sections=sections)


def tidy(text: str) -> str:
    """At most two blank lines in a row, no trailing spaces."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.split("\n")):
        if line or lines[-2:] != ["", ""]:
            lines.append(line)
    return "\n".join(lines).strip("\n") + "\n"


def _write_whole(file: Path, text: str) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text(text, "utf-8")
    partial.replace(file)
