"""Enters the methods of providers in Python, for the engine."""

from __future__ import annotations

from typing import Any, AsyncIterator

from ._body import called
from ._chat import ModelCall, Request
from ._errors import DecodeError, Fault
from ._providers import Provider

# How many chunks are handed on before the loop's other tasks get their turn.
_TURN = 64


class Driver:
    """Enters the methods of a provider for the engine."""

    def __init__(self, provider: Provider, app: Any) -> None:
        self._provider = provider
        self._app = app

    async def answer(self, asked: "dict[str, Any]", attempt: Any) -> Any:
        """Answers one question of the engine's."""
        one, call = self._provider, ModelCall(self._app, attempt, asked["call"])
        if asked["op"] == "embed":
            made = await called(one.embed, asked["request"], call)
            made = {"vectors": made} if isinstance(made, (list, tuple)) else made
            return {"model": asked["request"].get("model", ""), **made} if isinstance(made, dict) else made
        if asked["op"] == "models":
            made = await called(one.models, call)
            return [{"id": model} if isinstance(model, str) else model for model in made]
        request, kind = Request(asked["request"]), type(one)
        streams, completes = kind.stream is not Provider.stream, kind.complete is not Provider.complete
        if not streams and not completes:
            raise Fault("unsupported", f"`{kind.__name__}` has neither `complete` nor `stream`")
        if streams and (asked["stream"] or not completes):
            return await _streamed(one.stream(request, call), attempt)
        return await called(one.complete, request, call)


async def _streamed(made: Any, attempt: Any) -> None:
    """Hands chunks on as they come, until nobody wants more."""
    import asyncio
    import inspect

    if inspect.isawaitable(made):
        made = await made
    if not hasattr(made, "__aiter__"):
        made = _in_thread(made)
    count = 0
    try:
        async for chunk in made:
            if not isinstance(chunk, (str, dict)):
                raise DecodeError(f"a chunk is a text or a dict, not {chunk!r:.80}")
            attempt.beat(chunk)
            count += 1
            if attempt.is_cancelled():
                break
            if count % _TURN == 0:
                await asyncio.sleep(0)
    finally:
        close = getattr(made, "aclose", None)
        if close is not None:
            await close()


async def _in_thread(made: Any) -> "AsyncIterator[Any]":
    import asyncio

    iterator, over = iter(made), object()
    while (chunk := await asyncio.to_thread(next, iterator, over)) is not over:
        yield chunk
