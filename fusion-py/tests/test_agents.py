"""Agents: tasks in words, by name and by what is asked for."""

import fusion_kit as fk
import pytest


class Writer(fk.Agent):
    capabilities = {"documentation": 0.9, "code": 0.2}

    async def run(self, ctx: fk.Context, prompt: str, style: str = "plain") -> str:
        return await ctx.memo("text", lambda: f"writer {style}: {prompt}")


class Coder(fk.Agent):
    name = "hands"
    capabilities = {"code": 1.0, "documentation": 0.3}

    async def run(self, ctx: fk.Context, prompt: str, **more) -> str:
        return f"hands: {prompt}"


@pytest.fixture
def staffed(app):
    app.add_agent(Writer())
    app.add_agent(Coder())
    return app


def test_agents_are_asked_by_name_and_by_capability(staffed):
    assert staffed.ask("writer", "notes", style="dry").wait().result(30).wait() == "writer dry: notes"
    assert staffed.ask(["code"], "fix").wait().result(30).wait() == "hands: fix"
    assert staffed.ask(["documentation", "code"], "both").wait().result(30).wait() == "hands: both"
    with pytest.raises(fk.RunFailed, match="no agent here can do flying; known: code, documentation"):
        staffed.ask(["flying"], "up").wait().result(30).wait()


def test_agents_are_nodes_of_workflows_and_files(staffed):
    @staffed.workflow
    def flow(topic: str):
        text = fk.agent(needs=["documentation"], prompt=f"about {topic}")
        return fk.agent("hands", text, id="review")

    assert staffed.run(flow, "bees") == "hands: writer plain: about bees"
    text = """
fusion: 1
name: file
nodes:
  a: { agent: hands, with: { prompt: "one" } }
  b: { agent: { needs: [documentation] }, with: { prompt: "{{ nodes.a }}" } }
outputs: { said: "{{ nodes.b }}" }
"""
    assert staffed.run(staffed.parse(text)) == {"said": "writer plain: hands: one"}


def test_outside_of_a_workflow_a_node_is_refused():
    with pytest.raises(RuntimeError, match="app.ask"):
        fk.agent("hands", "x")
