"""Opens the templates: a house's own first, then those that ship with the program. Faults are told with file and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from builder.model import BuilderError, Finding

if TYPE_CHECKING:
    from jinja2 import Environment

# Put into "[[" where an editor typed it (an unseen word joiner): a reader's token is the templates' alone.
JOINER = "\u2060"
COMPILED = "%s.2.cache"  # of another number when templates are compiled otherwise
_TOKEN_OPENING = re.compile(r"\[(?=\[)")


class Live(str):
    """The house's own words, whose [[tokens]] are meant."""

    __slots__ = ()


class LiveHtml(Markup):
    """The same, already HTML."""

    __slots__ = ()


def harmless(value: Any) -> Any:
    """Every value that a template writes passes through here."""
    if not isinstance(value, str) or "[" not in value or isinstance(value, Live | LiveHtml):
        return value
    mended = _TOKEN_OPENING.sub("[" + JOINER, value)
    if mended.startswith("["):  # the template may have written the other bracket: [{{ alt }}]
        mended = JOINER + mended
    return type(value)(mended)  # safe markup stays so


def environment(search: tuple[Path, ...], cache: Path | None) -> Environment:
    """`search`: template folders, the first one wins. `cache`: where compiled templates are kept. Jinja is loaded when the first page is to be made."""
    from jinja2 import FileSystemBytecodeCache, FileSystemLoader, StrictUndefined

    from builder.engine import Engine

    if cache:
        cache.mkdir(parents=True, exist_ok=True)
    return Engine(
        loader=FileSystemLoader([str(folder) for folder in search]),
        autoescape=lambda name: not (name or "").endswith(".txt"),
        undefined=StrictUndefined,
        cache_size=-1,  # all of them: they are few
        finalize=harmless,
        bytecode_cache=FileSystemBytecodeCache(str(cache), COMPILED) if cache else None,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def read_text(name: str, search: tuple[Path, ...]) -> str:
    for folder in search:
        if (folder / name).is_file():
            return (folder / name).read_text("utf-8")
    raise BuilderError((Finding(f"templates/{name}", 0, "bad-template", "block", "The template is not there."),))


def read_words(search: tuple[Path, ...]) -> dict[str, dict[str, str]]:
    """words.toml of the shipped templates, with a house's own words laid over it."""
    words: dict[str, dict[str, str]] = {}
    for folder in reversed(search):
        file = folder / "words.toml"
        if not file.is_file():
            continue
        try:
            for table, values in tomllib.loads(file.read_text("utf-8")).items():
                words.setdefault(table, {}).update({name: str(value) for name, value in values.items()})
        except (tomllib.TOMLDecodeError, AttributeError) as error:
            finding = Finding("templates/words.toml", 0, "bad-template", "block", f"{error}.")
            raise BuilderError((finding,)) from error
    return words


@contextmanager
def told() -> Iterator[None]:
    """A fault in a template becomes a finding with the template's file and line."""
    from jinja2.exceptions import TemplateError, TemplateNotFound, TemplateSyntaxError

    try:
        yield
    except TemplateSyntaxError as error:
        raise _finding(error.name or "", error.lineno, str(error.message)) from error
    except TemplateNotFound as error:
        raise _finding(str(error.name), 0, "The template is not there.") from error
    except (TemplateError, TypeError, KeyError, AttributeError) as error:
        file, line = _place(error)
        if not file:
            raise
        raise _finding(file, line, f"{error}") from error


def _finding(name: str, line: int, message: str) -> BuilderError:
    return BuilderError((Finding(f"templates/{name}", line, "bad-template", "block", message),))


def _place(error: BaseException) -> tuple[str, int]:
    """The innermost template in the traceback: Jinja gives its frames the template's own file and line."""
    place, trace = ("", 0), error.__traceback__
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if "/templates/" in file.replace("\\", "/") or file == "<template>":
            place = (file.replace("\\", "/").rpartition("/templates/")[2], trace.tb_lineno)
        trace = trace.tb_next
    return place
