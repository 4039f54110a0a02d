"""Providers of language models: written in Python, opened by name, with the engine's layers over any of them."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, AsyncIterator, Iterator, Mapping, Optional, Sequence, Tuple, TypeVar, Union

from ._body import Code, is_async
from ._call import Call
from ._chat import Answer, ModelCall, Price, Request, Usd, fault_of, request_of, usd
from ._errors import DecodeError, Fault
from ._options import class_name, milliseconds

if TYPE_CHECKING:
    from ._app import Fusion

    Model = Union[str, "Provider"]
    Other = Union[Model, Tuple[Optional[Model], str]]
else:
    Model = Any
    Other = Any

P = TypeVar("P", bound="Provider")

# How many chunks are handed on before the loop's other tasks get their turn.
_TURN = 64


class Provider:
    """Who answers for language models. Subclass it and write `complete` or `stream`; `embed` and `models` where there is something.

    An instance is used wherever a provider's name is: by agents, as a fallback, under the layers (`with_retry` and so on),
    and, after `app.providers.add(…)`, by its name in workflow files. Methods are `async def`, or `def`, which runs in a thread.
    Raise `fk.Fault` with the kind that fits; all else is `overloaded`. A provider keeps no conversation and does nothing twice.
    """

    name: str = ""
    """What it is called in faults, metrics and workflow files; the class's own in lower case, if it says nothing else."""

    def complete(self, request: Request, call: ModelCall) -> Any:
        """Answers: an `fk.Answer`, or a text."""
        raise NotImplementedError

    def stream(self, request: Request, call: ModelCall) -> Any:
        """Answers in chunks, as an (async) generator of texts and of dicts in the engine's form (`fk.Chunk`)."""
        raise NotImplementedError

    def embed(self, request: "dict[str, Any]", call: ModelCall) -> Any:
        """Turns the texts `request["inputs"]` into vectors: a list of them, or `{"vectors": …, "usage": …}`."""
        raise Fault("unsupported", "it offers no embeddings")

    def models(self, call: ModelCall) -> Any:
        """Lists the models that may be asked for: their names, or dicts in the engine's form."""
        raise Fault("unsupported", "it offers no list of models")

    def word(self) -> str:
        """Gives the name under which it is known."""
        return self.name or type(self).__name__.lower()

    def with_retry(
        self, attempts: Optional[int] = None, *, initial: Any = None, factor: Optional[float] = None, max: Any = None,
        jitter: Optional[float] = None, on: Sequence[Any] = (), not_on: Sequence[Any] = (), patience: Any = None,
    ) -> "Provider":  # fmt: skip
        """Tries again what may go away by itself, after a pause that is never shorter than what the provider asked for.

        Four attempts by default. A pause that is longer than `patience` (a minute) is left to the node's own policy.
        """
        return Layered(self, "retry", {
            "attempts": attempts, "initial_ms": _ms(initial), "factor": factor, "max_ms": _ms(max), "jitter": jitter,
            "on": [class_name(kind) for kind in on], "not_on": [class_name(kind) for kind in not_on],
            "patience_ms": _ms(patience),
        })  # fmt: skip

    def with_timeout(self, total: Any = None, *, idle: Any = None, connect: Any = None) -> "Provider":
        """Ends calls that take too long: as a whole (ten minutes), and between two chunks (two minutes)."""
        return Layered(self, "timeout", {"total_ms": _ms(total), "idle_ms": _ms(idle), "connect_ms": _ms(connect)})

    def with_fallback(self, *others: Other, on: "Optional[Sequence[str]]" = None) -> "Provider":
        """Asks others in turn when it fails: a provider, its name, or `(provider, model)`; `(None, model)` is another model here.

        It goes on for every kind of fault that may go away elsewhere, or for those of `on`. A stream changes over until its
        first words.
        """
        return Layered(self, "fallback", {"to": others, "on": None if on is None else list(on)})

    def with_concurrency(self, most: int) -> "Provider":
        """Lets so many calls of this process be under way; others wait."""
        return Layered(self, "concurrency", {"most": most})

    def with_breaker(self, faults: int = 5, *, pause: Any = 30) -> "Provider":
        """Keeps calls away after so many faults in a row, and lets one try again after a while."""
        return Layered(self, "breaker", {"faults": faults, "pause_ms": _ms(pause)})

    def with_budget(
        self, *, per_run: Optional[Usd] = None, per_agent: Optional[Usd] = None, per_project: Optional[Usd] = None,
        per_day: Optional[Usd] = None, prices: "Optional[Mapping[str, Price]]" = None,
        other_models: Optional[Price] = None,
    ) -> "Provider":  # fmt: skip
        """Refuses calls that the money does not allow, before anything is spent; all processes on the store share the accounts.

        Amounts are US dollars. A model without a price in `prices` costs `other_models`; without both it is refused.
        """
        limits = {"per_run": per_run, "per_agent": per_agent, "per_project": per_project, "per_day": per_day}
        data: "dict[str, Any]" = {name: None if most is None else usd(most) for name, most in limits.items()}
        data["prices"] = {model: price.data() for model, price in (prices or {}).items()}
        data["other_models"] = None if other_models is None else other_models.data()
        return Layered(self, "budget", data)

    def with_gate(
        self, account: str, *, requests_per_minute: Optional[int] = None, tokens_per_minute: Optional[int] = None
    ) -> "Provider":
        """Starts calls no faster than an account may ask, for all processes on the store."""
        data = {"account": account, "requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute}
        return Layered(self, "gate", data)

    def with_cache(self, ttl: Any = None, *, version: str = "") -> "Provider":
        """Keeps answers in the store, by the whole content of the question; for so long, or for ever."""
        return Layered(self, "cache", {"ttl_ms": _ms(ttl), "version": version})

    def _describe(self, known: "Providers") -> "dict[str, Any]":
        name = self.word()
        code = Code(name, _Driver(self, known).answer, True)
        return {"code": {"name": name, "code": {"number": known._code(code), "name": name}}}


class _Opened(Provider):
    def __init__(self, name: str, settings: "Optional[dict[str, Any]]") -> None:
        self.name = name
        self._settings = settings

    def _describe(self, known: "Providers") -> "dict[str, Any]":
        return {"named": self.name} if self._settings is None else {"open": {"name": self.name, **self._settings}}

    def __repr__(self) -> str:
        return f"<provider {self.name}>"


class Layered(Provider):
    """A provider with a layer over it: a provider."""

    def __init__(self, inner: Provider, layer: str, data: "dict[str, Any]") -> None:
        self.name = inner.word()
        self._inner = inner
        self._layer = layer
        self._data = data

    def _describe(self, known: "Providers") -> "dict[str, Any]":
        data = {name: value for name, value in self._data.items() if value is not None}
        if self._layer == "fallback":
            data["to"] = [_other(known, one) for one in data["to"]]
        return {"over": known._number(self._inner), "layer": {self._layer: data}}

    def __repr__(self) -> str:
        return f"{self._inner!r}.with_{self._layer}(…)"


class Scripted(Provider):
    """A provider that says what a script says, one thing after the other: texts, answers, lists of chunks, and faults.

    For tests. What is asked after the end of the script is an `invalid_request`.
    """

    def __init__(self, *script: Any, name: str = "scripted") -> None:
        self.name = name
        self._script = script

    def _describe(self, known: "Providers") -> "dict[str, Any]":
        exchanges = [{"asked": "any", "said": _said(one)} for one in self._script]
        return {"scripted": {"name": self.name, "exchanges": exchanges}}


def provider(
    name: str, *, key: Optional[str] = None, base_url: str = "", headers: "Optional[Mapping[str, str]]" = None
) -> Provider:
    """Opens a provider by its name: `"openai:gpt-4o-mini"`, `"anthropic"`, `"ollama:smollm2"`, or a URL of a server that speaks
    OpenAI's protocol. What follows the first colon is the model of requests that name none.

    Nothing is looked up before it is asked. Keys come from the engine's secrets (the environment) if not given. It is bare: it
    sends a call once. A name alone, as in `fk.Agent(model="openai:gpt-4o-mini")`, has the usual time limits and retries.
    """
    settings = {"key": key, "base_url": base_url, "headers": [list(pair) for pair in (headers or {}).items()]}
    return _Opened(name, settings)


class Providers:
    """The providers of an engine: `app.providers`."""

    def __init__(self, app: "Fusion") -> None:
        self._app = weakref.proxy(app)
        # The provider stays with its number, so that no other one gets its identity.
        self._numbers: "dict[int, tuple[Any, int]]" = {}
        self._names: "dict[str, int]" = {}

    def add(self, provider: P, name: Optional[str] = None) -> P:
        """Lets a provider be found by its name, or another one: in workflow files (`model: NAME:MODEL`), by agents."""
        self._app._engine.name_provider(name or provider.word(), self._number(provider))
        return provider

    def complete(self, provider: Model, request: "str | Request") -> Call[Answer]:
        """Asks for an answer. Raises `fk.Fault`. Nothing is recorded: within a run, agents and `ctx.memo` do that."""
        return self._ask(provider, "complete", request_of(request), Answer)

    def stream(self, provider: Model, request: "str | Request") -> "Chunks":
        """Asks for an answer as it comes: an iterator of chunks in the engine's form, for `async for` and for `for`."""
        return Chunks(self._app, self._number(provider), request_of(request))

    def embed(
        self, provider: Model, inputs: Sequence[str], *, model: str = "", dimensions: Optional[int] = None
    ) -> "Call[list[list[float]]]":
        """Turns texts into vectors. Raises `fk.Fault`."""
        asked: "dict[str, Any]" = {"model": model, "inputs": list(inputs)}
        if dimensions is not None:
            asked["dimensions"] = dimensions
        return self._ask(provider, "embed", asked, lambda told: told["vectors"])

    def models(self, provider: Model) -> "Call[list[dict[str, Any]]]":
        """Lists the models of a provider. Raises `fk.Fault`."""
        return self._ask(provider, "models", None, lambda told: told)

    def _ask(self, provider: Model, op: str, asked: Any, show: Any) -> "Call[Any]":
        number = self._number(provider)

        def told(value: "list[Any]") -> Any:
            answer, fault = value
            if fault is not None:
                raise fault_of(fault)
            return show(answer)

        made: "Call[Any]" = self._app._call(lambda: self._app._engine.ask_provider(number, op, asked), told)
        return made

    def _number(self, provider: Any) -> int:
        if isinstance(provider, str):
            if provider not in self._names:
                self._names[provider] = self._app._engine.add_provider({"named": provider})
            return self._names[provider]
        if not isinstance(provider, Provider):
            raise TypeError(f"a provider is an `fk.Provider` or its name, not {provider!r}")
        known = self._numbers.get(id(provider))
        if known is None:
            known = provider, self._app._engine.add_provider(provider._describe(self))
            self._numbers[id(provider)] = known
        return known[1]

    def _code(self, code: Any) -> int:
        bodies: "list[Any]" = self._app._bodies
        bodies.append(code)
        return len(bodies) - 1


class Chunks:
    """An answer as it comes; dropping it ends the call."""

    def __init__(self, app: Any, number: int, request: Any) -> None:
        self._app = app
        self._chunks = app._engine.stream_provider(number, request)
        self._kept: "list[dict[str, Any]]" = []
        self._fault: "Optional[dict[str, Any]]" = None

    def _take(self, told: "list[Any]") -> bool:
        self._kept, self._fault = told[0][::-1], told[1]
        return bool(self._kept)

    def _end(self) -> "Optional[Fault]":
        fault, self._fault = self._fault, None
        return None if fault is None else fault_of(fault)

    def _next(self) -> "Call[Any]":
        made: "Call[Any]" = self._app._call(self._chunks.next)
        return made

    def __aiter__(self) -> "AsyncIterator[dict[str, Any]]":
        return self

    async def __anext__(self) -> "dict[str, Any]":
        if not self._kept and (self._fault is not None or not self._take(await self._next())):
            raise self._end() or StopAsyncIteration
        return self._kept.pop()

    def __iter__(self) -> "Iterator[dict[str, Any]]":
        return self

    def __next__(self) -> "dict[str, Any]":
        if not self._kept and (self._fault is not None or not self._take(self._next().wait())):
            raise self._end() or StopIteration
        return self._kept.pop()


class _Driver:
    """Enters the methods of a provider for the engine."""

    def __init__(self, provider: Provider, known: Providers) -> None:
        self._provider = provider
        self._app = known._app

    async def answer(self, asked: "dict[str, Any]", attempt: Any) -> Any:
        """Answers one question of the engine's."""
        one, call = self._provider, ModelCall(self._app, attempt, asked["call"])
        if asked["op"] == "embed":
            made = await _called(one.embed, asked["request"], call)
            return {"model": asked["request"].get("model", ""), "vectors": made} if isinstance(made, (list, tuple)) else made
        if asked["op"] == "models":
            made = await _called(one.models, call)
            return [{"id": model} if isinstance(model, str) else model for model in made]
        request, kind = Request(asked["request"]), type(one)
        streams, completes = kind.stream is not Provider.stream, kind.complete is not Provider.complete
        if not streams and not completes:
            raise Fault("unsupported", f"`{kind.__name__}` has neither `complete` nor `stream`")
        if streams and (asked["stream"] or not completes):
            return await _streamed(one.stream(request, call), attempt)
        return await _called(one.complete, request, call)


async def _called(method: Any, *given: Any) -> Any:
    if is_async(method):
        return await method(*given)
    import asyncio
    import inspect

    made = await asyncio.to_thread(method, *given)
    return await made if inspect.isawaitable(made) else made


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


def _other(known: Providers, one: Any) -> "list[Any]":
    who, model = one if isinstance(one, tuple) else (one, None)
    return [None if who is None else known._number(who), model]


def _said(one: Any) -> "dict[str, Any]":
    if isinstance(one, str):
        one = Answer.of(one)
    if isinstance(one, Fault):
        after = None if one.retry_after is None else round(one.retry_after * 1000)
        told = {"kind": one.kind, "message": one.message, "retry_after_ms": after, "status": one.status}
        return {"fault": {name: value for name, value in told.items() if value is not None}}
    if isinstance(one, Mapping):
        return {"answer": one}
    chunks = [{"type": "text", "text": chunk} if isinstance(chunk, str) else chunk for chunk in one]
    if not chunks or chunks[-1].get("type") != "end":
        calls = any(chunk.get("type") == "call" for chunk in chunks)
        chunks.append({"type": "end", "finish": "tool_calls" if calls else "stop"})
    return {"stream": [[{"chunk": chunk} for chunk in chunks], None]}


def _ms(value: Any) -> Optional[int]:
    return None if value is None else milliseconds(value, "a length of time")
