"""What memory durable runs take, and whether steps leave any behind: ends with 1 where it is more than it may be.

`memory.py runs 10000 600`: so many runs at once on one SQLite file, each in an async body that waits: at most so many MB.
`memory.py steps 1000000 5`: so many steps in memory: after the first 100,000 (`--warm`) at most so many per cent more.
"""

import argparse
import asyncio
import contextvars
import gc
import os
import resource
import sys
import tempfile

import fusion_kit as fk

WIDTH = 2_000
FAILING = 30


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


async def many(app, count):
    """Starts the runs, waits until every body is entered, lets all go, and gives what is resident in between."""
    gate, entered, all_there = asyncio.Event(), 0, asyncio.Event()

    @app.step
    async def wait(n: int) -> int:
        nonlocal entered
        entered += 1
        if entered == count:
            all_there.set()
        await gate.wait()
        return n

    graph = fk.Graph("many")
    graph.add("a", wait, args=[1])
    runs = []
    while len(runs) < count:
        runs += await asyncio.gather(*(started(app, graph) for _ in range(min(500, count - len(runs)))))
    await all_there.wait()
    here = resident()
    gate.set()
    for run in runs:
        await run.result()
    return here


async def started(app, graph):
    return await app.start(graph)


def runs(count, most):
    with tempfile.TemporaryDirectory() as folder:
        before = resident()
        with fk.Fusion(f"sqlite://{folder}/memory.db", concurrency=2 * count) as app:
            here = asyncio.run(many(app, count))
    each = (here - before) * 1e3 / count
    print(f"{count:,} runs at once: {here:.0f} MB resident, {each:.1f} KB a run; at its peak {peak():.0f} MB of {most} MB", flush=True)
    return peak() <= most


def works(app, kept, leak):
    """Makes a workflow that runs a step of every kind for each item, and one that fails."""

    @app.step(name="def")
    def threaded(n: int) -> "list[int]":
        return [n]

    @app.step(name="inline", inline=True)
    def inline(n: int) -> "dict[str, int]":
        return {"n": n}

    @app.step(name="async")
    async def looped(n: int) -> int:
        if leak:
            kept.append(bytearray(leak))
        return n

    @app.step
    async def fails(n: int) -> int:
        raise ValueError(f"no {n}")

    @app.workflow
    def all_kinds(ns: list):
        return [len_of(step.map(ns, max_parallel=500)) for step in (threaded, inline, looped)]

    @app.step
    def len_of(items: list) -> int:
        return len(items)

    @app.workflow
    def failing(n: int):
        return fails(n)

    return all_kinds, failing


async def round_of(app, flows):
    """Runs `3 * WIDTH + FAILING` steps and some, and deletes the runs."""
    all_kinds, failing = flows
    run = await app.start(all_kinds, list(range(WIDTH)))
    assert await run.result() == [WIDTH] * 3
    await app.prune(run.id)
    for n in range(FAILING):
        run = await app.start(failing, n)
        try:
            await run.result()
        except fk.RunFailed:
            await app.prune(run.id)


def steps(count, share, warm, leak):
    app, kept = fk.Fusion(), []
    flows, each = works(app, kept, leak), 3 * WIDTH + FAILING
    user = contextvars.ContextVar("user")

    async def main():
        begun, done, at = None, 0, 0
        while done < count or begun is None:
            # As in a server: the context of each run holds something of its own.
            user.set(bytearray(1_000))
            await round_of(app, flows)
            done += each
            gc.collect()
            now = resident(), sys.getallocatedblocks()
            if done * 10 // count > at or done >= count:
                at = done * 10 // count
                print(f"{done:,} steps: {now[0]:.1f} MB resident, {now[1]:,} blocks of Python", flush=True)
            if begun is None and done >= warm:
                begun = now
        return begun, now

    before, after = asyncio.run(main())
    app.close()
    most = [value * (1 + share / 100) for value in before]
    print(f"after {warm:,} steps {before[0]:.1f} MB, at the end {after[0]:.1f} MB of {most[0]:.1f} MB", flush=True)
    return all(value <= limit for value, limit in zip(after, most))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["runs", "steps"])
    parser.add_argument("count", type=int)
    parser.add_argument("most", type=float)
    parser.add_argument("--warm", type=int, default=100_000, help="the steps after which nothing more is taken")
    parser.add_argument("--leak", type=int, default=0, help="bytes that a third of the steps leave behind, to see it fail")
    given = parser.parse_args()
    fits = runs(given.count, given.most) if given.what == "runs" else steps(given.count, given.most, given.warm, given.leak)
    if not fits:
        print("that is too much", flush=True)
    sys.exit(0 if fits else 1)
