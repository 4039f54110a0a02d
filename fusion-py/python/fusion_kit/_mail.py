"""`app.messages`: messages between agents, which are delivered until they are acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, AsyncIterator, Callable, Iterator, Mapping, NamedTuple, Optional, Sequence, Union

from ._options import milliseconds
from ._team import moment

if TYPE_CHECKING:
    import datetime

    from ._call import Call

    Moment = Union[datetime.datetime, float, None]

Ask = Callable[..., Any]


def message(
    sender: str, recipient: str, message_type: str, content: Any = None, *, message_id: Optional[str] = None,
    reply_to: Optional[str] = None, metadata: "Optional[Mapping[str, Any]]" = None,
    attachments: "Sequence[Mapping[str, Any]]" = (), priority: int = 0, not_before: "Moment" = None, expires: "Moment" = None,
) -> "dict[str, Any]":  # fmt: skip
    """Makes a message that is to be sent, with several perhaps: `app.messages.send_all([fk.message("a", "bob", "note", 1), …])`.

    It goes to an agent (`bob`), to one that can do something (`capability/review`), to all who subscribed to a topic
    (`topic/build.done`), or to all (`*`). With a `message_id` it is delivered once however often it is sent. Higher priorities come
    first. It is not delivered before `not_before` nor after `expires`: `datetime`s, or seconds since 1970.
    """
    made: "dict[str, Any]" = {
        "sender": sender, "recipient": recipient, "messageType": message_type, "content": content, "priority": priority,
        "metadata": dict(metadata or {}), "attachments": list(attachments),
    }  # fmt: skip
    more = {
        "messageId": message_id, "replyTo": reply_to, "notBefore": None if not_before is None else moment(not_before),
        "expires": None if expires is None else moment(expires),
    }  # fmt: skip
    made.update({name: value for name, value in more.items() if value is not None})
    return made


class Message(NamedTuple):
    """A message that was sent."""

    message_id: str
    """Its name."""
    sender: str
    """Who said it."""
    recipient: str
    """To whom."""
    message_type: str
    """What sort of message it is."""
    content: Any
    """What was said."""
    timestamp_ms: int
    """When, in milliseconds since 1970."""
    reply_to: Optional[str]
    """The message that it answers."""
    metadata: "dict[str, Any]"
    """More about it."""
    attachments: "list[dict[str, Any]]"
    """What came along: `name`, `mediaType`, `content`."""
    priority: int
    """Higher comes first."""
    expires_ms: Optional[int]
    """Not delivered after this time, in milliseconds since 1970."""


def _message(form: "dict[str, Any]") -> Message:
    return Message(
        form["messageId"], form["sender"], form["recipient"], form["messageType"], form["content"], form["timestamp"],
        form.get("replyTo"), form.get("metadata", {}), form.get("attachments", []), form.get("priority", 0), form.get("expires"),
    )  # fmt: skip


def _messages(forms: "list[dict[str, Any]]") -> "list[Message]":
    return [_message(form) for form in forms]


class Sent(NamedTuple):
    """What became of a message that was sent."""

    message_id: str
    """The message's name."""
    to: "list[str]"
    """The agents in whose mailboxes it lies."""
    full: "list[str]"
    """The agents that subscribed, but whose mailboxes are full."""
    duplicate: bool
    """A message of this name was sent before: nothing was sent now."""


def _sent(told: "dict[str, Any]") -> Sent:
    return Sent(**told)


class Said(NamedTuple):
    """Something that happened in a channel."""

    seq: int
    """Its place in the channel, from 1."""
    at_ms: int
    """When, in milliseconds since 1970."""
    channel: str
    """The channel: `@bob`, a topic, or `*`."""
    name: str
    """`message.sent`, `message.acknowledged`, `message.released`, `message.expired` or `message.dead`."""
    message_id: str
    """The message's name."""
    message: Optional[Message]
    """The message, where it was sent."""
    agent: Optional[str]
    """The agent that did something with it."""


def _said(told: "dict[str, Any]") -> Said:
    sent = told["message"]
    known = None if sent is None else _message(sent)
    return Said(told["seq"], told["at"], told["channel"], told["name"], told["message_id"], known, told["agent"])


class Messages:
    """The messages of a store."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def send(self, sender: str, recipient: str, message_type: str, content: Any = None, **more: Any) -> "Call[Sent]":
        """Sends a message: when this is done, it is recorded and lies in the mailboxes. `more` is as in `fk.message`."""
        given = [message(sender, recipient, message_type, content, **more)]
        told: "Call[Sent]" = self._ask("messages.send", given, lambda all: _sent(all[0]))
        return told

    def send_all(self, messages: "Sequence[dict[str, Any]]") -> "Call[list[Sent]]":
        """Sends messages together, all of them or none: each made by `fk.message`."""
        told: "Call[list[Sent]]" = self._ask("messages.send", list(messages), lambda all: [_sent(one) for one in all])
        return told

    def request(
        self, sender: str, recipient: str, message_type: str, content: Any = None, *, timeout: Any = 30, **more: Any
    ) -> "Call[Message]":
        """Sends a message and waits for its answer. Raises `WaitTimeout`; an answer that comes later goes to the sender's mailbox."""
        asked = message(sender, recipient, message_type, content, **more)
        given = {"message": asked, "timeout_ms": milliseconds(timeout, "timeout")}
        told: "Call[Message]" = self._ask("messages.request", given, _message)
        return told

    def mailbox(
        self, name: str, *, capacity: Optional[int] = None, attempts: Optional[int] = None, hold: Any = None,
        capabilities: "Optional[Sequence[str]]" = None,
    ) -> "Call[Mailbox]":  # fmt: skip
        """Opens an agent's mailbox; the first time, it is made.

        It takes `capacity` parcels (10,000), then whoever sends is refused. A message is delivered `attempts` times (10) at the most,
        and may be held for `hold` (5 minutes) without being acknowledged. With `capabilities`, it gets messages to `capability/NAME`.
        """
        options: "dict[str, Any]" = {"capacity": capacity, "attempts": attempts}
        options["hold_ms"] = None if hold is None else milliseconds(hold, "hold")
        options["capabilities"] = None if capabilities is None else list(capabilities)
        options = {name: value for name, value in options.items() if value is not None}
        given = {"name": name, "options": options or None}
        made: "Call[Mailbox]" = self._ask("mailbox.open", given, lambda number: Mailbox(self._ask, name, number))
        return made

    def mailboxes(self) -> "Call[dict[str, dict[str, Any]]]":
        """Lists the mailboxes by name, with their settings."""

        def show(all: "list[dict[str, Any]]") -> "dict[str, dict[str, Any]]":
            return {one["name"]: one["options"] for one in all}

        told: "Call[dict[str, dict[str, Any]]]" = self._ask("messages.mailboxes", None, show)
        return told

    def remove(self, name: str) -> "Call[None]":
        """Removes a mailbox with all that lies in it; what was said stays in its history."""
        told: "Call[None]" = self._ask("messages.remove", name)
        return told

    def history(self, recipient: str, *, after: int = 0, limit: int = 1000) -> "Call[list[Said]]":
        """Reads what was said to a recipient, after a place, and what became of it."""
        given = {"recipient": recipient, "after": after, "limit": limit}
        told: "Call[list[Said]]" = self._ask("messages.history", given, lambda all: [_said(one) for one in all])
        return told

    def thread(self, message_id: str, recipients: Sequence[str]) -> "Call[list[Message]]":
        """Gives a message with all that answers it, out of the channels of these recipients."""
        told: "Call[list[Message]]" = self._ask("messages.thread", {"id": message_id, "recipients": list(recipients)}, _messages)
        return told

    def follow(self, topic: str, *, after: int = 0) -> "Follow":
        """Follows a topic, or all that a pattern takes, from a place on: what was published, then what is. It does not end."""
        return Follow(self._ask, {"topic": topic, "after": after})


class Follow:
    """What is published to topics, for `async for` and for `for`."""

    def __init__(self, ask: Ask, given: "dict[str, Any]") -> None:
        self._ask = ask
        self._given = given
        self._number: Optional[int] = None

    def __aiter__(self) -> "AsyncIterator[Said]":
        return self

    async def __anext__(self) -> Said:
        if self._number is None:
            self._number = await self._ask("follow.open", self._given)
        said: Said = await self._ask("follow.next", self._number, _said)
        return said

    def __iter__(self) -> "Iterator[Said]":
        return self

    def __next__(self) -> Said:
        if self._number is None:
            self._number = self._ask("follow.open", self._given).wait()
        said: Said = self._ask("follow.next", self._number, _said).wait()
        return said


class Delivery:
    """A message that was received, and is to be acknowledged: else it comes again. It has the fields of its `fk.Message`."""

    def __init__(self, box: "Mailbox", told: "dict[str, Any]") -> None:
        self.message: Message = _message(told["message"])
        """The message."""
        self.attempt: int = told["attempt"]
        """How often it was delivered, this time included."""
        self._box = box
        self._number: int = told["number"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.message, name)

    def acknowledge(self) -> "Call[None]":
        """Says that it is done: it is never delivered again."""
        return self._box.acknowledge([self])

    def release(self, pause: Any = 0) -> "Call[None]":
        """Gives it back: it is delivered again, at once or after a pause."""
        return self._box._settle("release", {"deliveries": [self._number], "pause_ms": milliseconds(pause, "pause")})

    def reply(self, message_type: str, content: Any = None) -> "Call[Sent]":
        """Answers and acknowledges it, both or none of both."""
        given = {"deliveries": [self._number], "message_type": message_type, "content": content}
        told: "Call[Sent]" = self._box._settle("reply", given, _sent)
        return told

    def __repr__(self) -> str:
        return f"<delivery {self.attempt} of {self.message!r}>"


class Mailbox:
    """An agent's mailbox. Iterating over it, with `async for` or `for`, gives messages one by one and does not end."""

    def __init__(self, ask: Ask, name: str, number: int) -> None:
        self._ask = ask
        self._number = number
        self.name = name
        """The agent's name."""

    def receive(self, most: int = 32, *, wait: Any = None) -> "Call[list[Delivery]]":
        """Waits for messages and gives those that are there, at most so many; none when `wait` (seconds) is over."""
        given = {"most": most, "wait_ms": None if wait is None else milliseconds(wait, "wait")}

        def show(all: "list[dict[str, Any]]") -> "list[Delivery]":
            return [Delivery(self, one) for one in all]

        come: "Call[list[Delivery]]" = self._settle("receive", given, show)
        return come

    def __aiter__(self) -> "AsyncIterator[Delivery]":
        return self

    async def __anext__(self) -> Delivery:
        return (await self.receive(1))[0]

    def __iter__(self) -> "Iterator[Delivery]":
        return self

    def __next__(self) -> Delivery:
        return self.receive(1).wait()[0]

    def acknowledge(self, deliveries: "Sequence[Delivery]") -> "Call[None]":
        """Acknowledges messages together."""
        return self._settle("acknowledge", {"deliveries": [one._number for one in deliveries]})

    def subscribe(self, topic: str) -> "Call[None]":
        """Subscribes to a topic, or to all that a pattern takes: `build.*`, `build.**`."""
        return self._settle("subscribe", {"topic": topic})

    def unsubscribe(self, topic: str) -> "Call[None]":
        """Ends a subscription."""
        return self._settle("unsubscribe", {"topic": topic})

    def waiting(self, most: int = 1000) -> "Call[int]":
        """Counts what lies in it, up to a number."""
        return self._settle("waiting", {"most": most})

    def dead(self, most: int = 1000) -> "Call[list[Message]]":
        """Lists the messages that were delivered too often."""
        return self._settle("dead", {"most": most}, _messages)

    def revive(self, most: int = 1000) -> "Call[int]":
        """Puts those back into the mailbox; tells how many."""
        return self._settle("revive", {"most": most})

    def forget_dead(self) -> "Call[None]":
        """Deletes those."""
        return self._settle("forget_dead", {})

    def close(self) -> "Call[None]":
        """Lets go of it; what lies in it stays there."""
        return self._settle("close", {})

    def _settle(self, verb: str, given: "dict[str, Any]", show: Any = None) -> "Call[Any]":
        told: "Call[Any]" = self._ask(f"mailbox.{verb}", {"number": self._number, **given}, show)
        return told
