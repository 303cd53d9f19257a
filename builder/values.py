"""Dataclasses as `dataclasses` makes them, in a third of the time: each class compiles its `__init__` and nothing else.

The other methods are closures over the names of its fields. A small build is mostly start-up, and a quarter of its start-up
was the making of some eighty classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass  # for whoever reads types it is the same
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, order=False):
        """`init`, `eq` and `repr` are always made."""

        def made(cls):
            return _made(cls, frozen=frozen, slots=slots, kw_only=kw_only, order=order)

        return made if cls is None else made(cls)


__all__ = ["dataclass"]

_OWN = object()  # stands for a default that each value has of its own


def _made(cls: type, *, frozen: bool, slots: bool, kw_only: bool, order: bool) -> type:
    written = {name for name, value in cls.__dict__.items() if value is not None}
    cls.__doc__ = cls.__doc__ or cls.__name__  # or it would be made from the signature, which takes long
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
    fields = dataclasses.fields(made)
    if len(fields) != len(made.__dataclass_fields__) or not all(field.init for field in fields):
        raise TypeError(f"{cls.__name__} needs what only dataclasses.dataclass can do.")
    methods = {"__init__": _init(made, fields, frozen=frozen), **_telling(fields), **(_order(fields) if order else {})}
    methods["__hash__"] = _hash(fields) if frozen else None
    if frozen:
        methods |= _frozen(made, {field.name for field in fields}, slots=slots)
    for name, method in methods.items():
        if name not in written:
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _init(cls: type, fields: tuple[dataclasses.Field[Any], ...], *, frozen: bool) -> Callable[..., None]:
    known: dict[str, Any] = {"_set": object.__setattr__, "_OWN": _OWN}
    asked: list[str] = ["self"]
    lines = []
    for field in sorted(fields, key=lambda field: bool(field.kw_only)):
        name, default = field.name, ""
        if field.kw_only and "*" not in asked:
            asked.append("*")
        if field.default is not dataclasses.MISSING:
            known[f"_d_{name}"], default = field.default, f"=_d_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            known[f"_f_{name}"], default = field.default_factory, "=_OWN"
        asked.append(f"{name}{default}")
        value = f"_f_{name}() if {name} is _OWN else {name}" if default == "=_OWN" else name
        lines.append(f" _set(self, {name!r}, {value})" if frozen else f" self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec(f"def __init__({', '.join(asked)}):\n" + ("\n".join(lines) or " pass"), known)
    known["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    return known["__init__"]  # type: ignore[no-any-return]


def _values(fields: tuple[dataclasses.Field[Any], ...]) -> Callable[[Any], tuple[Any, ...]]:
    names = [field.name for field in fields if field.compare]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple([getattr(self, name) for name in names])


def _telling(fields: tuple[dataclasses.Field[Any], ...]) -> dict[str, Any]:
    values, names = _values(fields), [field.name for field in fields if field.repr]

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __repr__(self: Any) -> str:  # noqa: N807
        return f"{self.__class__.__qualname__}({', '.join([f'{name}={getattr(self, name)!r}' for name in names])})"

    return {"__eq__": __eq__, "__repr__": __repr__}


def _hash(fields: tuple[dataclasses.Field[Any], ...]) -> Callable[[Any], int]:
    values = _values(fields)
    return lambda self: hash(values(self))


def _order(fields: tuple[dataclasses.Field[Any], ...]) -> dict[str, Any]:
    values = _values(fields)

    def by(name: str) -> Callable[[Any, object], Any]:
        compare = getattr(tuple, name)
        return lambda self, other: (
            compare(values(self), values(other)) if other.__class__ is self.__class__ else NotImplemented
        )

    return {name: by(name) for name in ("__lt__", "__le__", "__gt__", "__ge__")}


def _frozen(cls: type, names: set[str], *, slots: bool) -> dict[str, Any]:
    def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        object.__setattr__(self, name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        object.__delattr__(self, name)

    found: dict[str, Any] = {"__setattr__": __setattr__, "__delattr__": __delattr__}
    return found | (_state() if slots else {})


def _state() -> dict[str, Any]:
    """A value without a dictionary that lets nothing be set, on its way to another process and back."""

    def __getstate__(self: Any) -> list[Any]:  # noqa: N807
        return [getattr(self, name) for name in self.__dataclass_fields__]

    def __setstate__(self: Any, state: list[Any]) -> None:  # noqa: N807
        for name, value in zip(self.__dataclass_fields__, state, strict=True):
            object.__setattr__(self, name, value)

    return {"__getstate__": __getstate__, "__setstate__": __setstate__}
