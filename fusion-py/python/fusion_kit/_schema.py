"""JSON Schema of annotations and of functions' signatures, with the words of their docstrings."""

from __future__ import annotations

from typing import Any, Callable, Optional

Schema = "dict[str, Any]"

_SIMPLE: "dict[Any, dict[str, Any]]" = {
    str: {"type": "string"}, int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"},
    bytes: {"type": "string", "contentEncoding": "base64"}, type(None): {"type": "null"}, None: {"type": "null"},
}  # fmt: skip


def of_type(annotation: Any) -> "dict[str, Any]":
    """Gives the JSON Schema of what an annotation takes."""
    return _Maker().whole(annotation)


def of_function(fn: Callable[..., Any], parameters: "list[Any]") -> "tuple[str, dict[str, Any]]":
    """Gives what a function does, by its docstring, and the JSON Schema of its parameters."""
    import inspect

    from ._body import hints_of

    maker, hints = _Maker(), hints_of(fn)
    text, words = _docstring(inspect.getdoc(fn) or "")
    properties, required = {}, []
    for one in parameters:
        made = maker.of(hints.get(one.name, Any))
        if one.name in words and "description" not in made:
            made = {**made, "description": words[one.name]}
        if one.default is inspect.Parameter.empty:
            required.append(one.name)
        elif one.default is None or type(one.default) in (str, int, float, bool):
            made = {**made, "default": one.default}
        properties[one.name] = made
    schema: "dict[str, Any]" = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return text, maker.finish(schema)


class _Maker:
    """Makes one schema; types that hold themselves get names in it."""

    def __init__(self) -> None:
        self.defs: "dict[str, Any]" = {}
        self._open: "list[Any]" = []
        self._named: "set[str]" = set()

    def whole(self, annotation: Any) -> "dict[str, Any]":
        return self.finish(self.of(annotation))

    def finish(self, schema: "dict[str, Any]") -> "dict[str, Any]":
        return {**schema, "$defs": self.defs} if self.defs else schema

    def of(self, annotation: Any) -> "dict[str, Any]":
        import inspect
        import types
        import typing

        if annotation in (Any, object, inspect.Parameter.empty) or isinstance(annotation, (str, typing.TypeVar)):
            return {}
        origin, given = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            return {**self.of(given[0]), **_said(given[1:])}
        if origin in (typing.Union, types.UnionType):
            return {"anyOf": [self.of(kind) for kind in given]}
        if origin is typing.Literal:
            return {"enum": [getattr(one, "value", one) for one in given]}
        if origin in (typing.Required, typing.NotRequired) if hasattr(typing, "Required") else False:
            return self.of(given[0])
        if isinstance(origin, type):
            return self._generic(origin, given)
        return self._class(annotation) if isinstance(annotation, type) or annotation is None else {}

    def _generic(self, origin: type, given: "tuple[Any, ...]") -> "dict[str, Any]":
        import collections.abc

        if origin is tuple and not (len(given) == 2 and given[1] is Ellipsis):
            items = [self.of(kind) for kind in given]
            return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
        if issubclass(origin, collections.abc.Mapping):
            return {"type": "object", "additionalProperties": self.of(given[1])}
        if issubclass(origin, collections.abc.Iterable):
            unique = {"uniqueItems": True} if issubclass(origin, collections.abc.Set) else {}
            return {"type": "array", "items": self.of(given[0]), **unique}
        return self._class(origin)

    def _class(self, kind: Any) -> "dict[str, Any]":
        if kind in _SIMPLE:
            return dict(_SIMPLE[kind])
        made = getattr(kind, "model_json_schema", None)
        if made is not None:
            schema: "dict[str, Any]" = dict(made())
            self.defs.update(schema.pop("$defs", {}))
            schema.pop("title", None)
            return schema
        fields = _fields(kind)
        if fields is not None:
            return self._object(kind, *fields)
        return _of_library(kind)

    def _object(self, kind: Any, names: "list[str]", required: "list[str]") -> "dict[str, Any]":
        from ._values import _hints

        word = kind.__name__
        if kind in self._open:
            self._named.add(word)
            return {"$ref": f"#/$defs/{word}"}
        self._open.append(kind)
        hints = _annotations(kind) or _hints(kind)
        schema: "dict[str, Any]" = {
            "type": "object", "properties": {name: self.of(hints.get(name, Any)) for name in names},
        }  # fmt: skip
        self._open.pop()
        if required:
            schema["required"] = required
        if word not in self._named:
            return schema
        self.defs[word] = schema
        return {"$ref": f"#/$defs/{word}"}


def _annotations(kind: Any) -> "dict[str, Any]":
    import typing

    try:
        return typing.get_type_hints(kind, include_extras=True)
    except Exception:  # A name that is only there for type checkers.
        return {}


def _fields(kind: Any) -> "Optional[tuple[list[str], list[str]]]":
    """Gives the fields of a class that is recorded by them, and those that must be there."""
    if hasattr(kind, "__dataclass_fields__"):
        import dataclasses

        fields = [one for one in dataclasses.fields(kind) if one.init]
        free = dataclasses.MISSING
        needed = [one.name for one in fields if one.default is free and one.default_factory is free]
        return [one.name for one in fields], needed
    if hasattr(kind, "__required_keys__"):
        return list(kind.__annotations__), sorted(kind.__required_keys__)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return list(kind._fields), [name for name in kind._fields if name not in kind._field_defaults]
    return None


def _of_library(kind: type) -> "dict[str, Any]":
    import collections.abc
    import datetime
    import decimal
    import enum
    import pathlib
    import uuid

    if issubclass(kind, enum.Enum):
        return {"enum": [one.value for one in kind]}
    forms: "list[tuple[Any, dict[str, Any]]]" = [
        (datetime.timedelta, {"type": "number", "description": "seconds"}),
        (datetime.datetime, {"type": "string", "format": "date-time"}),
        (datetime.date, {"type": "string", "format": "date"}),
        (datetime.time, {"type": "string", "format": "time"}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
        ((decimal.Decimal, pathlib.PurePath, str), {"type": "string"}),
        (bool, {"type": "boolean"}), (int, {"type": "integer"}), (float, {"type": "number"}),
        (collections.abc.Mapping, {"type": "object"}), (collections.abc.Iterable, {"type": "array"}),
    ]  # fmt: skip
    return next((dict(form) for known, form in forms if issubclass(kind, known)), {})


def _said(notes: "tuple[Any, ...]") -> "dict[str, Any]":
    """Gives what the notes of an `Annotated` say: a text, or something with a `description`."""
    for note in notes:
        text = note if isinstance(note, str) else getattr(note, "description", None)
        if isinstance(text, str):
            return {"description": text}
    return {}


def _docstring(text: str) -> "tuple[str, dict[str, str]]":
    """Takes a docstring apart: what it says of the function, and of each parameter (Google's, NumPy's or Sphinx's form)."""
    import re

    words: "dict[str, str]" = {}
    for found in re.finditer(r"^:param\s+(?:[\w\[\], |.]+\s+)?(\w+):\s*(.+(?:\n[ \t]+.+)*)", text, re.MULTILINE):
        words[found[1]] = " ".join(found[2].split())
    end = re.search(
        r"^(?::\w+|(?:Args|Arguments|Parameters|Returns|Yields|Raises|Examples?|Notes?):?[ \t]*$)", text, re.MULTILINE
    )
    if end is None:
        return text.strip(), words
    section = re.search(r"^(?:Args|Arguments|Parameters):?[ \t]*\n(?:-+\n)?((?:.+\n?|\n(?=[ \t]))+)", text, re.MULTILINE)
    if section is not None:
        _read_section(section[1], words)
    return text[: end.start()].strip(), words


def _read_section(text: str, words: "dict[str, str]") -> None:
    import re

    lines = text.split("\n")
    edge = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    current: Optional[str] = None
    for line in lines:
        found = re.match(r"\*{0,2}(\w+)[ \t]*(?:\([^)]*\))?[ \t]*:[ \t]*(.*)$", line[edge:])
        if found is not None and not line[edge : edge + 1].isspace():
            numpy = edge == 0 and text[:1].strip() != ""
            # NumPy's form has the type behind the colon, and the words below.
            current, words[found[1]] = found[1], "" if numpy else found[2].strip()
        elif current is not None and line.strip():
            words[current] = f"{words[current]} {line.strip()}".strip()
    for name in [name for name, said in words.items() if not said]:
        del words[name]
