"""Built-in tools of agents, beside functions: files of a folder, programs of a list, the web."""

import fusion_kit as fk
import pytest
from test_llm_agents import Watched, add, calls, task


def test_built_in_tools_stand_beside_functions(app, tmp_path):
    (tmp_path / "a.txt").write_text("in the file")
    built_in = [{"workspace": str(tmp_path)}, {"command": ["cat"]}]
    model = Watched(
        calls(("add", {"a": 1}), ("read_file", {"path": "a.txt"}), ("run_command", {"command": ["rm", "a.txt"]})), "done"
    )
    assert task(app, fk.Agent("reader", model=model, tools=[add, *built_in])).text == "done"
    told = model.told()
    assert told[:2] == [("3", False), ("in the file", False)]
    assert "the policy does not allow `rm a.txt`" in told[2][0] and told[2][1]
    with pytest.raises(fk.InvalidInput, match="cannot be opened"):
        task(app, fk.Agent("lost", model=model, tools=[{"workspace": "/nowhere/at/all"}]))
