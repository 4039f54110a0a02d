"""The engine; `fusion_kit` is how it is used."""

from asyncio import Future
from typing import Any

__version__: str
"""The version of the package and of the engine in it."""

Told = tuple[str, str, str | None, bool | None, int | None]

class Abort:
    """Ends the work that a future was waiting for."""
    def abort(self) -> None:
        """Ends it."""

class Operation:
    """Something that the engine does, once somebody waits for it."""
    def wait(self, timeout: float | None = None) -> Any:
        """Waits in this thread."""
    def attach(self, lane: Lane, future: Future[Any]) -> Abort:
        """Lets a future of the lane's loop have the result."""

class AnswerChunks:
    """An answer of a provider as it comes."""
    def next(self) -> Operation:
        """Waits for the next chunks and gives them with the fault that ended them."""

class Attempt:
    """One attempt of a body."""
    def about(self) -> dict[str, Any]:
        """Which attempt it is."""
    def is_cancelled(self) -> bool:
        """Whether the body was asked to end."""
    def beat(self, progress: Any = None) -> None:
        """Says that the body is alive and how far it is."""
    def recall(self, name: str) -> tuple[str, Any]:
        """Finds what an earlier attempt saved, or what came of a rest: `none`, `value` or `late`, and the value."""
    def part(self, name: str) -> Attempt:
        """Gives the attempt of a part of the body: what it saves is apart from the rest."""
    def work(self, agent: int, part: str, task: Any) -> Operation:
        """Lets an agent work on a task, as a part of this body."""
    def save(self, name: str, value: Any) -> Operation:
        """Saves a result under a name."""

class Reports:
    """Where bodies say how they ended."""
    def done(self, token: int, value: Any) -> None:
        """The body gave a value."""
    def failed(self, token: int, told: Told) -> None:
        """The body failed."""
    def rests(self, token: int, name: str, signal: str | None, ms: int | None) -> None:
        """The body rests until something comes."""
    def stray(self, token: int) -> None:
        """Something other than the engine cancelled the body."""
    def waits(self, token: int) -> bool:
        """Whether the engine still waits for the body."""

class Lane:
    """The way onto one loop."""
    def __init__(self) -> None: ...
    def fileno(self) -> int:
        """The descriptor that becomes readable when there is something to take."""
    def take(
        self,
    ) -> tuple[list[tuple[Reports, int, int, Any, Attempt, Any]], list[int], list[tuple[Any, bool, Any]]]:
        """Takes what has come: bodies to enter, bodies to cancel, futures to resolve."""
    def take_more(
        self,
    ) -> tuple[list[tuple[Reports, int, int, Any, Attempt, Any]], list[int], list[tuple[Any, bool, Any]]] | None:
        """Looks for a moment whether more comes, and takes it; `None` when nothing came or other tasks shall have their turn."""
    def close(self) -> None:
        """Says that the loop ends."""
    def rest(self) -> None:
        """Says that the loop does not run."""
    def awake(self) -> bool:
        """Says that the loop runs; `False` when it has ended."""
    @property
    def closed(self) -> bool:
        """Whether the loop has ended."""

class Pool:
    """The queue of bodies that block."""
    def take(self) -> tuple[int, int, Any, Attempt, Any] | None:
        """Waits for a body to enter."""
    def reports(self) -> Reports:
        """Where the bodies say how they ended."""
    def short(self, most: int) -> tuple[str, int] | None:
        """Waits until threads, a loop, or a look at the loops are needed."""
    def begun(self) -> None:
        """Notes that there is a thread more."""
    def ended(self) -> None:
        """Notes that a thread ends."""
    def close(self) -> None:
        """Lets all threads end that wait for work."""

class Definition:
    """A checked graph."""
    @staticmethod
    def of(graph: Any) -> Definition:
        """Checks a graph in the engine's own form."""
    @staticmethod
    def parse(text: str, name: str) -> tuple[Definition, list[Definition]]:
        """Reads a workflow file."""
    @property
    def name(self) -> str:
        """The workflow's name."""
    @property
    def version(self) -> int:
        """The definition's version."""
    @property
    def nodes(self) -> list[str]:
        """The names of the nodes."""
    def json(self) -> Any:
        """The graph as the engine stores it."""
    def draw(self, format: str, statuses: dict[str, str] | None = None) -> str:
        """Draws the graph."""

class Events:
    """The events of a run."""
    def next(self) -> Operation:
        """Waits for the next ones."""

class RunHandle:
    """A run."""
    @property
    def id(self) -> str:
        """The run's id."""
    def result(self) -> Operation:
        """Waits for the end."""
    def status(self) -> Operation:
        """The status."""
    def events(self, after: int) -> Events:
        """Follows the run."""
    def progress(self) -> Any:
        """How far the bodies in this process are that said so, by node."""
    def nodes(self) -> Operation:
        """Every node."""
    def definition(self) -> Operation:
        """The graph that the run keeps."""
    def why(self) -> Operation:
        """Why the run does not move."""
    def cancel(self, by: str, why: str) -> Operation:
        """Asks for the end of the run."""
    def pause(self, by: str) -> Operation:
        """Lets nothing new start."""
    def resume(self, by: str) -> Operation:
        """Lets a paused run go on."""
    def signal(self, name: str, value: Any) -> Operation:
        """Sends a signal."""
    def answer(self, node: str | None, said: tuple[bool, str, str]) -> Operation:
        """Answers an approval."""
    def resolve(self, node: str, verdict: tuple[str, Any], by: str) -> Operation:
        """Says how an in-doubt node really ended."""
    def retry(self, nodes: list[str], again: list[str], by: str) -> Operation:
        """Takes an ended run up again."""
    def fork(
        self, nodes: tuple[list[str], list[str]], input: Any, changed: tuple[Definition | None, str | None]
    ) -> Operation:
        """Begins a new run with outcomes of this one."""
    def replay(self) -> Operation:
        """Folds the journal again."""
    def export(self) -> Operation:
        """Packs the run into one file."""

class Engine:
    """An engine with the Python code that is registered."""
    def __init__(self, opening: dict[str, Any]) -> None: ...
    def pool(self) -> Pool:
        """The queue of bodies that may block."""
    def add_step(self, name: str, body: int, threaded: bool) -> None:
        """Registers a step."""
    def add_workflow(self, definition: Definition) -> None:
        """Registers a workflow."""
    def add_provider(self, spec: Any) -> int:
        """Adds a provider of its description."""
    def name_provider(self, name: str, number: int) -> None:
        """Lets a provider be found by a name."""
    def add_agent(self, spec: Any, is_step: bool) -> int:
        """Adds an agent of its description."""
    def ask_provider(self, number: int, op: str, asked: Any) -> Operation:
        """Asks a provider."""
    def add_kind(self, form: Any) -> None:
        """Registers a kind of durable objects, when the engine is asked for something next."""
    def ask_team(self, what: str, given: Any) -> Operation:
        """Asks something of the engine's team."""
    def observed(self, what: str, name: str) -> Operation:
        """Tells what was observed under a name."""
    def stream_provider(self, number: int, asked: Any) -> AnswerChunks:
        """Asks a provider for an answer as it comes."""
    def set_lane(self, lane: Lane) -> None:
        """Makes a loop the usual one."""
    def open(self) -> Operation:
        """Opens the engine."""
    def start(self, begin: dict[str, Any]) -> Operation:
        """Starts a run."""
    def find(self, id: str) -> Operation:
        """Finds a run."""
    def list(self, status: str | None, after: str | None, limit: int) -> Operation:
        """Lists runs."""
    def recover(self) -> Operation:
        """Takes over what dead processes left."""
    def settled(self) -> Operation:
        """Waits until nothing is driven here any more."""
    def save(self, definitions: Any) -> Operation:
        """Keeps workflows in the store."""
    def prune(self, id: str) -> Operation:
        """Deletes a run that has ended."""
    def status(self, deep: bool) -> Operation:
        """Describes the store."""
    def build(self, given: Any) -> Operation:
        """Builds what a specification asks for, and gives its run."""
    def test(self, given: Any) -> Operation:
        """Runs the tests of a project, and gives their run."""
    def init(self, given: Any) -> Operation:
        """Makes a project, or brings one up to its mode."""
    def proved(self, given: Any) -> Operation:
        """Says what of a specification is proved."""
    def driven(self) -> int:
        """Counts the runs that are driven here."""
    def close(self) -> None:
        """Lets go of everything."""
    def orphan(self) -> None:
        """Notes that this is the copy in a forked process."""

def command(arguments: Any) -> int:
    """Runs the `fusion` command."""

def ask_ops(what: str, given: Any) -> Any:
    """Asks something of the folder of a specification or of a project."""

def load_plugin(path: str) -> str:
    """Loads a plugin's library, and gives what it calls itself."""
