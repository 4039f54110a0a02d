"""What type checkers make of the package: types flow from steps through workflows to results. Checked, never run."""

import dataclasses
from typing import Any

import fusion_kit as fk
from typing_extensions import assert_type

app = fk.Fusion()


@dataclasses.dataclass
class Page:
    url: str


@app.step(retries=3, timeout="30s")
async def fetch(url: str) -> Page:
    return Page(url)


@app.step
def merge(pages: list[Page], title: str) -> dict[str, str]:
    return {page.url: title for page in pages}


@app.workflow(version=2)
def digest(urls: list[str]) -> fk.Node[dict[str, str]]:
    pages = fetch.map(urls)
    assert_type(pages, fk.Node[list[Page]])
    return merge(pages, title="Today")


@app.workflow
def plain(url: str) -> fk.Node:  # type: ignore[type-arg]
    with fk.when(fk.Ref("inputs.url")):
        return fetch(url)


@app.durable
async def research(ctx: fk.Context, topic: str) -> int:
    page = await ctx.step("page", fetch.fn, topic)
    count = await ctx.step("count", len, "abc")
    assert_type(count, int)
    await ctx.sleep("1h")
    return len(str(page)) + count


async def use() -> None:
    run = await app.start(digest, ["a"], id="x")
    assert_type(run, fk.Run[dict[str, str]])
    assert_type(await run.result(timeout=5), dict[str, str])
    assert_type(app.run(research, "bees"), int)
    assert_type(app.start(research, "bees").wait().result().wait(), int)
    assert_type(app.run(app.parse("…")), Any)
    async for event in run.events():
        assert_type(event, fk.Event)
    for event in run.events():
        assert_type(event.node, "str | None")
    digest(1)  # type: ignore[arg-type]
    fetch()  # type: ignore[call-arg]
    app.step(retries="3")  # type: ignore[call-overload]
