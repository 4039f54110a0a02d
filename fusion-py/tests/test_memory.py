"""What runs cost in memory, and that steps leave nothing behind: the small form of what is measured on a release build."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "benches" / "python" / "memory.py"


def measured(*words):
    done = subprocess.run([sys.executable, PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=400)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_thousand_durable_runs_at_once_take_little():
    code, said = measured("runs", 1_000, 160)
    assert code == 0, said


@pytest.mark.parametrize(("leak", "code"), [(0, 0), (1_000, 1)])
def test_steps_leave_nothing_behind_and_a_leak_would_be_seen(leak, code):
    found, said = measured("steps", 120_000, 20, "--warm", 70_000, "--leak", leak)
    assert found == code, said
