"""`app.workspaces`: the folders of agents, their snapshots, commands in a sandbox."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, NamedTuple, Optional, Sequence, Union

from ._options import milliseconds

if TYPE_CHECKING:
    from ._call import Call

Ask = Callable[..., Any]


class Found(NamedTuple):
    """Something in a folder of a workspace."""

    name: str
    """Its name in the folder."""
    kind: str
    """`file`, `folder`, `link` or `other`."""
    bytes: int
    """Its length; 0 for what is no file."""


class Ran(NamedTuple):
    """How a command ended."""

    code: Optional[int]
    """Its exit code; `None` when a signal ended it."""
    stdout: str
    """What it wrote; the beginning of more than its policy allows."""
    stderr: str
    """What it complained of."""
    ended: Optional[str]
    """Why it was ended, if it did not end by itself."""
    level: str
    """How it was isolated: `strict`, or what there was."""
    duration_ms: int
    """How long it took."""


class WorkspaceInfo(NamedTuple):
    """What a workspace is and holds."""

    agent: str
    """Whose it is."""
    path: str
    """Where it is."""
    projects: str
    """The folder in it to work in."""
    bytes: int
    """The lengths of its files in all."""
    files: int
    """Its files, folders and links in all."""
    quota: "dict[str, int]"
    """What it may hold: `bytes` and `files`."""
    snapshots: "list[int]"
    """The numbers of its snapshots."""


def _info(told: "dict[str, Any]") -> WorkspaceInfo:
    used = told["usage"]
    return WorkspaceInfo(
        told["agent"], told["path"], told["projects"], used["bytes"], used["files"], told["quota"], told["snapshots"]
    )


def _changes(told: "list[dict[str, str]]") -> "dict[str, str]":
    return {one["path"]: one["kind"] for one in told}


class Workspace:
    """The folder of one agent, 0700: `projects` to work in, `logs`, `.agent`. No path, link or race leads out of it."""

    def __init__(self, ask: Ask, agent: str) -> None:
        self._ask = ask
        self.agent = agent
        """Whose it is."""

    def _do(self, verb: str, show: Any = None, **given: Any) -> "Call[Any]":
        told: "Call[Any]" = self._ask(f"workspaces.{verb}", {"agent": self.agent, **given}, show)
        return told

    def info(self) -> "Call[WorkspaceInfo]":
        """Tells where it is, what it holds, and what it may hold."""
        return self._do("show", _info)

    def files(self, path: str = "projects") -> "Call[List[Found]]":
        """Lists a folder of it, by name."""
        return self._do("files", lambda all: [Found(one["name"], one["kind"], one["bytes"]) for one in all], path=path)

    def read(self, path: str) -> "Call[bytes]":
        """Reads a file of at most 64 MiB: `projects/plan.md`."""
        return self._do("read", base64.b64decode, path=path)

    def write(self, path: str, content: "Union[str, bytes]") -> "Call[None]":
        """Writes a file as a whole, within its quota; the folders above it are made."""
        data = content.encode() if isinstance(content, str) else bytes(content)
        return self._do("write", path=path, content=base64.b64encode(data).decode("ascii"))

    def remove(self, path: str) -> "Call[bool]":
        """Removes a file, or a folder with all in it. Tells whether there was something."""
        return self._do("remove", path=path)

    def run(
        self, argv: Sequence[str], *, programs: "Optional[Sequence[str]]" = None, timeout: Any = None,
        isolation: str = "strict", network: str = "none", policy: "Optional[Mapping[str, Any]]" = None,
    ) -> "Call[Ran]":  # fmt: skip
        """Runs a command in `projects`, which is all that it may change.

        No shell reads it, and it sees no network. `isolation` is `"strict"` (all layers, or it is refused), `"available"` or `"off"`.
        `programs` are the only ones that it may be; `policy` has further limits in the engine's form: `memory_bytes`, `processes`, …
        """
        rules: "dict[str, Any]" = {"isolation": isolation, "network": network, **(policy or {})}
        if programs is not None:
            rules["programs"] = list(programs)
        if timeout is not None:
            rules["time_ms"] = milliseconds(timeout, "timeout")

        def show(one: "dict[str, Any]") -> Ran:
            return Ran(one["code"], one["stdout"], one["stderr"], one["ended"], one["level"], one["duration_ms"])

        return self._do("run", show, argv=[os.fspath(one) for one in argv], policy=rules)

    def snapshot(self) -> "Call[int]":
        """Keeps what it holds now, and gives the snapshot's number."""
        return self._do("snapshot")

    def diff(self, before: Optional[int] = None, later: Optional[int] = None) -> "Call[dict[str, str]]":
        """Says what is different from a snapshot, the last one by default: now, or in a later one. By path: `added`, `removed`, …"""
        return self._do("diff", _changes, **{"from": before, "to": later})

    def restore(self, snapshot: Optional[int] = None) -> "Call[dict[str, str]]":
        """Makes it what it was in a snapshot, the last one by default. Gives what changed, by path."""
        return self._do("restore", _changes, **{"from": snapshot})

    def pack(self, file: "Union[str, os.PathLike[str]]") -> "Call[None]":
        """Writes it into a tar file that is not there yet."""
        return self._do("pack", file=os.path.abspath(file))

    def unpack(self, file: "Union[str, os.PathLike[str]]") -> "Call[dict[str, int]]":
        """Reads a tar file into it, and tells what it holds then."""
        return self._do("unpack", file=os.path.abspath(file))

    def destroy(self) -> "Call[None]":
        """Removes it with its snapshots. Nobody may be at work in it."""
        return self._do("destroy")


class Workspaces:
    """The workspaces of the project, in `.fusion/workspaces`. An agent that is spawned with one of its own has it here."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def list(self) -> "Call[List[str]]":
        """Lists the agents that have one."""
        told: "Call[List[str]]" = self._ask("workspaces.list", {})
        return told

    def create(self, agent: str, *, bytes: Optional[int] = None, files: Optional[int] = None) -> "Call[Workspace]":
        """Makes a workspace if it is not there, and says what it may hold: 1 GiB and 100,000 files by default."""
        given = {"agent": agent, "bytes": bytes, "files": files}
        made: "Call[Workspace]" = self._ask("workspaces.make", given, lambda _: self.get(agent))
        return made

    def get(self, agent: str) -> Workspace:
        """Gives the workspace of an agent; whether it is there shows when it is asked for something."""
        return Workspace(self._ask, agent)
