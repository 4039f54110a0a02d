"""Entering a step's function: its arguments, its context, how it ended."""

from __future__ import annotations

import sys
from typing import Any, Callable, Optional

from ._errors import DecodeError, Fault, Permanent, RetryAfter
from ._values import Decode, decoder

_TRACEBACK_CHARS = 20_000

Told = "tuple[str, str, Optional[str], Optional[bool], Optional[int]]"


class Rest(BaseException):
    """Ends an attempt that rests until something comes: the name under which it is saved, the signal, how long."""

    def __init__(self, name: str, signal: Optional[str], ms: Optional[int]) -> None:
        super().__init__(name)
        self.name = name
        self.signal = signal
        self.ms = ms


class Body:
    """A registered function, ready to be entered."""

    __slots__ = (
        "name", "fn", "is_async", "context", "decoders", "places", "single", "may_lack", "positional", "app", "make_context",
        "keeps",
    )  # fmt: skip

    def __init__(self, name: str, fn: Callable[..., Any], app: Any, make_context: Any, keeps: bool = True) -> None:
        import inspect

        self.name = name
        # What a step raises is why its node fails; what a tool raises is told to the model.
        self.keeps = keeps
        self.fn = fn
        self.app = app
        self.make_context = make_context
        self.is_async = is_async(fn)
        self.context, parameters = parameters_of(fn)
        hints = hints_of(fn)
        self.places = [one.name for one in parameters if one.kind is not inspect.Parameter.KEYWORD_ONLY]
        self.positional = [one.name for one in parameters if one.kind is inspect.Parameter.POSITIONAL_ONLY]
        self.decoders: "list[tuple[str, Decode]]" = []
        for one in parameters:
            decode = decoder(hints.get(one.name, Any))
            if decode is not None:
                self.decoders.append((one.name, decode))
        # With one parameter the input may be its value as it is.
        self.single = parameters[0].name if len(parameters) == 1 else None
        self.may_lack = self.single is not None and parameters[0].default is not inspect.Parameter.empty

    def arguments(self, value: Any) -> "dict[str, Any]":
        """Binds an input to the parameters, each decoded by its annotation."""
        given: "dict[str, Any]"
        if type(value) is dict and len(value) == 1 and type(value.get("$args")) is list:
            given = self._by_place(value["$args"])
        elif type(value) is dict and self._is_by_name(value):
            given = value
        elif self.single is not None:
            given = {self.single: value} if value is not None or self.decoders == [] else {}
        elif value is None:
            given = {}
        else:
            raise DecodeError(f"step `{self.name}` takes arguments by name, and got {value!r:.80}")
        for name, decode in self.decoders:
            if name in given:
                given[name] = decode(given[name], name)
        return given

    def _is_by_name(self, value: "dict[str, Any]") -> bool:
        if self.single is None:
            return True
        return self.single in value if len(value) == 1 else not value and self.may_lack

    def _by_place(self, values: "list[Any]") -> "dict[str, Any]":
        """Binds what a call with several arguments gives in JavaScript."""
        if len(values) > len(self.places):
            raise DecodeError(f"step `{self.name}` takes {len(self.places)} arguments by place, and got {len(values)}")
        return dict(zip(self.places, values))

    def enter(self, value: Any, attempt: Any) -> Any:
        """Calls the function; gives its value, or its coroutine."""
        given = self.arguments(value)
        if self.context is not None:
            given[self.context] = self.make_context(self.app, attempt)
        if self.positional:
            return self.fn(*[given.pop(name) for name in self.positional if name in given], **given)
        return self.fn(**given)


class Code:
    """Code of ours that is entered as bodies are, with the input as it is, and the attempt."""

    __slots__ = ("name", "fn", "is_async", "app", "keeps")

    def __init__(self, name: str, fn: Callable[[Any, Any], Any], is_async: bool) -> None:
        self.name = name
        self.fn = fn
        self.is_async = is_async
        self.app = None
        self.keeps = False

    def enter(self, value: Any, attempt: Any) -> Any:
        """Calls it; gives its value, or its coroutine."""
        return self.fn(value, attempt)


async def called(method: Any, *given: Any) -> Any:
    """Calls code of the program from a loop: what may block runs in a thread."""
    if is_async(method):
        return await method(*given)
    import asyncio
    import inspect

    made = await asyncio.to_thread(method, *given)
    return await made if inspect.isawaitable(made) else made


def is_async(fn: Callable[..., Any]) -> bool:
    """Tells whether calling it gives a coroutine."""
    import inspect

    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(getattr(fn, "__call__", None))


def hints_of(fn: Callable[..., Any]) -> "dict[str, Any]":
    """Gives the annotations of a function, as far as they can be looked up."""
    import typing

    try:
        return typing.get_type_hints(fn, include_extras=True)
    except Exception:  # One name that only type checkers know hides no other.
        found = {}
        for name, hint in getattr(fn, "__annotations__", {}).items():
            try:
                found[name] = eval(hint, getattr(fn, "__globals__", {})) if isinstance(hint, str) else hint
            except Exception:
                found[name] = Any
        return found


def parameters_of(fn: Callable[..., Any]) -> "tuple[Optional[str], list[Any]]":
    """Gives the name of the parameter that takes the context, and the other parameters."""
    import inspect

    hints = hints_of(fn)
    context, others = None, []
    for one in inspect.signature(fn).parameters.values():
        if getattr(hints.get(one.name), "_is_step_context", False):
            context = one.name
        elif one.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise TypeError(f"`{fn.__name__}` takes `*{one.name}`: a step's parameters have names, so that runs can keep them")
        else:
            others.append(one)
    return context, others


def told(error: BaseException) -> Any:
    """Gives what the run keeps of an exception: class, message, traceback, whether to try again, and when."""
    import traceback

    kind = type(error)
    name = "decode" if kind is DecodeError else error.kind if isinstance(error, Fault) else kind.__name__
    message = (error.message if isinstance(error, Fault) else str(error)) or kind.__name__
    if isinstance(error, SystemExit):
        message = f"the step called sys.exit({error.code!r})"
    retryable = False if isinstance(error, (Permanent, SystemExit)) else None
    seconds = error.seconds if isinstance(error, RetryAfter) else getattr(error, "retry_after", None)
    after = round(seconds * 1000) if isinstance(error, (RetryAfter, Fault)) and seconds is not None else None
    made = traceback.TracebackException(kind, error, _outside(error), limit=-60, lookup_lines=True)
    text = "".join(made.format())
    if len(text) > _TRACEBACK_CHARS:
        text = text[: _TRACEBACK_CHARS // 2] + "\n…\n" + text[-_TRACEBACK_CHARS // 2 :]
    return name, message[:_TRACEBACK_CHARS], f"{text}type: {kind.__module__}:{kind.__qualname__}", retryable, after


def _outside(error: BaseException) -> Any:
    """Gives the traceback without our own frames at its top."""
    here = error.__traceback__
    ours = __package__ + "."
    while here is not None and here.tb_next is not None and here.tb_frame.f_globals.get("__name__", "").startswith(ours):
        here = here.tb_next
    return here


def unfit(name: str, error: TypeError) -> Any:
    """Gives what the run keeps when the value of a step cannot be recorded."""
    return "decode", f"the result of step `{name}` cannot be recorded: {error}", None, False, None


def report(body: Body, reports: Any, token: int, value: Any) -> None:
    """Says that a body gave a value."""
    try:
        if value is not None and getattr(value, "_is_graph", False):
            value = value.definition()
        reports.done(token, value)
    except TypeError as error:
        reports.failed(token, unfit(body.name, error))
    except BaseException as error:
        reports.failed(token, told(error))


def report_error(body: Body, reports: Any, token: int, error: BaseException, attempt: Any) -> None:
    """Says that a body failed, or that it rests."""
    if isinstance(error, Rest):
        reports.rests(token, error.name, error.signal, error.ms)
        return
    if isinstance(error, Exception) and body.keeps and body.app is not None:
        about = attempt.about()
        body.app._keep_cause((about["run"], about["node"]), error)
    try:
        reports.failed(token, told(error))
    except BaseException:  # An exception whose own text cannot be made.
        kind = type(error).__name__
        reports.failed(token, (kind, kind, None, None, None))
    finally:
        # A kept traceback would keep the frames of the body.
        del error


if sys.version_info < (3, 10):
    raise ImportError("fusion_kit needs Python 3.10 or newer")
