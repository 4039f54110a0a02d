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
from ._agents import Agent, agent
from ._app import Fusion
from ._call import Call
from ._context import Context
from ._errors import (
    Closed,
    DecodeError,
    Error,
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
from ._refs import Node, Ref, first, index, item
from ._run import Event, Events, Run
from ._step import Step

__all__ = [
    "Agent",
    "Call",
    "Closed",
    "Context",
    "DecodeError",
    "Error",
    "Event",
    "Events",
    "Fusion",
    "Graph",
    "IdConflict",
    "InvalidInput",
    "InvalidWorkflow",
    "Loaded",
    "Node",
    "NotApplicable",
    "Permanent",
    "Ref",
    "Retry",
    "RetryAfter",
    "Run",
    "RunCancelled",
    "RunFailed",
    "RunNotFound",
    "Step",
    "StepError",
    "StoreError",
    "WaitTimeout",
    "Workflow",
    "__version__",
    "agent",
    "approval",
    "command",
    "first",
    "index",
    "item",
    "sleep",
    "sleep_until",
    "unless",
    "wait_signal",
    "when",
]
