"""What can be asked for a step: retries, limits, caching. Seconds are numbers, `timedelta`s, or texts such as `"10m"`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Sequence, Union

if TYPE_CHECKING:
    import datetime

    Seconds = Union[int, float, str, datetime.timedelta]
else:
    Seconds = Any

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def milliseconds(value: Any, what: str) -> int:
    """Gives a length of time in milliseconds.

    Raises `ValueError` for what is no length of time.
    """
    if hasattr(value, "total_seconds"):
        value = value.total_seconds()
    if isinstance(value, str):
        import re

        parts = re.findall(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)", value)
        if not parts or re.sub(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)|\s", "", value):
            raise ValueError(f"{what} is no length of time: {value!r} (write seconds, or text such as \"90s\", \"1h 30m\")")
        return round(sum(float(number) * _UNITS[unit] for number, unit in parts))
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e13:
        raise ValueError(f"{what} is no length of time: {value!r} (write seconds, or text such as \"90s\", \"1h 30m\")")
    return round(value * 1000)


def class_name(kind: Any) -> str:
    """Gives the word under which failures of an exception's type are recorded."""
    return kind if isinstance(kind, str) else str(kind.__name__)


class Retry(NamedTuple):
    """How attempts follow one another: pauses of `initial * factor ** n`, at most `max`, spread by `jitter` (0 to 1).

    `attempts` counts the first one. With `on`, only these exceptions (types, or words such as `"timeout"`) are tried
    again; those of `not_on` never.
    """

    attempts: int = 3
    initial: Seconds = 1.0
    factor: float = 2.0
    max: Seconds = 60.0
    jitter: float = 0.0
    on: Sequence[Any] = ()
    not_on: Sequence[Any] = ()

    def data(self) -> "dict[str, Any]":
        """Gives the engine's form."""
        return {
            "attempts": self.attempts,
            "initial_ms": milliseconds(self.initial, "Retry.initial"),
            "factor": float(self.factor),
            "max_ms": milliseconds(self.max, "Retry.max"),
            "jitter": float(self.jitter),
            "on": [class_name(kind) for kind in self.on],
            "not_on": [class_name(kind) for kind in self.not_on],
        }


class Options(NamedTuple):
    """All that can be asked for a step; `Step.options` changes some of it for one use."""

    retries: int = 0
    retry: Optional[Retry] = None
    timeout: Any = None
    heartbeat: Any = None
    cache: Any = False
    concurrency: Optional["tuple[str, int]"] = None
    priority: int = 0
    at_most_once: bool = False
    on_unknown: str = "fail"
    validate: Sequence["dict[str, Any]"] = ()
    fallback: Any = None
    compensate: Any = None
    elsewhere: bool = False
    id: Optional[str] = None

    def policy(self) -> "dict[str, Any]":
        """Gives the engine's form of what is not the default."""
        policy: "dict[str, Any]" = {}
        retry = self.retry or (Retry(attempts=self.retries + 1) if self.retries else None)
        if retry is not None:
            policy["retry"] = retry.data()
        if self.timeout is not None:
            policy["timeout"] = {"fixed": milliseconds(self.timeout, "timeout")}
        if self.heartbeat is not None:
            policy["heartbeat_ms"] = milliseconds(self.heartbeat, "heartbeat")
        if self.cache is not False and self.cache is not None:
            ttl = None if self.cache is True else milliseconds(self.cache, "cache")
            policy["cache"] = {"ttl_ms": ttl, "version": ""}
        if self.concurrency is not None:
            policy["concurrency"] = {"key": self.concurrency[0], "limit": self.concurrency[1]}
        if self.priority:
            policy["priority"] = self.priority
        if self.at_most_once:
            policy["at_most_once"] = True
            if self.on_unknown != "fail":
                policy["on_unknown"] = self.on_unknown
        return policy
