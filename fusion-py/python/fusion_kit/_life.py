"""`app.agents`: agents with a life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, List, Mapping, NamedTuple, Optional, Sequence, Union

from ._agents import Agent
from ._options import milliseconds

if TYPE_CHECKING:
    from ._call import Call
    from ._options import Retry

Ask = Callable[..., Any]
BY = "python"


class PastEvent(NamedTuple):
    """Something that happened to an agent, a task or an object."""

    seq: int
    """Its place, from 1."""
    at_ms: int
    """When, in milliseconds since 1970."""
    name: str
    """`agent.spawned`, `task.assigned`, …"""
    data: Any
    """More about it."""


def past(all: "list[dict[str, Any]]") -> "list[PastEvent]":
    """Reads what happened."""
    return [PastEvent(one["seq"], one["at"], one["name"], one["data"]) for one in all]


class AgentInfo(NamedTuple):
    """One agent as the store has it."""

    id: str
    """What it is called."""
    state: str
    """Where it is in its life: `spawning`, `idle`, `working`, `paused`, `error` or `terminated`."""
    since_ms: int
    """Since when, in milliseconds since 1970."""
    spec: "dict[str, Any]"
    """What was asked for."""
    card: "dict[str, Any]"
    """What it is good at."""
    tasks: "list[str]"
    """The tasks that it works at."""
    record: "dict[str, dict[str, int]]"
    """What it did, by kind of task: `done` and `failed`."""
    usage: "dict[str, Any]"
    """What all its tasks took: `busy_ms`, `calls`, `input_tokens`, `output_tokens`, `cost`."""
    error: Optional[str]
    """Why it is in the state `error`."""
    restart_at_ms: Optional[int]
    """When it is started again, in milliseconds since 1970."""


def _agent(row: "dict[str, Any]") -> AgentInfo:
    return AgentInfo(
        row["id"], row["state"], row["since"], row["spec"], row["card"], row.get("tasks", []), row.get("record", {}),
        row["usage"], row.get("error"), row.get("restart_at"),
    )  # fmt: skip


def agents_of(rows: "list[dict[str, Any]]") -> "list[AgentInfo]":
    return [_agent(row) for row in rows]


class Agents:
    """The agents of a store: what they are, and where they are in their lives, any process can see and change."""

    def __init__(self, ask: Ask, add: Callable[[Agent], Any]) -> None:
        self._ask = ask
        self._add = add

    def spawn(
        self, who: "str | Agent", *, agent: "Union[str, Mapping[str, Any], None]" = None,
        card: "Optional[Mapping[str, Any]]" = None, instances: int = 1, slots: int = 1, project: str = "",
        focus: Sequence[str] = (), restart: "Optional[Retry]" = None, unresponsive: Any = None, tasks_per_minute: int = 0,
        workspace: "Union[bool, Mapping[str, Any]]" = False,
    ) -> "Call[List[AgentInfo]]":  # fmt: skip
        """Spawns an agent, in all its instances: one of this program, or whoever is registered under the name, here or elsewhere.

        Several get a number each (`writer-1`). `agent` says who does the work, as `agent:` says it in a workflow file. Each works
        at `slots` tasks together; one with a `project` only takes tasks of that. `focus` are words that speak for it when tasks are
        given out, `card` says more of what it is good at. After a crash, or when it is silent for longer than `unresponsive` (10
        minutes), it is started again as `restart` says. With a `workspace` it has a folder of its own in `.fusion/workspaces`, which its
        tasks are done in, and which goes when it is terminated; `{"keep": True, "bytes": …, "files": …}` says more. Those that are there already, as asked for, are left alone.
        """
        spec: "dict[str, Any]" = {"name": who.word() if isinstance(who, Agent) else who, "instances": instances, "slots": slots}
        if isinstance(who, Agent):
            self._add(who)
            worker, made = _worker(who)
            agent = worker if agent is None else agent
            card = made if card is None else card
        more = {"agent": agent, "card": card, "project": project, "focus": list(focus), "tasks_per_minute": tasks_per_minute}
        if workspace is not False:
            more["workspace"] = {} if workspace is True else dict(workspace)
        spec.update({name: value for name, value in more.items() if value or name == "workspace"})
        if unresponsive is not None:
            spec["unresponsive_ms"] = milliseconds(unresponsive, "unresponsive")
        if restart is not None:
            spec["restart"] = restart.data()
        made_of: "Call[List[AgentInfo]]" = self._ask("agents.spawn", spec, agents_of)
        return made_of

    def get(self, id: str) -> "Call[AgentInfo]":
        """Finds one."""
        found: "Call[AgentInfo]" = self._ask("agents.get", {"id": id}, _agent)
        return found

    def list(self, state: Optional[str] = None) -> "Call[List[AgentInfo]]":
        """Lists all, or those in one state."""
        found: "Call[List[AgentInfo]]" = self._ask("agents.list", {"state": state}, agents_of)
        return found

    def history(self, id: str, *, after: int = 0, limit: int = 1000) -> "Call[List[PastEvent]]":
        """Reads what happened to one, after a place."""
        told: "Call[List[PastEvent]]" = self._ask("agents.past", {"id": id, "after": after, "limit": limit}, past)
        return told

    def pause(self, id: str) -> "Call[AgentInfo]":
        """Lets one rest: no new task, and those in work stand still at their next memo, which is saved."""
        return self._move("pause", id)

    def resume(self, id: str) -> "Call[AgentInfo]":
        """Lets one go on that is paused or in trouble."""
        return self._move("resume", id)

    def terminate(self, id: str) -> "Call[AgentInfo]":
        """Ends one; its tasks go to others."""
        return self._move("terminate", id)

    def prune(self, older: Any, *, dry_run: bool = False) -> "Call[List[str]]":
        """Forgets those that were terminated so long ago (`"30d"`), and gives their ids; with `dry_run` none is forgotten."""
        given = {"older_ms": milliseconds(older, "older"), "dry_run": dry_run}
        told: "Call[List[str]]" = self._ask("agents.prune", given)
        return told

    def _move(self, verb: str, id: str) -> "Call[AgentInfo]":
        moved: "Call[AgentInfo]" = self._ask(f"agents.{verb}", {"id": id, "by": BY}, _agent)
        return moved


def _worker(who: Agent) -> "tuple[Any, Optional[dict[str, Any]]]":
    """Says who does an agent's work, and what it is good at."""
    from ._programs import CommandAgent

    card = {"card": 1, "name": who.word(), "capabilities": dict(who.capabilities)} if who.capabilities else None
    if not isinstance(who, CommandAgent):
        return who.word(), card
    words = {**who._words(), "workspace": None if who.workspace is None else str(who.workspace), "session": who.session}
    return {name: value for name, value in words.items() if value is not None}, card
