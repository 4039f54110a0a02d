"""References to what a run will know: nodes of a workflow that is being built, its inputs, the item of a map."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Generic, Iterator, Optional, TypeVar

from ._values import plain

T = TypeVar("T")

# What a reference becomes inside of an f-string; neither sign is in any text that people write.
_OPEN, _CLOSE = "\x02{", "}\x03"

if TYPE_CHECKING:
    # For type checkers a reference fits wherever the value fits that it stands for.
    _Base = Any
else:
    _Base = object


class Ref(_Base):  # type: ignore[misc]
    """Something that a run will know: usable as an argument of steps, in f-strings and in conditions.

    `ref["key"]`, `ref[0]`, comparisons, `+ - * /`, `&` (and), `|` (or) and `~` (not) give further references.
    `Ref("…")` takes any expression of workflow files.
    """

    def __init__(self, expression: str) -> None:
        self._expression = expression

    def __getitem__(self, key: Any) -> "Ref":
        return Ref(f"{self._expression}[{_literal(key)}]")

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeError("a node has no value while the workflow is built: it cannot be formatted")
        return f"{_OPEN}{self._expression}{_CLOSE}"

    def __str__(self) -> str:
        return format(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._expression}>"

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(f"{self!r} has no value while the workflow is built: use STEP.map(…) to work on its items")

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no value while the workflow is built: use `with fk.when(…)` for branches")

    def __contains__(self, item: Any) -> bool:
        raise TypeError(f"{self!r} has no value while the workflow is built: use fk.Ref('… in …') for a condition")

    __hash__ = object.__hash__


def _operator(sign: str, *, swapped: bool = False) -> Any:
    def operate(self: Ref, other: Any) -> Ref:
        left, right = (_literal(other), self._expression) if swapped else (self._expression, _literal(other))
        return Ref(f"({left} {sign} {right})")

    return operate


for _name, _sign in {
    "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "mod": "%", "and": "and", "or": "or",
}.items():  # fmt: skip
    setattr(Ref, f"__{_name}__", _operator(_sign))
for _name, _sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "and": "and", "or": "or"}.items():
    setattr(Ref, f"__r{_name}__", _operator(_sign, swapped=True))
setattr(Ref, "__invert__", lambda self: Ref(f"(not {self._expression})"))
# A class that says what `==` means has no hash unless it says so, too.
setattr(Ref, "__hash__", object.__hash__)


class Node(Ref, Generic[T]):
    """A node of a workflow that is being built; it stands for the value of type `T` that the node will give."""

    def __init__(self, builder: Any, data: "dict[str, Any]", inner: str = "", annotation: Any = Any) -> None:
        name = data["id"]
        super().__init__(f"nodes.{name}{inner}" if name.isidentifier() else f"nodes[{_text_literal(name)}]{inner}")
        self._builder = builder
        self._data = data
        self._annotation = annotation

    @property
    def id(self) -> str:
        """The node's name in the graph."""
        name: str = self._data["id"]
        return name

    def after(self, *nodes: "Node[Any]") -> "Node[T]":
        """Lets the node start only when these are settled, though it uses nothing of them."""
        needs = self._data.setdefault("needs", [])
        needs.extend(node.id for node in nodes if node.id not in needs)
        return self

    def when(self, condition: Any) -> "Node[T]":
        """Skips the node when the condition does not hold."""
        more = self._data.setdefault("more", {})
        known = more.get("when")
        more["when"] = f"({known}) and ({expression(condition)})" if known else expression(condition)
        return self


def expression(value: Any) -> str:
    """Gives the expression of a condition: a reference, or text as in workflow files."""
    if isinstance(value, Ref):
        return value._expression
    if isinstance(value, str):
        return _unmarked(value)
    return _literal(value)


def _unmarked(text: str) -> str:
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def _literal(value: Any) -> str:
    if isinstance(value, Ref):
        return value._expression
    if value is None or value is True or value is False:
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, (str, int, float)):
        return _text_literal(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text_literal(str(key))}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return _literal(plain(value))


def _text_literal(value: "str | int | float") -> str:
    # Not at the top: most programs never need it, and it would take longer to load than this package.
    import json

    return json.dumps(value, ensure_ascii=False)


def template(value: Any) -> Any:
    """Gives the form in which the engine keeps an argument: references as templates, everything else as it is."""
    if isinstance(value, Ref):
        return "{{ " + value._expression + " }}"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return [template(item) for item in value]
    if isinstance(value, dict):
        return {_key(key): template(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return template(plain(value))


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(plain(key))


def _text(text: str) -> str:
    if _OPEN not in text:
        return _quoted(text) if _has_tags(text) else text
    parts = []
    for piece in text.split(_OPEN):
        inside, closed, rest = piece.partition(_CLOSE)
        if closed:
            parts.append("{{ " + inside + " }}")
            piece = rest
        parts.append(_quoted(piece) if _has_tags(piece) else piece)
    return "".join(parts)


def _has_tags(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


def _quoted(text: str) -> str:
    inside = _text_literal(text).replace("{", "\\u007b").replace("}", "\\u007d")
    return "{{ " + inside + " }}"


class _Here(threading.local):
    builder: Any = None


_here = _Here()


def building() -> Any:
    """Gives the builder of the workflow that this thread is building; `None` outside of one."""
    return _here.builder


def set_building(builder: Any) -> Any:
    """Makes a builder the one of this thread; gives the one before."""
    before, _here.builder = _here.builder, builder
    return before


def annotation_of(value: Any) -> Any:
    """Gives the annotated type of what a workflow returns, as far as it is known."""
    return value._annotation if isinstance(value, Node) else Any


item: Ref = Ref("item")
"""In arguments of `STEP.map`: the item."""

index: Ref = Ref("index")
"""In arguments of `STEP.map`: the item's place, from 0."""


def first(*nodes: Any) -> Ref:
    """Gives the first of these that holds something: what is left after branches of which one was skipped."""
    return Ref("(" + " or ".join(expression(node) for node in nodes) + ")")


