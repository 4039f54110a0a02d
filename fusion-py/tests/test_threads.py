"""Many threads and loops at once: nothing waits for a lock while it holds the interpreter."""

import asyncio
import gc
import os
import threading
import time
import weakref

import fusion_kit as fk
import pytest


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_threads_and_loops_all_at_once(store, url):
    with fk.Fusion(url if store == "sqlite" else "memory://") as app:

        @app.step
        def threaded(n: int) -> int:
            # Bodies talk to the engine from inside, too.
            app.list(limit=1).wait()
            return n

        @app.step
        async def looped(n: int) -> int:
            await app.list(limit=1)
            await asyncio.sleep(0)
            return n

        @app.step(inline=True)
        def inline(n: int) -> int:
            return n

        @app.workflow
        def flow(ns: list):
            return [step.map(ns) for step in (threaded, looped, inline)]

        app.start(flow, []).wait().result().wait()
        errors = []

        def plain():
            for _ in range(3):
                run = app.start(flow, list(range(20))).wait()
                names = [event.name for event in run.events()]
                assert names[-1] == "run.succeeded" and run.result().wait() == [list(range(20))] * 3

        async def on_loop():
            async def one():
                run = await app.start(flow, list(range(20)))
                assert await run.result(timeout=60) == [list(range(20))] * 3

            await asyncio.gather(*[one() for _ in range(3)])

        def guarded(work):
            try:
                work()
            except BaseException as error:
                errors.append(error)

        works = [plain] * 8 + [lambda: asyncio.run(on_loop())] * 4
        threads = [threading.Thread(target=guarded, args=[work], daemon=True) for work in works]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120 - (time.monotonic() - began))
            assert not thread.is_alive(), "something waits for ever"
        assert errors == []


def test_engines_come_and_go():
    def one():
        app = fk.Fusion()
        step = app.step(name="one")(lambda n: n)
        app.workflow(name="flow")(lambda n: step(n))
        assert app.run("flow", 1) == 1
        return weakref.ref(app)

    before, seen = threading.active_count(), [one() for _ in range(20)]
    deadline = time.monotonic() + 20
    while any(ref() is not None for ref in seen) or threading.active_count() > before + 2:
        assert time.monotonic() < deadline, [thread.name for thread in threading.enumerate()]
        gc.collect()
        time.sleep(0.05)


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory cannot be read here")
def test_steps_leave_nothing_behind(app):
    @app.step
    async def looped(n: int) -> dict:
        return {"n": n, "text": "x" * 100}

    @app.step
    def threaded(n: int) -> dict:
        if n % 50 == 0:
            raise ValueError("x")
        return {"n": n}

    @app.workflow
    def flow(ns: list):
        threaded.map(ns, on_item_failure="collect")
        return {"all": looped.map(ns, max_parallel=64)}

    def some(count):
        for _ in range(count):
            run = app.start(flow, list(range(500))).wait()
            run.result(timeout=60).wait()
            app.prune(run.id).wait()
        gc.collect()
        return resident()

    some(5)
    before = some(5)
    after = some(10)
    assert after < before * 1.05 + 2_000_000, (before, after)


def busy(microseconds):
    end = time.perf_counter() + microseconds / 1e6
    while time.perf_counter() < end:
        pass


@pytest.mark.parametrize("kind", ["threaded", "inline", "looped"])
def test_nothing_is_lost_at_the_moment_when_somebody_falls_asleep(app, kind):
    # Who waits stays awake for some 60 µs: bodies, and the time between them, end before, at and after that.
    def threaded(n: int) -> int:
        busy(n)
        return n

    async def looped(n: int) -> int:
        busy(n)
        return n

    step = app.step(looped) if kind == "looped" else app.step(threaded, inline=kind == "inline")

    @app.workflow
    def flow(n: int):
        return [step(n), step(1)]

    for n in range(300):
        assert app.start(flow, n % 100).wait().result(timeout=20).wait() == [n % 100, 1]
        busy(n * 7 % 150)


def test_bodies_that_follow_each_other_at_once_leave_the_loop_to_others(app):
    turns, seen = 0, []

    @app.step(inline=True)
    def quick(n: int) -> int:
        seen.append(turns)
        return n + 1

    graph, last = fk.Graph("chain"), 0
    for n in range(2_000):
        last = graph.add(f"n{n}", quick, args=[last])

    async def main():
        nonlocal turns
        run = asyncio.ensure_future(whole())
        while not run.done():
            turns += 1
            await asyncio.sleep(0)
        return await run

    async def whole():
        return await (await app.start(graph)).result()

    asyncio.run(main())
    assert len(seen) == 2_000
    assert len(set(seen)) > 3, "the loop had turns in between"
