"""Values between Python and what the journal holds: plain JSON data, read back by the annotated type.

No class is ever named by the journal. What a value becomes is said by the annotation of whoever takes it.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, Optional

from ._errors import DecodeError

Decode = Callable[[Any, str], Any]


def plain(value: Any) -> Any:
    """Gives the plain form of a value that is not plain, one level deep.

    Dataclasses, pydantic models and other objects with `model_dump`, named tuples, dates, `Decimal`, `UUID`, `Path`,
    `bytes` (base64), enums, sets and subclasses of plain types have one.

    Raises `TypeError` for all others: the sentence goes on after the value's place.
    """
    dump = getattr(type(value), "model_dump", None)
    if dump is not None:
        return value.model_dump(mode="json")
    loaded = sys.modules
    if "enum" in loaded and isinstance(value, loaded["enum"].Enum):
        return value.value
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, int) else float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        import base64

        return base64.b64encode(bytes(value)).decode("ascii")
    if hasattr(type(value), "__dataclass_fields__"):
        return {name: getattr(value, name) for name in type(value).__dataclass_fields__}
    fields = getattr(type(value), "_fields", None)
    if isinstance(value, tuple):
        return dict(zip(fields, value)) if fields else list(value)
    if isinstance(value, (set, frozenset)):
        try:
            return sorted(value)
        except TypeError:
            return list(value)
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list):
        return list(value)
    return _plain_library(value)


def _plain_library(value: Any) -> Any:
    import datetime
    import decimal
    import pathlib
    import uuid

    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, (decimal.Decimal, uuid.UUID, pathlib.PurePath)):
        return str(value)
    import collections.abc

    if isinstance(value, collections.abc.Mapping):
        return dict(value)
    from ._refs import Ref

    if isinstance(value, Ref):
        raise TypeError("is a node of a workflow that is being built, not a value")
    name = type(value).__qualname__
    raise TypeError(f"is of type {name}, which is no data: give text, numbers, lists, dicts, dataclasses or models")


def decoder(annotation: Any) -> Optional[Decode]:
    """Makes what turns plain data into a value of the annotated type; `None` when there is nothing to do."""
    import inspect
    import types
    import typing

    if annotation in (Any, object, inspect.Parameter.empty, None):
        return None if annotation is not None else _none
    if isinstance(annotation, typing.TypeVar) or isinstance(annotation, str):
        return None
    origin = typing.get_origin(annotation)
    if origin is None:
        return _of_class(annotation)
    given = typing.get_args(annotation)
    if origin is typing.Annotated:
        return decoder(given[0])
    if origin in (typing.Union, types.UnionType):
        return _union(annotation, given)
    if origin is typing.Literal:
        return _literal(given)
    if isinstance(origin, type):
        return _of_generic(annotation, origin, given)
    return None


def _none(value: Any, at: str) -> Any:
    if value is not None:
        raise _unfit(value, "None", at)
    return None


def _unfit(value: Any, wanted: str, at: str) -> DecodeError:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return DecodeError(f"{at} is no {wanted}: {shown}")


def _check(kind: type) -> Decode:
    def check(value: Any, at: str) -> Any:
        if type(value) is kind:
            return value
        if kind is float and type(value) is int:
            return float(value)
        raise _unfit(value, kind.__name__, at)

    return check


def _of_class(kind: Any) -> Optional[Decode]:
    if not isinstance(kind, type):
        return None
    if kind in (bool, int, float, str):
        return _check(kind)
    if kind in (list, dict):
        return _check(kind)
    if kind is type(None):
        return _none
    if hasattr(kind, "model_validate"):
        return _calling(kind.__name__, kind.model_validate)
    if hasattr(kind, "__dataclass_fields__"):
        return _fields(kind)
    if hasattr(kind, "__required_keys__") and hasattr(kind, "__total__"):
        return _typed_dict(kind)
    if issubclass(kind, tuple):
        return _named_tuple(kind) if hasattr(kind, "_fields") else _calling("tuple", tuple)
    if issubclass(kind, (set, frozenset)):
        return _calling(kind.__name__, kind)
    if issubclass(kind, (bytes, bytearray)):
        return _calling(kind.__name__, lambda text: kind(_from_base64(text)))
    return _of_library(kind)


def _from_base64(text: Any) -> bytes:
    import base64

    return base64.b64decode(text, validate=True)


def _of_library(kind: Any) -> Optional[Decode]:
    import datetime
    import decimal
    import enum
    import pathlib
    import uuid

    if issubclass(kind, datetime.timedelta):
        return _calling(kind.__name__, lambda seconds: kind(seconds=seconds))
    if issubclass(kind, (datetime.datetime, datetime.date, datetime.time)):
        return _calling(kind.__name__, lambda text: kind.fromisoformat(_zulu(text)))
    if issubclass(kind, enum.Enum):
        return _calling(kind.__name__, kind)
    if issubclass(kind, (decimal.Decimal, uuid.UUID)):
        return _calling(kind.__name__, lambda value: kind(str(value)))
    if issubclass(kind, pathlib.PurePath):
        return _calling(kind.__name__, kind)
    return None


def _zulu(text: Any) -> Any:
    # Other languages write `Z`, which Python reads from 3.11 on.
    return text[:-1] + "+00:00" if isinstance(text, str) and text.endswith("Z") else text


def _calling(name: str, make: Callable[[Any], Any]) -> Decode:
    def call(value: Any, at: str) -> Any:
        try:
            return make(value)
        except Exception as cause:
            raise _unfit(value, name, at) from cause

    return call


def _hints(kind: Any) -> "dict[str, Any]":
    import typing

    try:
        return typing.get_type_hints(kind, include_extras=False)
    except Exception:  # A name that is only there for type checkers.
        return {}


def _fields(kind: Any) -> Decode:
    import dataclasses

    hints = _hints(kind)
    decoders: "dict[str, Optional[Decode]]" = {}
    names = [field.name for field in dataclasses.fields(kind) if field.init]

    def make(value: Any, at: str) -> Any:
        if type(value) is not dict:
            raise _unfit(value, kind.__name__, at)
        if not decoders:  # Late, so that a class may hold itself.
            decoders.update({name: decoder(hints.get(name, Any)) for name in names})
        given = {name: _apply(decoders[name], value[name], f"{at}.{name}") for name in names if name in value}
        try:
            return kind(**given)
        except Exception as cause:
            raise DecodeError(f"{at} is no {kind.__name__}: {cause}") from cause

    return make


def _apply(decode: Optional[Decode], value: Any, at: str) -> Any:
    return value if decode is None else decode(value, at)


def _typed_dict(kind: Any) -> Decode:
    hints = _hints(kind)
    decoders: "dict[str, Optional[Decode]]" = {}

    def make(value: Any, at: str) -> Any:
        if type(value) is not dict:
            raise _unfit(value, kind.__name__, at)
        if not decoders:
            decoders.update({name: decoder(hint) for name, hint in hints.items()})
        missing = sorted(kind.__required_keys__ - value.keys())
        if missing:
            raise DecodeError(f"{at} is no {kind.__name__}: it lacks {', '.join(missing)}")
        return {name: _apply(decoders.get(name), item, f"{at}.{name}") for name, item in value.items()}

    return make


def _named_tuple(kind: Any) -> Decode:
    hints = _hints(kind)
    decoders = {name: decoder(hints.get(name, Any)) for name in kind._fields}

    def make(value: Any, at: str) -> Any:
        if type(value) is not dict:
            raise _unfit(value, kind.__name__, at)
        try:
            return kind(**{name: _apply(decoders.get(name), item, f"{at}.{name}") for name, item in value.items()})
        except TypeError as cause:
            raise DecodeError(f"{at} is no {kind.__name__}: {cause}") from cause

    return make


def _union(annotation: Any, given: "tuple[Any, ...]") -> Decode:
    decoders = [(kind, decoder(kind)) for kind in given]

    def first(value: Any, at: str) -> Any:
        for kind, decode in decoders:
            # What is of one of the types as it is stays so: `1` is no text for `str | int`.
            if kind in (str, int, float, bool, list, dict, type(None)) and type(value) is kind:
                return value
        for _, decode in decoders:
            try:
                return _apply(decode, value, at)
            except DecodeError:
                continue
        raise _unfit(value, str(annotation), at)

    return first


def _literal(given: "tuple[Any, ...]") -> Decode:
    def one_of(value: Any, at: str) -> Any:
        for known in given:
            if plain_equal(known, value):
                return known
        raise _unfit(value, " or ".join(map(repr, given)), at)

    return one_of


def plain_equal(known: Any, value: Any) -> bool:
    """Tells whether a value is the plain form of another one: `True` is not `1`."""
    import enum

    known = known.value if isinstance(known, enum.Enum) else known
    return bool(type(known) is type(value) and known == value)


def _of_generic(annotation: Any, origin: type, given: "tuple[Any, ...]") -> Optional[Decode]:
    import collections.abc

    if origin is tuple and not (len(given) == 2 and given[1] is Ellipsis):
        return _tuple(annotation, given)
    if issubclass(origin, (collections.abc.Mapping,)):
        return _mapping(origin, decoder(given[0]), decoder(given[1]))
    if issubclass(origin, collections.abc.Iterable) and given:
        return _items(annotation, origin, decoder(given[0]))
    return _of_class(origin)


def _items(annotation: Any, origin: Any, decode: Optional[Decode]) -> Decode:
    form: Any = origin if origin in (list, tuple, set, frozenset) else list

    def items(value: Any, at: str) -> Any:
        if type(value) is not list:
            raise _unfit(value, str(annotation), at)
        if decode is None:
            return value if form is list else form(value)
        return form(decode(item, f"{at}[{index}]") for index, item in enumerate(value))

    return items


def _tuple(annotation: Any, given: "tuple[Any, ...]") -> Decode:
    decoders = [decoder(kind) for kind in given]

    def items(value: Any, at: str) -> Any:
        if type(value) is not list or len(value) != len(decoders):
            raise _unfit(value, str(annotation), at)
        pairs = enumerate(zip(decoders, value))
        return tuple(_apply(decode, item, f"{at}[{index}]") for index, (decode, item) in pairs)

    return items


def _mapping(origin: Any, key: Optional[Decode], item: Optional[Decode]) -> Decode:
    def entries(value: Any, at: str) -> Any:
        if type(value) is not dict:
            raise _unfit(value, "dict", at)
        made = {_key(key, name, at): _apply(item, one, f"{at}.{name}") for name, one in value.items()}
        return made if origin in (dict,) or not issubclass(origin, dict) else origin(made)

    return entries


def _key(decode: Optional[Decode], name: str, at: str) -> Any:
    if decode is None:
        return name
    try:
        return decode(name, at)
    except DecodeError:
        # A number as a key became text on its way.
        for form in (int, float):
            try:
                return decode(form(name), at)
            except (ValueError, DecodeError):
                continue
        raise
