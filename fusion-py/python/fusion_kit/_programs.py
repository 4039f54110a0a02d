"""Programs on the command line as agents: claude, codex, gemini and whatever a description knows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, Mapping, Optional

from ._agents import Agent, task_node
from ._options import Options, milliseconds
from ._refs import Node, building, template

if TYPE_CHECKING:
    from ._asking import Providers

    Mode = Literal["read_only", "edit", "full"]
else:
    Mode = str


class CommandAgent(Agent):
    """An agent that is a program on the command line: it works in a folder, with tools of its own.

    `fk.CommandAgent("fixer", program="claude", mode="edit", workspace="/srv/shop")`. Its outcome, an `fk.Reply` with its words, `files`,
    `workspace`, `session`, tokens and cost, is recorded once. As a node it is what `agent: {program: …}` of a workflow file is.
    """

    program: str = ""
    """The program, with its model after a colon: `"claude"`, `"codex:gpt-5"`, or the line of any other one, `"command:./work.sh"`."""

    mode: Mode = "read_only"
    """What it may do: `"read_only"`, `"edit"` (changes files), `"full"` (what it likes, with the rights of the user)."""

    workspace: "Optional[str | os.PathLike[str]]" = None
    """The folder in which it works; without it one is made for the task, which stays."""

    session: Optional[str] = None
    """The conversation with which it goes on: the `session` of a reply."""

    time: Any = None
    """How long it may take; an hour if not given. Then the reply says `ended="time"` and holds what there is."""

    idle: Any = None
    """How long it may be silent; 10 minutes if not given. Then the attempt fails with class `timeout`."""

    def __init__(
        self, name: Optional[str] = None, *, program: Optional[str] = None, mode: Optional[Mode] = None,
        workspace: "Optional[str | os.PathLike[str]]" = None, session: Optional[str] = None, system: Optional[str] = None,
        time: Any = None, idle: Any = None, capabilities: "Optional[Mapping[str, float]]" = None,
    ) -> None:  # fmt: skip
        """Sets the fields that are given; the others are as the class has them."""
        super().__init__(name, system=system, capabilities=capabilities)
        fields = {"program": program, "mode": mode, "workspace": workspace, "session": session, "time": time, "idle": idle}
        self.__dict__.update({field: value for field, value in fields.items() if value is not None})
        if not self.program:
            raise ValueError("a `CommandAgent` needs a program: `program=\"claude\"`, or `program=\"command:./work.sh\"`")

    def __call__(
        self, prompt: Any, *, workspace: Any = None, session: Any = None, id: Optional[str] = None,
        options: Optional[Options] = None, **more: Any,
    ) -> "Node[Any]":  # fmt: skip
        """Adds a node to the workflow that is being built: a task for this program, in another folder or conversation perhaps."""
        self._check({**more, "id": id})
        builder = building()
        if builder is None:
            raise RuntimeError("a call of an agent makes a node: call it in a function with @app.workflow; outside of one, `app.ask`")
        place = self.workspace if workspace is None else workspace
        words = {
            **self._words(), "workspace": os.fspath(place) if isinstance(place, os.PathLike) else place,
            "session": self.session if session is None else session,
        }  # fmt: skip
        for name, value in (("time", self.time), ("idle", self.idle)):
            words[name] = None if value is None else f"{milliseconds(value, name)}ms"
        action = {name: template(value) for name, value in words.items() if value is not None}
        return task_node(builder, (id or self.word(), action), (prompt, more), options)

    def _words(self) -> "dict[str, Any]":
        return {"program": self.program, "name": self.word(), "mode": self.mode, "system": self.system or None}

    def _describe(self, known: "Providers", above: "tuple[Agent, ...]" = ()) -> "dict[str, Any]":
        if above:
            raise ValueError(f"`{above[-1].word()}` cannot hand over to the program `{self.word()}`: ask it by a tool, or by a node of its own")
        return {
            **self._words(), "workspace": None if self.workspace is None else os.fspath(self.workspace),
            "session": self.session, "total_ms": None if self.time is None else milliseconds(self.time, "time"),
            "idle_ms": None if self.idle is None else milliseconds(self.idle, "idle"),
        }  # fmt: skip
