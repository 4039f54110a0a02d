"""Durable workflows and agents that live inside your program: no server, one file.

```python
import fusion_kit as fk

app = fk.Fusion("sqlite://app.db")

@app.step(retries=3, timeout=30)
async def fetch(url: str) -> str: ...

@app.step
def merge(pages: list[str], title: str) -> dict[str, str]: ...

@app.workflow(version=1)
def digest(urls: list[str]) -> fk.Node:
    return merge(fetch.map(urls), title="Today")

app.run(digest, ["https://example.org"])
```
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import _only_main as _only_main
from ._agents import Agent, Limits, Piece, agent
from ._app import Fusion
from ._call import Call
from ._chat import Answer, Chunk, ModelCall, Price, Reply, Request
from ._context import Context
from ._errors import (
    Closed,
    DecodeError,
    Error,
    Fault,
    IdConflict,
    InvalidInput,
    InvalidWorkflow,
    NotApplicable,
    Permanent,
    RetryAfter,
    RunCancelled,
    RunFailed,
    RunNotFound,
    StepError,
    StoreError,
    WaitTimeout,
)
from ._graph import Graph, Loaded, Workflow, approval, command, sleep, sleep_until, unless, wait_signal, when
from ._native import __version__
from ._options import Retry
from ._programs import CommandAgent
from ._providers import Provider, Rotation, Scripted, provider
from ._refs import Node, Ref, first, index, item
from ._run import Event, Events, Run
from ._step import Step
from ._tools import Tool, tool

if _TYPE_CHECKING:
    from ._life import AgentInfo, PastEvent
    from ._mail import Delivery, Mailbox, Message, Said, Sent, message
    from ._memory import Fact, Memory
    from ._objects import Looked, Object, ObjectRef, Turn
    from ._specs import Component, Project, Spec
    from ._team import Delegation, Moved, Proposal, TaskInfo, task
    from ._workspaces import Ran, Workspace, WorkspaceInfo

__all__ = [
    "Agent",
    "AgentInfo",
    "Answer",
    "Call",
    "Chunk",
    "Closed",
    "CommandAgent",
    "Component",
    "Context",
    "DecodeError",
    "Delegation",
    "Delivery",
    "Error",
    "Event",
    "Events",
    "Fact",
    "Fault",
    "Fusion",
    "Graph",
    "IdConflict",
    "InvalidInput",
    "InvalidWorkflow",
    "Limits",
    "Loaded",
    "Looked",
    "Mailbox",
    "Memory",
    "Message",
    "ModelCall",
    "Moved",
    "Node",
    "NotApplicable",
    "Object",
    "ObjectRef",
    "PastEvent",
    "Permanent",
    "Piece",
    "Price",
    "Proposal",
    "Project",
    "Provider",
    "Ran",
    "Ref",
    "Reply",
    "Request",
    "Retry",
    "RetryAfter",
    "Rotation",
    "Run",
    "RunCancelled",
    "RunFailed",
    "RunNotFound",
    "Said",
    "Scripted",
    "Sent",
    "Spec",
    "Step",
    "StepError",
    "StoreError",
    "TaskInfo",
    "Tool",
    "Turn",
    "WaitTimeout",
    "Workflow",
    "Workspace",
    "WorkspaceInfo",
    "__version__",
    "agent",
    "approval",
    "command",
    "first",
    "index",
    "item",
    "message",
    "provider",
    "sleep",
    "sleep_until",
    "task",
    "tool",
    "unless",
    "wait_signal",
    "when",
]

_LATE = {
    "_life": ("AgentInfo", "PastEvent"),
    "_mail": ("Delivery", "Mailbox", "Message", "Said", "Sent", "message"),
    "_memory": ("Fact", "Memory"),
    "_objects": ("Looked", "Object", "ObjectRef", "Turn"),
    "_specs": ("Component", "Project", "Spec"),
    "_team": ("Delegation", "Moved", "Proposal", "TaskInfo", "task"),
    "_workspaces": ("Ran", "Workspace", "WorkspaceInfo"),
}


def __getattr__(name: str) -> object:
    """Finds what only some programs need, when it is asked for first: an import costs nothing before."""
    for module, names in _LATE.items():
        if name in names:
            import importlib

            found: object = getattr(importlib.import_module(f".{module}", __name__), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
