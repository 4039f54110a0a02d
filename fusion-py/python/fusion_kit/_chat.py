"""The words between a program and a language model: what is asked, what comes back. All are plain data, as in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Mapping, NamedTuple, Optional, Sequence, Union

from ._errors import Fault

if TYPE_CHECKING:
    from ._call import Call
    from ._providers import Provider

Usd = Any
"""An amount of US dollars: text such as `"0.15"`, a `Decimal`, or a number."""


def usd(amount: Any) -> str:
    """Gives an amount as the decimal text that the engine reads."""
    if isinstance(amount, float):
        return f"{amount:.9f}".rstrip("0").rstrip(".")
    return str(amount)


class Price(NamedTuple):
    """What a model costs, in US dollars for a million tokens; `request` is for each call."""

    input: Usd
    output: Usd
    cached_read: Optional[Usd] = None
    cached_write: Optional[Usd] = None
    request: Optional[Usd] = None

    def data(self) -> "dict[str, Any]":
        """Gives the engine's form."""
        fields = self._asdict()
        return {name: usd(amount) for name, amount in fields.items() if amount is not None}


class Request(Dict[str, Any]):
    """What is asked of a model, whole: `model`, `messages`, `tools`, `schema`, `sampling`, `extra`. A dict, in the engine's form."""

    @staticmethod
    def of(prompt: str, *, system: str = "", model: str = "", **more: Any) -> "Request":
        """Makes a request of a prompt; `more` are further fields in the engine's form."""
        messages = [_message("system", system)] if system else []
        return Request(model=model, messages=[*messages, _message("user", prompt)], **more)

    @property
    def model(self) -> str:
        """The model; empty for the provider's own."""
        return str(self.get("model", ""))

    @property
    def messages(self) -> "list[dict[str, Any]]":
        """The conversation: `{"role": …, "parts": [{"type": "text", "text": …}, …]}` each."""
        told: "list[dict[str, Any]]" = self["messages"]
        return told

    @property
    def tools(self) -> "list[dict[str, Any]]":
        """The tools that the model may ask for: `name`, `description`, `schema`."""
        told: "list[dict[str, Any]]" = self.get("tools", [])
        return told

    @property
    def prompt(self) -> str:
        """The text of the last message."""
        return text_of(self.messages[-1])

    @property
    def system(self) -> str:
        """The text of all instructions."""
        return "\n".join(text_of(one) for one in self.messages if one.get("role") == "system")


class Answer(Dict[str, Any]):
    """What a model said, whole: `parts`, `finish`, `usage`, `cost`. A dict, in the engine's form."""

    @staticmethod
    def of(
        text: str = "", *, calls: "Sequence[tuple[str, Mapping[str, Any]]]" = (), model: str = "",
        usage: "Optional[tuple[int, int]]" = None, cost: Optional[Usd] = None, finish: Optional[str] = None,
    ) -> "Answer":  # fmt: skip
        """Makes an answer: a text, calls of tools (name and arguments), the tokens that were read and written, what it cost."""
        import json

        parts: "list[dict[str, Any]]" = [{"type": "text", "text": text}] if text else []
        for name, arguments in calls:
            parts.append({"type": "call", "id": "", "name": name, "arguments": json.dumps(arguments)})
        made = Answer(model=model, parts=parts, finish=finish or ("tool_calls" if calls else "stop"))
        if usage is not None:
            made["usage"] = {"input": usage[0], "output": usage[1]}
        if cost is not None:
            made["cost"] = usd(cost)
        return made

    @property
    def text(self) -> str:
        """All text, without reasoning."""
        return text_of(self)

    @property
    def calls(self) -> "list[dict[str, Any]]":
        """The calls of tools: `id`, `name`, and `arguments` as JSON text."""
        return [part for part in self.get("parts", []) if part.get("type") == "call"]

    @property
    def finish(self) -> str:
        """Why it ended: `stop`, `length`, `tool_calls`, `refused`, or the provider's own word."""
        return str(self.get("finish", "stop"))

    @property
    def usage(self) -> "dict[str, int]":
        """The tokens: `input` and `output`, and how much of them was cached or reasoning."""
        told: "dict[str, int]" = self.get("usage", {"input": 0, "output": 0})
        return told


Chunk = Union[str, Mapping[str, Any]]
"""A piece of an answer: a text, or the engine's form (`{"type": "call", "index": 0, "name": …}`, `usage`, `end`, …)."""


class ModelCall:
    """What goes along with a call of a provider: who asks, and until when."""

    __slots__ = ("_app", "_attempt", "_told")

    def __init__(self, app: Any, attempt: Any, told: "dict[str, Any]") -> None:
        self._app = app
        self._attempt = attempt
        self._told = told

    @property
    def key(self) -> str:
        """The same for every attempt of the same call: hand it to services that can refuse to do a thing twice."""
        return str(self._told["key"])

    @property
    def run(self) -> Optional[str]:
        """The run, if the call is made in one."""
        return self._text("run")

    @property
    def node(self) -> Optional[str]:
        """The node, if there is one."""
        return self._text("node")

    @property
    def agent(self) -> Optional[str]:
        """The agent, if one asks."""
        return self._text("agent")

    @property
    def project(self) -> Optional[str]:
        """The project, if the work belongs to one."""
        return self._text("project")

    @property
    def seconds(self) -> float:
        """How long it could take when it began."""
        return float(self._told["remaining_ms"]) / 1000

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return bool(self._attempt.is_cancelled())

    def ask(self, provider: "str | Provider", request: "str | Request") -> "Call[Answer]":
        """Asks another provider, on behalf of this one."""
        made: "Call[Answer]" = self._app.providers.complete(provider, request)
        return made

    def _text(self, name: str) -> Optional[str]:
        told: Optional[str] = self._told.get(name)
        return told


class Reply(NamedTuple):
    """What an agent that asks a model, or is a program on the command line, says in the end."""

    text: str
    """Its words."""
    result: Any
    """Its result, of the type that was asked for; `None` when none was, or when it came to no end."""
    ended: str
    """Why it stopped: `done`, or `turns`, `cost`, `time`, `length`, `refused` for a part of what was asked."""
    agent: str
    """Who spoke last: another agent after a hand-off."""
    turns: int
    """How often models were asked for a turn."""
    usage: "dict[str, int]"
    """The tokens of all its calls."""
    cost: str
    """What they cost in US dollars, as far as prices are known."""
    messages: "list[dict[str, Any]]"
    """What was said, for an agent with `keep_messages`."""
    files: "Sequence[str]" = ()
    """The files that a program on the command line made, changed or removed; paths in its workspace."""
    workspace: str = ""
    """The folder in which it worked; empty for an agent that asks a model."""
    session: str = ""
    """What the program calls the conversation, for another task that goes on with it."""


def reply_of(value: "dict[str, Any]") -> Reply:
    """Makes a reply of its form in the journal."""
    return Reply(
        value["text"], value.get("result"), value["ended"], value["agent"], value["turns"], value["usage"],
        value["cost"], value.get("messages", []), value.get("files", []), value.get("workspace", ""), value.get("session", ""),
    )  # fmt: skip


def is_reply(value: Any) -> bool:
    """Tells whether a value has the form of a reply."""
    return isinstance(value, dict) and {"text", "ended", "agent", "turns", "usage", "cost"} <= value.keys()


def fault_of(told: "Mapping[str, Any]") -> Fault:
    """Makes the exception of a fault that the engine tells of."""
    after = told.get("retry_after_ms")
    fault = Fault(
        told["kind"], told["message"], retry_after=None if after is None else after / 1000,
        status=told.get("status"), provider=told.get("provider"),
    )  # fmt: skip
    fault.detail = told.get("detail")
    return fault


def text_of(message: "Mapping[str, Any]") -> str:
    """Gives all text of a message or an answer."""
    return "".join(part["text"] for part in message.get("parts", []) if part.get("type") == "text")


def request_of(asked: Any) -> "dict[str, Any]":
    """Makes a request of a prompt; a request stays as it is."""
    return Request.of(asked) if isinstance(asked, str) else asked


def _message(role: str, text: str) -> "dict[str, Any]":
    return {"role": role, "parts": [{"type": "text", "text": text}]}
