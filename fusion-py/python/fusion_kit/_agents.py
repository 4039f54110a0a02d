"""Agents: they take tasks in words, by their name or by what they can do."""

from __future__ import annotations

from typing import Any, ClassVar, Mapping, Optional

from ._context import Context
from ._errors import Permanent
from ._graph import Graph
from ._options import Options
from ._refs import Node, building, set_building, template


class Agent:
    """Something that works on tasks: subclass it, give it a `name` and `capabilities`, and write `run`.

    `app.add_agent(Writer())` lets it take the `agent:` nodes of workflow files, `fk.agent(…)` nodes, and `app.ask(…)`.
    Every task is a step of a run: it is recorded, tried again and cancelled as any other, and `ctx.memo` keeps what a
    crash shall not cost twice.
    """

    name: ClassVar[str] = ""
    """Under which name it is asked; the class's own in lower case, if it says nothing else."""

    capabilities: ClassVar[Mapping[str, float]] = {}
    """What it can do, and how well: a task for several goes to whoever has the largest sum."""

    async def run(self, ctx: Context, prompt: str, **more: Any) -> Any:
        """Works on a task and gives its result: plain data, or what an annotation of it makes so."""
        raise NotImplementedError

    def word(self) -> str:
        """Gives the name under which it is asked."""
        return self.name or type(self).__name__.lower()


def choose(agents: "Mapping[str, Agent]", needs: "list[str]") -> Agent:
    """Gives the agent that can do all of this, and does it best.

    Raises `Permanent` when there is none, with what there is.
    """
    able = [one for one in agents.values() if all(need in one.capabilities for need in needs)]
    if not able:
        known = sorted({word for one in agents.values() for word in one.capabilities})
        raise Permanent(f"no agent here can do {', '.join(needs)}; known: {', '.join(known) or 'none'}")
    return max(able, key=lambda one: (sum(one.capabilities[need] for need in needs), one.word()))


def step_of(one: Agent) -> Any:
    """Makes the step's function of one agent."""

    async def run(ctx: Context, given: "dict[str, Any]") -> Any:
        return await one.run(ctx, **_arguments(given.get("with")))

    return run


def router(agents: "Mapping[str, Agent]") -> Any:
    """Makes the step's function for tasks that name no agent."""

    async def run(ctx: Context, given: "dict[str, Any]") -> Any:
        asked = given.get("agent") or {}
        one = choose(agents, list(asked.get("needs", [])))
        return await one.run(ctx, **_arguments(given.get("with")))

    return run


def asking(who: "str | list[str]", prompt: Any, more: "Mapping[str, Any]") -> Graph:
    """Makes the graph of one task."""
    graph = Graph("ask")
    before = set_building(graph._builder)
    try:
        node = agent(who, prompt, **more) if isinstance(who, str) else agent(prompt=prompt, needs=who, **more)
    finally:
        set_building(before)
    return graph.output("result", node)


def _arguments(given: Any) -> "dict[str, Any]":
    if isinstance(given, dict):
        return given
    return {} if given is None else {"prompt": given}


def agent(
    who: "str | None" = None, prompt: Any = None, *, needs: "list[str] | None" = None, id: Optional[str] = None,
    options: Optional[Options] = None, **more: Any,
) -> "Node[Any]":  # fmt: skip
    """Adds a node that gives a task to an agent: by its name, or to whoever can do all that is in `needs`."""
    builder = building()
    if builder is None:
        raise RuntimeError("`fk.agent` makes a node: call it in a function with @app.workflow; outside of one, `app.ask`")
    if (who is None) == (needs is None):
        raise ValueError("give the agent's name, or what it has to be able to do (needs=[…])")
    action = {"agent": who if who is not None else {"needs": needs}}
    given = {"prompt": template(prompt), **{key: template(value) for key, value in more.items()}}
    policy = (options or Options()).policy()
    made: "Node[Any]" = builder.add(
        id or who or "agent", {"run": {"action": action, "with": given}}, {"policy": policy} if policy else None
    )
    return made
