"""What the decorators of `Fusion` give when they are called with options; for type checkers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

from ._context import Context
from ._graph import Workflow
from ._refs import Node
from ._step import Step

P = ParamSpec("P")
R = TypeVar("R")


class Decorator(Protocol):
    """Makes a function a step."""

    @overload
    def __call__(self, fn: Callable[P, Coroutine[Any, Any, R]]) -> Step[P, R]: ...
    @overload
    def __call__(self, fn: Callable[P, R]) -> Step[P, R]: ...


class WorkflowDecorator(Protocol):
    """Makes a function a workflow."""

    @overload
    def __call__(self, fn: Callable[P, Node[R]]) -> Workflow[P, R]: ...
    @overload
    def __call__(self, fn: Callable[P, Any]) -> Workflow[P, Any]: ...


class DurableDecorator(Protocol):
    """Makes an `async def` a workflow of its own."""

    def __call__(self, fn: Callable[Concatenate[Context, P], Awaitable[R]]) -> Workflow[P, R]: ...
