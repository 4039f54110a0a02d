"""The Python program: it starts a run, and has the code of some of its steps."""

import sys
import time
from pathlib import Path

import fusion_kit as fk

store, what = sys.argv[1:]
app = fk.Fusion(store)


@app.step
def words(text: str) -> list[str]:
    return text.split()


@app.step(elsewhere=True)
def count(words: list[str]) -> dict[str, int]:
    """Is written in Rust."""
    raise NotImplementedError


@app.step(elsewhere=True)
def headline(counts: dict[str, int], title: str) -> str:
    """Is written in JavaScript."""
    raise NotImplementedError


@app.workflow
def report(text: str, title: str) -> fk.Node[str]:
    return headline(count(words(text)), title)


@app.step
def reserve(order: int) -> str:
    return "reserved by Python"


@app.step
def charge(order: int, receipt: str) -> str:
    # Long enough to be killed in the middle of it.
    Path("charging").touch()
    time.sleep(60)
    return f"{receipt}, charged by Python"


@app.workflow
def buy(order: int) -> fk.Node[str]:
    return charge(order, reserve(order))


with app:
    if what == "report":
        run = app.start(report, "the cat and the dog and the bird", title="Words", id="report").wait()
    else:
        run = app.start(buy, 7, id="buy").wait()
    print("started", run.id, flush=True)
    print(run.result(timeout=60).wait())
