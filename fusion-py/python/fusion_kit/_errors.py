"""The exceptions of the package: a tree under `Error`, each with the engine's stable code."""

from __future__ import annotations

import sys
from typing import Any, Optional


class Error(Exception):
    """Something that the engine refused or could not do.

    `code` is stable (`fusion explain CODE` prints its page); `hint` says what helps, when anything is known to.
    """

    code: str = "FU0502"

    def __init__(self, message: str, *, code: Optional[str] = None, hint: Optional[str] = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        text = f"{self.code}: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class InvalidInput(Error, ValueError):
    """An argument, an input or an id does not fit."""

    code = "FU0101"


class InvalidWorkflow(Error, ValueError):
    """A graph or a workflow file is wrong; the message holds everything that was found."""

    code = "FU0204"


class IdConflict(Error):
    """A run of this id exists, with another input or workflow."""

    code = "FU0103"


class RunNotFound(Error, LookupError):
    """There is no run of this id in the store."""

    code = "FU0104"


class NotApplicable(Error):
    """The run is not in a state in which this can be done."""

    code = "FU0105"


class StoreError(Error):
    """The store cannot be opened, read or written."""

    code = "FU0302"


class WaitTimeout(Error, TimeoutError):
    """What was waited for did not come in time; it goes on all the same."""

    code = "FU0404"


class Closed(Error):
    """The engine was closed, or belongs to the process that this one was forked from."""

    code = "FU0501"


class RunCancelled(Error):
    """The run was cancelled."""

    code = "FU0402"


class RunFailed(Error):
    """The run failed.

    `failure_class` is the name of the exception's type (or a word of the engine's, such as `timeout`), `node` and
    `attempt` say where, `traceback` is what was recorded. `__cause__` is the exception itself when the step ran in this
    process, else one of its type where that is imported here, else a `StepError`.
    """

    code = "FU0401"

    def __init__(self, run: str, failure: "dict[str, Any]", where: "Optional[tuple[str, int]]" = None) -> None:
        self.run = run
        self.node: Optional[str] = where[0] if where else None
        self.attempt: Optional[int] = where[1] if where else None
        self.failure_class: str = failure["class"]
        self.failure_message: str = failure["message"]
        self.traceback: Optional[str] = failure["detail"]
        at = f" at `{self.node}`, attempt {self.attempt}" if self.node else ""
        super().__init__(f"run `{run}` failed{at}: {self.failure_class}: {self.failure_message}")


class StepError(Exception):
    """Why a step failed whose own exception is not at hand: its type's name, its message, its traceback as text."""

    def __init__(self, kind: str, message: str, traceback: Optional[str] = None) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.traceback = traceback


class DecodeError(TypeError):
    """A recorded value does not fit the type that it is asked for; never retried."""


class Permanent(Exception):
    """Raise it, or a subclass, from a step when trying again cannot help."""


class RetryAfter(Exception):
    """Raise it from a step to be tried again, if attempts are left, after so many seconds at the least."""

    def __init__(self, seconds: float, message: str = "") -> None:
        super().__init__(message or f"try again after {seconds} s")
        self.seconds = seconds


class Fault(Exception):
    """How a call of a provider failed. Raise it in a provider, so that retries, fallbacks and policies know what to do.

    `kind` is one of `auth`, `rate_limit`, `overloaded`, `context_too_long`, `content_refused`, `invalid_request`, `timeout`,
    `transport`, `malformed`, `unsupported`, `budget`, `cancelled`; `retry_after` the least pause in seconds; `status` that
    of HTTP. Any other exception of a provider is `overloaded`, as if a service had trouble of its own.
    """

    def __init__(
        self, kind: str, message: str, *, retry_after: Optional[float] = None, status: Optional[int] = None,
        provider: Optional[str] = None,
    ) -> None:  # fmt: skip
        if kind not in _KINDS:
            raise ValueError(f"there is no fault `{kind}`: {', '.join(_KINDS)}")
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after = retry_after
        self.status = status
        self.provider = provider
        self.detail: Optional[str] = None

    def __str__(self) -> str:
        who = f"{self.provider}: " if self.provider else ""
        status = f" ({self.status})" if self.status else ""
        return f"{who}{self.kind}{status}: {self.message}"


_KINDS = (
    "auth", "rate_limit", "overloaded", "context_too_long", "content_refused", "invalid_request", "timeout", "transport",
    "malformed", "unsupported", "budget", "cancelled",
)  # fmt: skip

def is_fault(kind: str) -> bool:
    """Tells whether a class of failures is a kind of faults."""
    return kind in _KINDS


_BY_CODE = {
    "FU0103": IdConflict,
    "FU0104": RunNotFound,
    "FU0105": NotApplicable,
    "FU0402": RunCancelled,
    "FU0404": WaitTimeout,
    "FU0501": Closed,
}
_BY_GROUP = {"FU01": InvalidInput, "FU02": InvalidWorkflow, "FU03": StoreError}


def _make(code: str, message: str, hint: Optional[str] = None, failure: Any = None) -> Error:
    """Makes the exception of a code; called by the engine's side."""
    kind = _BY_CODE.get(code) or _BY_GROUP.get(code[:4], Error)
    return kind(message, code=code, hint=hint)


def _cause(failure: "dict[str, Any]") -> Exception:
    """Makes an exception of a recorded failure: of its own type, if that is an exception imported here."""
    text: Optional[str] = failure["detail"]
    message: str = failure["message"]
    made: Optional[Exception] = None
    last = text.rstrip().rsplit("\n", 1)[-1] if text else ""
    # The last line of what was recorded names the type with its module; nothing is imported for it.
    name = last.removeprefix("type: ") if last.startswith("type: ") else ""
    module, _, kind = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in kind.split(".") if kind else ():
        found = getattr(found, part, None)
    if isinstance(found, type) and issubclass(found, Exception):
        try:
            made = found(message)
        except Exception:  # Its constructor wants something else.
            made = None
    if made is None:
        return StepError(failure["class"], message, text)
    if text and sys.version_info >= (3, 11):
        made.add_note("recorded traceback:\n" + text)
    return made
