"""Bodies on asyncio loops: one lane per engine and loop, drained once for all that has come."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import inspect
import sys
import threading
from typing import Any, AsyncGenerator, Optional

from . import _native
from ._body import Body, report, report_error

_CANCELLED = ("cancelled", "cancelled", None, False, None)


class LoopLane:
    """The way of one engine onto one loop."""

    def __init__(self, bodies: "list[Body]", loop: asyncio.AbstractEventLoop) -> None:
        self.native = _native.Lane()
        self.loop = loop
        self._bodies = bodies
        # The task of every body that began, and where it says how it ended.
        self._tasks: "dict[int, tuple[asyncio.Task[None], Any]]" = {}
        self._cancelled: "set[int]" = set()
        # In an empty context, so that bodies see no variables of whoever came first.
        contextvars.Context().run(loop.add_reader, self.native.fileno(), self._drain)
        self._end = self._wait_for_end()
        try:
            self._end.__anext__().send(None)
        except StopIteration:
            pass

    async def _wait_for_end(self) -> "AsyncGenerator[None, None]":
        # A loop that ends closes the generators that began on it: that is how the engine hears of it.
        try:
            yield
        finally:
            self.close()

    def close(self) -> None:
        """Takes nothing more."""
        if self.native.closed:
            return
        self.native.close()
        if not self.loop.is_closed():
            self.loop.remove_reader(self.native.fileno())

    @property
    def is_open(self) -> bool:
        """Whether bodies can run on it."""
        self.look()
        return not self.native.closed

    def look(self) -> None:
        """Sees whether the loop still runs: not every loop is ended as `asyncio.run` does it."""
        if self.loop.is_closed():
            self.close()
        elif not self.loop.is_running():
            self.native.rest()

    def _drain(self) -> None:
        jobs: "Optional[tuple[list[Any], list[int], list[Any]]]" = self.native.take()
        while jobs is not None:
            self._do(*jobs)
            # A body that is on its way needs the loop: nobody looks then.
            jobs = None if self._tasks else self.native.take_more()

    def _do(self, calls: "list[Any]", cancels: "list[int]", solved: "list[Any]") -> None:
        for future, is_value, value in solved:
            if not future.done():
                if is_value:
                    future.set_result(value)
                else:
                    future.set_exception(value)
        for reports, token, place, value, attempt, variables in calls:
            body = self._bodies[place]
            if body.is_async:
                task = self._spawn(self._run(body, reports, token, value, attempt), variables)
                if not task.done():
                    self._tasks[token] = task, reports
            else:
                self._call(body, reports, token, value, attempt, variables)
        for token in cancels:
            self._cancel(token)

    def _call(self, body: Body, reports: Any, token: int, value: Any, attempt: Any, variables: Any) -> None:
        context = contextvars.Context() if variables is None else variables.copy()
        try:
            value = context.run(body.enter, value, attempt)
        except KeyboardInterrupt:
            reports.stray(token)
            raise
        except BaseException as error:
            report_error(body, reports, token, error, attempt)
        else:
            report(body, reports, token, value)

    def _spawn(self, work: Any, variables: Any) -> "asyncio.Task[None]":
        context = contextvars.Context() if variables is None else variables.copy()
        if sys.version_info >= (3, 12):
            # What the body does before it first waits is done at once, without another turn of the loop.
            return asyncio.Task(work, loop=self.loop, context=context, eager_start=True)
        if sys.version_info >= (3, 11):
            return self.loop.create_task(work, context=context)
        return context.run(self.loop.create_task, work)

    def _cancel(self, token: int) -> None:
        found = self._tasks.get(token)
        if found is None:
            return
        task, reports = found
        self._cancelled.add(token)
        task.cancel()
        work: Any = task.get_coro()
        if inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
            # It never begins, so it cannot say itself how it ended.
            self._over(token)
            reports.failed(token, _CANCELLED)

    def _over(self, token: int) -> None:
        self._tasks.pop(token, None)
        self._cancelled.discard(token)

    async def _run(self, body: Body, reports: Any, token: int, value: Any, attempt: Any) -> None:
        try:
            value = await body.enter(value, attempt)
        except asyncio.CancelledError as error:
            if token in self._cancelled:
                reports.failed(token, _CANCELLED)
            elif not _was_cancelled():
                # Nobody cancelled this task: the error is of something that it has waited for.
                report_error(body, reports, token, error, attempt)
            else:
                reports.stray(token)
        except (KeyboardInterrupt, GeneratorExit):
            # The program is stopped, or its loop was forgotten with this body on it.
            reports.stray(token)
            raise
        except BaseException as error:
            report_error(body, reports, token, error, attempt)
        else:
            report(body, reports, token, value)
        finally:
            self._over(token)


def _was_cancelled() -> bool:
    """Tells whether somebody cancelled the task that runs, as far as that can be known."""
    task = asyncio.current_task()
    return sys.version_info < (3, 11) or task is None or task.cancelling() > 0


class LoopThread:
    """A loop in a thread of its own, for programs that have none."""

    def __init__(self, bodies: "list[Body]") -> None:
        self._bodies = bodies
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._ready = threading.Event()
        self.lane: Any = None
        self.thread = threading.Thread(target=self._main, name="fusion-loop", daemon=True)
        self.thread.start()
        self._ready.wait()

    def _main(self) -> None:
        try:
            loop = importlib.import_module("uvloop").new_event_loop()
        except ImportError:
            loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self._loop = loop
        loop.call_soon(self._begin)
        try:
            loop.run_forever()
        finally:
            self._clean(loop)

    def _begin(self) -> None:
        assert self._loop is not None
        self.lane = LoopLane(self._bodies, self._loop)
        self._ready.set()

    def _clean(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks, timeout=1))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def stop(self, timeout: float) -> None:
        """Cancels what runs and ends the thread, as far as its bodies let it."""
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._loop.stop)
            except RuntimeError:
                return
        if threading.current_thread() is not self.thread:
            self.thread.join(timeout)
