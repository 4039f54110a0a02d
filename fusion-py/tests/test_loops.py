"""Loops end in many ways, and some only stop: bodies wait for none of them."""

import asyncio
import threading
import time

import fusion_kit as fk
import pytest

SOON = 20


def home(app):
    """A workflow whose result is the loop that its body ran on."""

    @app.step
    async def where(n: int) -> int:
        await app.list(limit=1)
        return id(asyncio.get_running_loop())

    @app.workflow
    def flow(n: int):
        return where(n)

    return flow


def through(app, flow):
    return app.start(flow, 1).wait().result(timeout=SOON).wait()


def closed(loop):
    loop.close()


def stopped(loop):
    pass


def called_from_while_it_ends(loop, app):
    # As `asyncio.run` ends a loop, with a task that still calls the engine.
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(late(app))
    loop.close()


async def late(app):
    await app.list(limit=1)


@pytest.mark.parametrize("end", [closed, stopped, called_from_while_it_ends])
def test_bodies_go_elsewhere_when_the_usual_loop_does_not_run(app, end):
    flow, loop = home(app), asyncio.new_event_loop()
    loop.run_until_complete(late(app))
    end(loop, app) if end is called_from_while_it_ends else end(loop)
    assert through(app, flow) != id(loop)
    loop.close()


def test_a_loop_that_runs_again_has_its_bodies_again(app):
    flow, loop = home(app), asyncio.new_event_loop()

    async def main():
        run = await app.start(flow, 1)
        return await run.result(timeout=SOON)

    assert loop.run_until_complete(main()) == id(loop)
    assert through(app, flow) != id(loop)
    assert loop.run_until_complete(main()) == id(loop)
    loop.close()


def test_a_body_is_entered_again_when_its_loop_was_closed_under_it(app):
    entered = []

    @app.step
    async def slow(n: int) -> int:
        entered.append(threading.current_thread().name)
        if len(entered) == 1:
            await asyncio.sleep(3600)
        return n

    @app.workflow
    def flow(n: int):
        return slow(n)

    loop = asyncio.new_event_loop()

    async def main():
        run = await app.start(flow, 7)
        while not entered:
            await asyncio.sleep(0.01)
        return run

    run = loop.run_until_complete(main())
    loop.close()
    assert run.result(timeout=SOON).wait() == 7
    assert entered[1:] == ["fusion-loop"]


def test_loops_that_end_one_after_the_other_lose_nothing(app):
    flow = home(app)
    done, errors = threading.Event(), []

    def plain():
        try:
            while not done.is_set():
                through(app, flow)
        except BaseException as error:
            errors.append(error)

    async def main():
        await asyncio.gather(*[(await app.start(flow, n)).result(timeout=SOON) for n in range(5)])

    threads = [threading.Thread(target=plain, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        asyncio.run(main())
    done.set()
    for thread in threads:
        thread.join(SOON)
        assert not thread.is_alive()
    assert errors == []


def test_a_body_that_is_cancelled_before_it_begins_says_so(app):
    """Its loop hears of it and of its end at once, when another body has kept the loop from both."""

    @app.step(timeout=0.1)
    async def quick(n: int) -> int:
        return n

    @app.step(inline=True)
    def blocks(n: int) -> int:
        time.sleep(0.5)
        return n

    @app.workflow
    def flow(n: int):
        return [blocks(n), quick(n)]

    began = time.monotonic()
    with pytest.raises(fk.RunFailed, match="timeout|longer"):
        app.start(flow, 1).wait().result(timeout=SOON).wait()
    assert time.monotonic() - began < 5


def test_threads_that_have_ended_are_replaced(app, monkeypatch):
    from fusion_kit import _threads

    monkeypatch.setattr(_threads, "_MOST", 2)
    pool = app._engine.pool()
    # As many threads as there may be, and all of them busy.
    pool.begun()
    pool.begun()

    @app.step
    def plain(n: int) -> int:
        return n

    @app.workflow
    def flow(n: int):
        return plain(n)

    run = app.start(flow, 3).wait()
    with pytest.raises(fk.WaitTimeout):
        run.result(timeout=0.5).wait()
    pool.ended()
    assert run.result(timeout=SOON).wait() == 3
    pool.ended()
