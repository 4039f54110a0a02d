"""The Python program that only works: it has the code of `headline`, and stays until the run has ended."""

import sys

import fusion_kit as fk

store, run = sys.argv[1:]
app = fk.Fusion(store)


@app.step
def headline(counts: dict[str, int], title: str) -> str:
    word = max(counts, key=lambda word: counts[word])
    return f'{title}: {counts[word]} times "{word}"'


with app:
    app.find(run).wait().result(timeout=60).wait()
