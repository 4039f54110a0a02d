"""What many agents do together: the part of `Fusion` that is made when it is asked for first."""

from __future__ import annotations

import functools
import os
import weakref
from typing import TYPE_CHECKING, Any, Callable, Sequence, TypeVar, overload

if TYPE_CHECKING:
    from datetime import timedelta

    from ._call import Call
    from ._mail import Messages, Sent
    from ._memory import Memory
    from ._native import Engine
    from ._objects import Object, Objects
    from ._run import Run
    from ._services import Services
    from ._life import Agents
    from ._team import Delegation, Swarms, Tasks
    from ._workspaces import Workspaces

O = TypeVar("O", bound="Object")


class Together:
    """Agents with a life, tasks, teams, messages, services and durable objects; and builds, which are their work."""

    if TYPE_CHECKING:
        # What `Fusion` has.
        _engine: Engine
        _call: Callable[..., Any]

    @functools.cached_property
    def agents(self) -> "Agents":
        """Agents with a life."""
        from ._life import Agents

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
    def workspaces(self) -> "Workspaces":
        """The folders of agents."""
        from ._workspaces import Workspaces

        return Workspaces(self._asker)

    def memory(self, owner: str) -> "Memory":
        """Gives what an agent, or a team that shares it, knows beyond one task."""
        from ._memory import Memory

        return Memory(self._asker, owner)

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

    def build(
        self, folder: "str | os.PathLike[str]", *, workspace: "str | os.PathLike[str]" = ".", agents: "Sequence[str]" = (),
        models: "Sequence[str]" = (), recordings: "str | os.PathLike[str] | None" = None, jobs: int = 1, unattended: bool = False,
    ) -> "Call[Run[Any]]":  # fmt: skip
        """Builds what a specification asks for, or goes on with it, as `fusion build` does; gives its run.

        `agents` are programs (`"claude"`, `"./work.sh"`), `models` models that work with the files of the `workspace`; without either it
        is whoever is here. The result has what became of each task; `coverage` says what is proved.
        """
        from ._run import Run

        given = {
            "folder": os.fspath(folder), "workspace": os.fspath(workspace), "agents": list(agents), "models": list(models),
            "recordings": None if recordings is None else os.fspath(recordings), "jobs": jobs, "unattended": unattended,
        }  # fmt: skip
        run: "Call[Run[Any]]" = self._call(lambda: self._engine.build(given), lambda handle: Run(self, handle))
        return run

    def init(
        self, folder: "str | os.PathLike[str]" = ".", *, mode: "str | None" = None, from_spec: "str | os.PathLike[str] | None" = None,
        dry_run: bool = False,
    ) -> "Call[dict[str, Any]]":  # fmt: skip
        """Makes a project, or brings one up to its mode, as `fusion init` does; gives what was `made`, the `mode`, the `agents`.

        `mode` is `"prototype"`, `"mvp"`, `"production"` or `"scale"`; what is missing is added, and nothing else is touched. The agents of
        the mode whose programs are installed are spawned here.
        """
        given = {
            "folder": os.fspath(folder), "mode": mode, "dry_run": dry_run,
            "from_spec": None if from_spec is None else os.fspath(from_spec),
        }  # fmt: skip
        told: "Call[dict[str, Any]]" = self._call(lambda: self._engine.init(given))
        return told

    def test(
        self, folder: "str | os.PathLike[str]" = ".", *, suites: "Sequence[str]" = (), task: "str | None" = None, jobs: int = 2,
        retries: int = 0, timeout: "float | timedelta | str | None" = None,
    ) -> "Call[Run[Any]]":  # fmt: skip
        """Runs the tests of a project, or goes on with them, as `fusion test` does; gives their run.

        The result is `{"report": {"status", "counts", "unproved", "json", "junit"}}`, with the paths of the report; the status is that of the
        worst suite, and `unproved` says which suites ran no test (`empty`). `task` keeps it with a task,
        `timeout` is that of a suite: half an hour unless it is said.
        """
        from ._options import milliseconds
        from ._run import Run

        given = {
            "folder": os.fspath(folder), "suites": list(suites), "task": task, "jobs": jobs, "retries": retries,
            "timeout_ms": None if timeout is None else milliseconds(timeout, "timeout"),
        }  # fmt: skip
        run: "Call[Run[Any]]" = self._call(lambda: self._engine.test(given), lambda handle: Run(self, handle))
        return run

    def coverage(
        self, folder: "str | os.PathLike[str]", *, workspace: "str | os.PathLike[str]" = "."
    ) -> "Call[dict[str, Any]]":  # fmt: skip
        """Says what of a specification is proved, also while it is built: `coverage`, the gates that are `refused`, `good`."""
        given = {"folder": os.fspath(folder), "workspace": os.fspath(workspace)}
        told: "Call[dict[str, Any]]" = self._call(lambda: self._engine.proved(given))
        return told

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
