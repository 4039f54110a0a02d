"""Runs: what becomes of them, and what can be said to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, AsyncIterator, Generic, Iterator, Mapping, NamedTuple, Optional, Sequence, TypeVar

from ._call import Call
from ._errors import RunCancelled, RunFailed, _cause
from ._values import Decode

if TYPE_CHECKING:
    import datetime

T = TypeVar("T")


class Event(NamedTuple):
    """One change of a run: `noun.verb` in the past tense, such as `node.succeeded`."""

    seq: int
    """The place in the run's journal."""
    at_ms: int
    """When, in milliseconds since 1970."""
    name: str
    """What happened."""
    severity: str
    """`debug`, `info`, `warning`, `error` or `critical`."""
    run: str
    """The run's id."""
    node: Optional[str]
    """The node, or the item of a map."""
    attempt: Optional[int]
    """The attempt."""
    data: "dict[str, Any]"
    """The rest, by name."""

    @property
    def at(self) -> "datetime.datetime":
        """When, as a time in UTC."""
        import datetime

        return datetime.datetime.fromtimestamp(self.at_ms / 1000, datetime.timezone.utc)


def _event(fields: "dict[str, Any]") -> Event:
    return Event(
        fields["seq"], fields["at"], fields["name"], fields["severity"], fields["run"],
        fields.get("node"), fields.get("attempt"), fields.get("data") or {},
    )  # fmt: skip


class Events:
    """The events of a run from a place on, in order, without gaps, to its end: for `async for` and for `for`."""

    def __init__(self, app: Any, events: Any) -> None:
        self._app = app
        self._events = events
        self._kept: "list[Event]" = []

    def _take(self, batch: "list[dict[str, Any]]") -> bool:
        self._kept = [_event(fields) for fields in reversed(batch)]
        return bool(batch)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        if not self._kept and not self._take(await Call(self._app, lambda _: self._events.next())):
            raise StopAsyncIteration
        return self._kept.pop()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        if not self._kept and not self._take(Call(self._app, lambda _: self._events.next()).wait()):
            raise StopIteration
        return self._kept.pop()


class Run(Generic[T]):
    """One execution of a workflow, wherever it is driven. `T` is the type of its result."""

    def __init__(self, app: Any, handle: Any, decode: Optional[Decode] = None) -> None:
        self._app = app
        self._handle = handle
        self._decode = decode

    @property
    def id(self) -> str:
        """The run's id."""
        return str(self._handle.id)

    def result(self, timeout: Optional[float] = None) -> Call[T]:
        """Waits until the run has ended and gives its result: what the workflow returned, or its outputs by name.

        Raises `RunFailed`, `RunCancelled`, or `WaitTimeout` after so many seconds.
        """
        return Call(self._app, lambda _: self._handle.result(), self._show, timeout)

    def _show(self, ended: Any) -> T:
        status, outputs, failure, where = ended
        if status == "cancelled":
            raise RunCancelled(f"run `{self.id}` was cancelled: {failure['message'] if failure else ''}")
        if status != "succeeded":
            failure = failure or {"class": "error", "message": "unknown", "detail": None}
            error = RunFailed(self.id, failure, where)
            kept = self._app._cause_of((self.id, where[0])) if where else None
            raise error from (kept or _cause(failure))
        value = outputs["result"] if isinstance(outputs, dict) and outputs.keys() == {"result"} else outputs
        decoded: T = value if self._decode is None else self._decode(value, "result")
        return decoded

    def status(self) -> Call[str]:
        """Gives the status: pending, running, waiting, paused, succeeded, failed or cancelled."""
        return Call(self._app, lambda _: self._handle.status())

    def events(self, after: int = 0) -> Events:
        """Follows the run from a place in its journal on; 0 is the beginning."""
        return Events(self._app, self._handle.events(after))

    def nodes(self) -> "Call[dict[str, dict[str, Any]]]":
        """Gives every node by name: `status`, `attempts`, `output`, `error`."""
        return Call(self._app, lambda _: self._handle.nodes())

    def progress(self) -> "dict[str, Any]":
        """Gives how far the bodies in this process are that said so, by node: of an agent, what its model says, as it comes."""
        told: "dict[str, Any]" = self._handle.progress()
        return told

    def why(self) -> "Call[list[str]]":
        """Tells in sentences why the run does not move."""
        return Call(self._app, lambda _: self._handle.why())

    def cancel(self, why: str = "", *, by: str = "python") -> Call[None]:
        """Asks for the end of the run, with all that runs in it."""
        return Call(self._app, lambda _: self._handle.cancel(by, why))

    def pause(self, *, by: str = "python") -> Call[None]:
        """Lets nothing new start; what runs goes on to its end."""
        return Call(self._app, lambda _: self._handle.pause(by))

    def resume(self, *, by: str = "python") -> Call[None]:
        """Lets a paused run go on."""
        return Call(self._app, lambda _: self._handle.resume(by))

    def signal(self, name: str, payload: Any = None) -> Call[None]:
        """Sends a signal; it is kept until something waits for it."""
        return Call(self._app, lambda _: self._handle.signal(name, payload))

    def approve(self, node: Optional[str] = None, *, by: str = "python", comment: str = "") -> Call[None]:
        """Says yes to the approval of this node, or to the only one that is asked for."""
        return Call(self._app, lambda _: self._handle.answer(node, (True, by, comment)))

    def reject(self, node: Optional[str] = None, *, by: str = "python", comment: str = "") -> Call[None]:
        """Says no to the approval of this node, or to the only one that is asked for."""
        return Call(self._app, lambda _: self._handle.answer(node, (False, by, comment)))

    def resolve(self, node: str, verdict: str, value: Any = None, *, by: str = "python") -> Call[None]:
        """Says how a node in doubt really ended: `done` with its output, `failed` with a reason, or `not_done`."""
        return Call(self._app, lambda _: self._handle.resolve(node, (verdict, value), by))

    def retry(self, *nodes: str, again: Sequence[str] = (), by: str = "python") -> Call[None]:
        """Takes the ended run up again: what failed, the named nodes, and all that needs them.

        At-most-once nodes that were entered must be named in `again`.
        """
        return Call(self._app, lambda _: self._handle.retry(list(nodes), list(again), by))

    def fork(
        self, *nodes: str, again: Sequence[str] = (), input: Optional[Mapping[str, Any]] = None,
        workflow: Any = None, id: Optional[str] = None,
    ) -> "Call[Run[T]]":  # fmt: skip
        """Begins a new run that takes over the outcomes of this one, but for the named nodes and all that needs them."""
        names = (list(nodes), list(again))
        given = None if input is None else dict(input)
        made = None if workflow is None else self._app._definition(workflow)
        begin = lambda _: self._handle.fork(names, given, (made, id))  # noqa: E731
        return Call(self._app, begin, lambda handle: Run(self._app, handle, self._decode))

    def replay(self) -> Call[str]:
        """Folds the journal again, executes nothing, and tells what came out."""
        return Call(self._app, lambda _: self._handle.replay())

    def export(self) -> Call[bytes]:
        """Packs the run into one file: definition, journal, payloads, hash-chained, secrets removed."""
        return Call(self._app, lambda _: self._handle.export())

    def graph(self) -> Call[Any]:
        """Gives the graph that the run keeps to its end."""
        return Call(self._app, lambda _: self._handle.definition())

    def _repr_html_(self) -> str:
        from html import escape

        # Short enough for a notebook to wait for them, though its own loop stands meanwhile.
        nodes, made = self._handle.nodes().wait(), self._handle.definition().wait()
        status = self._handle.status().wait()
        picture = made.draw("svg", {name: node["status"] for name, node in nodes.items()})
        return f"<div><p><b>{escape(made.name)}</b> {escape(self.id)}: {escape(status)}</p>{picture}</div>"

    def __repr__(self) -> str:
        return f"<run {self.id}>"
