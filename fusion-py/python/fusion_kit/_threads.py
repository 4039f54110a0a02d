"""Threads for bodies that may block: started when all are busy, gone when there is nothing to do."""

from __future__ import annotations

import contextvars
import os
import threading
import time
from typing import Any, Callable

from ._body import Body, report, report_error

_MOST = max(32, 4 * (os.cpu_count() or 1))


class Threads:
    """The threads of one engine."""

    def __init__(self, pool: Any, bodies: "list[Body]", chores: "dict[str, Callable[[], Any]]") -> None:
        self._pool = pool
        self._bodies = bodies
        self._chores = chores
        self._started: "list[threading.Thread]" = []
        self._keeper = threading.Thread(target=self._keep, name="fusion-keeper", daemon=True)
        self._keeper.start()

    def _keep(self) -> None:
        while (need := self._pool.short(_MOST)) is not None:
            what, count = need
            try:
                if what == "thread":
                    for _ in range(count):
                        self._start()
                else:
                    self._chores[what]()
            except RuntimeError as error:
                # From Python 3.12 on, no thread begins once the interpreter ends: nobody waits for this one any more.
                if "interpreter shutdown" in str(error):
                    return
                raise

    def _start(self) -> None:
        self._pool.begun()
        thread = threading.Thread(target=self._work, name="fusion-step", daemon=True)
        self._started = [one for one in self._started if one.is_alive()] + [thread]
        thread.start()

    def _work(self) -> None:
        take, reports, bodies, process = self._pool.take, self._pool.reports(), self._bodies, os.getpid()
        try:
            while True:
                call = take()
                if call is None:
                    return
                token, place, value, attempt, variables = call
                body = bodies[place]
                context = contextvars.Context() if variables is None else variables.copy()
                try:
                    value = context.run(body.enter, value, attempt)
                except BaseException as error:
                    if os.getpid() != process:
                        _leave_child(body)
                    report_error(body, reports, token, error, attempt)
                else:
                    if os.getpid() != process:
                        _leave_child(body)
                    report(body, reports, token, value)
                del call, value, attempt, context, variables
        finally:
            self._pool.ended()

    def stop(self, timeout: float) -> None:
        """Lets the threads end; those whose body still runs are left to it."""
        self._pool.close()
        end = time.monotonic() + timeout
        for thread in [self._keeper, *self._started]:
            if thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))


def _leave_child(body: Body) -> None:
    # The step forked, and this is the child: the run is the parent's.
    os.write(2, f"fusion: step `{body.name}` came back in a forked child, which ends here\n".encode())
    os._exit(70)
