"""What agents know beyond one task."""

import dataclasses
import subprocess
import sys

import fusion_kit as fk
import pytest


@dataclasses.dataclass
class Plan:
    goal: str
    done: int = 0


def test_facts_are_found_by_key_and_by_words(url):
    with fk.Fusion(url) as app:
        memory = app.memory("writer")
        memory.remember("customer/acme", {"prefers": "invoices by mail"}).wait()
        memory.remember("plan", Plan("write", 2)).wait()
        memory.remember("nothing", None).wait()
        found = memory.search("which customer wants an invoice?", limit=1).wait()
        assert [(one.key, one.value) for one in found] == [("customer/acme", {"prefers": "invoices by mail"})]
        assert found[0].score > 0 and found[0].at_ms > 0
    # Another process of the same store knows them, too.
    with fk.Fusion(url) as app:
        memory = app.memory("writer")
        assert memory.recall("plan", Plan).wait() == Plan("write", 2)
        assert memory.recall("nothing", default=1).wait() is None
        assert memory.recall("none", default=1).wait() == 1
        assert [one.key for one in memory.facts().wait()] == ["customer/acme", "nothing", "plan"]
        assert memory.forget("plan").wait() and not memory.forget("plan").wait()
        assert app.memory("reader").facts().wait() == []
        with pytest.raises(fk.InvalidInput):
            memory.remember("two\nlines", 1).wait()


def test_a_state_of_an_older_version_is_brought_up(app):
    memory = app.memory("bob")
    assert memory.load_state(default="new").wait() == "new"
    memory.save_state({"name": "Ada"}).wait()

    def upcast(version, state):
        return {"goal": state["name"]} if version == 1 else {**state, "done": 1}

    assert memory.load_state(Plan, version=3, upcast=upcast).wait() == Plan("Ada", 1)
    assert memory.load_state().wait() == {"name": "Ada"}
    memory.save_state(Plan("x"), version=3).wait()
    with pytest.raises(ValueError, match="saved in version 3; this program knows version 2"):
        memory.load_state(version=2).wait()
    with pytest.raises(ValueError, match="give an `upcast` to version 4"):
        memory.load_state(version=4).wait()


PROGRAM = """
import os, sys, fusion_kit as fk
app = fk.Fusion(sys.argv[1])
app.memory("bob").save_state({"n": 7}).wait()
os.kill(os.getpid(), 9)
"""


def test_a_state_survives_a_kill(url):
    killed = subprocess.run([sys.executable, "-c", PROGRAM, url], timeout=60)
    assert killed.returncode == -9
    with fk.Fusion(url) as app:
        assert app.memory("bob").load_state().wait() == {"n": 7}


def test_an_agent_remembers_from_one_task_to_the_next(app):
    script = fk.Scripted(
        fk.Answer.of(calls=[("remember", {"key": "color", "fact": "the customer likes green"})]),
        "noted",
        fk.Answer.of(calls=[("recall", {"about": "what color does the customer like"})]),
        "green",
    )
    helper = fk.Agent("helper", model=script, tools=[{"memory": "helper"}], keep_messages=True)
    assert app.run(helper, "The customer likes green.").text == "noted"
    said = app.run(helper, "Which color?")
    assert said.text == "green"
    assert "the customer likes green" in str(said.messages)
    assert [one.key for one in app.memory("helper").facts().wait()] == ["color"]
