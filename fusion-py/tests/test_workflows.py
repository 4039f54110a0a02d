"""Workflows: built by calling, run from plain programs and on loops."""

import asyncio
import contextvars
import threading
import time

import fusion_kit as fk
import pytest


def test_the_page_of_the_package(app):
    @app.step(retries=3, timeout=30)
    async def fetch(url: str) -> str:
        return f"<{url}>"

    @app.step
    def merge(pages: list[str], title: str) -> dict:
        return {"title": title, "pages": pages}

    @app.workflow(version=1)
    def digest(urls: list[str]) -> fk.Node:
        pages = fetch.map(urls)
        return merge(pages, title="Today")

    assert app.run(digest, ["a", "b"]) == {"title": "Today", "pages": ["<a>", "<b>"]}
    assert merge(["x"], "plain") == {"title": "plain", "pages": ["x"]}
    assert asyncio.run(fetch("y")) == "<y>"

    async def main():
        run = await app.start(digest, ["c"], id="digest-2026-11-21")
        again = await app.start(digest, ["c"], id="digest-2026-11-21")
        names = [event.name async for event in run.events()]
        return run.id, again.id, names, await run.result(timeout=60)

    first, second, names, result = asyncio.run(main())
    assert first == second == "digest-2026-11-21"
    assert names[0] == "run.started" and names[-1] == "run.succeeded"
    assert result["pages"] == ["<c>"]
    with pytest.raises(fk.IdConflict) as conflict:
        app.start(digest, ["d"], id="digest-2026-11-21").wait()
    assert conflict.value.code == "FU0103"


def test_references_are_data(app):
    @app.step
    def read(name: str) -> dict:
        return {"name": name, "tags": ["x", "y"], "n": 3}

    @app.step
    def show(text: str, more: dict) -> dict:
        return {"text": text, **more}

    @app.workflow
    def flow(name: str = "ann"):
        got = read(name)
        more = {"first": got["tags"][0], "literal": "{{ not a template }}", "big": got["n"] * 2 > 5, "both": [got["n"], 1]}
        return show(f"<{got['name']}> {{{{ x }}}}", more)

    assert app.run(flow) == {
        "text": "<ann> {{ x }}", "first": "x", "literal": "{{ not a template }}", "big": True, "both": [3, 1],
    }  # fmt: skip
    assert app.run(flow, "bob")["text"].startswith("<bob>")


def test_branches_loops_and_maps_with_more_arguments(app):
    @app.step
    def odd(n: int) -> bool:
        return n % 2 == 1

    @app.step
    def say(text: str) -> str:
        return text

    @app.step
    def grow(n: int) -> int:
        return n * 2

    @app.step
    def join(left: str, right: int, end: str) -> str:
        return f"{left}{right}{end}"

    @app.workflow
    def flow(n: int):
        is_odd = odd(n)
        with fk.when(is_odd):
            a = say("odd")
        with fk.unless(is_odd):
            b = say("even")
        grown = grow.repeat(fk.Ref("previous or inputs.n"), until="output > 20", max=10)
        all = join.map([{"l": "x", "r": 1}, {"l": "y", "r": 2}], fk.item["l"], fk.item["r"], end="!")
        return {"said": fk.first(a, b), "grown": grown, "all": all}

    assert app.run(flow, 3) == {"said": "odd", "grown": 24, "all": ["x1!", "y2!"]}
    assert app.run(flow, 4)["said"] == "even"


def test_sub_workflows_commands_and_graphs_from_data(app):
    @app.step
    def plus(a: int, b: int) -> int:
        return a + b

    @app.workflow
    def inner(n: int) -> fk.Node[int]:
        return plus(n, 1)

    @app.workflow
    def outer(n: int):
        listed = fk.command("printf", "a\nb\n", id="listed")
        return {"n": plus(inner(n), 10), "lines": listed["lines"]}

    assert app.run(outer, 5) == {"n": 16, "lines": ["a", "b"]}

    def double(n):
        return n * 2

    graph = fk.Graph("etl")
    a = graph.add("a", double, args=[4])
    b = graph.add("b", plus, needs=[a], args=[a, 1])
    graph.add("c", inner, args=[b])
    assert app.run(graph) == {"c": 10}
    assert "<svg" in graph._repr_html_() and "flowchart" in graph.draw("mermaid")
    run = app.start(graph).wait()
    run.result().wait()
    assert "<svg" in run._repr_html_()


def test_a_step_may_give_a_graph(app):
    @app.step
    def twice(n: int) -> int:
        return n * 2

    @app.step
    def plan(count: int):
        graph = fk.Graph("grown")
        last = None
        for at in range(count):
            last = graph.add(f"n{at}", twice, args=[last if last is not None else 1])
        return graph.output("last", last)

    @app.workflow
    def flow(count: int):
        return plan(count)["last"]

    assert app.run(flow, 5) == 32


def test_mistakes_are_said_where_they_are_made(app):
    @app.step
    def one(n: int) -> int:
        return n

    with pytest.raises(TypeError, match="names"):
        app.step(lambda *args: None)

    @app.workflow
    def iterates(items: list):
        return [one(item) for item in items]

    @app.workflow(name="decides")
    def decides(n: int):
        return one(1) if n else one(2)

    for name, hint in [("iterates", "map"), ("decides", "fk.when")]:
        other = fk.Fusion()
        other.workflow(name=name)(app._workflows[name].fn)
        with pytest.raises(TypeError, match=hint):
            other.start(name)
        other.close()
    with pytest.raises(ValueError, match="did you mean"):
        broken = fk.Fusion()
        broken.workflow(name="nightly")(lambda: None)
        broken.start("nightli")
    with pytest.raises(fk.InvalidWorkflow, match="cycle|circle"):
        graph = fk.Graph("g")
        a = graph.add("a", one, args=[1])
        b = graph.add("b", one, args=[a])
        a.after(b)
        graph.definition()
    with pytest.raises(fk.InvalidWorkflow, match="x.yaml:4"):
        app.parse("fusion: 1\nname: x\nnodes:\n  a: { stepp: one }\n", "x.yaml")
    with pytest.raises(fk.RunNotFound):
        app.find("nothing").wait()
    with pytest.raises(ValueError, match="length of time"):
        app.step(timeout="soon")(lambda: None)._options.policy()


def test_context_variables_reach_steps(app):
    user = contextvars.ContextVar("user", default="nobody")

    @app.step
    def threaded() -> str:
        user.set(user.get() + "+")
        return user.get()

    @app.step
    async def looped() -> str:
        await asyncio.sleep(0)
        return user.get()

    @app.workflow
    def flow():
        return [threaded(), looped(), threaded()]

    user.set("ann")
    assert app.run(flow) == ["ann+", "ann", "ann+"]

    async def main(name):
        user.set(name)
        return await (await app.start(flow)).result()

    async def both():
        return await asyncio.gather(*[asyncio.create_task(main(name)) for name in ("bob", "eve")])

    assert asyncio.run(both()) == [["bob+", "bob", "bob+"], ["eve+", "eve", "eve+"]]
    assert user.get() == "ann"


def test_context_variables_of_many_runs_that_start_at_once(app):
    user = contextvars.ContextVar("user", default="nobody")

    @app.step
    async def looped(n: int) -> str:
        return f"{n} {user.get()}"

    @app.workflow
    def flow(n: int):
        return looped(n)

    async def one(n):
        user.set(f"u{n}")
        return await app.start(flow, n)

    async def all_of_them():
        runs = await asyncio.gather(*[asyncio.create_task(one(n)) for n in range(1_500)])
        return [await run.result(timeout=60) for run in runs]

    assert asyncio.run(all_of_them()) == [f"{n} u{n}" for n in range(1_500)]


def test_steps_that_block_run_side_by_side_and_the_loop_goes_on(app):
    @app.step
    def block(n: int) -> str:
        time.sleep(0.2)
        return threading.current_thread().name

    @app.workflow
    def flow(ns: list):
        return block.map(ns, max_parallel=24)

    async def main():
        ticks = 0
        run = await app.start(flow, list(range(24)))
        result = asyncio.ensure_future(run.result()._on_loop())
        while not result.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return ticks, await result

    began = time.monotonic()
    ticks, names = asyncio.run(main())
    assert len(names) == 24 and all(name == "fusion-step" for name in names)
    assert time.monotonic() - began < 3, "they ran one after the other"
    assert ticks > 5, "the loop stood still"


def test_what_is_said_to_runs(app):
    @app.step
    def after(value) -> str:
        return f"got {value}"

    @app.workflow
    def flow():
        ok = fk.approval("Go?", role="boss")
        with fk.when(ok["approved"]):
            said = after(fk.wait_signal("go"))
        return said

    run = app.start(flow).wait()
    while run.status().wait() != "waiting":
        time.sleep(0.01)
    assert "Go?" in " ".join(run.why().wait())
    run.approve(by="ann").wait()
    run.signal("go", {"n": 1}).wait()
    assert run.result(timeout=30).wait() == "got {'n': 1}"
    fork = run.fork("after").wait()
    assert fork.result(timeout=30).wait() == "got {'n': 1}" and fork.id != run.id
    runs, _ = app.list("succeeded").wait()
    assert {run.id, fork.id} <= {name for name, _ in runs}
    assert len(run.export().wait()) > 100 and run.replay().wait()
    app.prune(run.id).wait()
    with pytest.raises(fk.RunNotFound):
        app.find(run.id).wait()
