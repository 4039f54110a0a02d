"""`app.providers`: asks providers outside of any run, adds them by name, loads them from shared libraries, and tells what was observed."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any, AsyncIterator, Iterator, Mapping, Optional, Sequence, TypeVar

from . import _native
from ._call import Call
from ._chat import Answer, fault_of, request_of
from ._options import milliseconds
from ._providers import Library, Provider

if TYPE_CHECKING:
    from ._app import Fusion
    from ._chat import Request
    from ._errors import Fault
    from ._providers import Model

P = TypeVar("P", bound=Provider)


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

    def load(
        self, path: "str | os.PathLike[str]", *, config: "Optional[Mapping[str, Any]]" = None, model: str = "",
        secrets: "Optional[Sequence[str]]" = None, name: Optional[str] = None,
    ) -> Provider:  # fmt: skip
        """Loads a shared library (or the manifest beside it) as a provider, which is added under its own name, or another one.

        The library's code runs with all rights of this program: load only what you trust. `config` goes over what its manifest
        says, `model` is that of requests that name none, `secrets` are the only ones that it gets. Raises `InvalidInput` with
        what is wrong with the file. One that stands where plugins are looked for needs no loading: its name is `"plugin:NAME"`.
        """
        whole = os.path.abspath(path)
        data = {"path": whole, "config": dict(config or {}), "model": model, "secrets": None if secrets is None else list(secrets)}
        return self.add(Library(_native.load_plugin(whole), data), name)

    def metrics(self, name: str = "") -> "Call[list[dict[str, Any]]]":
        """Tells what `with_observe(name)` has counted so far: a dict for each provider, operation and model. Raises `InvalidInput`."""
        return self._observed("metrics", name)

    def spans(self, name: str = "") -> "Call[list[dict[str, Any]]]":
        """Takes the spans of the calls that `with_observe(name)` has seen since this was asked last, a thousand at the most.

        `name`, `began_ms` (since 1970), `duration_ms`, and `fields` with OpenTelemetry's names. Raises `InvalidInput`.
        """
        return self._observed("spans", name)

    def prune(self, older: Any, *, dry_run: bool = False) -> "Call[list[str]]":
        """Forgets what `with_cache`, `with_gate` and `with_budget` keep and nobody has used for so long (`"30d"`), and gives its names.

        With `dry_run` nothing is forgotten. What a budget of a run that goes on has spent stays.
        """
        given = {"older_ms": milliseconds(older, "older"), "dry_run": dry_run}
        told: "Call[list[str]]" = self._app._call(lambda: self._app._engine.ask_team("providers.prune", given))
        return told

    def _observed(self, what: str, name: str) -> "Call[list[dict[str, Any]]]":
        told: "Call[list[dict[str, Any]]]" = self._app._call(lambda: self._app._engine.observed(what, name))
        return told

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
            made = f": make one, `{provider.__name__}()`" if isinstance(provider, type) else ""
            raise TypeError(f"a provider is an `fk.Provider` or its name, not {provider!r}{made}")
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
