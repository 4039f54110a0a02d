"""`app.services`: who offers what, which of them a request goes to, several as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Sequence, Union

from ._options import milliseconds

if TYPE_CHECKING:
    from ._call import Call

Ask = Callable[..., Any]
Criteria = Union[str, Mapping[str, Any]]


class Services:
    """The services of a store. What is looked for is a name, or a dict: `name`, `version`, `capabilities`, `metadata`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def register(
        self, id: str, name: str, target: str, *, version: str = "", capabilities: Sequence[str] = (),
        metadata: "Optional[Mapping[str, Any]]" = None, load: float = 0, ttl: Any = None,
    ) -> "Call[None]":  # fmt: skip
        """Registers an instance, or sets it anew: `target` is `agent/bob` or `object/cart/42`.

        With a `ttl`, it has to give signs of life (`beat`), or it is taken out. `load` is how busy it says it is.
        """
        given: "dict[str, Any]" = {
            "id": id, "name": name, "target": target, "version": version, "capabilities": list(capabilities),
            "metadata": dict(metadata or {}), "load": float(load), "ttl_ms": None if ttl is None else milliseconds(ttl, "ttl"),
        }  # fmt: skip
        told: "Call[None]" = self._ask("services.register", given)
        return told

    def update(self, id: str, **change: Any) -> "Call[dict[str, Any]]":
        """Changes `version`, `capabilities`, `metadata`, `load` or `ttl` of an instance; it counts as a sign of life."""
        if "ttl" in change:
            change["ttl_ms"] = milliseconds(change.pop("ttl"), "ttl")
        told: "Call[dict[str, Any]]" = self._ask("services.update", {"id": id, **change})
        return told

    def beat(self, id: str) -> "Call[None]":
        """Gives a sign of life of an instance."""
        told: "Call[None]" = self._ask("services.beat", id)
        return told

    def deregister(self, id: str) -> "Call[None]":
        """Takes an instance out."""
        told: "Call[None]" = self._ask("services.deregister", id)
        return told

    def discover(self, criteria: "Optional[Criteria]" = None) -> "Call[list[dict[str, Any]]]":
        """Finds the instances that are well and fit; all of them without criteria."""
        told: "Call[list[dict[str, Any]]]" = self._ask("services.discover", _criteria(criteria))
        return told

    def call(
        self, criteria: Criteria, ask: str, content: Any = None, *, timeout: Any = 30, strategy: Any = "round_robin"
    ) -> "Call[Any]":
        """Asks one of those that fit, and the next one when it fails.

        The `strategy` is `"round_robin"`, `"least_loaded"` or `{"sticky": key}`.
        """
        given = {"criteria": _criteria(criteria), "strategy": strategy, "ask": ask, "content": content}
        told: "Call[Any]" = self._ask("services.call", {**given, "timeout_ms": milliseconds(timeout, "timeout")})
        return told

    def compose(
        self, parts: "Sequence[Mapping[str, Any]]", content: Any = None, *, chain: bool = False, rule: "str | int" = "all",
        timeout: Any = 30,
    ) -> "Call[dict[str, Any]]":  # fmt: skip
        """Asks several services as one, in a chain or at the same time.

        A part is a dict: `name` (of its result), `service`, `ask`, and perhaps `strategy` and `otherwise`, which counts as its result
        when it fails. By the `rule` `"all"` have to go well, at least so many, or none (`"best_effort"`).
        """
        made = []
        for part in parts:
            fields = dict(part)
            made.append({"criteria": _criteria(fields.pop("service", None)), **fields})
        chosen = {"at_least": rule} if isinstance(rule, int) else rule
        composition = {"parts": made, "chain": chain, "rule": chosen}
        given = {"composition": composition, "content": content, "timeout_ms": milliseconds(timeout, "timeout")}
        told: "Call[dict[str, Any]]" = self._ask("services.compose", given)
        return told


def _criteria(criteria: "Optional[Criteria]") -> "dict[str, Any]":
    return {"name": criteria} if isinstance(criteria, str) else dict(criteria or {})
