"""Agents: they take tasks in words, by their name or by what they can do."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple, Optional, Sequence

from ._body import Code, is_async
from ._chat import Price, Reply, Usd, is_reply, reply_of, usd
from ._context import Context
from ._errors import DecodeError, Permanent
from ._graph import Graph
from ._options import Options, milliseconds
from ._refs import Node, building, set_building, template
from ._values import decoder

if TYPE_CHECKING:
    from ._app import Fusion
    from ._asking import Providers
    from ._providers import Model


_SAMPLING = (
    "temperature", "top_p", "top_k", "seed", "max_output_tokens", "stop", "frequency_penalty", "presence_penalty", "effort",
)  # fmt: skip


class Limits(NamedTuple):
    """How much an agent may do for one task, over crashes and hand-offs. When one is reached, the reply says so and holds what there is."""

    turns: Optional[int] = None
    """How often models are asked for a turn; 32 if not given."""
    cost: Optional[Usd] = None
    """What may be spent in US dollars: no further turn is asked for once it is reached, or when nobody says what the last one did cost."""
    time: Any = None
    """How long it may take by the wall clock; an hour if not given."""
    tools_at_once: Optional[int] = None
    """How many calls of tools may be under way at once; 8 if not given."""
    tool_time: Any = None
    """How long a call of a tool may take; 5 minutes if not given."""
    result_bytes: Optional[int] = None
    """What a model gets to see of a tool's result; 64 KiB if not given."""

    def data(self) -> "dict[str, Any]":
        """Gives the engine's form."""
        return {
            "turns": self.turns, "cost": None if self.cost is None else usd(self.cost),
            "total_ms": None if self.time is None else milliseconds(self.time, "Limits.time"),
            "tools_at_once": self.tools_at_once,
            "tool_ms": None if self.tool_time is None else milliseconds(self.tool_time, "Limits.tool_time"),
            "result_bytes": self.result_bytes,
        }  # fmt: skip


class Piece(NamedTuple):
    """A piece of a model's answer as it comes."""

    agent: str
    """Who speaks: the agent, or one that it handed over to."""
    turn: int
    """In which turn, from 0 on."""
    chunk: "dict[str, Any]"
    """What, in the engine's form: `{"type": "text", "text": …}`, `reasoning`, `call`, …, `end`."""

    @property
    def text(self) -> str:
        """The words of the answer in it; empty for anything else."""
        said: str = self.chunk["text"] if self.chunk.get("type") == "text" else ""
        return said


class Agent:
    """Something that works on tasks.

    With a `model` it asks that and uses its `tools` until it has said all: every answer and every result of a tool is
    recorded once, so that no token is paid for twice, whatever crashes. Its result is an `fk.Reply`. It is made as it
    is, `fk.Agent("writer", model="openai:gpt-4o-mini", system="…")`, or by a subclass that sets these fields.

    A subclass that writes `run` works by its own judgement; `ctx.memo` and `ctx.work` keep what a crash shall not cost twice.

    `app.add_agent(writer)` lets it take the `agent:` nodes of workflow files, `fk.agent(…)` nodes, and `app.ask(…)`.
    """

    name: str = ""
    """Under which name it is asked; the class's own in lower case, if it says nothing else."""

    capabilities: "Mapping[str, float]" = {}
    """What it can do, and how well: a task for several goes to whoever has the largest sum."""

    model: "Optional[Model]" = None
    """Who answers: a provider or its name, `"openai:gpt-4o-mini"`."""

    model_name: str = ""
    """The provider's word for the model, where `model` does not say it."""

    system: str = ""
    """Its instructions."""

    tools: Sequence[Any] = ()
    """What it may use: typed functions, `def` or `async def`; steps; `fk.Tool`s; sets of built-in tools as dicts, such as
    `{"workspace": "./src", "write": True}`, `{"command": ["cargo", "git log *"]}`, `{"http": ["docs.rs"]}`; and the tools of a server
    of the Model Context Protocol, `{"mcp": ["npx", "server"], "name": "files", "allow": ["read_*"]}`, or its URL with a `key`; and
    `{"memory": "writer"}`: what this owner remembers beyond one task."""

    hand_offs: "Sequence[Agent]" = ()
    """Other agents that may go on with the conversation, within the limits of this one."""

    result: Any = None
    """The type of its result (a dataclass, a model, a `TypedDict`, …), or a JSON Schema as a dict."""

    limits: Limits = Limits()
    """How much it may do for one task."""

    sampling: "Mapping[str, Any]" = {}
    """How words are chosen, in the engine's form: `temperature`, `top_p`, `max_output_tokens`, `seed`, `stop`, `effort`, …"""

    price: Optional[Price] = None
    """What the model costs, for answers that do not say it."""

    window: Optional[int] = None
    """How many tokens the model holds in mind: a conversation that comes near it is summarised."""

    keep_messages: bool = False
    """The reply has what was said, so that a later task can go on from there (`messages=reply.messages`)."""

    watch: "Optional[Callable[[Piece], Any]]" = None
    """Sees every piece of an answer as it comes, `lambda piece: print(piece.text, end="")`; `def` (in a thread) or `async def`. What was
    recorded before a crash does not come again; what it raises is logged, and stops nothing."""

    def __init__(
        self, name: Optional[str] = None, *, model: "Optional[Model]" = None, model_name: Optional[str] = None,
        system: Optional[str] = None, tools: Optional[Sequence[Any]] = None,
        hand_offs: "Optional[Sequence[Agent]]" = None, result: Any = None, limits: Optional[Limits] = None,
        sampling: "Optional[Mapping[str, Any]]" = None, price: Optional[Price] = None, window: Optional[int] = None,
        keep_messages: Optional[bool] = None, watch: "Optional[Callable[[Piece], Any]]" = None,
        capabilities: "Optional[Mapping[str, float]]" = None,
    ) -> None:  # fmt: skip
        """Sets the fields that are given; the others are as the class has them."""
        fields = {
            "name": name, "model": model, "model_name": model_name, "system": system, "tools": tools,
            "hand_offs": hand_offs, "result": result, "limits": limits, "sampling": sampling, "price": price,
            "window": window, "keep_messages": keep_messages, "watch": watch, "capabilities": capabilities,
        }  # fmt: skip
        self.__dict__.update({field: value for field, value in fields.items() if value is not None})

    async def run(self, ctx: Context, prompt: str, **more: Any) -> Any:
        """Works on a task and gives its result: plain data, or what an annotation of it makes so."""
        return await ctx.work(self, prompt, **more)

    def word(self) -> str:
        """Gives the name under which it is asked."""
        return self.name or type(self).__name__.lower()

    def __call__(self, prompt: Any, **more: Any) -> "Node[Any]":
        """Adds a node to the workflow that is being built: a task for this agent."""
        self._check(more)
        builder = building()
        if builder is not None:
            builder.steps.setdefault(f"agent:{self.word()}", self)
        return agent(self.word(), prompt, **more)

    def _check(self, more: "Mapping[str, Any]") -> None:
        """Refuses words that nobody would read."""
        if self._asks_model() and (odd := [word for word in more if word not in ("messages", "id", "options")]):
            raise TypeError(f"the agent `{self.word()}` takes a prompt and `messages`, no `{odd[0]}`")

    def _asks_model(self) -> bool:
        """Tells whether the engine's own loop does its work."""
        return type(self).run is Agent.run

    def _describe(self, known: "Providers", above: "tuple[Agent, ...]" = ()) -> "dict[str, Any]":
        if self in above:
            raise ValueError(f"`{self.word()}` hands over to itself in the end: hand-offs go one way")
        if self.model is None:
            raise ValueError(f"the agent `{self.word()}` has no model: set one, or write its `run`")
        if not isinstance(self.limits, Limits):
            raise TypeError(f"the limits of the agent `{self.word()}` are `fk.Limits(turns=…)`, not {self.limits!r}")
        if odd := [word for word in self.sampling if word not in _SAMPLING]:
            raise TypeError(f"the agent `{self.word()}` has a sampling `{odd[0]}`; there are {', '.join(_SAMPLING)}")
        from ._tools import tool_of

        above = (*above, self)
        data: "dict[str, Any]" = {
            "name": self.word(), "provider": known._number(self.model), "model": self.model_name,
            "system": self.system or None, "tools": [tool_of(one)._describe(known) for one in self.tools],
            "others": [other._describe(known, above) for other in self.hand_offs], "sampling": dict(self.sampling),
            "limits": self.limits.data(), "price": None if self.price is None else self.price.data(),
            "window": self.window, "keep_messages": self.keep_messages,
        }  # fmt: skip
        if self.result is not None:
            data["result"] = self._form(known)
        if self.watch is not None:
            data["watch"] = self._watcher(known, self.watch)
        return data

    def _watcher(self, known: "Providers", watch: "Callable[[Piece], Any]") -> "dict[str, Any]":
        waits = is_async(watch)
        number = known._code(Code(f"watch of {self.word()}", lambda said, _: watch(Piece(**said)), waits))
        return {"number": number, "name": "watch", "blocks": not waits}

    def _form(self, known: "Providers") -> "dict[str, Any]":
        if isinstance(self.result, dict):
            return {"schema": self.result}
        from ._schema import of_type

        decode = decoder(self.result)

        def check(value: Any, _: Any) -> None:
            if decode is not None:
                decode(value, "result")

        number = known._code(Code(f"result of {self.word()}", check, False))
        return {"schema": of_type(self.result), "check": {"number": number, "name": "check", "blocks": True}}

    def _reply(self, value: Any) -> Any:
        """Makes the reply of what was recorded, with a result of the type that was asked for."""
        if not is_reply(value):
            return value
        made = reply_of(value)
        decode = None if self.result is None or isinstance(self.result, dict) else decoder(self.result)
        if decode is None or made.result is None:
            return made
        return made._replace(result=decode(made.result, "result"))


class Staff:
    """The agents of one engine."""

    def __init__(self, app: "Fusion") -> None:
        self._app = app
        self.agents: "dict[str, Agent]" = {}
        self._numbers: "dict[int, tuple[Agent, int]]" = {}

    def add(self, made: Agent) -> None:
        """Lets an agent take tasks."""
        from ._step import Step

        word, known = made.word(), self.agents.get(made.word())
        if known is made:
            return
        if not self.agents:
            self._app._add_step(Step("agent", router(self.agents), Options()), False)
        if made._asks_model():
            self._number(made, True)
        else:
            self._app._add_step(Step(f"agent:{word}", step_of(made), Options()), False)
        self.agents[word] = made

    def known(self, who: Any) -> Any:
        """Gives the agent of a name if it is known here; everything else as it is, with a word on a name that nobody has."""
        if not isinstance(who, str) or who in self.agents:
            return self.agents.get(who, who) if isinstance(who, str) else who
        known = ", ".join(sorted(self.agents)) or "none"
        text = f"no agent here is called `{who}`: the task waits for a process that has one (known here: {known}; `app.add_agent` adds one)"
        warnings.warn(text, stacklevel=4)
        return who

    def find(self, who: "str | Agent") -> Agent:
        """Gives an agent by its name; one itself is added if it is not known."""
        if isinstance(who, Agent):
            return who
        if who not in self.agents:
            raise ValueError(f"no agent here is called `{who}`; known: {', '.join(sorted(self.agents)) or 'none'}")
        return self.agents[who]

    def number(self, made: Agent) -> int:
        """Gives the number of an agent that asks a model."""
        known = self._numbers.get(id(made))
        return self._number(made, False) if known is None else known[1]

    def _number(self, made: Agent, is_step: bool) -> int:
        number = self._app._engine.add_agent(made._describe(self._app.providers), is_step)
        self._numbers[id(made)] = made, number
        return number


def replies(agents: "Mapping[str, Agent]") -> Any:
    """Makes what turns the result of a task into a reply, by the agents that are known here."""

    def show(value: Any, _: str) -> Any:
        if not is_reply(value):
            return value
        known = agents.get(value["agent"])
        if known is None:
            return reply_of(value)
        try:
            return known._reply(value)
        except DecodeError:
            # After a hand-off the form is that of who was asked.
            return reply_of(value)

    return show


def choose(agents: "Mapping[str, Agent]", needs: "list[str]") -> Agent:
    """Gives the agent that can do all of this, and does it best.

    Raises `Permanent` when there is none, with what there is.
    """
    able = [one for one in agents.values() if all(need in one.capabilities for need in needs)]
    if not able:
        known = sorted({word for one in agents.values() for word in one.capabilities})
        raise Permanent(f"no agent here can do {', '.join(needs)}; known: {', '.join(known) or 'none'}")
    return max(able, key=lambda one: (sum(one.capabilities[need] for need in needs), one.word()))


def kept(value: Any) -> Any:
    """Gives what a node records of an agent's result."""
    return value._asdict() if isinstance(value, Reply) else value


def step_of(one: Agent) -> Any:
    """Makes the step's function of one agent."""

    async def run(ctx: Context, given: "dict[str, Any]") -> Any:
        return kept(await one.run(ctx, **_arguments(given.get("with"))))

    return run


def router(agents: "Mapping[str, Agent]") -> Any:
    """Makes the step's function for tasks that name no agent."""

    async def run(ctx: Context, given: "dict[str, Any]") -> Any:
        asked = given.get("agent") or {}
        one = choose(agents, list(asked.get("needs", [])))
        return kept(await one.run(ctx, **_arguments(given.get("with"))))

    return run


def asking(who: "str | Agent | list[str]", prompt: Any, more: "Mapping[str, Any]", show: Any) -> Graph:
    """Makes the graph of one task; `show` makes the reply of what was recorded."""
    graph = Graph("ask")
    before = set_building(graph._builder)
    try:
        if isinstance(who, Agent):
            node = who(prompt, **more)
        else:
            node = agent(who, prompt, **more) if isinstance(who, str) else agent(prompt=prompt, needs=who, **more)
    finally:
        set_building(before)
    graph._decode = show
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
    action = who if who is not None else {"needs": needs}
    return task_node(builder, (id or who or "agent", action), (prompt, more), options)


def task_node(builder: Any, who: "tuple[str, Any]", task: "tuple[Any, Mapping[str, Any]]", options: Optional[Options]) -> "Node[Any]":
    """Adds the node of a task: its id and who works on it, and what is asked."""
    given = {"prompt": template(task[0]), **{key: template(value) for key, value in task[1].items()}}
    policy = (options or Options()).policy()
    work = {"run": {"action": {"agent": who[1]}, "with": given}}
    made: "Node[Any]" = builder.add(who[0], work, {"policy": policy} if policy else None)
    return made
