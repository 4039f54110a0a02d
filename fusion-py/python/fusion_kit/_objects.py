"""Durable objects: a state that outlives every process, and one message at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Union

from ._body import Code, called, hints_of, parameters_of
from ._errors import Permanent
from ._options import milliseconds
from ._life import PastEvent, past
from ._team import moment
from ._values import decoder

if TYPE_CHECKING:
    import datetime

    from ._call import Call

Ask = Callable[..., Any]
_HOOKS = ("initialize", "upcast", "activate", "deactivate", "handle")


class Turn:
    """What a handler gets: the state, which it changes, and what it may say besides."""

    def __init__(self, kind: str, told: "dict[str, Any]", state: Any) -> None:
        self.kind = kind
        """The object's kind."""
        self.id: str = told["id"]
        """Its id."""
        self.seq: int = told["seq"]
        """The place of its last event."""
        self.name: str = told.get("name", "")
        """What is asked for; a timer's name when one is due."""
        self.content: Any = told.get("content")
        """The message."""
        self.is_timer: bool = told.get("timer", False)
        """A timer is due, and nobody asked."""
        self.now_ms: int = told.get("now", 0)
        """The time, in milliseconds since 1970."""
        self.state: Any = state
        """Its state: change it, or set another one. What it is when the handler ends is recorded."""
        self._events: "list[tuple[str, Any]]" = []
        self._timers: "list[tuple[str, Optional[int], Any]]" = []

    def event(self, name: str, data: Any = None) -> None:
        """Tells a fact, for the object's history."""
        self._events.append((name, data))

    def timer(
        self, name: str, content: Any = None, *, after: Any = None, at: "Union[datetime.datetime, float, None]" = None
    ) -> None:
        """Sets a timer: after so long, or at a time, the object handles a message of this name."""
        if (after is None) == (at is None):
            raise ValueError("a timer needs either `after`, a length of time, or `at`, a `datetime` or seconds since 1970")
        due = moment(at) if after is None else self.now_ms + milliseconds(after, "after")
        self._timers.append((name, due, content))

    def stop(self, name: str) -> None:
        """Stops a timer."""
        self._timers.append((name, None, None))

    def _done(self, reply: Any) -> "dict[str, Any]":
        return {"state": self.state, "events": self._events, "reply": reply, "timers": self._timers}


class Object:
    """The code of a kind of durable objects: subclass it, and register it with `@app.object`.

    Every method whose name does not begin with `_` handles the message of its name: it gets the `fk.Turn`, and the message's
    content if it takes a second argument. What it returns is the answer; what it raises leaves nothing behind. Methods may be
    `async def`; others run in a thread. An object handles one message at a time.

    What `initialize` is annotated to give is the type of the state: dataclasses, models and the like come back as such.
    """

    kind: str = ""
    """The kind; without it, the class in lower case."""

    version: int = 1
    """The version of the states that this code writes. It only grows."""

    def initialize(self, id: str) -> Any:
        """Gives the state of a new object."""
        return None

    def upcast(self, version: int, state: Any) -> Any:
        """Turns a state that a version wrote, as plain data, into one of the next version."""
        raise Permanent(f"`{type(self).__name__}` has no `upcast` from version {version} to {version + 1}")

    def activate(self, turn: Turn) -> Any:
        """Is called when an object begins to work in this process, before its first message."""

    def deactivate(self, turn: Turn) -> Any:
        """Is called when an object is let go, after it was idle. What it changes is not recorded."""

    def handle(self, turn: Turn, content: Any) -> Any:
        """Handles the messages for which there is no method."""
        known = sorted(_handlers(type(self)))
        raise Permanent(f"`{turn.kind}` has no message `{turn.name}`; there are {', '.join(known)}")


def _handlers(kind: "type[Object]") -> "dict[str, Any]":
    """Gives the methods that handle messages, by name."""
    found: "dict[str, Any]" = {}
    for one in reversed(kind.__mro__):
        if issubclass(one, Object) and one is not Object:
            found.update({name: value for name, value in vars(one).items() if callable(value)})
    return {name: value for name, value in found.items() if not name.startswith("_") and name not in _HOOKS}


class _Handler:
    """One method that handles messages."""

    def __init__(self, method: Any) -> None:
        self.method = method
        places = parameters_of(method)[1]
        self.takes_content = len(places) > 1
        hint = hints_of(method).get(places[1].name, Any) if self.takes_content else Any
        self.decode = decoder(hint)

    async def call(self, turn: Turn) -> Any:
        content = turn.content if self.decode is None or turn.is_timer else self.decode(turn.content, turn.name)
        return await called(self.method, *((turn, content) if self.takes_content else (turn,)))


class Kind:
    """A registered kind of objects."""

    def __init__(self, made: Object) -> None:
        self.name: str = made.kind or type(made).__name__.lower()
        self.made = made
        self.decode = decoder(hints_of(made.initialize).get("return", Any))
        self._known = {name: _Handler(getattr(made, name)) for name in _handlers(type(made))}
        self._rest = _Handler(made.handle)

    def form(self, number: int) -> "dict[str, Any]":
        """Gives the engine's description."""
        deactivates = type(self.made).deactivate is not Object.deactivate
        code = {"number": number, "name": self.name, "blocks": False}
        return {"kind": self.name, "version": self.made.version, "code": code, "deactivates": deactivates}

    def code(self) -> Code:
        """Gives what the engine enters."""
        return Code(f"object {self.name}", self._enter, True)

    async def _enter(self, told: "dict[str, Any]", _: Any) -> Any:
        if told["hook"] == "deactivate":
            await called(self.made.deactivate, Turn(self.name, told, self.shown(told["state"])))
            return None
        turn = Turn(self.name, told, await self._state(told))
        if told["begins"]:
            await called(self.made.activate, turn)
        handler = self._known.get(turn.name, self._rest)
        return turn._done(await handler.call(turn))

    async def _state(self, told: "dict[str, Any]") -> Any:
        """Gives the state of the code's version: a new one, or an older one raised version by version."""
        written, state = told["written"], told["state"]
        if written == 0:
            return await called(self.made.initialize, told["id"])
        for version in range(self.made.version if written is None else written, self.made.version):
            state = await called(self.made.upcast, version, state)
        return self.shown(state)

    def shown(self, state: Any) -> Any:
        """Gives a state as its type."""
        return state if self.decode is None or state is None else self.decode(state, "state")


class Looked(NamedTuple):
    """An object as it is seen from outside."""

    state: Any
    """Its state; `None` before the first message."""
    seq: int
    """The place of its last event; 0 before the first message."""


class Objects:
    """The durable objects of an engine."""

    def __init__(self, app: Any, ask: Ask) -> None:
        self._app = app
        self._ask = ask
        self._kinds: "dict[str, Kind]" = {}

    def _add(self, made: Object) -> None:
        kind = Kind(made)
        bodies: "list[Any]" = self._app._bodies
        bodies.append(kind.code())
        self._kinds[kind.name] = kind
        self._app._engine.add_kind(kind.form(len(bodies) - 1))

    def get(self, kind: "str | type[Object]", id: str) -> "ObjectRef":
        """Names an object, by its kind or its class; the first message makes it. Its code may be in another process."""
        name = kind if isinstance(kind, str) else kind.kind or kind.__name__.lower()
        return ObjectRef(self, name, id)

    def list(
        self, kind: "str | type[Object]", *, after: Optional[str] = None, limit: int = 1000
    ) -> "Call[tuple[list[str], Optional[str]]]":
        """Lists the ids of objects of a kind that were ever written, newest first, and what is the next page's `after`."""
        given = {"kind": self.get(kind, "any").kind, "after": after, "limit": limit}
        told: "Call[tuple[list[str], Optional[str]]]" = self._ask("objects.list", given, lambda page: (page["ids"], page["next"]))
        return told

    def set_idle(self, length: Any) -> "Call[None]":
        """Sets how long an object without messages stays in memory; 10 seconds without it."""
        told: "Call[None]" = self._ask("objects.idle", milliseconds(length, "idle"))
        return told

    def active(self) -> "Call[int]":
        """Counts the objects that are at work in this process."""
        told: "Call[int]" = self._ask("objects.active", None)
        return told


class ObjectRef:
    """One object. It need not be there: the first message makes it."""

    def __init__(self, objects: Objects, kind: str, id: str) -> None:
        self._objects = objects
        self.kind = kind
        """Its kind."""
        self.id = id
        """Its id."""

    def call(self, name: str, content: Any = None, *, timeout: Any = 30, expect: Optional[int] = None) -> "Call[Any]":
        """Asks it and waits for its answer; with `expect`, only if its last event has that place.

        Raises `fk.Error` with the code `FU0701` when its code refuses or fails, `FU0309` when it stands elsewhere, `WaitTimeout`.
        """
        given = {"name": name, "content": content, "timeout_ms": milliseconds(timeout, "timeout"), "expect": expect}
        return self._ask("call", given, lambda told: told[0])

    def tell(self, name: str, content: Any = None) -> "Call[None]":
        """Says something without waiting: durable when this is done, handled once."""
        return self._ask("tell", {"name": name, "content": content})

    def state(self, at: Optional[int] = None) -> "Call[Any]":
        """Reads its state, without waking it; with `at`, as it was after that event. Its code has to be here."""
        return self._ask("state", {"at": at}, lambda told: self._shown(told[0]))

    def look(self) -> "Call[Looked]":
        """Reads its state and the place of its last event."""
        return self._ask("state", {}, lambda told: Looked(self._shown(told[0]), told[1]))

    def history(self, *, after: int = 0, limit: int = 1000) -> "Call[list[PastEvent]]":
        """Reads what happened to it, after a place."""
        return self._ask("history", {"after": after, "limit": limit}, past)

    def _shown(self, state: Any) -> Any:
        kind = self._objects._kinds.get(self.kind)
        return state if kind is None else kind.shown(state)

    def _ask(self, verb: str, given: "dict[str, Any]", show: Any = None) -> "Call[Any]":
        told: "Call[Any]" = self._objects._ask(f"objects.{verb}", {"kind": self.kind, "id": self.id, **given}, show)
        return told

    def __repr__(self) -> str:
        return f"<object {self.kind}/{self.id}>"
