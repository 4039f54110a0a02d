"""`app.memory(owner)`: what an agent knows beyond one task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, List, NamedTuple, Optional

from ._values import decoder

if TYPE_CHECKING:
    from ._call import Call

Ask = Callable[..., Any]


class Fact(NamedTuple):
    """One thing that is remembered."""

    key: str
    """Under which key."""
    value: Any
    """What, as plain data."""
    at_ms: int
    """Since when, in milliseconds since 1970."""
    score: float = 0.0
    """How much it speaks of what was looked for; 0 when nothing was."""


def _facts(all: "list[dict[str, Any]]") -> "list[Fact]":
    return [Fact(one["key"], one["value"], one["at"], one.get("score", 0.0)) for one in all]


class Memory:
    """What one owner knows beyond one task: facts by key, and its saved state.

    The owner is the name of an agent, or of a team that shares it; every process of the store sees the same.
    """

    def __init__(self, ask: Ask, owner: str) -> None:
        self._ask = ask
        self.owner = owner
        """Whose it is."""

    def remember(self, key: str, value: Any) -> "Call[None]":
        """Remembers a fact; what was under its key is forgotten. A fact has at most 64 KiB."""
        told: "Call[None]" = self._ask("memory.remember", {"owner": self.owner, "key": key, "value": value})
        return told

    def recall(self, key: str, type: Any = None, *, default: Any = None) -> "Call[Any]":
        """Recalls what is remembered under a key, as a type if one is given; the `default` when nothing is."""
        decode = None if type is None else decoder(type)

        def show(found: "list[Any]") -> Any:
            if not found:
                return default
            return found[0] if decode is None else decode(found[0], key)

        told: "Call[Any]" = self._ask("memory.recall", {"owner": self.owner, "key": key}, show)
        return told

    def search(self, text: str, *, limit: int = 5) -> "Call[List[Fact]]":
        """Finds the facts that speak of a text, the best first."""
        told: "Call[List[Fact]]" = self._ask("memory.search", {"owner": self.owner, "text": text, "limit": limit}, _facts)
        return told

    def facts(self) -> "Call[List[Fact]]":
        """Lists all facts, by key."""
        told: "Call[List[Fact]]" = self._ask("memory.facts", {"owner": self.owner}, _facts)
        return told

    def forget(self, key: str) -> "Call[bool]":
        """Forgets a fact. Tells whether there was one."""
        told: "Call[bool]" = self._ask("memory.forget", {"owner": self.owner, "key": key})
        return told

    def save_state(self, state: Any, *, version: int = 1) -> "Call[None]":
        """Saves the owner's state, in the form of a version; the one before is forgotten. A state has at most 8 MiB."""
        given = {"owner": self.owner, "version": version, "state": state}
        told: "Call[None]" = self._ask("memory.save", given)
        return told

    def load_state(
        self, type: Any = None, *, version: int = 1, upcast: "Optional[Callable[[int, Any], Any]]" = None, default: Any = None
    ) -> "Call[Any]":
        """Loads the owner's state in the form of a version, as a type if one is given; the `default` when none was saved.

        A state of an older version goes through `upcast(version, state)`, which makes of one, as plain data, one of the next
        version. What is loaded is not saved by that.
        """
        decode = None if type is None else decoder(type)

        def show(saved: "Optional[dict[str, Any]]") -> Any:
            if saved is None:
                return default
            state, written = saved["state"], saved["version"]
            if written > version:
                raise ValueError(f"the state of `{self.owner}` was saved in version {written}; this program knows version {version}")
            for step in range(written, version):
                if upcast is None:
                    raise ValueError(f"the state of `{self.owner}` is of version {written}: give an `upcast` to version {version}")
                state = upcast(step, state)
            return state if decode is None else decode(state, "state")

        told: "Call[Any]" = self._ask("memory.saved", {"owner": self.owner}, show)
        return told
