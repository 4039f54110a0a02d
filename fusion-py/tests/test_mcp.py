"""Tools of servers of the Model Context Protocol: programs, and behind HTTP; only those that are allowed."""

import asyncio
import subprocess
import sys
from pathlib import Path

import fusion_kit as fk
import pytest
from test_llm_agents import Watched, add, calls, task

SERVER = str(Path(__file__).with_name("tool_server.py"))


def names(model):
    return [tool["name"] for tool in model.asked[0].tools]


def test_a_program_brings_the_tools_that_are_allowed(app, tmp_path):
    log = str(tmp_path / "log")
    server = {"mcp": [sys.executable, SERVER, log], "name": "calc", "allow": ["add", "show_*"], "env": {"TOKEN": "t-1"}}
    model = Watched(
        calls(("calc_add", {"a": 17, "b": 25}), ("calc_show_env", {}), ("add", {"a": 1}), ("calc_destroy", {}), ("calc_add", {})),
        "42",
    )
    assert task(app, fk.Agent("clerk", model=model, tools=[add, server])).text == "42"
    assert names(model) == ["add", "calc_add", "calc_show_env"], "the one that is not allowed is not there"
    told = model.told()
    assert (told[0], told[2]) == (("42", False), ("3", False))
    # Nothing is inherited but a few names.
    assert "TOKEN=t-1" in told[1][0] and "PATH" in told[1][0]
    assert not any(word.startswith(("PYTEST", "CARGO")) for word in told[1][0].split()), told[1][0]
    assert told[3][1] and "calc_destroy" in told[3][0]
    assert told[4][1] and "required" in told[4][0]
    assert Path(log).read_text() == "started\n"


def test_a_server_behind_a_url_wants_its_key(app, tmp_path):
    child = subprocess.Popen([sys.executable, SERVER, str(tmp_path / "log"), "key-of-the-server"], stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{int(child.stdout.readline())}/mcp"
        server = {"mcp": url, "name": "calc", "allow": ["add"], "key": "key-of-the-server"}
        model = Watched(calls(("calc_add", {"a": 2, "b": 3})), "5")
        assert task(app, fk.Agent("clerk", model=model, tools=[server])).text == "5"
        assert names(model) == ["calc_add"] and model.told() == [("5", False)]
        with pytest.raises(fk.RunFailed) as failed:
            task(app, fk.Agent("stranger", model=Watched("x"), tools=[{**server, "key": "a-wrong-key"}]))
        assert failed.value.failure_class == "transport" and "`calc`" in failed.value.failure_message
        assert "a-wrong-key" not in str(failed.value)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_tasks_at_once_share_a_server(app, tmp_path):
    log, both = tmp_path / "log", []

    class Model(fk.Provider):
        async def complete(self, request, call):
            if request.messages[-1]["role"] == "tool":
                return "done"
            both.append(call.key)
            while len(both) < 2:
                await asyncio.sleep(0.005)
            return calls(("calc_add", {"a": 1, "b": 1}))

    clerk = fk.Agent("clerk", model=Model(), tools=[{"mcp": [sys.executable, SERVER, str(log)], "name": "calc", "allow": ["*"]}])

    @app.workflow
    def flow():
        return {"a": clerk("one")["text"], "b": clerk("two")["text"]}

    assert app.run(flow) == {"a": "done", "b": "done"}
    assert log.read_text() == "started\n"


def test_mistakes_with_servers_are_said(app, tmp_path):
    log = str(tmp_path / "log")
    for server, message in [
        ({"mcp": ["x"], "name": "calc"}, "needs a `name`, and `allow`"),
        ({"mcp": ["x"], "http": ["y"]}, "exactly one of"),
        ({"mcp": ["x"], "name": "calc", "allow": ["*"], "alow": 1}, "unknown field `alow`"),
    ]:
        app.list().wait()
        with pytest.raises(fk.InvalidInput, match=message):
            app.add_agent(fk.Agent("clerk", model=Watched(), tools=[server]))
    for server, message in [
        ({"mcp": ["no-such-program"], "name": "calc", "allow": ["*"]}, "`no-such-program` cannot be started"),
        ({"mcp": [sys.executable, SERVER, log], "name": "calc", "allow": ["ad"]}, "did you mean `add`"),
        ({"mcp": [sys.executable, "-c", "print('no')"], "name": "calc", "allow": ["*"]}, "`calc`"),
    ]:
        with pytest.raises(fk.RunFailed, match=message):
            task(app, fk.Agent("clerk", model=Watched(), tools=[server]))
