"""What a step's function may ask for: which attempt it is, results that are kept, durable waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, ParamSpec, TypeVar, overload

from ._body import Rest, hints_of
from ._call import Call
from ._options import milliseconds
from ._values import decoder

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ._agents import Agent

P = ParamSpec("P")
R = TypeVar("R")


class Context:
    """The attempt that a step's function is in: it gets one by a parameter annotated `fk.Context`."""

    _is_step_context = True

    def __init__(self, app: Any, attempt: Any) -> None:
        self._app = app
        self._attempt = attempt
        self._told: "Optional[dict[str, Any]]" = None
        self._counts: "dict[str, int]" = {}

    def _about(self) -> "dict[str, Any]":
        if self._told is None:
            self._told = self._attempt.about()
        return self._told

    @property
    def run(self) -> str:
        """The run's id."""
        return str(self._about()["run"])

    @property
    def node(self) -> str:
        """The node, or the item of a map: `fetch`, `fetch[3]`."""
        return str(self._about()["node"])

    @property
    def attempt(self) -> int:
        """The attempt's number, from 1."""
        return int(self._about()["attempt"])

    @property
    def idempotency_key(self) -> str:
        """A text that is the same for all attempts of this node, over crashes too, and different from all others."""
        return str(self._about()["idempotency_key"])

    @property
    def feedback(self) -> "Optional[dict[str, Any]]":
        """Why the attempt before failed: `class`, `message`, `detail`."""
        told: "Optional[dict[str, Any]]" = self._about()["feedback"]
        return told

    @property
    def is_cancelled(self) -> bool:
        """Whether the function was asked to end; one that looks is given some seconds to do so."""
        return bool(self._attempt.is_cancelled())

    def heartbeat(self) -> None:
        """Says that the function is alive, for steps with `heartbeat=`."""
        self._attempt.beat()

    def progress(self, progress: Any) -> None:
        """Says how far the function is: any plain data, which observers of this process see."""
        self._attempt.beat(progress)

    async def memo(self, name: str, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Calls a function once for all attempts: its result is recorded under the name, and found there afterwards.

        A function that is no `async def` runs in a thread. What it raises is not recorded.
        """
        found, value = self._recall(name, fn)
        if found:
            return value
        fn = getattr(fn, "fn", fn)
        from ._body import is_async

        if is_async(fn):
            value = await fn(*args, **kwargs)
        else:
            import asyncio

            value = await asyncio.to_thread(fn, *args, **kwargs)
        save: Call[None] = Call(self._app, lambda _: self._attempt.save(name, value))
        await save
        return value

    async def work(self, agent: "str | Agent", prompt: str, *, name: Optional[str] = None, **more: Any) -> Any:
        """Lets an agent work on a task as a part of this function, and gives its reply.

        What it has said and done is recorded as it goes, apart from that of other parts. Several of them need a `name` each,
        where the order of the calls is not always the same.
        """
        made: Any = self._app._agent(agent)
        part = name or self._next(f"agent {made.word()}")
        if not made._asks_model():
            inner = Context(self._app, self._attempt.part(part))
            return await inner.memo("result", made.run, inner, prompt, **more)
        task = {"prompt": prompt, **more}
        begin = lambda _: self._attempt.work(self._app._agent_number(made), part, task)  # noqa: E731
        asked: "Call[Any]" = Call(self._app, begin)
        reply, failure = await asked
        if failure is not None:
            from ._errors import Fault, StepError, is_fault

            after = failure.get("retry_after_ms")
            if is_fault(failure["class"]):
                raise Fault(failure["class"], failure["message"], retry_after=None if after is None else after / 1000)
            raise StepError(failure["class"], failure["message"], failure.get("detail"))
        return made._reply(reply)

    def memo_sync(self, name: str, fn: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Is `memo` for steps that are no `async def`."""
        found, value = self._recall(name, fn)
        if not found:
            value = getattr(fn, "fn", fn)(*args, **kwargs)
            self._attempt.save(name, value).wait()
        kept: R = value
        return kept

    def _recall(self, name: str, fn: Any) -> "tuple[bool, Any]":
        found, value = self._attempt.recall(name)
        if found == "none":
            return False, None
        decode = decoder(hints_of(getattr(fn, "fn", fn)).get("return", Any)) if callable(fn) else None
        return True, value if decode is None else decode(value, name)

    @overload
    async def step(self, name: str, fn: "Callable[P, Awaitable[R]]", *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    async def step(self, name: str, fn: "Callable[P, R]", *args: P.args, **kwargs: P.kwargs) -> R: ...

    async def step(self, name: str, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Is `memo`, in the words of durable functions: one step of it, recorded under its name."""
        return await self.memo(name, fn, *args, **kwargs)

    async def sleep(self, seconds: Any, *, name: Optional[str] = None) -> None:
        """Lets the function rest for so long; it costs nothing meanwhile, and outlives the process.

        Afterwards the function runs again from its beginning, with all recorded results at hand.
        """
        memo = name or self._next("sleep")
        found, _ = self._attempt.recall(memo)
        if found == "none":
            raise Rest(memo, None, milliseconds(seconds, "sleep"))

    async def wait_signal(self, signal: str, *, timeout: Any = None, name: Optional[str] = None) -> Any:
        """Lets the function rest until a signal of this name comes, and gives its payload.

        Raises `TimeoutError` when it does not come in time.
        """
        memo = name or self._next(f"signal {signal}")
        found, value = self._attempt.recall(memo)
        if found == "value":
            return value
        if found == "late":
            raise TimeoutError(f"the signal `{signal}` did not come in time")
        raise Rest(memo, signal, None if timeout is None else milliseconds(timeout, "timeout"))

    def _next(self, what: str) -> str:
        count = self._counts[what] = self._counts.get(what, 0) + 1
        return f"{what} {count}"
