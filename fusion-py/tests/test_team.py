"""Agents with a life, tasks and teams: who gets a task, what becomes of it, over crashes too."""

import datetime
import subprocess
import sys
import textwrap

import fusion_kit as fk
import pytest


class Writer(fk.Agent):
    capabilities = {"writing": 0.9}

    async def run(self, ctx: fk.Context, prompt: str) -> str:
        return f"{self.word()}: {prompt}"


def names(events):
    return [one.name for one in events]


def test_a_task_goes_to_an_agent_of_the_program_and_comes_back(app):
    (writer,) = app.agents.spawn(Writer(), focus=["guides"], slots=2, unresponsive="2m").wait()
    assert (writer.id, writer.state, writer.spec["slots"], writer.spec["unresponsive_ms"]) == ("writer", "idle", 2, 120_000)
    with app.delegate().wait():
        task = app.tasks.submit("Write the guide", kind="documentation", tags=["docs"]).wait()
        done = app.tasks.wait(task, 30).wait()
    assert (done.state, done.agent, done.reply.text) == ("completed", "writer", "writer: Write the guide")
    assert "writer" in done.reason
    assert names(app.tasks.history(task).wait()) == ["task.queued", "task.assigned", "task.started", "task.completed"]
    assert app.agents.get("writer").wait().record == {"documentation": {"done": 1, "failed": 0}}
    counts = app.tasks.counts().wait()
    assert (counts["completed"], counts["queued"]) == (1, 0)


async def _in_order(app):
    order = []

    class Doer(fk.Agent):
        async def run(self, ctx: fk.Context, prompt: str) -> str:
            order.append(prompt)
            return prompt

    await app.agents.spawn(Doer(), instances=3)
    assert [one.id for one in await app.agents.list("idle")] == ["doer-1", "doer-2", "doer-3"]
    async with await app.delegate(concurrency=8):
        made = [fk.task("third", id="c", needs=["b"]), fk.task("second", id="b", needs=["a"]), fk.task("first", id="a")]
        assert len(await app.tasks.submit_all(made)) == 3
        await app.tasks.wait("c", 30)
    assert order == ["first", "second", "third"]


def test_tasks_that_need_one_another_are_done_in_order(app):
    import asyncio

    asyncio.run(_in_order(app))


def test_an_agent_with_a_model_works_as_a_member_of_a_team(app):
    app.agents.spawn(fk.Agent("helper", model=fk.Scripted(["hello"]))).wait()
    app.delegate().wait()
    done = app.tasks.wait(app.tasks.submit("greet").wait(), 30).wait()
    assert (done.reply.text, done.reply.agent) == ("hello", "helper")


def test_what_fails_is_tried_again_then_dead_and_queued_anew(app):
    class Shaky(fk.Agent):
        count = 0

        async def run(self, ctx: fk.Context, prompt: str) -> str:
            type(self).count += 1
            if self.count <= 2:
                raise ValueError(f"no {self.count}")
            return "at last"

    app.agents.spawn(Shaky()).wait()
    app.delegate().wait()
    task = app.tasks.submit("try", retry=fk.Retry(attempts=2, initial=0.005, max=0.01)).wait()
    dead = app.tasks.wait(task, 30).wait()
    assert (dead.state, dead.failure["message"]) == ("dead", "no 2")
    app.tasks.requeue(task).wait()
    assert app.tasks.wait(task, 30).wait().reply.text == "at last"


def test_agents_are_paused_resumed_and_terminated(app):
    app.agents.spawn(Writer()).wait()
    app.delegate().wait()
    app.agents.pause("writer").wait()
    task = app.tasks.submit("wait for me").wait()
    with pytest.raises(fk.WaitTimeout):
        app.tasks.wait(task, 0.1).wait()
    app.agents.resume("writer").wait()
    assert app.tasks.wait(task, 30).wait().state == "completed"
    assert app.agents.terminate("writer").wait().state == "terminated"
    told = [name for name in names(app.agents.history("writer").wait()) if name.split(".")[1] in ("paused", "resumed", "terminated")]
    assert told == ["agent.paused", "agent.resumed", "agent.terminated"]


def test_what_makes_no_sense_is_refused(app):
    with pytest.raises(TypeError, match="titel"):
        app.tasks.submit("x", titel="y")
    with pytest.raises(ValueError, match="no time"):
        app.tasks.submit("x", not_before="soon")
    with pytest.raises(fk.InvalidInput, match="optimize_for|cheap"):
        app.tasks.submit("x", optimize_for="cheap").wait()
    with pytest.raises(fk.Error, match="nobody"):
        app.tasks.get("nobody").wait()
    with pytest.raises(fk.Error, match="web-app"):
        app.swarms.deploy("web-ap").wait()


def test_a_task_waits_for_its_time(app):
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    task = app.tasks.submit("later", not_before=soon, timeout="5m").wait()
    assert task.spec["not_before"] == round(soon.timestamp() * 1000)
    assert app.tasks.propose().wait() == []
    assert app.tasks.cancel(task, "enough").wait().state == "cancelled"


def test_a_team_is_deployed_once(app):
    team = {
        "swarm": 1, "name": "pair", "description": "two", "agents": {"writer": {"agent": "writer", "instances": 2}},
        "workflows": [{"name": "w", "stages": ["draft", "check"]}],
    }  # fmt: skip
    planned = app.swarms.plan(team, project="p").wait()
    assert [one["id"] for one in planned["tasks"]] == ["p.draft.1", "p.check.1"]
    app.swarms.deploy(team, project="p").wait()
    agents, tasks = app.swarms.deploy(team, project="p").wait()
    assert ([one.id for one in agents], len(tasks)) == (["p.writer-1", "p.writer-2"], 2)
    assert "web-app" in [one["name"] for one in app.swarms.list().wait()]


WORKER = """
import sys
import fusion_kit as fk

class Slow(fk.Agent):
    async def run(self, ctx: fk.Context, prompt: str) -> str:
        import asyncio
        print("begun", flush=True)
        if sys.argv[2] == "hang":
            await asyncio.sleep(1000)
        return "done by the second"

app = fk.Fusion(sys.argv[1])
app.add_agent(Slow())
with app.delegate().wait():
    sys.stdin.read()
"""


def test_a_worker_that_was_killed_costs_nobody_a_task(url):
    def worker(how):
        command = [sys.executable, "-c", textwrap.dedent(WORKER), url, how]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    with fk.Fusion(url) as app:
        app.agents.spawn("slow").wait()
        task = app.tasks.submit("go slowly").wait()
        first = worker("hang")
        assert first.stdout.readline() == "begun\n"
        first.kill()
        first.wait()
        second = worker("do")
        try:
            done = app.tasks.wait(task, 60).wait()
        finally:
            second.stdin.close()
        assert (done.state, done.reply.text) == ("completed", "done by the second")
        assert second.wait(30) == 0


def test_what_is_over_is_forgotten(app):
    app.agents.spawn("nobody").wait()
    task = app.tasks.submit("hello", id="hello").wait()
    app.tasks.cancel(task).wait()
    app.agents.terminate("nobody").wait()
    assert app.tasks.prune("1d").wait() == [] and app.tasks.prune(0, dry_run=True).wait() == ["hello"]
    assert app.tasks.prune(0).wait() == ["hello"] and app.tasks.list().wait() == []
    assert app.agents.prune(0).wait() == ["nobody"] and app.agents.list().wait() == []
