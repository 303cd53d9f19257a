"""Writes the reference pages from the code, so that they cannot be wrong: `python -m docs.reference [--check]`."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from builder.content import DOCUMENT_HEADERS, EDITION_HEADERS
from builder.headers import ALIASES
from builder.items import COMMON_HEADERS
from builder.kinds import KINDS, headers_of
from builder.preflight import CHECKS, Check

HERE = Path(__file__).parent
FORMS = {
    "str": "words",
    "Moment": "day or moment",
    "Lines": "lines",
    "PhotoConsent": "consent",
}
SEVERITIES = {
    "block": "The edition cannot be sent before it is mended, or let stand where that is allowed.",
    "warn": "Most likely a mistake.",
    "advice": "Worth a thought.",
}


def headers_page() -> str:
    words = tomllib.loads((HERE / "headers.toml").read_text("utf-8"))
    parts = [
        "# Headers",
        "A content file begins with headers between two `---` lines, one `name: value` a line. A value is taken as it stands: "
        "a colon in a title is a colon, and nothing needs quotes. It may go on in further lines that are indented. "
        "Capitals in names do not matter.",
        "Days are written `2025-01-14`, `14 January 2025` or `Tuesday 14 January 2025`; moments add a time: "
        "`2025-01-14 10:00`, `14 January 2025, 10am`. A weekday has to be the right one.",
        f"Other spellings are understood: {', '.join(f'`{other}` for `{name}`' for other, name in ALIASES.items())}.",
        "## Every item",
        _table(("Header", "Says"), _said(words["common"], COMMON_HEADERS)),
        "## By kind",
        *_kinds(words["own"]),
        "## An edition's edition.md",
        _table(("Header", "Says"), _said(words["edition"], EDITION_HEADERS)),
        "## Documents and pages",
        _table(("Header", "Says"), _said(words["document"], DOCUMENT_HEADERS)),
    ]
    return _page(parts)


def _said(words: Mapping[str, str], headers: Any) -> Iterator[tuple[str, str]]:
    """Raises KeyError for a header that nobody explained, or an explanation of no header."""
    if unexplained := set(headers) ^ words.keys():
        raise KeyError(f"docs/headers.toml and the code differ: {', '.join(sorted(unexplained))}")
    return ((f"`{name}`", text) for name, text in words.items())


def _kinds(words: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    plain = [kind for kind in KINDS if not headers_of(kind)]
    yield f"{', '.join(f'`{kind}`' for kind in plain)} have no headers of their own."
    for kind in KINDS:
        own = headers_of(kind)
        if not own:
            continue
        said = dict(_said(words[kind], own))
        rows = (
            (f"`{name}`", FORMS[form.removesuffix(" | None")], "yes" if required else "", said[f"`{name}`"])
            for name, (form, required) in own.items()
        )
        yield f"### {kind}"
        yield _table(("Header", "Form", "Required", "Says"), rows)


def findings_page() -> str:
    parts = [
        "# Findings",
        "`bulletin check` and the preview tell these. Codes are stable: scripts may rely on them. "
        "Numbers like E1 and Q3 are those of [the standards](standards.md).",
        "A person who has looked at a finding and lets it stand writes its code into the file's headers: "
        "`checked: postcode`. That silences every warning and piece of advice, and of the findings that block, those marked here.",
    ]
    for severity, meaning in SEVERITIES.items():
        checks = [check for check in CHECKS.values() if check.severity == severity]
        parts += [f"## {severity}", meaning, _checks(checks, with_mark=severity == "block")]
    return _page(parts)


def decisions_page() -> str:
    files = sorted((HERE / "decisions").glob("[0-9]*.md"))
    titles = (file.read_text("utf-8").partition("\n")[0].removeprefix("# ").partition(". ") for file in files)
    rows = ((number, f"[{title}]({file.name})") for file, (number, _, title) in zip(files, titles, strict=True))
    parts = [
        "# Decisions",
        "What someone may want to undo, and should know before they do: what was decided, why, and what it costs. "
        "One that is replaced says by which, in its first lines. A number is never used again; gaps were never written.",
        _table(("Number", "Decision"), rows),
    ]
    return _page(parts)


def _checks(checks: list[Check], *, with_mark: bool) -> str:
    heads = ("Code", "Keeps", "Why", *(("May stand",) if with_mark else ()))
    rows = (
        (f"`{c.code}`", c.rule, c.why, *(("yes" if c.can_stand else "",) if with_mark else ()))
        for c in sorted(checks, key=lambda c: c.code)
    )
    return _table(heads, rows)


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _page(parts: list[str]) -> str:
    title, *rest = parts
    note = "<!-- Made by `python -m docs.reference`; change what they are made from: the code, docs/headers.toml, a decision. -->"
    return re.sub(r"[ ]+\n", "\n", "\n\n".join((title, note, *rest))) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "headers.md": headers_page,
    "findings.md": findings_page,
    "decisions/README.md": decisions_page,
}


def stale() -> list[str]:
    """The pages that differ from what the code says now."""
    return [name for name, page in PAGES.items() if not _is(HERE / name, page())]


def _is(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text("utf-8") == text


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        for name in (found := stale()):
            sys.stderr.write(f"docs/{name} is stale. Run: python -m docs.reference\n")
        return 1 if found else 0
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
