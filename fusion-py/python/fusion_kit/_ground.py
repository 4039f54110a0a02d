"""What an engine stands on in Python: threads for steps that block, and a loop where the program has none."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    import asyncio

    from ._body import Body

_FAREWELL_S = 2.0


class Ground:
    """What an engine stands on: threads, a loop if it needs one of its own. Made when it is needed, once."""

    def __init__(self, engine: Any, bodies: "list[Body]") -> None:
        self.engine = engine
        self.bodies = bodies
        self.process = os.getpid()
        self.threads: Any = None
        self.loop: Any = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Makes sure of the threads."""
        if self.threads is None:
            with self._lock:
                if self.threads is None:
                    from ._threads import Threads

                    self.threads = Threads(self.engine.pool(), self.bodies, self.loop_lane)

    def loop_lane(self) -> Any:
        """Makes sure of a loop in a thread of its own, and gives its lane."""
        with self._lock:
            if self.loop is None or not self.loop.lane.is_open:
                from ._loops import LoopThread

                self.loop = LoopThread(self.bodies)
        self.engine.set_lane(self.loop.lane.native)
        return self.loop.lane

    def end(self) -> None:
        """Lets go of everything."""
        if os.getpid() != self.process:
            return
        self.engine.close()
        if self.threads is not None:
            self.threads.stop(_FAREWELL_S)
        if self.loop is not None:
            self.loop.stop(_FAREWELL_S)


def running_loop() -> "Optional[asyncio.AbstractEventLoop]":
    """Gives the loop that runs in this thread, if there is one; does not import asyncio for it."""
    import sys

    # A program that never imported asyncio has no loop.
    found = sys.modules.get("asyncio.events")
    return None if found is None else found._get_running_loop()
