"""`Fusion`: the engine in a program."""

from __future__ import annotations

import contextvars
import os
import weakref
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, ParamSpec, Sequence, TypeVar, overload

from . import _native
from ._agents import Agent, Staff, asking, replies
from ._asking import Providers
from ._body import Body
from ._call import Call
from ._context import Context
from ._graph import Graph, Loaded, Workflow
from ._ground import Ground, host_program, running_loop
from ._options import Options, Retry
from ._run import Run
from ._step import Step
from ._together import Together
from ._values import decoder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine
    from types import TracebackType
    from typing import Concatenate

    from ._refs import Node
    from ._typing import Decorator, DurableDecorator, WorkflowDecorator

P = ParamSpec("P")
R = TypeVar("R")

_CAUSES = 256


class Fusion(Together):
    """The engine in a program: a store, the registered code, and the runs that are driven here.

    `url` is `memory://`, `sqlite://path/file.db` or a bare path; nothing is opened before it is used. `concurrency` is
    how many runs are driven at once; with `work=False` only those are that are started here. `queues` limits what is
    taken over. Commands get `env`, and templates find `secrets`: both are the process's environment if not given.
    """

    def __init__(
        self, url: str = "memory://", *, concurrency: Optional[int] = None, work: bool = True,
        queues: Sequence[str] = (), env: Optional[Mapping[str, str]] = None,
        secrets: Optional[Mapping[str, str]] = None, cwd: Optional[str] = None,
    ) -> None:  # fmt: skip
        self.url: str = os.fspath(url)
        known = dict(os.environ)
        opening = {
            "url": self.url, "concurrency": concurrency, "work": work, "queues": list(queues),
            "env": known if env is None else dict(env), "secrets": known if secrets is None else dict(secrets),
            "cwd": None if cwd is None else os.fspath(cwd), "host": host_program(),
        }  # fmt: skip
        self._engine = _native.Engine(opening)
        self._bodies: "list[Any]" = []
        self._steps: "dict[str, Step[Any, Any]]" = {}
        self._workflows: "dict[str, Any]" = {}
        self._known: "set[str]" = set()
        self._staff = Staff(weakref.proxy(self))
        self.providers = Providers(self)
        """The providers of language models."""
        self._causes: "dict[tuple[str, str], BaseException]" = {}
        self._ground = Ground(self._engine, self._bodies)
        _apps.add(self)
        self._end = weakref.finalize(self, Ground.end, self._ground)

    @overload
    def step(self, fn: "Callable[P, Coroutine[Any, Any, R]]") -> "Step[P, R]": ...
    @overload
    def step(self, fn: Callable[P, R]) -> "Step[P, R]": ...
    @overload
    def step(
        self, fn: None = None, *, name: Optional[str] = None, inline: bool = False, retries: int = 0,
        retry: Optional[Retry] = None, timeout: Any = None, heartbeat: Any = None, cache: Any = False,
        concurrency: "Optional[tuple[str, int]]" = None, priority: int = 0, at_most_once: bool = False,
        on_unknown: str = "fail", validate: "Sequence[dict[str, Any]]" = (), fallback: Any = None,
        compensate: Any = None, elsewhere: bool = False,
    ) -> "Decorator": ...  # fmt: skip

    def step(self, fn: Any = None, *, name: Optional[str] = None, inline: bool = False, **options: Any) -> Any:
        """Makes a function a step: `@app.step`, or `@app.step(retries=3, timeout=30)`.

        An `async def` runs on the loop, any other in a thread, or, with `inline=True`, on the loop as well, which it
        may not block. `retries` is how often it is tried again, `retry` says more of it; `timeout` and `heartbeat`
        limit an attempt (seconds, or `"10m"`). `cache` keeps results for equal arguments: for ever (`True`) or so
        long. `concurrency=("name", n)` shares slots between all runs. `at_most_once` never enters a function twice;
        when nobody knows how it ended, the node fails, or waits for a person (`on_unknown="wait_human"`). `validate`
        are checks of workflow files. `fallback` is a step that stands in when all attempts failed; `compensate` one
        that undoes this one, when the run fails later: it gets this one's arguments by name, and its output. With
        `elsewhere=True` the function only says what is given and got: the code is another process's, in any language.
        """
        asked = Options(**options)

        def make(fn: Any) -> "Step[Any, Any]":
            made: "Step[Any, Any]" = Step(name or fn.__name__, fn, asked)
            self._add_step(made, inline)
            return made

        return make if fn is None else make(fn)

    @overload
    def workflow(self, fn: "Callable[P, Node[R]]") -> "Workflow[P, R]": ...
    @overload
    def workflow(self, fn: "Callable[P, Any]") -> "Workflow[P, Any]": ...
    @overload
    def workflow(
        self, fn: None = None, *, name: Optional[str] = None, version: int = 1, description: str = "",
        on_failure: str = "stop",
    ) -> "WorkflowDecorator": ...  # fmt: skip

    def workflow(
        self, fn: Any = None, *, name: Optional[str] = None, version: int = 1, description: str = "",
        on_failure: str = "stop",
    ) -> Any:  # fmt: skip
        """Makes a function a workflow: it is called once, and its calls of steps become the nodes of a graph.

        What it returns is the result: a node, or any data with nodes in it; a dict gives outputs by name. After a
        failure everything is stopped, or what does not need the failed node goes on (`on_failure="finish_branches"`).
        """

        def make(fn: Any) -> "Workflow[Any, Any]":
            about = {"description": description or (fn.__doc__ or "").strip().split("\n")[0], "on_failure": on_failure}
            made: "Workflow[Any, Any]" = Workflow(name or fn.__name__, fn, version, about)
            self._add_workflow(made)
            return made

        return make if fn is None else make(fn)

    @overload
    def durable(self, fn: "Callable[Concatenate[Context, P], Awaitable[R]]") -> "Workflow[P, R]": ...
    @overload
    def durable(
        self, fn: None = None, *, name: Optional[str] = None, version: int = 1, retries: int = 0,
        retry: Optional[Retry] = None, timeout: Any = None,
    ) -> "DurableDecorator": ...  # fmt: skip

    def durable(self, fn: Any = None, *, name: Optional[str] = None, version: int = 1, **options: Any) -> Any:
        """Makes an `async def` with an `fk.Context` a workflow of its own: code first, no graph.

        Every `ctx.step` is recorded when it ends. After a crash, a `ctx.sleep` or a `ctx.wait_signal` the function
        runs again from its beginning, and finds the recorded results instead of doing the steps again.
        """

        from ._durable import make_durable

        def make(fn: Any) -> "Workflow[Any, Any]":
            return make_durable(self, fn, name or fn.__name__, version, Options(**options))

        return make if fn is None else make(fn)

    def add_agent(self, agent: Agent) -> Agent:
        """Lets an agent take tasks: those that name it, and those that ask for what it can do."""
        self._staff.add(agent)
        return agent

    def ask(
        self, who: "str | Agent | list[str]", prompt: Any, *, id: Optional[str] = None, **more: Any
    ) -> "Call[Run[Any]]":
        """Starts a run that gives one task to an agent: itself, by its name, or by a list of what it has to be able to do.

        The result of one that asks a model, or is a program, is an `fk.Reply`.
        """
        return self._start(self._task(who, prompt, more), (), {}, (id, False))

    def _task(self, who: "str | Agent | list[str]", prompt: Any, more: "Mapping[str, Any]") -> Graph:
        if isinstance(who, Agent):
            self._staff.add(who)
        return asking(self._staff.known(who), prompt, more, replies(self._staff.agents))

    def _agent(self, who: "str | Agent") -> Agent:
        return self._staff.find(who)

    def _agent_number(self, made: Agent) -> int:
        return self._staff.number(made)

    def load(self, path: "str | os.PathLike[str]") -> Loaded:
        """Reads a workflow file; the further workflows that it holds can be run by name from then on.

        Raises `InvalidWorkflow` with all that is wrong with it, each with its place.
        """
        name = os.fspath(path)
        with open(name, encoding="utf-8") as file:
            return self.parse(file.read(), name)

    def parse(self, text: str, name: str = "workflow") -> Loaded:
        """Reads a workflow file's text, YAML or JSON; `name` stands in errors."""
        made, others = _native.Definition.parse(text, name)
        for other in [made, *others]:
            self._engine.add_workflow(other)
        return Loaded(made)

    def _add_step(self, step: "Step[Any, Any]", inline: bool) -> None:
        if step.is_elsewhere:
            return
        known = self._steps.get(step.name)
        if known is not None and known.fn is not step.fn and known.fn.__qualname__ != step.fn.__qualname__:
            raise ValueError(f"there is a step `{step.name}` already: give this one another name, with name=")
        self._steps[step.name] = step
        self._bodies.append(Body(step.name, step.fn, weakref.proxy(self), Context))
        self._engine.add_step(step.name, len(self._bodies) - 1, not (step.is_async or inline))

    def _add_workflow(self, workflow: "Workflow[Any, Any]") -> None:
        self._workflows[workflow.name] = workflow
        self._known.discard(workflow.name)

    def _definition(self, workflow: Any) -> Any:
        """Makes the checked graph of what can be started, and registers what it needs."""
        for name in [name for name in self._workflows if name not in self._known]:
            self._engine.add_workflow(self._workflows[name].definition())
            self._known.add(name)
        if isinstance(workflow, str):
            if workflow not in self._workflows:
                import difflib

                near = difflib.get_close_matches(workflow, self._workflows, 1)
                raise ValueError(f"there is no workflow `{workflow}` here" + (f": did you mean `{near[0]}`?" if near else ""))
            workflow = self._workflows[workflow]
        if not isinstance(workflow, (Workflow, Graph, Loaded)):
            raise TypeError(f"a workflow, a graph or a loaded file can be started, not {workflow!r}")
        made = workflow.definition()
        used = workflow.steps if isinstance(workflow, Workflow) else getattr(workflow, "_builder", None)
        for step in (used if isinstance(used, dict) else used.steps if used else {}).values():
            if isinstance(step, Agent):
                self._staff.add(step)
            elif step.name not in self._steps:
                self._add_step(step, False)
        return made

    @overload
    def start(
        self, workflow: "Workflow[..., R]", *args: Any, id: Optional[str] = None, detach: bool = False, **inputs: Any
    ) -> "Call[Run[R]]": ...
    @overload
    def start(
        self, workflow: "Graph | Loaded | Agent | str", *args: Any, id: Optional[str] = None, detach: bool = False, **inputs: Any
    ) -> "Call[Run[Any]]": ...

    def start(
        self, workflow: Any, *args: Any, id: Optional[str] = None, detach: bool = False, **inputs: Any
    ) -> "Call[Run[Any]]":
        """Starts a run with these inputs, or finds it: the same id with the same inputs is the same run.

        A detached run is only recorded: another process, or `app.recover()`, drives it.
        Raises `InvalidWorkflow`, `InvalidInput`, `IdConflict`, `StoreError`.
        """
        return self._start(workflow, args, inputs, (id, detach))

    def _start(self, workflow: Any, args: Any, inputs: Any, how: Any, thread: bool = False) -> "Call[Run[Any]]":
        if isinstance(workflow, Agent):
            prompt, more = (args[0], inputs) if args else (inputs.pop("prompt", ""), inputs)
            workflow, args, inputs = self._task(workflow, prompt, more), (), {}
        made = self._definition(workflow)
        workflow = self._workflows[workflow] if isinstance(workflow, str) else workflow
        if isinstance(workflow, Workflow):
            inputs = workflow.bind(args, inputs)
        elif args:
            (inputs,) = (dict(*args, **inputs),) if len(args) == 1 else ((),)
            if not inputs:
                raise TypeError("the inputs of a graph or a file are given by name")
        annotation = workflow._annotation if isinstance(workflow, Workflow) else Any
        decode = getattr(workflow, "_decode", None) if annotation is Any else decoder(annotation)
        context = contextvars.copy_context()

        def begin(lane: Any) -> Any:
            self._ground.begin()
            if thread:
                lane = self._ground.loop_lane()
            native = None if lane is None else lane.native
            variables = context if len(context) else None
            how_to = {
                "definition": made, "input": inputs, "id": how[0], "detached": how[1], "lane": native, "vars": variables,
            }  # fmt: skip
            return self._engine.start(how_to)

        return Call(self, begin, lambda handle: Run(self, handle, decode))

    @overload
    def run(
        self, workflow: "Workflow[..., R]", *args: Any, id: Optional[str] = None, timeout: Optional[float] = None,
        **inputs: Any,
    ) -> R: ...  # fmt: skip
    @overload
    def run(
        self, workflow: "Graph | Loaded | Agent | str", *args: Any, id: Optional[str] = None,
        timeout: Optional[float] = None, **inputs: Any,
    ) -> Any: ...  # fmt: skip

    def run(
        self, workflow: Any, *args: Any, id: Optional[str] = None, timeout: Optional[float] = None, **inputs: Any
    ) -> Any:
        """Starts a run, waits in this thread until it has ended, and gives its result; works in notebooks, too.

        Raises as `start` and `Run.result` do. After a Ctrl-C or a `WaitTimeout` the run goes on.
        """
        blocks = running_loop() is not None
        begun = self._start(workflow, args, inputs, (id, False), thread=blocks)
        run = begun._show(begun._begin(None).wait()) if begun._show else None
        assert run is not None
        return run._show(run._handle.result().wait(timeout))

    def find(self, id: str) -> "Call[Run[Any]]":
        """Finds a run by its id. Raises `RunNotFound`."""
        return self._call(lambda: self._engine.find(id), lambda handle: Run(self, handle))

    def list(
        self, status: Optional[str] = None, *, after: Optional[str] = None, limit: int = 100
    ) -> "Call[tuple[list[tuple[str, dict[str, Any]]], Optional[str]]]":
        """Lists runs, the newest first: `[(id, fields)]`, and what `after` is for the next page."""
        return self._call(lambda: self._engine.list(status, after, limit))

    def recover(self) -> Call[int]:
        """Takes over what dead processes left, and gives how many runs; `settled` waits for them."""
        for workflow in tuple(self._workflows.values()):
            self._definition(workflow)
        return self._call(lambda: self._engine.recover())

    def settled(self) -> Call[None]:
        """Waits until nothing is driven here any more: every run has ended or rests."""
        return self._call(lambda: self._engine.settled())

    def save(self, *workflows: Any) -> Call[None]:
        """Keeps workflows in the store, so that any process can run them by name: `fusion run NAME`."""
        made = [self._definition(workflow) for workflow in workflows]
        return self._call(lambda: self._engine.save(made))

    def prune(self, id: str) -> Call[None]:
        """Deletes a run that has ended, with its journal."""
        return self._call(lambda: self._engine.prune(id))

    def store_status(self, deep: bool = False) -> "Call[dict[str, Any]]":
        """Describes the store: `url`, `durability`, `facts`; with `deep`, reads all of it and lists `problems`."""
        return self._call(lambda: self._engine.status(deep))

    def _call(self, begin: Callable[[], Any], show: Any = None) -> Call[Any]:
        def go(_: Any) -> Any:
            self._ground.begin()
            return begin()

        return Call(self, go, show)

    def close(self) -> None:
        """Lets go of everything; what runs goes on when a process recovers it. Further calls raise `Closed`."""
        self._ground.leave_loops()
        self._end()

    def __enter__(self) -> "Fusion":
        self.recover().wait()
        return self

    def __exit__(
        self, kind: "Optional[type[BaseException]]", error: Optional[BaseException], trace: "Optional[TracebackType]"
    ) -> None:
        self.close()

    async def __aenter__(self) -> "Fusion":
        await self.recover()
        return self

    async def __aexit__(
        self, kind: "Optional[type[BaseException]]", error: Optional[BaseException], trace: "Optional[TracebackType]"
    ) -> None:
        import asyncio

        await asyncio.to_thread(self._end)
        self._ground.leave_loops()

    def _check_blocking(self) -> None:
        if self._ground.is_home(running_loop()):
            raise RuntimeError("this would block the loop on which steps run: `await` it instead of `.wait()`")

    def _keep_cause(self, where: "tuple[str, str]", error: BaseException) -> None:
        self._causes[where] = error
        if len(self._causes) > _CAUSES:
            self._causes.pop(next(iter(self._causes)), None)

    def _cause_of(self, where: "tuple[str, str]") -> Optional[BaseException]:
        return self._causes.get(where)

    def __repr__(self) -> str:
        return f"<fusion {self.url}>"


_apps: "weakref.WeakSet[Fusion]" = weakref.WeakSet()


def _in_child() -> None:
    for app in list(_apps):
        app._engine.orphan()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
