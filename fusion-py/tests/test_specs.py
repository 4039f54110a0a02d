"""Specifications and components: read, planned, added and taken away, without an engine."""

import asyncio
import threading

import pytest

import fusion_kit as fk

SPEC = """# Notes

### User Story 1 - Keep (Priority: P1)

1. **Given** nothing, **When** a note is added, **Then** it is kept

## Requirements

- **FR-001**: Users MUST sign in with a password
- **FR-002**: Notes MUST be kept in PostgreSQL
"""


class Licence(fk.Component):
    """All rights reserved."""

    version = "1.2.0"
    category = "legal"
    requires = {"database": "*"}
    files = {"LICENCE": "All rights reserved.\n"}
    manifest = {"blocks": [{"from": "ignore", "into": ".gitignore"}]}
    package = {"ignore": "*.secret\n"}


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "spec.md").write_text(SPEC)
    return fk.Spec(tmp_path)


def test_a_specification_is_read_and_planned(spec, tmp_path):
    assert [one["id"] for one in spec.read()["requirements"]] == ["FR-001", "FR-002"]
    found = {one["id"]: one for one in spec.analyze()["components"]}
    assert {"auth", "database"} <= set(found)
    assert found["auth"]["evidence"][0]["line"] == 9
    tasks = spec.plan()["tasks"]
    assert [one["requirements"] for one in tasks][:2] == [["FR-001"], ["FR-002"]]
    assert [one["severity"] for one in spec.validate()] == [] or all(one["severity"] == "warning" for one in spec.validate())
    assert sorted(one.name for one in tmp_path.iterdir()) == ["spec.md"], "nothing is written"


def test_the_workflow_of_a_plan_can_be_loaded(spec, tmp_path):
    text = spec.workflow()
    (tmp_path / "plan.yaml").write_text(text)
    with fk.Fusion() as app:
        assert app.load(tmp_path / "plan.yaml") is not None
    (tmp_path / "tasks.md").write_text("- [x] T001 Done\n")
    assert spec.workflow() is None


def test_what_is_wrong_is_raised_with_what_to_do(tmp_path):
    with pytest.raises(fk.InvalidWorkflow) as caught:
        fk.Spec(tmp_path / "nowhere").read()
    assert "there is no folder" in str(caught.value) and caught.value.hint
    (tmp_path / "spec.md").write_bytes(b"# A\n\xff")
    with pytest.raises(fk.InvalidWorkflow, match="spec.md:2:1: the file is not UTF-8 text"):
        fk.Spec(tmp_path).analyze()


def test_other_threads_go_on_while_files_are_read(spec):
    async def both():
        return await asyncio.gather(*(asyncio.to_thread(spec.analyze) for _ in range(4)))

    seen = threading.Event()
    threading.Thread(target=seen.set).start()
    first, *others = asyncio.run(both())
    assert all(one == first for one in others) and seen.wait(5)


def test_a_component_of_the_program_comes_and_goes(tmp_path):
    (tmp_path / ".gitignore").write_text("mine\n")
    project = fk.Project(tmp_path, components=[Licence()])
    assert [(one["name"], one["description"]) for one in project.components("legal")] == [("licence", "All rights reserved.")]
    assert project.add("licence", dry_run=True)["changed"] is False
    assert not (tmp_path / "LICENCE").exists()
    assert project.add("licence@^1")["changed"]
    assert project.add("licence")["changed"] is False
    assert (tmp_path / "LICENCE").read_text() == "All rights reserved.\n"
    assert "*.secret" in (tmp_path / ".gitignore").read_text()
    assert set(project.installed()) == {"licence", "database"}
    assert project.verify()["ok"]
    project.remove("licence")
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
    assert project.installed() == {}


def test_a_component_that_cannot_be_is_refused(tmp_path):
    class Out(fk.Component):
        files = {"../out": "no"}

    class Bare(fk.Component):
        manifest = {"files": [{"from": "gone", "to": "gone"}]}

    for component, said in [(Out(), "../out"), (Bare(), "has no file `gone`")]:
        with pytest.raises(fk.Error, match=said):
            fk.Project(tmp_path, components=[component]).components()
    with pytest.raises(fk.Error, match="no component `licens`|licens"):
        fk.Project(tmp_path).add("licens")
    assert list(tmp_path.glob("*")) == []


AGENT = """#!/bin/sh
q=$(cat)
echo asked >> asked
case "$q" in
  T001*refused*) printf 'NOTES = []\\n\\ndef add(text):\\n    NOTES.append(text)\\n    return NOTES\\n' > notes.py ;;
  T001*) printf 'def add(text):\\n    # todo\\n    pass\\n' > notes.py ;;
esac
echo done
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "specs" / "001-notes"
    folder.mkdir(parents=True)
    (folder / "spec.md").write_text("# Notes\n\n## Requirements\n\n- **FR-001**: Users MUST add notes\n")
    (folder / "tasks.md").write_text("- [ ] T001 Keep notes in notes.py (FR-001)\n")
    agent = tmp_path / "agent.sh"
    agent.write_text(AGENT)
    agent.chmod(0o755)
    return tmp_path


def test_a_specification_is_built_and_proved(project):
    how = {"workspace": project, "agents": [str(project / "agent.sh")], "unattended": True}
    with fk.Fusion(f"sqlite://{project}/app.db") as app:
        spec = project / "specs" / "001-notes"
        assert app.coverage(spec, workspace=project).wait()["good"] is False
        run = app.build(spec, **how).wait()
        result = run.result(timeout=60).wait()
        assert result["T001"]["by"].endswith("agent.sh")
        told = app.coverage(spec, workspace=project).wait()
        assert (told["good"], told["coverage"]["requirements"][0]["standing"]) == (True, "done")
        assert (spec / "tasks.md").read_text() == "- [x] T001 Keep notes in notes.py (FR-001)\n"
        assert (project / "asked").read_text().count("asked") == 2, "a stub, then the work"
        assert app.build(spec, **how).wait().id == run.id, "again is the same run"


def test_a_project_is_made_and_brought_up(tmp_path):
    with fk.Fusion(f"sqlite://{tmp_path}/app.db") as app:
        dry = app.init(tmp_path / "shop", dry_run=True).wait()
        assert (dry["mode"], dry["changed"], (tmp_path / "shop").exists()) == ("prototype", False, False)
        told = app.init(tmp_path / "shop", mode="mvp").wait()
        assert (told["mode"], told["before"], "fusion.toml" in told["made"]) == ("mvp", None, True)
        assert 'mode = "mvp"' in (tmp_path / "shop" / "fusion.toml").read_text()
        with pytest.raises(fk.Error, match="does not go back to prototype"):
            app.init(tmp_path / "shop", mode="prototype").wait()
        with pytest.raises(fk.Error, match="mpv"):
            app.init(tmp_path / "shop", mode="mpv").wait()


def test_the_tests_of_a_project_are_run(tmp_path):
    (tmp_path / "test_it.py").write_text("import unittest\nclass T(unittest.TestCase):\n    def test_it(self): pass\n    def test_no(self): self.fail('no')\n")
    with fk.Fusion(f"sqlite://{tmp_path}/app.db") as app:
        told = app.test(tmp_path, task="T001", retries=1, timeout="1m").wait().result(timeout=60).wait()["report"]
        assert (told["status"], told["counts"]["passed"], told["counts"]["failed"]) == ("failed", 1, 1)
        assert told["junit"].startswith(str(tmp_path.resolve() / ".fusion" / "tasks" / "T001"))
        with pytest.raises(fk.Error, match="there is no suite `api`"):
            app.test(tmp_path, suites=["api"]).wait()
        with pytest.raises(fk.InvalidInput, match="0 suites at once"):
            app.test(tmp_path, jobs=0).wait()


def test_a_build_that_cannot_begin_says_why(project):
    with fk.Fusion() as app:
        with pytest.raises(fk.InvalidInput, match="is not installed"):
            app.build(project, workspace=project, agents=["./nobody.sh"]).wait()
        with pytest.raises(fk.InvalidInput, match="0 tasks"):
            app.build(project, workspace=project, jobs=0).wait()
        (project / "specs/001-notes/tasks.md").write_text("- [ ] T001 Do (FR-009)\n")
        with pytest.raises(fk.Error, match="tasks.md:1: T001 names FR-009"):
            app.build(project, workspace=project, agents=[str(project / "agent.sh")]).wait()
