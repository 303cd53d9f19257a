"""Jinja without its idle work; what it writes is the same."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape

from builder.templates import harmless

_TOUCHED = re.compile(r"[&<>'\"\[]")  # what escaping, or `harmless`, would change


def shown(value: Any) -> str:
    """A value as a page shows it: harmless and escaped. Most need neither, and a pattern sees that soonest."""
    kind = type(value)
    if (kind is str and not _TOUCHED.search(value)) or (kind is Markup and "[" not in value):
        return value  # type: ignore[no-any-return]
    return escape(harmless(value))


class OneStep(CodeGenerator):
    """Compiles each value of a page into one call, in the place of two that wrap it again and again."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if self._in_one(frame):
            self.write("environment.shown(")
        else:
            super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if self._in_one(frame):
            self.write(")")
        else:
            super()._output_child_post(node, frame, finalize)

    def _in_one(self, frame: Frame) -> bool:
        return bool(frame.eval_ctx.autoescape) and not frame.eval_ctx.volatile


class Engine(Environment):
    code_generator_class = OneStep
    shown = staticmethod(shown)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A plain dictionary: every rendering copies it, and Jinja's chain of them is slow to copy."""
        return {**self.globals, **(d or {})}
