"""kill -9 with an outside ledger: every body is finished, no outcome is lost, and nothing recorded is done again."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import fusion_kit as fk
import pytest

WORKER = '''
import asyncio, os, sys
import fusion_kit as fk

url, ledger, kind = sys.argv[1:4]
app = fk.Fusion(url)

def note(text):
    with open(ledger, "a") as file:
        file.write(text + "\\n")

@app.step
def first(run: str, n: int) -> int:
    note(f"{run} first {n}")
    return n

@app.step
async def each(run: str, n: int) -> int:
    await asyncio.sleep(0.005)
    note(f"{run} each {n}")
    return n * n

@app.step(at_most_once=True)
def pay(run: str, total: int) -> int:
    note(f"{run} pay {total}")
    return total

@app.workflow
def flow(run: str, ns: list):
    start = first(run, 7)
    squares = each.map(ns, run=run, n=fk.item, max_parallel=4).after(start)
    last = first.options(id="last")(run, squares[-1])
    return {"last": last, "squares": squares}

@app.durable
async def code(ctx: fk.Context, run: str, ns: list) -> dict:
    start = await ctx.step("start", first, run, 7)
    squares = [await ctx.step(f"each {n}", each, run, n) for n in ns]
    await ctx.sleep(0.05)
    last = await ctx.step("last", first, run, squares[-1])
    return {"last": last, "squares": squares}

if __name__ == "__main__":
    with app:
        found = {"flow": flow, "code": code}[kind]
        runs = [app.start(found, f"r{at}", list(range(8)), id=f"r{at}").wait() for at in range(6)]
        print("started", flush=True)
        for run in runs:
            run.result(timeout=60).wait()
        print("finished", flush=True)
'''


@pytest.mark.parametrize("kind", ["flow", "code"])
def test_killed_again_and_again(tmp_path, url, kind):
    worker, ledger = tmp_path / "worker.py", tmp_path / "ledger"
    worker.write_text(WORKER)
    ledger.touch()
    draw, kills, end = random.Random(7), 0, time.monotonic() + 120
    while True:
        child = subprocess.Popen(
            [sys.executable, worker, url, ledger, kind], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        # In the middle of the work, wherever that is: so many entries after it began.
        until = len(ledger.read_text().splitlines()) + draw.randint(2, 12) if kills < 4 else 10_000
        while child.poll() is None and len(ledger.read_text().splitlines()) < until:
            assert time.monotonic() < end, "it does not come to an end"
            time.sleep(0.002)
        if child.poll() is not None:
            assert child.returncode == 0, child.stderr.read()
            break
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        kills += 1
    assert kills >= 1
    lines = ledger.read_text().splitlines()
    with fk.Fusion(url, work=False) as app:
        for at in range(6):
            run = app.find(f"r{at}").wait()
            outputs = run.result(timeout=30).wait()
            assert outputs == {"last": 49, "squares": [n * n for n in range(8)]}
            # What was recorded before a kill was done once; what ran when the kill came, once more for each kill.
            for entry in {line for line in lines if line.startswith(f"r{at} ")}:
                assert 1 <= lines.count(entry) <= 1 + kills
            assert sum(line.startswith(f"r{at} each") for line in lines) >= 8
    assert len(lines) <= 6 * 10 + kills * 6 * 4, "recorded work was done again"


def test_a_run_that_was_only_recorded_is_driven_by_whoever_recovers(url):
    with fk.Fusion(url) as app:
        app.step(name="one")(lambda n: n + 1)
        app.workflow(name="flow")(lambda n: app._steps["one"](n))
        run = app.start("flow", 1, id="later", detach=True).wait()
        assert run.id == "later"
    with fk.Fusion(url) as app:
        app.step(name="one")(lambda n: n + 1)
        app.recover().wait()
        assert app.find("later").wait().result(timeout=30).wait() == 2


def test_missing_code_parks_the_run_with_a_reason(url):
    with fk.Fusion(url) as app:
        flow = app.parse("fusion: 1\nname: x\nnodes:\n  a: { step: unknown_step }\noutputs: { a: '{{ nodes.a }}' }\n")
        run = app.start(flow).wait()
        end = time.monotonic() + 20
        while "unknown_step" not in " ".join(run.why().wait()):
            assert time.monotonic() < end
            time.sleep(0.05)
        app.step(name="unknown_step")(lambda: "known now")
        assert run.result(timeout=30).wait() == {"a": "known now"}


def test_a_step_that_is_elsewhere_runs_where_its_code_is(url):
    with fk.Fusion(url) as here, fk.Fusion(url) as there:

        @here.step(elsewhere=True)
        def double(n: int) -> int:
            raise NotImplementedError

        @here.step
        def inc(n: int) -> int:
            return n + 1

        @here.workflow
        def flow(n: int) -> fk.Node[int]:
            return inc(double(n=inc(n)))

        with pytest.raises(RuntimeError, match="`double` is elsewhere"):
            double(1)
        run = here.start(flow, 4).wait()
        end = time.monotonic() + 20
        while "double" not in " ".join(run.why().wait()):
            assert time.monotonic() < end
            time.sleep(0.02)
        there.step(name="double")(lambda n: n * 2)
        assert run.result(timeout=30).wait() == 11


def test_closing_lets_others_go_on_at_once(url, tmp_path):
    flow = "fusion: 1\nname: x\nnodes:\n  a: { wait: { signal: go } }\noutputs: { a: '{{ nodes.a }}' }\n"
    with fk.Fusion(url) as app:
        run = app.start(app.parse(flow), id="r").wait()
        assert run.id == "r"
    with pytest.raises(fk.Closed):
        app.find("r").wait()
    began = time.monotonic()
    with fk.Fusion(url) as app:
        run = app.find("r").wait()
        run.signal("go", 1).wait()
        assert run.result(timeout=30).wait() == {"a": 1}
    assert time.monotonic() - began < 8, "the lease was not given back"
    assert Path(tmp_path / "fusion.db").exists()
