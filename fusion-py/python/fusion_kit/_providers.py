"""Providers of language models: written in Python, opened by name, with the engine's layers over any of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence, Tuple, Union

from ._body import Code
from ._chat import Answer, ModelCall, Price, Request, Usd, usd
from ._errors import Fault
from ._options import class_name, milliseconds

if TYPE_CHECKING:
    from ._asking import Providers

    Model = Union[str, "Provider"]
    Other = Union[Model, Tuple[Optional[Model], str]]
else:
    Model = Any
    Other = Any


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

    def with_redact(self, *names: str, values: Sequence[str] = ()) -> "Provider":
        """Takes secrets out of what goes to the provider, and out of its faults: those that workflows and providers were given, those
        of these names, and these values. From then on they are left out of what is recorded, too.
        """
        return Layered(self, "redact", {"names": list(names), "values": list(values)})

    def with_batch(self, texts: int = 100, *, bytes: Optional[int] = None) -> "Provider":
        """Asks for many vectors in requests of so many texts (and of 256 KiB, or so many bytes); equal texts are sent once."""
        return Layered(self, "batch", {"texts": texts, "bytes": bytes})

    def with_observe(self, name: str = "") -> "Provider":
        """Counts calls, tokens, cost and time for `app.providers.metrics(name)`, and keeps a span of each call for `app.providers.spans(name)`.

        Outermost it sees what callers see; beneath a retry, each attempt. Nothing of what was said is in it.
        """
        return Layered(self, "observe", {"name": name})

    def with_record(self, path: "str | os.PathLike[str]") -> "Provider":
        """Writes down every question with what came of it, without secrets; `"replay:PATH"` is a provider that says it again."""
        return Layered(self, "record", {"to": os.fspath(path)})

    def _describe(self, known: "Providers") -> "dict[str, Any]":
        from ._driver import Driver

        name = self.word()
        code = Code(name, Driver(self, known._app).answer, True)
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


class Rotation(Provider):
    """Providers that are the same but for their key: each call goes to the next one that does not rest.

    One that met a rate limit rests as long as the service asks for, one whose key was refused ten minutes; the call goes on with the
    next: `fk.Rotation(*[fk.provider("openai:gpt-4o-mini", key=key) for key in keys])`.
    """

    def __init__(self, *keys: Model) -> None:
        if not keys:
            raise ValueError("a rotation needs providers: `fk.Rotation(fk.provider(\"openai\", key=…), …)`")
        self.name = keys[0].split(":")[0] if isinstance(keys[0], str) else keys[0].word()
        self._keys = keys

    def _describe(self, known: "Providers") -> "dict[str, Any]":
        return {"rotation": [known._number(key) for key in self._keys]}


class Library(Provider):
    """A provider in a shared library, see `app.providers.load`."""

    def __init__(self, name: str, data: "dict[str, Any]") -> None:
        self.name = name
        self._data = data

    def _describe(self, known: "Providers") -> "dict[str, Any]":
        return {"plugin": self._data}

    def __repr__(self) -> str:
        return f"<plugin {self.name}>"


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
    return None if value is None else milliseconds(value, "this")
