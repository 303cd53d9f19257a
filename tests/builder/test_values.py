"""Our dataclasses are those of `dataclasses` in everything that anybody here relies on."""

from __future__ import annotations

import dataclasses
import importlib
import pickle
import pkgutil
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

import builder
from builder import values
from builder.model import Finding, Moment, Source
from builder.values import dataclass


def both(**options: bool) -> list[Any]:
    """The same class, made by us and made by Python."""

    def written(how: Any) -> Any:
        @how(**options)
        class Value:
            name: str
            count: int = 3
            parts: dict[str, int] = field(default_factory=dict)
            seen: str = field(default="", compare=False, repr=False)

        return Value

    return [written(dataclass), written(dataclasses.dataclass)]


@pytest.mark.parametrize("options", [
    {}, {"frozen": True}, {"frozen": True, "slots": True}, {"slots": True, "kw_only": True}, {"order": True, "frozen": True},
], ids=str)  # fmt: skip
def test_a_value_is_made_compared_shown_and_replaced_as_python_does_it(options: dict[str, bool]) -> None:
    told = []
    for made in both(**options):
        one, same, other = made(name="a"), made(name="a", seen="x"), made(name="b", count=1, parts={"p": 1})
        assert one == same and one != other and one != ("a", 3, {}) and one.parts is not same.parts
        assert dataclasses.replace(one, count=9).count == 9 and next(f.name for f in dataclasses.fields(one)) == "name"
        assert hasattr(one, "__dict__") != options.get("slots", False)
        with pytest.raises(TypeError):
            made()
        with pytest.raises(TypeError):
            made(name="a", unknown=1)
        told.append((repr(other), made.__match_args__, made.__hash__ is None, options.get("order") and one < other))
    assert told[0] == told[1]


def test_a_frozen_value_stays_as_it_is() -> None:
    for made in both(frozen=True, slots=True):
        one = made("a")
        with pytest.raises(FrozenInstanceError):
            one.name = "b"
        with pytest.raises(FrozenInstanceError):
            del one.name
        with pytest.raises((FrozenInstanceError, TypeError)):
            one.another = 1


def test_values_go_to_another_process_into_sets_and_in_order() -> None:
    findings = [Finding("b.md", 1, "x", "warn", "!"), Finding("a.md", 2, "x", "warn", "!")]
    assert pickle.loads(pickle.dumps(findings)) == findings and sorted({*findings, *findings}) == findings[::-1]
    assert hash(findings[0]) == hash(pickle.loads(pickle.dumps(findings[0])))
    assert pickle.loads(pickle.dumps(Source("f", {"a": 1}))).lines == {"a": 1}
    with pytest.raises(TypeError):
        sorted([Moment.__new__(Moment), findings[0]])  # type: ignore[type-var]


def test_what_is_beyond_it_is_refused() -> None:
    with pytest.raises(TypeError, match="dataclasses"):

        @dataclass
        class _Odd:
            name: str = field(init=False)


def test_every_class_of_the_builder_can_be_made() -> None:
    for module in pkgutil.walk_packages(builder.__path__, "builder."):
        importlib.import_module(module.name)
    assert values.__all__ == ["dataclass"]
