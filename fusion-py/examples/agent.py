"""A durable agent loop: every model call and every tool call is recorded, so that a crash pays for nothing twice.

The model here is a small function; put a call of any provider in its place.
"""

import asyncio

import fusion_kit as fk

app = fk.Fusion("sqlite://agent.db")
calls: list[str] = []


async def think(notes: list[str]) -> dict[str, str]:
    calls.append("think")
    await asyncio.sleep(0.01)
    known = len(notes)
    return {"tool": "search", "query": f"part {known + 1}"} if known < 3 else {"answer": "; ".join(notes)}


def search(query: str) -> str:
    calls.append(f"search {query}")
    return f"found {query}"


@app.durable
async def research(ctx: fk.Context, topic: str) -> str:
    notes: list[str] = []
    for turn in range(10):
        thought = await ctx.step(f"think {turn}", think, notes)
        if "answer" in thought:
            if await ctx.wait_signal("approved", timeout="1h"):
                return f"{topic}: {thought['answer']}"
            notes.clear()
            continue
        notes.append(await ctx.step(f"search {turn}", search, thought["query"]))
    raise fk.Permanent("no answer after ten turns")


async def main() -> None:
    async with app:
        run = await app.start(research, "bees")
        await run.signal("approved", True)
        answer = await run.result(timeout=30)
        print(answer)
        print(calls)
        assert answer == "bees: found part 1; found part 2; found part 3"
        assert len(calls) == 7, "something was done twice"


if __name__ == "__main__":
    asyncio.run(main())
