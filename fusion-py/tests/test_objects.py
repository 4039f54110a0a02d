"""Durable objects: a state that outlives programs, one message at a time."""

import asyncio
import dataclasses
import subprocess
import sys
import threading
import time

import fusion_kit as fk
import pytest


@dataclasses.dataclass
class Item:
    sku: str
    n: int = 1


@dataclasses.dataclass
class State:
    items: "dict[str, int]"


class Cart(fk.Object):
    def initialize(self, id: str) -> State:
        return State({})

    def add(self, turn: fk.Turn, item: Item) -> int:
        state: State = turn.state
        state.items[item.sku] = state.items.get(item.sku, 0) + item.n
        turn.event("added", item)
        return self._sum(state)

    async def count(self, turn: fk.Turn) -> int:
        return self._sum(turn.state)

    def clear(self, turn: fk.Turn) -> None:
        turn.state = State({})

    def fail(self, turn: fk.Turn) -> None:
        turn.state.items["lost"] = 1
        raise ValueError("not today")

    def _sum(self, state: State) -> int:
        return sum(state.items.values())


@pytest.fixture(params=["memory", "file"])
def any_app(request, url):
    app = fk.Fusion("memory://" if request.param == "memory" else url)
    yield app
    app.close()


def test_an_object_keeps_its_state(any_app):
    app = any_app
    assert app.object(Cart) is Cart
    mine = app.objects.get(Cart, "42")
    assert mine.call("add", Item("book")).wait() == 1
    assert mine.call("add", {"sku": "pen", "n": 3}).wait() == 4
    assert mine.state().wait() == State({"book": 1, "pen": 3})
    with pytest.raises(fk.Error, match="not today") as failed:
        mine.call("fail").wait()
    assert failed.value.code == "FU0701"
    assert mine.call("count").wait() == 4
    told = mine.history().wait()
    assert [one.data["sku"] for one in told if one.name == "added"] == ["book", "pen"]
    seq = mine.look().wait().seq
    assert seq == told[-1].seq
    with pytest.raises(fk.Error) as failed:
        mine.call("add", Item("x"), expect=1).wait()
    assert failed.value.code == "FU0309"
    mine.call("clear", expect=seq).wait()
    assert mine.state().wait() == State({})
    assert mine.state(seq).wait() == State({"book": 1, "pen": 3})
    with pytest.raises(fk.Error, match="`cart` has no message `ad`; there are add, clear, count, fail"):
        mine.call("ad").wait()
    with pytest.raises(fk.Error, match="sku"):
        mine.call("add", {"n": 2}).wait()
    assert app.objects.list(Cart).wait() == (["42"], None)


def test_one_message_at_a_time(app):
    @app.object(kind="slow")
    class Slow(fk.Object):
        def initialize(self, id: str) -> int:
            return 0

        async def go(self, turn: fk.Turn) -> int:
            seen = turn.state
            await asyncio.sleep(0.001)
            turn.state = seen + 1
            return turn.state

    async def main():
        one = app.objects.get("slow", "1")
        await asyncio.gather(*[one.call("go") for _ in range(50)])
        assert await one.state() == 50

    asyncio.run(main())


def test_told_messages_are_handled_timers_come_hooks_are_called(app):
    said = []

    @app.object
    class Bell(fk.Object):
        def initialize(self, id: str) -> "dict[str, int]":
            return {"rang": 0}

        def set(self, turn: fk.Turn, after: float) -> None:
            turn.timer("ring", "ding", after=after)
            turn.timer("never", after="1h")
            turn.stop("never")

        def ring(self, turn: fk.Turn, what: str) -> None:
            said.append((turn.is_timer, what))
            turn.state["rang"] += 1

        def activate(self, turn: fk.Turn) -> None:
            said.append(f"up {turn.id}")

        def deactivate(self, turn: fk.Turn) -> None:
            said.append(f"down {turn.state['rang']}")

    app.objects.set_idle(0.03).wait()
    app.objects.get(Bell, "1").tell("set", 0.01).wait()
    until = time.monotonic() + 20
    while "down 1" not in said and time.monotonic() < until:
        time.sleep(0.005)
    assert said[:2] == ["up 1", (True, "ding")] and "down 1" in said


def test_newer_code_raises_what_older_code_wrote(url):
    class First(fk.Object):
        kind = "n"

        def initialize(self, id: str) -> int:
            return 1

        def up(self, turn: fk.Turn) -> int:
            turn.state += 1
            return turn.state

    class Third(fk.Object):
        kind, version = "n", 3

        def initialize(self, id: str) -> "dict[str, int]":
            return {"n": 1}

        def upcast(self, version: int, state):
            return [state] if version == 1 else {"n": state[0]}

        def up(self, turn: fk.Turn) -> int:
            turn.state["n"] += 1
            return turn.state["n"]

    class Second(First):
        version = 2

    with fk.Fusion(url) as app:
        app.object(First)
        assert app.objects.get("n", "x").call("up").wait() == 2
    with fk.Fusion(url) as app:
        app.object(Third)
        assert app.objects.get("n", "x").call("up").wait() == 3
        assert app.objects.get("n", "x").state().wait() == {"n": 3}
    with fk.Fusion(url) as app:
        app.object(Second)
        with pytest.raises(fk.Error) as parked:
            app.objects.get("n", "x").call("up", timeout=5).wait()
        assert parked.value.code == "FU0702"


HOST = """
import sys
import fusion_kit as fk

app = fk.Fusion(sys.argv[1])

@app.object
class Sum(fk.Object):
    def initialize(self, id: str) -> int:
        return 0

    def add(self, turn: fk.Turn, n: int) -> int:
        turn.state += n
        return turn.state

with app:
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_an_object_of_another_process_is_called_and_outlives_it(url):
    host = subprocess.Popen([sys.executable, "-c", HOST, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert host.stdout.readline() == "ready\n"
    with fk.Fusion(url) as app:
        one = app.objects.get("sum", "1")
        assert one.call("add", 2, timeout=20).wait() == 2
        host.kill()
        host.wait()

        @app.object
        class Sum(fk.Object):
            def initialize(self, id: str) -> int:
                return 0

            def add(self, turn: fk.Turn, n: int) -> int:
                turn.state += n
                return turn.state

        assert one.call("add", 5, timeout=30).wait() == 7


def test_a_sync_handler_does_not_hold_up_the_loop(app):
    entered = threading.Event()

    @app.object
    class Blocks(fk.Object):
        def wait(self, turn: fk.Turn) -> str:
            entered.set()
            time.sleep(0.2)
            return "waited"

    async def main():
        asked = asyncio.ensure_future(app.objects.get(Blocks, "1").call("wait")._on_loop())
        ticks = 0
        while not asked.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert await asked == "waited" and ticks > 5

    asyncio.run(main())
    assert entered.is_set()


def test_what_is_no_object_is_refused(app):
    with pytest.raises(TypeError, match="fk.Object"):
        app.object(int)
    with pytest.raises(ValueError, match="after"):
        fk.Turn("k", {"id": "1", "seq": 0}, None).timer("x")
