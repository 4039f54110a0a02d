"""The folders of agents."""

import os
from pathlib import Path

import fusion_kit as fk
import pytest


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with fk.Fusion("memory://") as app:
        yield app


def test_what_a_workspace_held_comes_back(project, tmp_path):
    work = project.workspaces.create("@writer", files=50).wait()
    work.write("projects/plan/a.md", "one").wait()
    work.write("projects/b.bin", bytes(range(256))).wait()
    assert work.read("projects/b.bin").wait() == bytes(range(256))
    assert [(one.name, one.kind, one.bytes) for one in work.files().wait()] == [("b.bin", "file", 256), ("plan", "folder", 0)]
    info = work.info().wait()
    assert (info.agent, info.quota["files"], info.bytes) == ("@writer", 50, 259)
    assert Path(info.path) == tmp_path / ".fusion/workspaces/agents/@writer" and os.stat(info.path).st_mode & 0o777 == 0o700
    number = work.snapshot().wait()
    work.write("projects/plan/a.md", "two").wait()
    assert work.remove("projects/b.bin").wait() and not work.remove("projects/b.bin").wait()
    assert work.diff().wait() == {"projects/b.bin": "removed", "projects/plan/a.md": "content"}
    work.pack(tmp_path / "all.tar").wait()
    work.restore(number).wait()
    assert work.read("projects/plan/a.md").wait() == b"one"
    other = project.workspaces.create("reader").wait()
    other.unpack(tmp_path / "all.tar").wait()
    assert other.read("projects/plan/a.md").wait() == b"two"
    assert project.workspaces.list().wait() == ["@writer", "reader"]
    other.destroy().wait()
    assert project.workspaces.list().wait() == ["@writer"]
    with pytest.raises(fk.Error, match="has no workspace"):
        other.read("projects/b.bin").wait()


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "projects/../../x", "projects/link/passwd", ""])
def test_no_path_leads_out(project, path):
    work = project.workspaces.create("a").wait()
    os.symlink("/etc", Path(work.info().wait().projects) / "link")
    with pytest.raises(fk.Error):
        work.read(path).wait()
    with pytest.raises(fk.Error):
        work.write(path, "x").wait()


def test_commands_run_in_it(project):
    work = project.workspaces.create("a").wait()
    ran = work.run(["sh", "-c", "echo made > made; pwd; echo oh >&2; exit 3"], isolation="off").wait()
    assert (ran.code, ran.stderr, ran.level) == (3, "oh\n", "none")
    assert ran.stdout.strip() == work.info().wait().projects
    assert work.read("projects/made").wait() == b"made\n"
    slow = work.run(["sleep", "60"], isolation="off", timeout=0.3).wait()
    assert slow.ended == "time"
    with pytest.raises(fk.Error, match="ls"):
        work.run(["ls"], isolation="off", programs=["cat"]).wait()


def test_an_agent_works_in_its_own_and_it_goes_with_it(project):
    class Writer(fk.Agent):
        async def run(self, ctx: fk.Context, prompt: str, **more) -> str:
            (Path(more["workspace"]) / "made.txt").write_text(prompt)
            return more["workspace"]

    project.agents.spawn(Writer(), workspace={"files": 10}).wait()
    with project.delegate().wait():
        done = project.tasks.submit("hello").wait()
        done = project.tasks.wait(done.id).wait()
        assert done.reply.text == project.workspaces.get("writer").info().wait().projects
        assert project.workspaces.get("writer").read("projects/made.txt").wait() == b"hello"
        project.agents.terminate("writer").wait()
    assert project.workspaces.list().wait() == []
