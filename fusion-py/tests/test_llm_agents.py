"""Agents that ask models: tools from typed functions, results by type, hand-offs, and nothing paid for twice."""

import asyncio
import contextvars
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Annotated, Literal, Optional, TypedDict

import fusion_kit as fk
import pytest


def calls(*all, **more):
    return fk.Answer.of(calls=all, **more)


def task(app, agent, prompt="go"):
    return app.ask(agent, prompt).wait().result(30).wait()


class Watched(fk.Provider):
    """Says what a script says, and keeps what it was asked."""

    def __init__(self, *script):
        self.script = list(script)
        self.asked = []

    async def complete(self, request, call):
        self.asked.append(request)
        said = self.script.pop(0)
        if isinstance(said, BaseException):
            raise said
        return said

    def told(self):
        """What the model was told of its calls, last."""
        return [(part["parts"][0]["text"], part.get("is_error", False)) for part in self.asked[-1].messages[-1]["parts"]]


def add(a: int, b: int = 2) -> int:
    """Adds two numbers.

    Args:
        a: The first one.
        b: The second one.
    """
    return a + b


async def shout(text: str) -> str:
    return text.upper()


def test_a_model_uses_typed_functions(app):
    model = Watched(calls(("add", {"a": 1}), ("shout", {"text": "hey"})), fk.Answer.of("done", usage=(7, 3), cost="0.5"))
    reply = task(app, fk.Agent("helper", model=model, tools=[add, shout], system="Help."), "please")
    assert (reply.text, reply.ended, reply.turns, reply.agent) == ("done", "done", 2, "helper")
    assert reply.usage == {"input": 7, "output": 3} and reply.cost == "0.5" and reply.result is None
    first = model.asked[0]
    assert first.system == "Help." and first.prompt == "please"
    assert first.tools[0] == {
        "name": "add",
        "description": "Adds two numbers.",
        "schema": {
            "type": "object",
            "properties": {
                "a": {"type": "integer", "description": "The first one."},
                "b": {"type": "integer", "description": "The second one.", "default": 2},
            },
            "required": ["a"],
        },
    }
    assert model.told() == [("3", False), ("HEY", False)]


def test_what_goes_wrong_with_a_tool_is_told_to_the_model(app):
    def fails(why: str) -> str:
        raise ValueError(why)

    def odd() -> object:
        return object()

    model = Watched(
        calls(("add", {"a": "one"}), ("add", {}), ("fails", {"why": "because"}), ("odd", {}), ("ad", {"a": 1})), "well"
    )
    assert task(app, fk.Agent("helper", model=model, tools=[add, fails, odd])).text == "well"
    told = model.told()
    assert all(wrong for _, wrong in told)
    texts = [text for text, _ in told]
    assert 'at `/a`: "one" is not of type "integer"' in texts[0] and '"a" is a required property' in texts[1]
    assert "because" in texts[2]
    assert "cannot be recorded" in texts[3] and "add" in texts[4]


def test_tools_know_their_context_and_the_callers_variables(app):
    tenant = contextvars.ContextVar("tenant", default="nobody")

    def who(ctx: fk.Context, greeting: str) -> str:
        return f"{greeting} {tenant.get()} {ctx.run} {ctx.node}"

    model = Watched(calls(("who", {"greeting": "hello"})), "done")
    tenant.set("acme")
    agent = fk.Agent("helper", model=model, tools=[who])
    app.ask(agent, "go", id="r1").wait().result(30).wait()
    assert model.told() == [("hello acme r1 helper", False)]
    assert "ctx" not in model.asked[0].tools[0]["schema"]["properties"]


@dataclasses.dataclass
class Day:
    city: str
    degrees: float
    rain: Optional[bool] = None


class Trip(TypedDict):
    days: list[Day]
    kind: Literal["work", "fun"]


def test_a_result_has_the_type_that_was_asked_for(app):
    model = Watched('{"days": [{"city": "Oslo", "degrees": 3}], "kind": "fun"}')
    reply = task(app, fk.Agent("planner", model=model, result=Trip))
    assert reply.result == {"days": [Day("Oslo", 3.0)], "kind": "fun"}
    schema = model.asked[0]["schema"]["schema"]
    assert schema["required"] == ["days", "kind"] and schema["properties"]["kind"] == {"enum": ["work", "fun"]}
    day = schema["properties"]["days"]["items"]
    assert day["required"] == ["city", "degrees"] and day["properties"]["rain"]["anyOf"][1] == {"type": "null"}


def test_the_model_gets_one_chance_to_mend_a_result(app):
    model = Watched('{"city": "Oslo"}', '```json\n{"city": "Oslo", "degrees": 3}\n```')
    reply = task(app, fk.Agent("planner", model=model, result=Day))
    assert reply.result == Day("Oslo", 3.0) and reply.turns == 2
    assert "degrees" in model.asked[1].prompt and model.asked[1].prompt.endswith("Answer again.")
    stubborn = fk.Agent("stubborn", model=Watched("no", "no"), result=Day)
    with pytest.raises(fk.RunFailed) as failed:
        task(app, stubborn)
    assert failed.value.failure_class == "validation"


def test_limits_end_an_agent_with_what_there_is(app):
    endless = Watched(*[calls(("add", {"a": 1}), usage=(1, 1), cost="0.01") for _ in range(9)])
    reply = task(app, fk.Agent("helper", model=endless, tools=[add], limits=fk.Limits(turns=3)))
    assert (reply.ended, reply.turns, reply.cost) == ("turns", 3, "0.03")
    dear = Watched(*[calls(("add", {"a": 1}), cost="0.40") for _ in range(9)])
    reply = task(app, fk.Agent("dear", model=dear, tools=[add], limits=fk.Limits(cost="0.70")))
    assert (reply.ended, reply.turns) == ("cost", 2)

    def slow() -> str:
        time.sleep(30)
        return "never"

    model = Watched(calls(("slow", {})), "gave up")
    assert task(app, fk.Agent("waits", model=model, tools=[slow], limits=fk.Limits(tool_time=0.1))).text == "gave up"
    assert "took longer" in model.told()[0][0]


def test_one_agent_hands_over_to_another(app):
    second = fk.Agent("second", model=Watched("I am second"), system="Second.")
    first = fk.Agent("first", model=Watched(calls(("hand_off", {"to": "second"}))), hand_offs=[second])
    reply = task(app, first)
    assert (reply.text, reply.agent, reply.turns) == ("I am second", "second", 2)
    second.hand_offs = [first]
    with pytest.raises(ValueError, match="hands over to itself"):
        app.add_agent(fk.Agent("third", model=Watched(), hand_offs=[first]))


def test_a_class_is_an_agent_too_and_capabilities_find_it(app):
    class Writer(fk.Agent):
        capabilities = {"documentation": 0.9}
        system = "You write."
        model = fk.Scripted("by capability", "by name", "in a file")

    app.add_agent(Writer())
    assert task(app, ["documentation"]).text == "by capability"
    assert task(app, "writer").text == "by name"
    text = "fusion: 1\nname: f\nnodes:\n  a: { agent: writer, with: { prompt: hi } }\noutputs: { said: '{{ nodes.a.text }}' }\n"
    assert app.run(app.parse(text)) == {"said": "in a file"}
    assert app.run(fk.Agent("other", model=fk.Scripted("run")), "hi").text == "run"


def test_agents_are_nodes_and_parts_of_functions(app):
    one = fk.Agent("one", model=fk.Scripted("first", "second", "third", "fourth"))

    @app.workflow
    def flow(topic: str):
        draft = one(f"about {topic}")
        return one(draft["text"])["text"]

    assert app.run(flow, "bees") == "second"

    class Judge(fk.Agent):
        async def run(self, ctx: fk.Context, prompt: str, **more) -> str:
            reply = await ctx.work(one, prompt)
            return f"judged: {reply.text}"

    @app.durable
    async def talk(ctx: fk.Context, topic: str) -> str:
        reply = await ctx.work(one, topic)
        return f"{reply.text}, {await ctx.work(judge, reply.text)}"

    judge = app.add_agent(Judge())
    assert app.run(talk, "bees") == "third, judged: fourth"


def test_a_part_that_was_done_is_not_done_again(app):
    model = Watched("first", "second")
    one = fk.Agent("one", model=model)

    @app.durable(retries=1)
    async def talk(ctx: fk.Context) -> list:
        both = [(await ctx.work(one, "a")).text, (await ctx.work(one, "b")).text]
        if ctx.attempt == 1:
            raise ValueError("again")
        return both

    assert app.run(talk) == ["first", "second"]
    assert len(model.asked) == 2


def test_faults_are_classes_that_a_nodes_policy_knows(app):
    model = Watched(fk.Fault("overloaded", "busy"), fk.Fault("rate_limit", "slow", retry_after=0.3), "third time")
    app.add_agent(fk.Agent("one", model=model))
    text = """
fusion: 1
name: f
nodes:
  a: { agent: one, with: { prompt: hi }, retry: { attempts: 3, initial: 10ms, on: [overloaded, rate_limit] } }
outputs: { said: "{{ nodes.a.text }}" }
"""
    began = time.monotonic()
    assert app.run(app.parse(text)) == {"said": "third time"}
    assert time.monotonic() - began >= 0.3
    with pytest.raises(fk.RunFailed) as failed:
        task(app, fk.Agent("refused", model=Watched(fk.Fault("auth", "no key", status=401))))
    assert (failed.value.failure_class, failed.value.failure_message) == ("auth", "watched: no key")
    with pytest.raises(fk.RunFailed) as failed:
        task(app, fk.Agent("buggy", model=Watched(KeyError("x"))))
    assert failed.value.failure_class == "overloaded" and "in complete" in failed.value.traceback


def test_a_run_that_is_cancelled_ends_the_model_call(app):
    began, ended = threading.Event(), threading.Event()

    class Never(fk.Provider):
        async def complete(self, request, call):
            began.set()
            try:
                await asyncio.sleep(3600)
            finally:
                ended.set()

    run = app.ask(fk.Agent("waits", model=Never()), "go").wait()
    assert began.wait(20)
    run.cancel("enough").wait()
    with pytest.raises(fk.RunCancelled):
        run.result(30).wait()
    assert ended.wait(20)


def test_schemas_say_what_a_function_takes(app):
    def search(
        words: list[str], where: Annotated[str, "A folder."], most: Optional[int] = None,
        kind: Literal["file", "folder"] = "file", *, deep: bool = True,
    ) -> None:  # fmt: skip
        """Searches.

        :param words: What to look for,
            all of it.
        """

    made = fk.Tool(search)
    assert made.description == "Searches."
    assert made.schema["properties"] == {
        "words": {"type": "array", "items": {"type": "string"}, "description": "What to look for, all of it."},
        "where": {"type": "string", "description": "A folder."},
        "most": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        "kind": {"enum": ["file", "folder"], "default": "file"},
        "deep": {"type": "boolean", "default": True},
    }
    assert made.schema["required"] == ["words", "where"]
    renamed = fk.tool(name="look", description="Looks.")(search)
    assert (renamed.name, renamed.description) == ("look", "Looks.")
    with pytest.raises(TypeError, match="a tool is a function"):
        fk.Agent("x", model="local", tools=[3])._describe(app.providers)


@dataclasses.dataclass
class Tree:
    value: int
    children: "list[Tree]"


def test_types_that_hold_themselves_have_a_schema(app):
    pydantic = pytest.importorskip("pydantic")

    class Leaf(pydantic.BaseModel):
        name: str = pydantic.Field(description="Its name.")

    def plant(tree: Tree, leaf: Leaf) -> str:
        return f"{tree.children[0].value} {leaf.name}"

    schema = fk.Tool(plant).schema
    assert schema["properties"]["tree"] == {"$ref": "#/$defs/Tree"}
    assert schema["$defs"]["Tree"]["properties"]["children"] == {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
    assert schema["properties"]["leaf"]["properties"]["name"]["description"] == "Its name."
    given = {"tree": {"value": 1, "children": [{"value": 2, "children": []}]}, "leaf": {"name": "oak"}}
    model = Watched(calls(("plant", given)), "done")
    task(app, fk.Agent("gardener", model=model, tools=[plant]))
    assert model.told() == [("2 oak", False)]


WORKER = '''
import sys
import fusion_kit as fk

url, ledger = sys.argv[1:3]
app = fk.Fusion(url)

def note(text):
    with open(ledger, "a") as file:
        file.write(text + "\\n")

def look(page: int) -> str:
    note(f"tool {page}")
    return f"page {page}"

class Model(fk.Provider):
    async def complete(self, request, call):
        turn = sum(one["role"] == "assistant" for one in request.messages)
        note(f"model {turn} {call.key}")
        if turn == 12:
            return fk.Answer.of("read all", usage=(1, 1), cost="0.01")
        return fk.Answer.of(calls=[("look", {"page": turn})], usage=(1, 1), cost="0.01")

app.add_agent(fk.Agent("reader", model=Model(), tools=[look]))
with app:
    reply = app.ask("reader", "read", id="r").wait().result(timeout=60).wait()
    assert (reply.text, reply.turns, reply.cost) == ("read all", 13, "0.13"), reply
'''


def test_killed_in_the_middle_no_token_is_paid_for_twice(tmp_path, url):
    worker, ledger = tmp_path / "worker.py", tmp_path / "ledger"
    worker.write_text(WORKER)
    ledger.touch()
    kills, end = 0, time.monotonic() + 120
    while True:
        child = subprocess.Popen([sys.executable, worker, url, ledger], stderr=subprocess.PIPE, text=True)
        until = len(ledger.read_text().splitlines()) + 5 if kills < 4 else 10_000
        while child.poll() is None and len(ledger.read_text().splitlines()) < until:
            assert time.monotonic() < end, "it does not come to an end"
            time.sleep(0.001)
        if child.poll() is not None:
            assert child.returncode == 0, child.stderr.read()
            break
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        kills += 1
    lines = ledger.read_text().splitlines()
    assert kills >= 2
    assert len(set(lines)) == 25, "13 answers and 12 results; a call that is made again has the same key"
    assert len(lines) <= 25 + kills, "only what ran when the kill came is done again"
