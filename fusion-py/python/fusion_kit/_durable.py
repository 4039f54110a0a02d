"""Durable functions: a workflow of one node, whose function asks for what it needs as it goes."""

from __future__ import annotations

import inspect
from typing import Any, Callable

from ._body import hints_of
from ._graph import Workflow
from ._options import Options
from ._step import Step


def make_durable(app: Any, fn: Callable[..., Any], name: str, version: int, options: Options) -> "Workflow[Any, Any]":
    """Registers a function as a step, and the workflow that consists of it."""
    step: "Step[Any, Any]" = Step(name, fn, options)
    if step._context is None or not step.is_async:
        raise TypeError(f"`{name}` has to be an `async def` with a parameter annotated `fk.Context`")
    app._add_step(step, False)

    def build(**inputs: Any) -> Any:
        return step(**inputs)

    build.__doc__, build.__module__, build.__name__ = fn.__doc__, fn.__module__, name
    build.__signature__ = inspect.Signature(step._parameters)  # type: ignore[attr-defined]
    build.__annotations__ = {key: hint for key, hint in hints_of(fn).items() if key != "return"}
    made: "Workflow[Any, Any]" = app.workflow(name=name, version=version)(build)
    return made
