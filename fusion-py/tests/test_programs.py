"""Programs on the command line as agents: a folder, the files that changed, a session; and plugins: providers in shared libraries."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import fusion_kit as fk
import pytest
from conftest import REPOSITORY

# A program that plays Claude: it changes files, and says so.
CLAUDE = """#!/bin/sh
prompt=$(cat)
printf '%s\\n' "$*" >> "$(dirname "$0")/asked"
echo "$prompt" > made.txt; echo more >> kept.txt
echo '{"type":"system","subtype":"init","session_id":"s1","model":"m"}'
echo '{"type":"result","is_error":false,"result":"Done.","session_id":"s1","total_cost_usd":0.5,"usage":{"input_tokens":7,"output_tokens":2}}'
"""


@pytest.fixture
def claude(tmp_path, monkeypatch):
    """Puts the program where it is found, and gives the folder of its notes."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "claude"
    program.write_text(CLAUDE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def shop(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "kept.txt").write_text("old\n")
    return folder


def test_a_reply_has_the_folder_the_files_and_the_session(app, claude, shop):
    fixer = fk.CommandAgent("fixer", program="claude:opus", mode="edit", workspace=shop, system="Be brief.")
    reply = app.ask(fixer, "Mend it.").wait().result(60).wait()
    assert (reply.text, reply.ended, reply.agent, reply.turns, reply.cost) == ("Done.", "done", "fixer", 1, "0.5")
    assert (list(reply.files), reply.session) == (["kept.txt", "made.txt"], "s1")
    assert Path(reply.workspace) == shop.resolve() and reply.usage == {"input": 7, "output": 2}
    assert (shop / "made.txt").read_text() == "Mend it.\n"
    asked = (claude / "asked").read_text()
    assert "--permission-mode acceptEdits" in asked and "Be brief." in asked and "--model opus" in asked


def test_nodes_go_on_in_the_folder_and_the_conversation_of_others(app, claude, shop):
    fixer = fk.CommandAgent("fixer", program="claude", mode="edit")

    @app.workflow
    def mend(folder: str):
        first = fixer("Mend it.", workspace=folder)
        second = fixer(f"Look at {first['files']}.", workspace=first["workspace"], session=first["session"])
        return {"files": first["files"], "session": second["session"], "text": second["text"]}

    assert app.run(mend, str(shop)) == {"files": ["kept.txt", "made.txt"], "session": "s1", "text": "Done."}
    first, second = (claude / "asked").read_text().splitlines()
    assert "--resume" not in first and "--resume s1" in second
    assert (shop / "made.txt").read_text() == 'Look at ["kept.txt","made.txt"].\n'


def test_files_name_programs_and_agents_of_the_program(app, claude, shop):
    app.add_agent(fk.CommandAgent("fixer", program="claude", mode="edit", workspace=str(shop)))
    text = """
fusion: 1
name: mend
inputs: { folder: { type: string } }
nodes:
  mend: { agent: { program: claude, mode: edit, workspace: "{{ inputs.folder }}", time: 5m, idle: 1m }, with: { prompt: "Mend it." } }
  look: { agent: fixer, with: "Look at {{ nodes.mend.files }}." }
  alone: { agent: claude, with: "Say something." }
outputs: { files: "{{ nodes.mend.files }}", at: "{{ nodes.look.workspace }}", own: "{{ nodes.alone.workspace }}" }
"""
    out = app.run(app.parse(text), folder=str(shop))
    assert out["files"] == ["kept.txt", "made.txt"] and Path(out["at"]) == shop.resolve()
    own = Path(out["own"])
    assert own.parent == Path.cwd() / ".fusion/workspaces" and own.stat().st_mode & 0o777 == 0o700


def test_a_part_of_a_function_is_a_program_once(app, claude, shop):
    fixer = fk.CommandAgent("fixer", program="claude", mode="edit", workspace=shop)

    @app.durable(retries=1)
    async def mend(ctx: fk.Context) -> list:
        first = await ctx.work(fixer, "Mend it.")
        second = await ctx.work(fixer, "Once more.", session=first.session)
        if ctx.attempt == 1:
            raise ValueError("again")
        return [first.session, list(second.files), second.workspace]

    assert app.run(mend) == ["s1", ["kept.txt", "made.txt"], str(shop.resolve())]
    asked = (claude / "asked").read_text().splitlines()
    assert len(asked) == 2 and "--resume s1" in asked[1]


def test_capabilities_and_names_find_programs(app, claude, shop):
    app.add_agent(fk.CommandAgent("fixer", program="claude", mode="edit", workspace=shop, capabilities={"mending": 1}))
    assert app.ask(["mending"], "x").wait().result(60).wait().session == "s1"
    assert app.ask("fixer", "x", session="s0").wait().result(60).wait().text == "Done."
    assert "--resume s0" in (claude / "asked").read_text().splitlines()[-1]


def test_mistakes_with_programs_are_said(app, claude, shop):
    with pytest.raises(ValueError, match="needs a program"):
        fk.CommandAgent("fixer")
    app.list().wait()
    with pytest.raises(fk.InvalidInput, match="did you mean `claude`"):
        app.add_agent(fk.CommandAgent("fixer", program="claud"))
    with pytest.raises(ValueError, match="cannot hand over to the program `fixer`"):
        app.add_agent(fk.Agent("boss", model="local", hand_offs=[fk.CommandAgent("fixer", program="claude")]))
    for agent, message in [
        (fk.CommandAgent("a", program="claude", workspace="/nowhere/at/all"), "the workspace /nowhere/at/all cannot be used"),
        (fk.CommandAgent("b", program="command:sh -c 'echo hi'"), "say `full` if you mean it"),
        (fk.CommandAgent("c", program="command:no-such-program now", mode="full"), "`no-such-program`: not found in PATH"),
        (fk.CommandAgent("d", program="command:sh -c 'echo no >&2; exit 3'", mode="full"), "3"),
    ]:
        with pytest.raises(fk.RunFailed, match=message):
            app.ask(agent, "x").wait().result(60).wait()
    with pytest.raises(fk.RunFailed, match="asks a model: it has no `workspace`"):

        @app.durable
        async def wrong(ctx: fk.Context) -> str:
            return str(await ctx.work(fk.Agent("writer", model=fk.Scripted("x")), "x", session="s"))

        app.run(wrong)


def test_a_program_whose_time_is_over_gives_what_there_is(app, claude, shop):
    slow = fk.CommandAgent("slow", program="command:sh -c 'echo so far; sleep 600'", mode="full", workspace=shop, time=1.5)
    reply = app.ask(slow, "x").wait().result(60).wait()
    assert (reply.ended, reply.text) == ("time", "so far")

    @app.durable
    async def work(ctx: fk.Context) -> "list[str]":
        reply = await ctx.work(slow, "x")
        return [reply.ended, reply.text]

    assert app.run(work) == ["time", "so far"]


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """Builds both examples of plugins, and gives the folder with their libraries and manifests."""
    folder = tmp_path_factory.mktemp("plugins")
    examples = REPOSITORY / "examples"
    words = ["cc", "-std=c11", "-shared", "-fPIC", "-pthread", f"-I{REPOSITORY / 'fusion-plugin/include'}"]
    subprocess.run([*words, "-o", folder / "libwords.so", examples / "plugin-c/words.c"], check=True)
    built = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "debug/libplugin_rust.so"
    if not built.exists():
        subprocess.run(["cargo", "build", "--quiet", "--package", "plugin-rust"], check=True, cwd=REPOSITORY)
    shutil.copy(built, folder)
    for manifest in ("plugin-c/words.plugin.json", "plugin-rust/digest.plugin.json"):
        shutil.copy(examples / manifest, folder)
    return folder


def test_a_library_is_loaded_as_a_provider(app, plugins):
    words = app.providers.load(plugins / "libwords.so")
    assert words.name == "words"
    assert app.providers.complete(words, "Say it again.").wait(30).text == "Say it again."
    chunks = [chunk["text"] for chunk in app.providers.stream(words.with_retry(2), "one two three") if chunk["type"] == "text"]
    assert "".join(chunks) == "one two three" and len(chunks) > 1
    digest = app.providers.load(plugins / "digest.plugin.json", name="short", config={"sentences": 1})
    text = "Bees make honey. Bees live in hives and bees make wax. The weather is fine."
    answer = app.providers.complete(digest, text).wait(30).text
    assert answer and answer in text and len(answer) < len(text)
    flow = "fusion: 1\nname: f\nnodes:\n  a: { model: words, with: { prompt: hello } }\n  b: { model: short, with: { prompt: A b. } }\n"
    assert app.run(app.parse(flow + "outputs: { said: '{{ nodes.a.text }}' }\n")) == {"said": "hello"}


def test_a_plugin_stands_under_layers_and_in_for_a_subclass(app, plugins):
    class Dies(fk.Provider):
        async def complete(self, request, call):
            raise fk.Fault("overloaded", "busy")

    words = app.providers.load(plugins / "libwords.so")
    stack = Dies().with_fallback(words.with_observe("c").with_timeout(20)).with_cache()
    writer = fk.Agent("writer", model=stack)
    assert app.run(writer, "through all").text == "through all"
    assert app.providers.metrics("c").wait()[0]["provider"] == "words"


def test_what_is_no_plugin_is_refused(app, plugins, tmp_path):
    garbage = tmp_path / "libgarbage.so"
    garbage.write_bytes(b"no library")
    for path, message in [(garbage, "cannot be loaded"), (tmp_path / "missing.so", "No such file"), (sys.executable, "plugin")]:
        with pytest.raises(fk.InvalidInput, match=message):
            app.providers.load(path)


def test_names_of_plugins_run_apart_until_they_are_trusted(plugins, tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("FUSION_PLUGIN_PATH", str(plugins))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    program = Path(sys.executable).with_name("fusion")

    def loaded():
        return str(plugins / "libwords.so") in Path("/proc/self/maps").read_text()

    before = loaded()
    app = fk.Fusion()
    assert app.providers.complete("plugin:words:any", "hi").wait(30).text == "hi"
    assert loaded() == before, "one that nobody trusted is not loaded into this process"
    with pytest.raises(fk.Fault, match="did you mean `words`"):
        app.providers.complete("plugin:word", "hi").wait(30)
    text = "fusion: 1\nname: f\nnodes:\n  a: { model: 'plugin:words', with: { prompt: hello } }\noutputs: { said: '{{ nodes.a.text }}' }\n"
    assert app.run(app.parse(text)) == {"said": "hello"}
    app.close()
    subprocess.run([program, "plugins", "trust", "words"], check=True, capture_output=True)
    app = fk.Fusion()
    assert app.providers.complete("plugin:words", "hi").wait(30).text == "hi"
    app.close()
    with open(plugins / "libwords.so", "ab") as library:
        library.write(b"changed")
    app = fk.Fusion()
    with pytest.raises(fk.Fault, match="has changed since it was trusted"):
        app.providers.complete("plugin:words", "hi").wait(30)
    app.close()
