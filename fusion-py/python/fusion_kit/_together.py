"""What many agents do together: the part of `Fusion` that is made when it is asked for first."""

from __future__ import annotations

import functools
import weakref
from typing import TYPE_CHECKING, Any, Callable, TypeVar, overload

if TYPE_CHECKING:
    from ._call import Call
    from ._mail import Messages, Sent
    from ._objects import Object, Objects
    from ._services import Services
    from ._team import Agents, Delegation, Swarms, Tasks

O = TypeVar("O", bound="Object")


class Together:
    """Agents with a life, tasks, teams, messages, services and durable objects."""

    @functools.cached_property
    def agents(self) -> "Agents":
        """Agents with a life."""
        from ._team import Agents

        return Agents(self._asker, weakref.proxy(self).add_agent)

    @functools.cached_property
    def tasks(self) -> "Tasks":
        """What is to be done by some agent."""
        from ._team import Tasks

        return Tasks(self._asker)

    @functools.cached_property
    def swarms(self) -> "Swarms":
        """Teams of agents."""
        from ._team import Swarms

        return Swarms(self._asker)

    @functools.cached_property
    def messages(self) -> "Messages":
        """Messages between agents."""
        from ._mail import Messages

        return Messages(self._asker)

    @functools.cached_property
    def services(self) -> "Services":
        """Who offers what."""
        from ._services import Services

        return Services(self._asker)

    @functools.cached_property
    def objects(self) -> "Objects":
        """Durable objects."""
        from ._objects import Objects

        return Objects(weakref.proxy(self), self._asker)

    def delegate(
        self, *, concurrency: int = 64, assign: bool = True, work: bool = True, cpu: float = 0, memory_mb: int = 0,
        optimize_for: str = "fit",
    ) -> "Call[Delegation]":  # fmt: skip
        """Takes part in the tasks of the store: gives them out to agents, and works at them, so many together.

        What its tasks take together is limited by `cpu` cores and `memory_mb`, when these are not 0.
        """
        from ._team import Delegation

        resources = {"cpu": float(cpu), "memory_mb": memory_mb}
        given = {"concurrency": concurrency, "assign": assign, "work": work, "resources": resources, "optimize_for": optimize_for}
        ask = self._asker
        part: "Call[Delegation]" = ask("tasks.delegate", given, lambda number: Delegation(ask, number))
        return part

    def send(self, sender: str, recipient: str, message_type: str, content: Any = None, **more: Any) -> "Call[Sent]":
        """Sends a message: when this is done, it is recorded and lies in the mailboxes. `more` is as in `fk.message`."""
        return self.messages.send(sender, recipient, message_type, content, **more)

    @overload
    def object(self, code: "type[O]") -> "type[O]": ...
    @overload
    def object(self, code: None = None, *, kind: str = "", version: int = 0) -> "Callable[[type[O]], type[O]]": ...

    def object(self, code: Any = None, *, kind: str = "", version: int = 0) -> Any:
        """Registers a subclass of `fk.Object`: `@app.object`, or `@app.object(kind="cart", version=2)`."""

        def make(code: Any) -> Any:
            from ._objects import Object

            if not (isinstance(code, type) and issubclass(code, Object)):
                raise TypeError(f"durable objects are a subclass of `fk.Object`, not {code!r}")
            if kind:
                code.kind = kind
            if version:
                code.version = version
            self.objects._add(code())
            return code

        return make if code is None else make(code)

    @functools.cached_property
    def _asker(self) -> "Callable[..., Any]":
        """Asks the engine's team; made apart, so that what asks does not keep the engine."""
        app: Any = weakref.proxy(self)

        def ask(what: str, given: Any, show: Any = None, timeout: Any = None) -> Any:
            made = app._call(lambda: app._engine.ask_team(what, given), show)
            made._timeout = timeout
            return made

        return ask
