"""Bodies that misbehave, and how what they raise comes back."""

import asyncio
import os
import sys
import threading
import time

import fusion_kit as fk
import pytest


class Broken(Exception):
    pass


def run_in(app, fn, *args, **options):
    step = app.step(**options)(fn)
    graph = fk.Graph("flow")
    graph.add("node", step, args=args)
    return app.start(graph).wait()


def failure(app, fn, *args, **options):
    with pytest.raises(fk.RunFailed) as failed:
        run_in(app, fn, *args, **options).result(timeout=60).wait()
    return failed.value


def test_an_exception_comes_back_with_all_that_was_recorded(app):
    def inner():
        raise Broken("it broke")

    def body():
        try:
            inner()
        except Broken as error:
            raise ValueError("badly") from error

    error = failure(app, body, retries=1, retry=fk.Retry(attempts=2, initial=0.01))
    assert (error.node, error.attempt, error.failure_class) == ("node", 2, "ValueError")
    assert "in inner" in error.traceback and "Broken: it broke" in error.traceback
    assert "fusion_kit" not in error.traceback
    assert isinstance(error.__cause__, ValueError) and isinstance(error.__cause__.__cause__, Broken)


def test_retries_follow_what_the_exception_says(app):
    calls = []

    def permanent():
        calls.append("p")
        raise fk.Permanent("no")

    def named():
        calls.append("n")
        raise Broken("no")

    def later():
        calls.append(time.monotonic())
        if len(calls) < 2:
            raise fk.RetryAfter(0.3)

    quick = fk.Retry(attempts=3, initial=0.001)
    assert failure(app, permanent, retry=quick).attempt == 1 and calls == ["p"]
    assert failure(app, named, retry=quick._replace(not_on=[Broken])).attempt == 1
    assert failure(app, named, name="n2", retry=quick._replace(on=[Broken])).attempt == 3
    calls.clear()
    run_in(app, later, retry=quick).result(timeout=30).wait()
    assert calls[1] - calls[0] >= 0.29


@pytest.mark.parametrize("is_async", [False, True])
def test_sys_exit_ends_the_step_only(app, is_async):
    async def looped():
        sys.exit(3)

    def threaded():
        sys.exit(3)

    error = failure(app, looped if is_async else threaded)
    assert error.failure_class == "SystemExit" and "sys.exit(3)" in error.failure_message


def test_endless_recursion_is_a_failure(app):
    def body():
        return body()

    error = failure(app, body)
    assert error.failure_class == "RecursionError" and len(error.traceback) < 30_000


def test_what_raises_when_it_is_shown_is_a_failure_all_the_same(app):
    class Nasty(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    def body():
        raise Nasty

    assert failure(app, body).failure_class == "Nasty"


def test_an_async_body_that_never_returns_is_cancelled_and_cleans_up(app):
    seen = []

    async def body():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            seen.append("cleaned")

    run = run_in(app, body)
    time.sleep(0.1)
    run.cancel("enough").wait()
    with pytest.raises(fk.RunCancelled):
        run.result(timeout=30).wait()
    assert seen == ["cleaned"]


def test_a_timeout_cancels_the_task_before_the_next_attempt(app):
    seen = []

    async def body(ctx: fk.Context):
        seen.append(f"enter {ctx.attempt}")
        try:
            await asyncio.sleep(60)
        finally:
            seen.append(f"leave {ctx.attempt}")

    error = failure(app, body, timeout=0.1, retry=fk.Retry(attempts=2, initial=0.001))
    assert error.failure_class == "timeout"
    assert seen == ["enter 1", "leave 1", "enter 2", "leave 2"]


def test_bodies_that_never_return_hold_up_nobody(app):
    leave = threading.Event()

    def stuck():
        leave.wait(60)

    runs = [run_in(app, stuck, name=f"stuck{at}") for at in range(40)]
    time.sleep(0.3)
    for run in runs:
        run.cancel().wait()
    for run in runs:
        with pytest.raises(fk.RunCancelled):
            run.result(timeout=30).wait()
    assert run_in(app, lambda: "free", name="free").result(timeout=30).wait() == {"node": "free"}
    leave.set()


def test_a_body_that_looks_is_given_time_to_end(app):
    seen = []

    def body(ctx: fk.Context):
        while not ctx.is_cancelled:
            time.sleep(0.01)
        seen.append("ended")

    run = run_in(app, body)
    time.sleep(0.1)
    run.cancel().wait()
    with pytest.raises(fk.RunCancelled):
        run.result(timeout=30).wait()
    assert seen == ["ended"]


def test_a_body_that_blocks_the_loop_holds_up_only_the_loop(app):
    async def rude():
        time.sleep(0.5)
        return "rude"

    def polite():
        return time.monotonic()

    began = time.monotonic()
    slow = run_in(app, rude)
    ended = run_in(app, polite).result(timeout=30).wait()["node"]
    assert ended - began < 0.4
    assert slow.result(timeout=30).wait() == {"node": "rude"}


def test_a_cancelled_error_of_its_own_is_a_failure(app):
    async def body():
        raise asyncio.CancelledError

    assert failure(app, body).failure_class == "CancelledError"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_body_may_fork_and_the_child_is_no_engine(app):
    def leaves():
        child = os.fork()
        if child == 0:
            os._exit(0 if refused() else 1)
        return os.waitpid(child, 0)[1]

    def refused():
        try:
            app.list().wait()
        except fk.Closed:
            return True

    def returns():
        child = os.fork()
        return "child" if child == 0 else os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert run_in(app, leaves).result(timeout=30).wait() == {"node": 0}
    assert run_in(app, returns).result(timeout=30).wait() == {"node": 70}


def test_bodies_may_start_threads_and_call_back(app):
    def body():
        found = []
        thread = threading.Thread(target=lambda: found.append(app.list(limit=1).wait()[0][0][0]))
        thread.start()
        thread.join()
        return found[0]

    run = run_in(app, body)
    assert run.result(timeout=30).wait() == {"node": run.id}


def test_two_loops_at_once_each_run_their_own_bodies(app):
    @app.step
    async def where() -> int:
        await asyncio.sleep(0.05)
        return id(asyncio.get_running_loop())

    @app.workflow
    def flow():
        return [where() for _ in range(3)]

    async def main():
        run = await app.start(flow)
        return id(asyncio.get_running_loop()), await run.result(timeout=30)

    results = []
    threads = [threading.Thread(target=lambda: results.append(asyncio.run(main()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3 and all(set(found) == {own} for own, found in results)


def test_a_run_outlives_the_loop_that_it_was_started_from(app):
    entered = []

    @app.step
    async def slow() -> str:
        entered.append(1)
        await asyncio.sleep(0.2 if len(entered) > 1 else 60)
        return "done"

    @app.workflow
    def flow():
        return slow()

    async def main():
        run = await app.start(flow)
        while not entered:
            await asyncio.sleep(0.01)
        return run

    run = asyncio.run(main())
    assert run.result(timeout=30).wait() == "done" and len(entered) == 2


def test_waiting_in_the_wrong_way_is_refused_and_not_a_deadlock(app):
    @app.step
    async def one() -> int:
        return 1

    @app.workflow
    def flow():
        return one()

    async def main():
        run = await app.start(flow)
        with pytest.raises(RuntimeError, match="await"):
            run.result().wait()
        return app.run(flow), await run.result()

    assert asyncio.run(main()) == (1, 1)


def test_awaiting_can_be_cancelled_and_times_out(app):
    @app.workflow
    def flow():
        return fk.wait_signal("go")

    async def main():
        run = await app.start(flow)
        with pytest.raises(fk.WaitTimeout):
            await run.result(timeout=0.05)
        waiting = asyncio.ensure_future(run.result()._on_loop())
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await run.signal("go", 5)
        return await run.result(timeout=30)

    assert asyncio.run(main()) == 5
    with pytest.raises(fk.WaitTimeout):
        app.start(flow).wait().result(timeout=0.05).wait()
