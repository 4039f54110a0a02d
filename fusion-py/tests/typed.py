"""What type checkers make of the package: types flow from steps through workflows to results. Checked, never run."""

import dataclasses
from collections.abc import AsyncIterator
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


class Echo(fk.Provider):
    async def complete(self, request: fk.Request, call: fk.ModelCall) -> fk.Answer:
        return fk.Answer.of(request.prompt, calls=[("search", {"words": ["a"]})], usage=(1, 2), cost="0.01")


class Words(fk.Provider):
    async def stream(self, request: fk.Request, call: fk.ModelCall) -> AsyncIterator[str]:
        yield request.prompt


class Blocking(fk.Provider):
    def complete(self, request: fk.Request, call: fk.ModelCall) -> str:
        return request.model


@fk.tool(name="search")
def look(words: list[str], most: int = 3) -> list[str]:
    return words[:most]


class Judge(fk.Agent):
    name = "judge"
    capabilities = {"review": 0.9}

    async def run(self, ctx: fk.Context, prompt: str, **more: Any) -> str:
        reply = await ctx.work(writer, prompt)
        return str(reply.text)


echo = app.providers.add(Echo(), "mine")
writer = fk.Agent(
    "writer", model=echo.with_retry(3).with_fallback(Words(), ("openai:gpt-4o-mini", "small"), "ollama"), tools=[look, fetch, len],
    result=Page, limits=fk.Limits(turns=5, cost="1.00", time="10m"), price=fk.Price("0.15", "0.60"),
)  # fmt: skip
app.add_agent(Judge())


async def talk() -> None:
    assert_type(echo, Echo)
    answer = await app.providers.complete(echo, "hi")
    assert_type(answer, fk.Answer)
    assert_type(answer.text, str)
    async for chunk in app.providers.stream(fk.provider("openai:gpt-4o-mini", key="k"), fk.Request.of("hi", system="s")):
        assert_type(chunk, dict[str, Any])
    assert_type(await app.providers.embed(echo, ["a"]), list[list[float]])
    run = await app.ask(writer, "hi")
    assert_type(run.progress(), dict[str, Any])
    fk.Agent("x", modell=echo)  # type: ignore[call-arg]
    raise fk.Fault("rate_limit", "slow down", retry_after=2.5)


fixer = fk.CommandAgent("fixer", program="claude", mode="edit", workspace="/srv/shop", time="30m")
fk.CommandAgent("fixer", program="claude", mode="write")  # type: ignore[arg-type]
stack = fk.Rotation(echo, "openai").with_redact("TOKEN", values=["x"]).with_batch(10).with_observe("a").with_record("f.jsonl")
assert_type(stack, fk.Provider)
assert_type(app.providers.load("libwords.so", config={"a": 1}, secrets=["KEY"]), fk.Provider)
assert_type(app.providers.metrics("a").wait(), list[dict[str, Any]])


@app.workflow
def mended(folder: str) -> fk.Node[Any]:
    first = fixer("Mend it.", workspace=folder)
    return fixer("Look again.", workspace=first["workspace"], session=first["session"])


async def agents(ctx: fk.Context) -> None:
    reply: fk.Reply = await ctx.work(fixer, "Mend it.", session="s1")
    assert_type(reply.session, str)
    assert_type(list(reply.files), list[str])


class Cart(fk.Object):
    def initialize(self, id: str) -> dict[str, int]:
        return {}

    def add(self, turn: fk.Turn, sku: str) -> int:
        turn.event("added", {"sku": sku})
        return len(turn.state)


assert_type(app.object(Cart), type[Cart])


async def team() -> None:
    assert_type(await app.agents.spawn(fk.Agent("writer"), instances=2, restart=fk.Retry(attempts=3)), list[fk.AgentInfo])
    task = await app.tasks.submit("write", kind="docs")
    assert_type(task, fk.TaskInfo)
    assert_type((await app.tasks.wait(task, timeout=30)).reply, fk.Reply | None)
    assert_type(await app.tasks.propose(), list[fk.Proposal])
    async with await app.delegate(concurrency=2) as part:
        assert_type(part, fk.Delegation)
    assert_type(await app.send("a", "b", "note", {"n": 1}), fk.Sent)
    box = await app.messages.mailbox("b", hold="1m")
    async for message in box:
        assert_type(message, fk.Delivery)
        assert_type(message.message, fk.Message)
        break
    async for said in app.messages.follow("build.**"):
        assert_type(said, fk.Said)
        break
    assert_type(await app.objects.get(Cart, "42").look(), fk.Looked)
    assert_type(await app.objects.list("cart"), tuple[list[str], str | None])
    app.tasks.submit(1).wait()  # type: ignore[arg-type]


class Licence(fk.Component):
    files = {"LICENCE": "All rights reserved."}


assert_type(fk.Spec("specs/001-a").workflow(), str | None)
fk.Project(".", components=[Licence()]).add("licence", dry_run=True)
fk.Project(".", components=["licence"])  # type: ignore[list-item]
