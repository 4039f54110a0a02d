"""Whole processes: Ctrl-C, the end of the interpreter in the middle of a run, forks, sub-interpreters."""

import signal
import subprocess
import sys
import textwrap
import time

import fusion_kit as fk
import pytest


def script(code, *args, check=True, timeout=60, **popen):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *args], capture_output=True, text=True, timeout=timeout, **popen
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def test_another_process_gives_the_exception_of_the_type_if_it_knows_it(url):
    code = """
        import fusion_kit as fk
        class Unknown(Exception): pass
        app = fk.Fusion({url!r})
        def known(): raise LookupError("not there")
        def unknown(): raise Unknown("what")
        for step in (known, unknown):
            g = fk.Graph("g"); g.add("n", step)
            try: app.start(g, id=step.__name__).wait().result().wait()
            except fk.RunFailed: pass
        app.close()
    """
    script(code.format(url=url))
    with fk.Fusion(url) as app:
        for name, kind in [("known", LookupError), ("unknown", fk.StepError)]:
            with pytest.raises(fk.RunFailed) as failed:
                app.find(name).wait().result().wait()
            assert type(failed.value.__cause__) is kind and "line" in failed.value.traceback


def test_ctrl_c_is_heard_at_once_and_the_run_goes_on_later(url):
    code = f"""
        import fusion_kit as fk, signal, sys
        # Whoever runs the tests in the background of a shell leaves the signal ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        app = fk.Fusion({url!r})
        @app.step
        async def slow():
            import asyncio
            print("entered", flush=True)
            await asyncio.sleep(60)
        @app.workflow
        def flow(): return slow()
        try:
            app.run(flow, id="r")
        except KeyboardInterrupt:
            print("interrupted", flush=True); sys.exit(130)
    """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "entered\n"
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == 130 and time.monotonic() - began < 10
    assert child.stdout.read() == "interrupted\n"
    with fk.Fusion(url) as app:
        app.step(name="slow")(lambda: "later")
        assert app.find("r").wait().result(timeout=30).wait() == "later"


@pytest.mark.parametrize("where", ["thread", "loop", "user_loop"])
def test_the_end_of_the_interpreter_in_the_middle_of_a_run_is_quiet(url, where):
    code = f"""
        import fusion_kit as fk, asyncio, time, sys
        app = fk.Fusion({url!r})
        @app.step
        def thread(n: int): print("in", flush=True); time.sleep(120)
        @app.step
        async def loop(n: int): print("in", flush=True); await asyncio.sleep(120)
        @app.workflow
        def flow(ns: list): return ({"thread" if where == "thread" else "loop"}).map(ns, max_parallel=50)
        async def main():
            await app.start(flow, list(range(50)))
            await asyncio.sleep(1)
        if {where == "user_loop"}: asyncio.run(main())
        else: app.start(flow, list(range(50))).wait(); time.sleep(1)
        print("end")
    """
    began = time.monotonic()
    done = script(code)
    assert done.stderr == "" and "end" in done.stdout
    assert time.monotonic() - began < 30


def test_sub_interpreters_are_refused_clearly():
    code = """
        try:
            from concurrent import interpreters
            made = interpreters.create(); run = made.exec
        except ImportError:
            try:
                import _xxsubinterpreters as old
            except ImportError:
                import _interpreters as old
            made = old.create(); run = lambda text: old.run_string(made, text)
        found = run("try:\\n import fusion_kit\\nexcept ImportError as e: print('refused', e)\\nelse: print('taken')")
    """
    done = script(code, check=False)
    assert "refused" in done.stdout and "subinterpreters" in done.stdout, done.stdout + done.stderr


def test_forking_before_the_first_use_is_fine(url):
    code = f"""
        import os, fusion_kit as fk
        app = fk.Fusion({url!r})
        app.workflow(name="flow")(lambda n: app._steps["one"](n))
        app.step(name="one")(lambda n: n)
        children = []
        for at in range(3):
            child = os.fork()
            if child == 0:
                own = fk.Fusion({url!r})
                own.step(name="one")(lambda n: n)
                own.workflow(name="flow")(lambda n: own._steps["one"](n))
                value = own.run("flow", at)
                own.close()
                os._exit(0 if value == at else 1)
            children.append(child)
        assert all(os.waitpid(child, 0)[1] == 0 for child in children)
        assert app.run("flow", 9) == 9
    """
    script(code)
