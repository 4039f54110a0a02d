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

from . import _only_main as _only_main
from ._agents import Agent, Limits, agent
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

__all__ = [
    "Agent",
    "Answer",
    "Call",
    "Chunk",
    "Closed",
    "CommandAgent",
    "Context",
    "DecodeError",
    "Error",
    "Event",
    "Events",
    "Fault",
    "Fusion",
    "Graph",
    "IdConflict",
    "InvalidInput",
    "InvalidWorkflow",
    "Limits",
    "Loaded",
    "ModelCall",
    "Node",
    "NotApplicable",
    "Permanent",
    "Price",
    "Provider",
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
    "Scripted",
    "Step",
    "StepError",
    "StoreError",
    "Tool",
    "WaitTimeout",
    "Workflow",
    "__version__",
    "agent",
    "approval",
    "command",
    "first",
    "index",
    "item",
    "provider",
    "sleep",
    "sleep_until",
    "tool",
    "unless",
    "wait_signal",
    "when",
]
