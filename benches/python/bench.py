"""What a step costs whose body is Python and does nothing, in memory and on disk; peers beside it where installed."""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time

import fusion_kit as fk
import peers

ROUNDS = 5


def told(name, values, unit, best=min):
    print(f"{name:<34} best {best(values):>10.1f}  median {statistics.median(values):>10.1f}  {unit}", flush=True)


def bodies(app):
    @app.step(name="def")
    def threaded(n: int) -> int:
        return n

    @app.step(name="inline", inline=True)
    def inline(n: int) -> int:
        return n

    @app.step(name="async")
    async def looped(n: int) -> int:
        return n

    return {"def": threaded, "inline": inline, "async": looped}


def empties(app):
    @app.step(name="def0")
    def threaded() -> None: ...

    @app.step(name="inline0", inline=True)
    def inline() -> None: ...

    @app.step(name="async0")
    async def looped() -> None: ...

    return {"def": threaded, "inline": inline, "async": looped}


def line(step, length, passes):
    graph = fk.Graph(f"chain-{step.name}-{passes}")
    last = None
    for at in range(length):
        args = [0 if last is None else last] if passes else []
        last = graph.add(f"n{at}", step, args=args, needs=[] if passes or last is None else [last])
    return Checked(graph)


class Checked(fk.Loaded):
    """A graph that is checked once, so that what is measured is its run."""

    def __init__(self, graph):
        super().__init__(graph.definition())


async def timed(app, flow, **inputs):
    began = time.perf_counter()
    run = await app.start(flow, **inputs)
    await run.result()
    return time.perf_counter() - began


def chain():
    for passes, made in ((False, empties), (True, bodies)):
        app = fk.Fusion()
        for name, step in made(app).items():
            flow = line(step, 1_000, passes)

            async def rounds(flow=flow):
                return [await timed(app, flow) * 1e6 / 1_000 for _ in range(ROUNDS)]

            told(f"chain 1,000 {name}{'' if passes else ' ordered'}", asyncio.run(rounds()), "us a node")
        app.close()


def fan_out():
    app = fk.Fusion()
    for name, step in bodies(app).items():
        flow = app.workflow(name=f"fan-{name}")(lambda ns: step.map(ns, max_parallel=1_000))
        made = app.start(flow, []).wait()  # Builds the graph.
        made.result().wait()

        async def rounds():
            return [await timed(app, flow, ns=list(range(5_000))) * 1e6 / 5_000 for _ in range(ROUNDS)]

        told(f"fan-out 5,000 {name}", asyncio.run(rounds()), "us a node")
    app.close()


def durable():
    for name in ("def", "inline", "async"):
        rates = []
        for _ in range(3):
            with tempfile.TemporaryDirectory() as folder:
                app = fk.Fusion(f"sqlite://{folder}/bench.db")
                flow = line(empties(app)[name], 10, False)

                async def all_runs():
                    began = time.perf_counter()
                    runs = await asyncio.gather(*[app.start(flow)._on_loop() for _ in range(500)])
                    await asyncio.gather(*[run.result()._on_loop() for run in runs])
                    return 5_000 / (time.perf_counter() - began)

                rates.append(asyncio.run(all_runs()))
                app.close()
        told(f"durable 500 x 10 {name}", rates, "steps a second", best=max)


def importing():
    # pip compiles what it installs; where that is switched off, each start would compile the package anew.
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def start(code):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=compiled)
        return (time.perf_counter() - began) * 1e3

    start("import fusion_kit")
    for code in ("pass", "import fusion_kit"):
        told(f"start: {code}", [start(code) for _ in range(15)], "ms")


MEASURED = {"chain": chain, "fan-out": fan_out, "durable": durable, "import": importing}

if __name__ == "__main__":
    for name in sys.argv[1:] or MEASURED:
        MEASURED[name]()
        peers.beside(name, told)
