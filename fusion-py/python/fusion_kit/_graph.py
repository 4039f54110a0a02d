"""Graphs: built by calling steps in a workflow, or node by node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Generic, Mapping, Optional, ParamSpec, Sequence, TypeVar

from . import _native
from ._options import milliseconds
from ._refs import Node, Ref, annotation_of, building, expression, set_building, template

if TYPE_CHECKING:
    from types import TracebackType

P = ParamSpec("P")
R = TypeVar("R")

_INPUT_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}


class Builder:
    """Nodes as they are made."""

    def __init__(self) -> None:
        self.nodes: "list[dict[str, Any]]" = []
        self.steps: "dict[str, Any]" = {}
        self.conditions: "list[str]" = []
        self._names: "set[str]" = set()

    def use(self, step: Any) -> None:
        """Notes that a step is used."""
        known = self.steps.setdefault(step.name, step)
        if known.fn is not step.fn:
            raise ValueError(f"two functions have the name `{step.name}`: give one of them another, with name=")

    def add(
        self, name: str, kind: "dict[str, Any]", more: "Optional[dict[str, Any]]" = None, annotation: Any = Any
    ) -> "Node[Any]":
        """Adds a node under a name, or the next free one like it."""
        free, count = name, 1
        while free in self._names:
            count += 1
            free = f"{name}_{count}"
        self._names.add(free)
        data: "dict[str, Any]" = {"id": free, "kind": kind}
        if more:
            data["more"] = more
        self.nodes.append(data)
        node: "Node[Any]" = Node(self, data, "", annotation)
        for condition in self.conditions:
            node.when(Ref(condition))
        return node


def define(name: str, version: int, builder: Builder, outputs: Any, more: "dict[str, Any]") -> Any:
    """Makes the checked form of what was built."""
    graph = {"name": name, "version": version, "nodes": builder.nodes, "outputs": outputs, **more}
    return _native.Definition.of(graph)


class Picture:
    """What can be drawn."""

    def definition(self) -> Any:
        """Gives the checked graph."""
        raise NotImplementedError

    def draw(self, format: str = "mermaid") -> str:
        """Draws the graph: `mermaid`, `dot`, `svg` or `json`."""
        drawn: str = self.definition().draw(format)
        return drawn

    def _repr_html_(self) -> str:
        return self.draw("svg")


class Graph(Picture):
    """A graph that is made node by node, from data perhaps: `g.add("b", fn, needs=[a], args=[a])`."""

    _is_graph = True

    def __init__(
        self, name: str, *, version: int = 1, description: str = "", on_failure: str = "stop",
        inputs: Optional[Mapping[str, Any]] = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.version = version
        self._more = {"description": description, "on_failure": on_failure}
        self._inputs = {key: _input(kind) for key, kind in (inputs or {}).items()}
        self._builder = Builder()
        self._nodes: "dict[str, Node[Any]]" = {}
        self._outputs: "dict[str, Any]" = {}
        self._decode: Any = None

    def input(self, name: str) -> Ref:
        """Gives a reference to an input."""
        return Ref(f"inputs[{template(name)!r}]" if not name.isidentifier() else f"inputs.{name}")

    def add(
        self, id: str, fn: Any, *, needs: Sequence["Node[Any]"] = (), args: Sequence[Any] = (),
        kwargs: Optional[Mapping[str, Any]] = None, when: Any = None, **options: Any,
    ) -> "Node[Any]":  # fmt: skip
        """Adds a node that runs a step, a plain function, or another workflow; options are those of `@app.step`."""
        from ._options import Options
        from ._step import Step

        if id in (node["id"] for node in self._builder.nodes):
            raise ValueError(f"there is a node `{id}` already")
        step = fn if isinstance(fn, (Step, Workflow)) else Step(fn.__name__, fn, Options())
        if isinstance(step, Step):
            step = step.options(**options, id=id)
        before = set_building(self._builder)
        try:
            node: "Node[Any]" = step(*args, **(kwargs or {}))
            if isinstance(step, Workflow):
                node._data["id"] = id
                node = Node(self._builder, node._data, ".result")
        finally:
            set_building(before)
        node.after(*needs)
        self._nodes[id] = node
        return node if when is None else node.when(when)

    def output(self, name: str, value: Any) -> "Graph":
        """Adds an output; without any, the nodes that nothing needs are the outputs."""
        self._outputs[name] = template(value)
        return self

    def definition(self) -> Any:
        """Gives the checked graph.

        Raises `InvalidWorkflow` with all that is wrong with it.
        """
        outputs = self._outputs or self._leaves()
        return define(self.name, self.version, self._builder, outputs, {**self._more, "inputs": self._inputs})

    def _leaves(self) -> "dict[str, Any]":
        import json
        import re

        text = json.dumps([(node["kind"], node.get("more")) for node in self._builder.nodes])
        used = {left or right for left, right in re.findall(r'nodes(?:\.(\w+)|\[\\"([^"]+)\\"\])', text)}
        used.update(name for node in self._builder.nodes for name in node.get("needs", ()))
        return {name: template(node) for name, node in self._nodes.items() if name not in used}


def _input(kind: Any) -> "dict[str, Any]":
    import typing

    origin = typing.get_origin(kind) or kind
    return {"type": _INPUT_TYPES.get(origin, "any") if isinstance(origin, type) else "any"}


class Workflow(Picture, Generic[P, R]):
    """A function that is called once, to build a graph of the steps that it calls; made by `@app.workflow`."""

    def __init__(self, name: str, fn: Callable[..., Any], version: int, more: "dict[str, Any]") -> None:
        import functools
        import inspect

        functools.update_wrapper(self, fn)
        self.name = name
        self.version = version
        self.fn = fn
        self._more = more
        self._signature = inspect.signature(fn)
        for one in self._signature.parameters.values():
            if one.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
                raise TypeError(f"`{name}` takes `*{one.name}`: a workflow's inputs have names")
        self._built: Any = None
        self._annotation: Any = Any
        self.steps: "dict[str, Any]" = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> "Node[R]":
        """Adds a node to the workflow that is being built: this one runs there, as a run of its own."""
        builder = building()
        if builder is None:
            raise RuntimeError(f"start `{self.name}` with app.start(…) or app.run(…); a call makes a node of another workflow")
        given = {name: template(value) for name, value in self.bind(args, kwargs).items()}
        self.definition()
        node: "Node[Any]" = builder.add(self.name, {"run": {"action": {"workflow": self.name}, "with": given}})
        if set(self._built.json().get("outputs", {})) == {"result"}:
            return Node(builder, node._data, ".result", self._annotation)
        return node

    def bind(self, args: Any, kwargs: Any) -> "dict[str, Any]":
        """Gives the inputs by name."""
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"workflow `{self.name}`: {error}") from None
        return dict(bound.arguments)

    def definition(self) -> Any:
        """Gives the checked graph; the function is called at the first time."""
        if self._built is None:
            self._build()
        return self._built

    def _build(self) -> None:
        from ._body import hints_of

        hints, builder = hints_of(self.fn), Builder()
        inputs = {}
        for one in self._signature.parameters.values():
            inputs[one.name] = _input(hints.get(one.name, Any))
            if one.default is not one.empty:
                inputs[one.name] = {**inputs[one.name], "default": template(one.default)}
                if one.default is None:
                    inputs[one.name]["type"] = "any"
        before = set_building(builder)
        try:
            made = self.fn(**{name: Ref(f"inputs.{name}") for name in inputs})
        finally:
            set_building(before)
        outputs = _outputs(made)
        self._annotation = _result_type(hints.get("return"), made)
        self.steps = builder.steps
        self._built = define(self.name, self.version, builder, outputs, {**self._more, "inputs": inputs})


class Loaded(Picture):
    """A workflow that was read from a file."""

    def __init__(self, definition: Any) -> None:
        self._definition = definition

    @property
    def name(self) -> str:
        """The workflow's name."""
        return str(self._definition.name)

    def definition(self) -> Any:
        """Gives the checked graph."""
        return self._definition


def _outputs(made: Any) -> "dict[str, Any]":
    if made is None:
        return {}
    if type(made) is dict and all(isinstance(key, str) for key in made):
        return {key: template(value) for key, value in made.items()}
    return {"result": template(made)}


def _result_type(annotation: Any, made: Any) -> Any:
    import typing

    if typing.get_origin(annotation) is Node:
        (inner,) = typing.get_args(annotation)
        return inner
    return annotation_of(made)


class when:
    """In a workflow, `with fk.when(condition):` skips the nodes made in it when the condition does not hold."""

    def __init__(self, condition: Any) -> None:
        self._condition = expression(condition)

    def __enter__(self) -> None:
        _here("when").conditions.append(self._condition)

    def __exit__(
        self, kind: "Optional[type[BaseException]]", error: Optional[BaseException], trace: "Optional[TracebackType]"
    ) -> None:
        _here("when").conditions.pop()


def unless(condition: Any) -> when:
    """Is `when` for the other case."""
    return when(f"not ({expression(condition)})")


def _here(what: str) -> Builder:
    builder: Optional[Builder] = building()
    if builder is None:
        raise RuntimeError(f"`fk.{what}` makes nodes: call it in a function with @app.workflow")
    return builder


def _wait(what: str, name: str, spec: "dict[str, Any]") -> "Node[Any]":
    return _here(what).add(name, {"wait": spec})


def sleep(seconds: Any, *, id: str = "sleep") -> "Node[None]":
    """Adds a node that waits for so long; the wait outlives the process."""
    text = template(seconds) if isinstance(seconds, Ref) else f"{milliseconds(seconds, 'sleep')}ms"
    return _wait("sleep", id, {"duration": text})


def sleep_until(moment: Any, *, id: str = "sleep_until") -> "Node[None]":
    """Adds a node that waits until a moment: a `datetime` with its zone, or RFC 3339 text."""
    if hasattr(moment, "tzinfo") and moment.tzinfo is None:
        raise ValueError("the moment has no time zone: give datetime(…, tzinfo=…)")
    text = template(moment) if isinstance(moment, (str, Ref)) else moment.isoformat()
    return _wait("sleep_until", id, {"until": text})


def wait_signal(name: str, *, timeout: Any = None, id: Optional[str] = None) -> "Node[Any]":
    """Adds a node that waits for a signal of this name, whose payload it gives; fails with `timeout` after so long."""
    spec = {"name": template(name), "timeout_ms": None if timeout is None else milliseconds(timeout, "timeout")}
    return _wait("wait_signal", id or (name if name.isidentifier() else "signal"), {"signal": spec})


def approval(message: str, *, role: str = "", timeout: Any = None, id: str = "approval") -> "Node[dict[str, Any]]":
    """Adds a node that waits for a person's yes or no, and gives `{approved, by, comment, at}`."""
    limit = None if timeout is None else milliseconds(timeout, "timeout")
    return _wait("approval", id, {"approval": {"role": role, "message": template(message), "timeout_ms": limit}})


def command(
    *argv: Any, stdin: Any = None, cwd: Any = None, env: Optional[Mapping[str, Any]] = None,
    id: Optional[str] = None, **options: Any,
) -> "Node[dict[str, Any]]":  # fmt: skip
    """Adds a node that runs a program, without a shell: it gives `{stdout, stderr, lines, json, exit_code, duration_ms}`.

    Options are those of `@app.step`, as far as they fit a program.
    """
    from ._options import Options

    builder = _here("command")
    program: "dict[str, Any]" = {"argv": [_word(word) for word in argv]}
    if stdin is not None:
        program["stdin"] = _word(stdin)
    if cwd is not None:
        program["cwd"] = _word(cwd)
    if env:
        program["env"] = {key: _word(value) for key, value in env.items()}
    policy = Options(**options).policy()
    more = {"policy": policy} if policy else None
    name = id or "".join(c if c.isalnum() else "_" for c in str(argv[0]).rsplit("/", 1)[-1])
    return builder.add(name if name.isidentifier() else "command", {"run": {"action": {"command": program}}}, more)


def _word(value: Any) -> str:
    made = template(value)
    return made if isinstance(made, str) else str(made)
