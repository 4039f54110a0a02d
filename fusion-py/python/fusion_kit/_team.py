"""`app.tasks`, `app.swarms`: what is to be done by some agent, teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, NamedTuple, Optional, Sequence, Union

from ._chat import Reply, reply_of
from ._life import BY, AgentInfo, Ask, PastEvent, agents_of, past
from ._options import milliseconds

if TYPE_CHECKING:
    import datetime

    from ._call import Call
    from ._options import Retry


class TaskInfo(NamedTuple):
    """One task as the store has it."""

    id: str
    """Its id."""
    state: str
    """Where it stands: `queued`, `assigned`, `running`, `completed`, `failed`, `cancelled` or `dead`."""
    submitted_ms: int
    """When it was submitted, in milliseconds since 1970."""
    since_ms: int
    """Since when it stands there, in milliseconds since 1970."""
    spec: "dict[str, Any]"
    """What was asked for."""
    agent: Optional[str]
    """The agent that has it."""
    reason: str
    """Why that agent, or why none yet, in a sentence."""
    run: Optional[str]
    """The run of the latest attempt."""
    attempts: int
    """How many attempts were begun."""
    retry_at_ms: Optional[int]
    """When it is tried again, in milliseconds since 1970."""
    failure: "Optional[dict[str, Any]]"
    """Why the latest attempt failed: `class` and `message`."""
    reply: Optional[Reply]
    """What came of it."""


def _task(row: "dict[str, Any]") -> TaskInfo:
    reply = row.get("reply")
    return TaskInfo(
        row["id"], row["state"], row["submitted"], row["since"], row["spec"], row.get("agent"), row.get("reason", ""),
        row.get("run"), row["attempts"], row.get("retry_at"), row.get("failure"), None if reply is None else reply_of(reply),
    )  # fmt: skip


def _tasks(rows: "list[dict[str, Any]]") -> "list[TaskInfo]":
    return [_task(row) for row in rows]


class Proposal(NamedTuple):
    """Who would get a task."""

    task: str
    """The task."""
    title: str
    """What is to be done."""
    agent: Optional[str]
    """The agent; nobody when absent."""
    reason: str
    """Why, in a sentence."""


class Moved(NamedTuple):
    """A task that went from one agent to another."""

    task: str
    """The task."""
    from_agent: str
    """Who had it."""
    to_agent: str
    """Who has it now."""


def moment(value: Any) -> int:
    """Gives a time in milliseconds since 1970: of a `datetime`, or of seconds since then."""
    stamp = value.timestamp() if hasattr(value, "timestamp") else value
    if isinstance(stamp, bool) or not isinstance(stamp, (int, float)) or not 0 <= stamp < 1e11:
        raise ValueError(f"{value!r} is no time: give a `datetime`, or seconds since 1970")
    return round(stamp * 1000)


def task(
    title: str, *, id: Optional[str] = None, prompt: str = "", kind: str = "task", agent: Optional[str] = None,
    needs: Sequence[str] = (), capabilities: Sequence[str] = (), files: Sequence[str] = (), optimize_for: str = "fit",
    priority: int = 0, not_before: "Union[datetime.datetime, float, None]" = None, project: str = "", tags: Sequence[str] = (),
    related_tasks: Sequence[str] = (), expected_artifacts: Sequence[str] = (), cpu: float = 0, memory_mb: int = 0,
    retry: "Optional[Retry]" = None, per_agent: int = 2, timeout: Any = None,
) -> "dict[str, Any]":  # fmt: skip
    """Makes a task that is to be submitted, with several perhaps: `app.tasks.submit_all([fk.task("one", id="a"), …])`.

    Agents are chosen by the `title` and the `files`, and are told the `prompt` (the title, when that is empty). With an `id` it is
    one task, however often it is submitted. It waits for those in `needs`, and until `not_before` (a `datetime`, or seconds since
    1970). `agent` names who shall do it, `capabilities` what it takes. How well agents do is learned by the `kind`. It is tried
    four times, 5, 15 and 30 seconds apart, unless `retry` says otherwise, by another agent after `per_agent` failures.
    """
    made: "dict[str, Any]" = {"title": title, "kind": kind, "optimize_for": optimize_for, "priority": priority}
    more = {
        "id": id, "prompt": prompt, "agent": agent, "needs": list(needs), "capabilities": list(capabilities), "files": list(files),
        "project": project, "tags": list(tags), "related_tasks": list(related_tasks), "expected_artifacts": list(expected_artifacts),
    }  # fmt: skip
    made.update({name: value for name, value in more.items() if value})
    if not_before is not None:
        made["not_before"] = moment(not_before)
    if cpu or memory_mb:
        made["resource_requirements"] = {"cpu": float(cpu), "memory_mb": memory_mb}
    if retry is not None:
        made["retry_policy"] = {**retry.data(), "per_agent": per_agent}
    elif per_agent != 2:
        made["retry_policy"] = {"per_agent": per_agent}
    if timeout is not None:
        made["timeout_ms"] = milliseconds(timeout, "timeout")
    return made


def _id(task: "str | TaskInfo") -> str:
    return task.id if isinstance(task, TaskInfo) else task


class Tasks:
    """The tasks of a store."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def submit(self, title: str, **more: Any) -> "Call[TaskInfo]":
        """Submits a task; durable when this is done. `more` is as in `fk.task`."""
        told: "Call[TaskInfo]" = self._ask("tasks.submit", task(title, **more), _task)
        return told

    def submit_all(self, tasks: "Sequence[dict[str, Any]]") -> "Call[List[TaskInfo]]":
        """Submits tasks that may need one another, in any order: each made by `fk.task`."""
        told: "Call[List[TaskInfo]]" = self._ask("tasks.submit_all", list(tasks), _tasks)
        return told

    def get(self, task: "str | TaskInfo") -> "Call[TaskInfo]":
        """Finds one."""
        told: "Call[TaskInfo]" = self._ask("tasks.get", {"id": _id(task)}, _task)
        return told

    def list(self, state: Optional[str] = None) -> "Call[List[TaskInfo]]":
        """Lists all, the newest first, or those in one state."""
        told: "Call[List[TaskInfo]]" = self._ask("tasks.list", {"state": state}, _tasks)
        return told

    def counts(self) -> "Call[dict[str, int]]":
        """Counts them by state."""
        told: "Call[dict[str, int]]" = self._ask("tasks.counts", None)
        return told

    def history(self, task: "str | TaskInfo", *, after: int = 0, limit: int = 1000) -> "Call[List[PastEvent]]":
        """Reads what happened to one, after a place."""
        told: "Call[List[PastEvent]]" = self._ask("tasks.past", {"id": _id(task), "after": after, "limit": limit}, past)
        return told

    def wait(self, task: "str | TaskInfo", timeout: Optional[float] = None) -> "Call[TaskInfo]":
        """Waits until one is over: completed, cancelled or dead. Raises `WaitTimeout` after so many seconds; it goes on."""
        told: "Call[TaskInfo]" = self._ask("tasks.wait", {"id": _id(task)}, _task, timeout)
        return told

    def cancel(self, task: "str | TaskInfo", why: str = "") -> "Call[TaskInfo]":
        """Cancels one; whoever works at it is asked to end."""
        told: "Call[TaskInfo]" = self._ask("tasks.cancel", {"id": _id(task), "by": BY, "why": why}, _task)
        return told

    def requeue(self, task: "str | TaskInfo") -> "Call[TaskInfo]":
        """Queues a dead or cancelled one anew, with all its attempts."""
        told: "Call[TaskInfo]" = self._ask("tasks.requeue", {"id": _id(task), "by": BY}, _task)
        return told

    def prune(self, older: Any, *, dry_run: bool = False) -> "Call[List[str]]":
        """Forgets those that are over for so long (`"30d"`) and that no other one waits for, and gives their ids.

        With `dry_run` none is forgotten. The runs of their attempts stay until they are pruned themselves.
        """
        given = {"older_ms": milliseconds(older, "older"), "dry_run": dry_run}
        told: "Call[List[str]]" = self._ask("tasks.prune", given)
        return told

    def propose(self, optimize_for: str = "fit") -> "Call[List[Proposal]]":
        """Says who would get the tasks that are ready now, and why; gives out none."""
        given = {"optimize_for": optimize_for}
        told: "Call[List[Proposal]]" = self._ask("tasks.propose", given, lambda all: [Proposal(**one) for one in all])
        return told

    def assign(self, optimize_for: str = "fit") -> "Call[int]":
        """Gives out the tasks that are ready, once, for a program that does not stay; tells how many were looked at."""
        told: "Call[int]" = self._ask("tasks.assign", {"optimize_for": optimize_for})
        return told

    def balance(self) -> "Call[List[Moved]]":
        """Moves what waits, until agents that can do the same have equally much to do."""
        told: "Call[List[Moved]]" = self._ask("tasks.balance", None, lambda all: [Moved(*one.values()) for one in all])
        return told


class Delegation:
    """A process's part in the tasks of a store. It ends with `stop`, with the engine, or with an `async with` or `with` around it."""

    def __init__(self, ask: Ask, number: int) -> None:
        self._ask = ask
        self._number = number

    def stop(self) -> "Call[None]":
        """Ends it; what is in work comes to its end."""
        told: "Call[None]" = self._ask("tasks.stop", self._number)
        return told

    def __enter__(self) -> "Delegation":
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop().wait()

    async def __aenter__(self) -> "Delegation":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.stop()


class Swarms:
    """Teams: agents and workflows of stages. A team is the name of one that comes along, or a whole one (a dict)."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def list(self) -> "Call[List[dict[str, Any]]]":
        """Lists the teams that come along."""
        told: "Call[List[dict[str, Any]]]" = self._ask("swarm.list", None)
        return told

    def plan(
        self, team: "str | Mapping[str, Any]", *, project: Optional[str] = None, workflow: Optional[str] = None, about: str = "",
        mode: str = "edit",
    ) -> "Call[dict[str, List[dict[str, Any]]]]":  # fmt: skip
        """Says which `agents` and `tasks` a team would be."""
        given = {"team": team, "project": project, "workflow": workflow, "about": about, "mode": mode}
        told: "Call[dict[str, List[dict[str, Any]]]]" = self._ask("swarm.plan", given)
        return told

    def deploy(
        self, team: "str | Mapping[str, Any]", *, project: Optional[str] = None, workflow: Optional[str] = None, about: str = "",
        mode: str = "edit",
    ) -> "Call[tuple[List[AgentInfo], List[TaskInfo]]]":  # fmt: skip
        """Spawns the agents of a team and submits the tasks of its workflow; done twice, it is done once.

        The `project` is the beginning of all ids; `about` is told to every agent. Agents that are programs may do what `mode` says.
        """
        given = {"team": team, "project": project, "workflow": workflow, "about": about, "mode": mode}

        def show(told: "dict[str, Any]") -> "tuple[List[AgentInfo], List[TaskInfo]]":
            return agents_of(told["agents"]), _tasks(told["tasks"])

        made: "Call[tuple[List[AgentInfo], List[TaskInfo]]]" = self._ask("swarm.deploy", given, show)
        return made
