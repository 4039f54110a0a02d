"""The cases that all languages share: the same statuses, events and errors."""

import asyncio
import json
from pathlib import Path

import fusion_kit as fk
import pytest

CASES = sorted((Path(__file__).resolve().parents[2] / "testing" / "cases").glob("*.json"))


class CaseError(Exception):
    pass


class Parrot(fk.Provider):
    def __init__(self):
        self.asked = 0

    async def complete(self, request: fk.Request, call: fk.ModelCall) -> fk.Answer:
        usage, cost = (3, 2), "0.01"
        last = request.messages[-1]
        if last["role"] == "tool":
            said = last["parts"][0]["parts"][0]["text"]
            return fk.Answer.of(f"the tool said {said}", usage=usage, cost=cost)
        verb, *words = request.prompt.split()
        if verb == "add":
            a, b = map(int, words)
            return fk.Answer.of(calls=[("add", {"a": a, "b": b})], usage=usage, cost=cost)
        if verb == "fail":
            self.asked += 1
            if self.asked <= int(words[1]):
                raise fk.Fault(words[0], f"asked {self.asked} times")
            return fk.Answer.of(f"asked {self.asked} times", usage=usage, cost=cost)
        return fk.Answer.of(" ".join(words), usage=usage, cost=cost)


def register_agent(app):
    def add(a: int, b: int) -> int:
        return a + b

    app.add_agent(fk.Agent("parrot", model=app.providers.add(Parrot()), tools=[add]))


def register(app):
    calls = {"count": 0}

    @app.step
    def echo(value):
        return value

    @app.step
    async def add(a: float, b: float):
        return int(a + b)

    @app.step(inline=True)
    def double(n: int) -> int:
        return n * 2

    @app.step
    def fail(message: str):
        raise CaseError(message)

    @app.step
    async def flaky(ctx: fk.Context, times: int) -> int:
        if ctx.attempt <= times:
            raise CaseError(f"attempt {ctx.attempt}")
        return ctx.attempt

    @app.step
    def unfit():
        return {"deep": [echo]}

    @app.step
    async def nap(ms: int) -> int:
        await asyncio.sleep(ms / 1000)
        return ms

    @app.step
    def count() -> int:
        calls["count"] += 1
        return calls["count"]


def say(run, said):
    ((verb, words),) = said.items()
    if verb in ("approve", "reject"):
        getattr(run, verb)(by=words[0], comment=words[1]).wait()
    else:
        getattr(run, verb)(*words).wait()


def wait_for(run, *statuses):
    import time

    end = time.monotonic() + 30
    while run.status().wait() not in statuses:
        assert time.monotonic() < end, run.why().wait()
        time.sleep(0.02)


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_case(path, store, url):
    case = json.loads(path.read_text())
    with fk.Fusion(url if store == "sqlite" else "memory://") as app:
        register(app)
        register_agent(app)
        flow = app.parse(json.dumps(case["workflow"]), path.name)
        run = app.start(flow, **case["input"]).wait()
        for said in case.get("when_waiting", ()):
            wait_for(run, "waiting", "paused")
            say(run, said)
            if "pause" in said:
                wait_for(run, "paused")
        end(run)
        if "retry" in case:
            run.retry(*case["retry"]).wait()
            end(run)
        check(run, case)


def end(run):
    try:
        run.result(timeout=60).wait()
    except (fk.RunFailed, fk.RunCancelled):
        pass


def check(run, case):
    assert run.status().wait() == case["status"]
    if case["status"] == "succeeded":
        outputs = run._handle.result().wait()[1]
        assert outputs == case["outputs"]
        assert json.dumps(outputs) == json.dumps(case["outputs"])
    if "error" in case:
        with pytest.raises(fk.RunFailed) as failed:
            run.result().wait()
        assert failed.value.failure_class == case["error"]["class"]
        wanted = case["error"]["message"]
        message = failed.value.failure_message
        assert message.startswith(wanted[:-1]) if wanted.endswith("…") else message == wanted
    nodes = {name: node["status"] for name, node in run.nodes().wait().items()}
    assert nodes == case["nodes"]
    told = [one.name + (f" {one.node}" if one.node else "") for one in run.events() if one.severity != "debug"]
    order = sorted if case.get("any_order") else list
    assert order(told) == order(case["events"])


def test_there_are_cases():
    assert len(CASES) >= 20
