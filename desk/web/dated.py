"""What is wrong with the boxes of a date → problems of a form, in words."""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import Environment

from desk.dateboxes import Wrong
from desk.web.public import Problem


def date_problems(environment: Environment, field: str, label: str, wrongs: Iterable[Wrong]) -> tuple[Problem, ...]:
    """`field`: the id of the date's boxes; a problem's own is that of the box to mend."""
    sentence = environment.get_template("dates.html").module.sentence  # type: ignore[attr-defined]
    return tuple(
        Problem(f"{field}-{wrong.part}", f"date-{wrong.code}", str(sentence(wrong, label)).strip()) for wrong in wrongs
    )
