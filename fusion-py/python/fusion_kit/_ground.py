"""What an engine stands on in Python: threads for steps that block, and a loop where the program has none."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    import asyncio

    from ._body import Body
    from ._loops import LoopLane

_FAREWELL_S = 2.0


class Ground:
    """What an engine stands on: threads, lanes onto loops, a loop if it needs one of its own. Made when needed, once."""

    def __init__(self, engine: Any, bodies: "list[Body]") -> None:
        self.engine = engine
        self.bodies = bodies
        self.process = os.getpid()
        self.threads: Any = None
        self.loop: Any = None
        self.lanes: "dict[int, LoopLane]" = {}
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Makes sure of the threads."""
        if self.threads is None:
            with self._lock:
                if self.threads is None:
                    from ._threads import Threads

                    chores = {"loop": self.loop_lane, "look": self.look}
                    self.threads = Threads(self.engine.pool(), self.bodies, chores)

    def loop_lane(self) -> Any:
        """Makes sure of a loop in a thread of its own, and gives its lane."""
        with self._lock:
            if self.loop is None or not self.loop.lane.is_open:
                from ._loops import LoopThread

                self.loop = LoopThread(self.bodies)
        self.engine.set_lane(self.loop.lane.native)
        return self.loop.lane

    def lane(self) -> "LoopLane":
        """Gives the lane onto the loop that runs in this thread."""
        import asyncio

        loop = asyncio.get_running_loop()
        known = self.lanes.get(id(loop))
        if known is not None and known.native.awake():
            return known
        from ._loops import LoopLane

        for key, one in list(self.lanes.items()):
            if one.loop.is_closed():
                one.close()
                self.lanes.pop(key, None)
        lane = self.lanes[id(loop)] = LoopLane(self.bodies, loop)
        # A loop whose lane has ended is about to end: calls may still be made there, but no other's bodies go there.
        if known is None:
            self.engine.set_lane(lane.native)
        return lane

    def look(self) -> None:
        """Lets bodies go elsewhere that wait for a loop which does not run."""
        for lane in list(self.lanes.values()):
            lane.look()

    def is_home(self, loop: "Optional[asyncio.AbstractEventLoop]") -> bool:
        """Tells whether bodies run on this loop."""
        return loop is not None and (id(loop) in self.lanes or (self.loop is not None and self.loop.lane.loop is loop))

    def leave_loops(self) -> None:
        """Takes nothing more on the loops of others."""
        for lane in list(self.lanes.values()):
            lane.close()

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


def host_program() -> "list[str]":
    """Gives the program that runs plugins in a process of their own: this interpreter with the `fusion` command."""
    import sys

    return [sys.executable, "-m", "fusion_kit", "plugin-host"] if sys.executable else []
