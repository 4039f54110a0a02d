"""Something to be waited for, in either way: `await call`, or `call.wait()`."""

from __future__ import annotations

from typing import Any, Callable, Generator, Generic, Optional, TypeVar

from ._errors import WaitTimeout

T = TypeVar("T")


class Call(Generic[T]):
    """Something that the engine does once it is waited for: `await call` on a loop, `call.wait()` in a plain thread.

    Both hear cancellation: of the task that awaits, and Ctrl-C in the thread that waits.
    """

    __slots__ = ("_app", "_begin", "_show", "_timeout")

    def __init__(
        self,
        app: Any,
        begin: Callable[[Any], Any],
        show: Optional[Callable[[Any], T]] = None,
        timeout: Optional[float] = None,
    ) -> None:
        self._app = app
        self._begin = begin
        self._show = show
        self._timeout = timeout

    def __await__(self) -> Generator[Any, None, T]:
        return self._on_loop().__await__()

    async def _on_loop(self) -> T:
        import asyncio

        lane = self._app._ground.lane()
        future: "asyncio.Future[Any]" = lane.loop.create_future()
        abort = self._begin(lane).attach(lane.native, future)
        try:
            if self._timeout is None:
                value = await future
            else:
                value = await asyncio.wait_for(future, self._timeout)
        except asyncio.TimeoutError:
            if not future.cancelled():
                raise
            raise WaitTimeout(f"it took longer than {self._timeout} s") from None
        finally:
            abort.abort()
        return value if self._show is None else self._show(value)

    def wait(self, timeout: Optional[float] = None) -> T:
        """Waits in this thread, for so many seconds at the most, and gives the result.

        Raises `WaitTimeout` when it takes longer, and `RuntimeError` on a loop whose bodies it would wait for.
        """
        self._app._check_blocking()
        value = self._begin(None).wait(timeout if timeout is not None else self._timeout)
        return value if self._show is None else self._show(value)
