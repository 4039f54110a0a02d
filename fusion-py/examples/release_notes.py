"""Release notes from the history of a git repository, without any model: one durable child per commit."""

import os

import fusion_kit as fk

app = fk.Fusion()

KINDS = {"add": "added", "let": "added", "fix": "fixed", "never": "fixed", "test": "tests", "prove": "tests", "say": "docs"}


@app.step
def classify(subject: str) -> str:
    words = subject.split(" ", 1)[1].lower().split()
    return next((kind for word, kind in KINDS.items() if words and words[0].startswith(word)), "changed")


@app.step
def write(subjects: list[str], kinds: list[str]) -> str:
    lines = ["# Release notes"]
    for group in sorted(set(kinds)):
        lines += ["", f"## {group.title()}", ""]
        lines += [f"- {subject}" for subject, kind in zip(subjects, kinds) if kind == group]
    return "\n".join(lines)


@app.workflow(version=1)
def release_notes(repo: str, limit: int = 20) -> fk.Node[str]:
    log = fk.command("git", "-C", repo, "log", "--no-merges", "--format=%h %s", f"-{limit}", id="log", timeout="1m")
    kinds = classify.map(log["lines"], max_parallel=8)
    return write(log["lines"], kinds)


if __name__ == "__main__":
    notes = app.run(release_notes, os.environ.get("FUSION_REPOSITORY", "."))
    print(notes)
    assert notes.startswith("# Release notes") and notes.count("\n- ") >= 1
    app.close()
