"""Tools: plain typed functions that a model may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, overload

from ._body import Body, is_async, parameters_of

if TYPE_CHECKING:
    from ._asking import Providers


class Tool:
    """A function that a model may use, with what the model is told of it. Plain functions and steps become one by themselves."""

    def __init__(
        self, fn: Callable[..., Any], *, name: Optional[str] = None, description: Optional[str] = None,
        schema: "Optional[dict[str, Any]]" = None, strict: bool = False,
    ) -> None:  # fmt: skip
        from ._schema import of_function

        self.fn: Callable[..., Any] = getattr(fn, "fn", fn)
        self.name: str = name or getattr(fn, "name", None) or self.fn.__name__
        words, made = of_function(self.fn, parameters_of(self.fn)[1])
        self.description: str = words if description is None else description
        self.schema: "dict[str, Any]" = made if schema is None else schema
        self.strict = strict

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function."""
        return self.fn(*args, **kwargs)

    def _describe(self, known: "Providers") -> "dict[str, Any]":
        from ._context import Context

        number = known._code(Body(self.name, self.fn, known._app, Context, keeps=False))
        about = {"name": self.name, "description": self.description, "schema": self.schema, "strict": self.strict}
        return {"about": about, "code": {"number": number, "name": self.name, "blocks": not is_async(self.fn)}}

    def __repr__(self) -> str:
        return f"<tool {self.name}>"


@overload
def tool(fn: Callable[..., Any]) -> Tool: ...
@overload
def tool(
    fn: None = None, *, name: Optional[str] = None, description: Optional[str] = None,
    schema: "Optional[dict[str, Any]]" = None, strict: bool = False,
) -> Callable[[Callable[..., Any]], Tool]: ...  # fmt: skip


def tool(fn: Any = None, **options: Any) -> Any:
    """Makes a function a tool with another name or description than its own: `@fk.tool(name="look_up", description="…")`.

    Only what is to be said otherwise needs it: agents take plain functions. The model is told the docstring's first part, and
    of each parameter its type and what the docstring (or an `Annotated[…, "…"]`) says of it.
    """

    def make(fn: Any) -> Tool:
        return Tool(fn, **options)

    return make if fn is None else make(fn)


class _BuiltIn:
    """A set of the engine's own tools, or those of a server: `{"workspace": "./src"}`, `{"mcp": ["npx", "server"], "name": …}`."""

    def __init__(self, data: "dict[str, Any]") -> None:
        self._data = data

    def _describe(self, _: "Providers") -> "dict[str, Any]":
        return self._data


def tool_of(made: Any) -> "Tool | _BuiltIn":
    """Gives the tool of a function, a step, or itself."""
    if isinstance(made, (Tool, _BuiltIn)):
        return made
    if isinstance(made, dict):
        return _BuiltIn(made)
    if not callable(made):
        raise TypeError(f"a tool is a function, a step, an `fk.Tool` or a dict that names built-in tools, not {made!r}")
    return Tool(made)
