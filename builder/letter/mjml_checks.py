"""What can be wrong with the letter's template, told with file and line: mjml itself reports nothing."""

from __future__ import annotations

import re

from jinja2 import Environment
from jinja2.exceptions import TemplateSyntaxError

from builder.letter.mjml_source import JINJA, PART, TAG_WITH_JINJA, Origin, Source, fault
from builder.model import BuilderError, Finding

_CONDITIONAL = re.compile(r"<!--\[if [^\]]*\]>|<!\[endif\]-->")


def check_jinja(source: Source) -> None:
    """Jinja's own reading of the whole, while lines are still those of the files that people wrote."""
    for match in TAG_WITH_JINJA.finditer(source.text):
        if "{%" in match[0]:
            place = source.origin(match.start())
            text = "A statement {% … %} cannot stand inside a tag. Put it around the tag."
            raise fault(place.file, place.line, text)
    try:
        Environment().parse(source.text)
    except TemplateSyntaxError as error:
        place = source.origins[min(error.lineno, len(source.origins)) - 1]
        raise fault(place.file, place.line, f"{error.message}.") from error


def check_tags(source: Source) -> None:
    """Every MJML tag is closed, in turn."""
    still_open: list[tuple[str, Origin]] = []
    for match in PART.finditer(source.text):
        place = source.origin(match.start())
        if match["jinja"] or match["rest"].endswith("/"):
            continue
        if not match["close"]:
            still_open.append((match["tag"], place))
        elif not still_open or still_open.pop()[0] != match["tag"]:
            raise fault(place.file, place.line, f"</{match['tag']}> closes what is not open.")
    if still_open:
        tag, place = still_open[-1]
        raise fault(place.file, place.line, f"<{tag}> is never closed.")


def check_template(source: Source) -> None:
    """Every attribute against mjml's own list, with file and line: mjml itself reports nothing."""
    from mjml.core.registry import components, register_core_components

    if not components:
        register_core_components()
    findings = []
    for match in re.finditer(
        r"<(mj-[a-z-]+)\b([^<>]*)>", JINJA.sub(lambda m: re.sub(r"[^\n]", "x", m[0]), source.text)
    ):
        component = components.get(match[1])
        origin = source.origin(match.start())
        if component is None and match[1] not in {
            "mj-head",
            "mj-attributes",
            "mj-all",
            "mj-class",
            "mj-html-attributes",
        }:
            findings.append(Finding(origin.file, origin.line, "bad-template", "block", f"<{match[1]}> is not MJML."))
        allowed = {*(component.allowed_attrs() if component else ()), "css-class", "name", "inline"}
        for name in re.findall(r"""([a-z-]+)\s*=\s*["']""", match[2]) if component else ():
            if name not in allowed:
                text = f"<{match[1]}> knows no attribute {name}."
                findings.append(Finding(origin.file, origin.line, "bad-template", "block", text))
    if findings:
        raise BuilderError(tuple(findings))


def check_conditionals(html: str) -> None:
    """Outlook's conditional comments open and close in turn; one that does not blanks the letter there."""
    depth = 0
    for match in _CONDITIONAL.finditer(html):
        depth += 1 if match[0].startswith("<!--[if") else -1
        if depth not in {0, 1}:
            break
    if depth:
        raise fault("templates/email", 0, "Outlook's conditional comments do not balance after compiling the letter.")


def check_fonts(html: str) -> None:
    """mjml loads a web font for every family that it knows by name (Roboto, Lato, …): a request that no reader asked for."""
    if "fonts.googleapis.com" in html:
        raise fault("templates/email/head.mjml", 0, "A font-family here makes MJML load a web font. Name system fonts.")
