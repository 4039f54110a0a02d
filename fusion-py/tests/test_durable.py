"""Durable functions: code first; what is recorded is found again."""

import asyncio
import time

import fusion_kit as fk
import pytest


def counted(calls, name, value):
    async def looped():
        calls.append(name)
        return value

    return looped


def test_steps_sleeps_and_signals(app):
    calls = []

    def threaded(n: int) -> int:
        calls.append("threaded")
        return n + 1

    @app.durable
    async def research(ctx: fk.Context, topic: str) -> str:
        plan = await ctx.step("plan", counted(calls, "plan", f"plan of {topic}"))
        more = await ctx.step("more", threaded, 1)
        await ctx.sleep(0.1)
        ok = await ctx.wait_signal("approved", timeout=60)
        return await ctx.step("write", counted(calls, "write", f"{plan} {more} {ok}"))

    run = app.start(research, "x").wait()
    end = time.monotonic() + 30
    while "approved" not in " ".join(run.why().wait()):
        assert time.monotonic() < end
        time.sleep(0.02)
    while run.status().wait() != "waiting":
        assert time.monotonic() < end
        time.sleep(0.02)
    run.signal("approved", {"by": "ann"}).wait()
    assert run.result(timeout=30).wait() == "plan of x 2 {'by': 'ann'}"
    assert calls == ["plan", "threaded", "write"]
    names = [event.name for event in run.events()]
    assert names.count("node.waiting") == 2 and names.count("node.saved") >= 5


def test_a_signal_may_come_before_it_is_waited_for_and_each_is_taken_once(app):
    @app.durable
    async def flow(ctx: fk.Context) -> list:
        return [await ctx.wait_signal("s") for _ in range(3)]

    run = app.start(flow).wait()
    for n in range(3):
        run.signal("s", n).wait()
    assert run.result(timeout=30).wait() == [0, 1, 2]


def test_a_signal_that_does_not_come_is_a_timeout_error(app):
    @app.durable
    async def flow(ctx: fk.Context) -> str:
        try:
            await ctx.wait_signal("never", timeout=0.1)
        except TimeoutError as error:
            return str(error)
        return "came"

    assert "did not come" in app.run(flow, timeout=30)


def test_a_failed_attempt_keeps_what_was_recorded(app):
    calls = []

    @app.durable(retry=fk.Retry(attempts=3, initial=0.01))
    async def flow(ctx: fk.Context) -> int:
        await ctx.step("paid", counted(calls, "paid", 1))
        if ctx.attempt < 3:
            raise ValueError("again")
        return ctx.attempt

    assert app.run(flow, timeout=30) == 3 and calls == ["paid"]


def test_steps_side_by_side_and_types(app):
    import dataclasses

    @dataclasses.dataclass
    class Found:
        n: int

    async def find(n: int) -> Found:
        await asyncio.sleep(0.01)
        return Found(n)

    seen = []

    @app.durable
    async def flow(ctx: fk.Context, n: int) -> int:
        found = await asyncio.gather(*[ctx.step(f"find {at}", find, at) for at in range(n)])
        seen.append(found)
        await ctx.sleep(0.05)
        return sum(one.n for one in found)

    assert app.run(flow, 5, timeout=30) == 10
    assert len(seen) == 2 and seen[0] == seen[1] and isinstance(seen[1][0], Found)


def test_memo_in_plain_steps(app):
    calls = []

    @app.step(retry=fk.Retry(attempts=2, initial=0.01))
    def body(ctx: fk.Context, n: int) -> int:
        value = ctx.memo_sync("dear", lambda: calls.append(1) or n * 2)
        ctx.progress({"done": 1})
        assert ctx.idempotency_key and ctx.node == "body"
        if ctx.attempt == 1:
            raise ValueError("again")
        assert ctx.feedback["class"] == "ValueError"
        return value

    app.workflow(name="flow")(lambda n: body(n))
    assert app.run("flow", 4, timeout=30) == 8 and calls == [1]


def test_what_is_no_durable_function_is_refused(app):
    with pytest.raises(TypeError, match="async def"):
        app.durable(lambda ctx: None)


def test_a_cancelled_durable_function_ends(app):
    @app.durable
    async def flow(ctx: fk.Context) -> None:
        await ctx.wait_signal("never")

    run = app.start(flow).wait()
    time.sleep(0.2)
    run.cancel().wait()
    with pytest.raises(fk.RunCancelled):
        run.result(timeout=30).wait()
