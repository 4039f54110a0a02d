"""Steps: functions whose results a run records."""

from __future__ import annotations

from typing import Any, Callable, Generic, Optional, ParamSpec, TypeVar, cast

from ._body import hints_of, is_async, parameters_of
from ._options import Options, milliseconds
from ._refs import Node, Ref, building, expression, template

P = ParamSpec("P")
R = TypeVar("R")

_ITEM = Ref("item")


class Step(Generic[P, R]):
    """A function whose results are recorded; made by `@app.step`.

    Inside of a workflow a call gives a `Node`; anywhere else it is the plain function.
    """

    def __init__(self, name: str, fn: Callable[..., Any], options: Options) -> None:
        import functools
        import inspect

        functools.update_wrapper(self, fn)
        self.name = name
        self.is_elsewhere: bool = options.elsewhere
        self.fn: Callable[P, Any] = _absent(name, fn) if self.is_elsewhere else fn
        self._options = options
        self._context, self._parameters = parameters_of(fn)
        self._signature = inspect.Signature(self._parameters)
        self._returns = hints_of(fn).get("return", Any)
        self.is_async: bool = is_async(fn)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> "Node[R]":
        """Adds a node to the workflow that is being built; outside of one, calls the function."""
        builder = building()
        if builder is None:
            # What it gives fits wherever a node of it fits, for type checkers.
            return cast("Node[R]", self.fn(*args, **kwargs))
        return self._add(builder, self._run(self._bind(args, kwargs)), self._returns)

    def map(
        self,
        over: Any,
        *args: Any,
        max_parallel: int = 16,
        on_item_failure: str = "stop",
        **kwargs: Any,
    ) -> "Node[list[R]]":
        """Runs the step for each item of a list, known now or not: the item is the first argument.

        Further arguments are the same for all items; where one of them is made of `fk.item`, the item is no argument
        of its own. At most `max_parallel` run at once. When an item fails for good, the others are cancelled
        (`on_item_failure="stop"`), run to their end (`"finish"`), or the item's result says so (`"collect"`).
        """
        builder = _builder("map")
        given = _has_item([*args, *kwargs.values()])
        arguments = self._bind(args if given else (_ITEM, *args), kwargs)
        action = self._run(arguments)["run"]
        if not given and len(arguments) == 1 and self._takes_plain_items():
            # The item as it is: nothing has to be evaluated for it.
            del action["with"]
        data = {"over": template(over), "task": action, "max_parallel": max_parallel}
        if on_item_failure not in ("stop", "finish", "collect"):
            raise ValueError(f"on_item_failure is stop, finish or collect, not {on_item_failure!r}")
        data["on_item_failure"] = on_item_failure
        node: "Node[list[R]]" = self._add(builder, {"map": data}, _list_of(self._returns))
        return node

    def repeat(self, *args: Any, until: Any, max: int, pause: Any = 0, **kwargs: Any) -> "Node[R]":
        """Runs the step until a condition holds, at most `max` times.

        The condition sees `output` and `round`, the arguments `previous` (the last output) and `round`:
        `improve.repeat(text=fk.Ref("previous or inputs.draft"), until="output.score > 8", max=5)`.
        """
        builder = _builder("repeat")
        action = self._run(self._bind(args, kwargs))["run"]
        data = {"task": action, "until": expression(until), "max": max, "pause_ms": milliseconds(pause, "pause")}
        return self._add(builder, {"repeat": data}, self._returns)

    def options(self, **changes: Any) -> "Step[P, R]":
        """Gives the same step with other options: those of `@app.step`, and `id`, the node's name."""
        return Step._of(self, self._options._replace(**changes))

    @staticmethod
    def _of(step: "Step[P, R]", options: Options) -> "Step[P, R]":
        copy: "Step[P, R]" = Step.__new__(Step)
        copy.__dict__.update(step.__dict__)
        copy._options = options
        return copy

    def _takes_plain_items(self) -> bool:
        one = self._parameters[0]
        return hints_of(self.fn).get(one.name, Any) in (str, int, float, bool)

    def _bind(self, args: Any, kwargs: Any) -> "dict[str, Any]":
        try:
            return dict(self._signature.bind(*args, **kwargs).arguments)
        except TypeError as error:
            raise TypeError(f"step `{self.name}`: {error}") from None

    def _run(self, arguments: "dict[str, Any]") -> "dict[str, Any]":
        given = {name: template(value) for name, value in arguments.items()}
        action: "dict[str, Any]" = {"action": {"step": self.name}}
        if given:
            action["with"] = given
        return {"run": action}

    def _task(self, known: "dict[str, Any]", output: Optional[str]) -> "dict[str, Any]":
        """Gives the task in which the step stands in for another one: arguments by name, the output for what is left."""
        given: "dict[str, Any]" = {}
        for one in self._parameters:
            if one.name in known:
                given[one.name] = known[one.name]
            elif output is not None:
                given[one.name] = output
                output = None
        task: "dict[str, Any]" = {"action": {"step": self.name}}
        if given:
            task["with"] = given
        return task

    def _add(self, builder: Any, kind: "dict[str, Any]", annotation: Any) -> "Node[Any]":
        options = self._options
        more: "dict[str, Any]" = {}
        policy = options.policy()
        if policy:
            more["policy"] = policy
        if options.validate:
            more["validate"] = list(options.validate)
        (task,) = kind.values()
        known = task.get("task", task).get("with", {})
        if options.fallback is not None:
            more["fallback"] = _step(options.fallback, "fallback")._task(known, None)
        if options.compensate is not None:
            more["compensate"] = _step(options.compensate, "compensate")._task(known, "{{ output }}")
        builder.use(self)
        node: "Node[Any]" = builder.add(options.id or self.name, kind, more, annotation)
        return node

    def __repr__(self) -> str:
        return f"<step {self.name}>"


def _absent(name: str, fn: Callable[..., Any]) -> Callable[..., Any]:
    """Stands in for code that another process has."""
    import functools

    @functools.wraps(fn)
    def absent(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"the code of step `{name}` is elsewhere: use it in a workflow, and let a run find that code")

    return absent


def _step(value: Any, what: str) -> "Step[Any, Any]":
    if not isinstance(value, Step):
        raise TypeError(f"`{what}` is a step made by @app.step, not {value!r}")
    return value


def _builder(what: str) -> Any:
    builder = building()
    if builder is None:
        raise RuntimeError(f"`.{what}` makes a node: call it in a function with @app.workflow")
    return builder


def _has_item(values: Any) -> bool:
    from ._refs import Ref

    for value in values:
        if isinstance(value, Ref):
            if value._expression.replace("(", " ").split("[")[0].split()[0:1] in (["item"], ["index"]):
                return True
        elif isinstance(value, (list, tuple)) and _has_item(value):
            return True
        elif isinstance(value, dict) and _has_item(value.values()):
            return True
    return False


def _list_of(annotation: Any) -> Any:
    if annotation is Any:
        return Any
    try:
        return list.__class_getitem__(annotation)
    except TypeError:
        return Any
