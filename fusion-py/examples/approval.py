"""Something is prepared, a person is asked, and only a yes publishes it; the question outlives the program."""

import asyncio
from typing import Any

import fusion_kit as fk


def open_app() -> tuple[fk.Fusion, fk.Workflow[[str], Any]]:
    app = fk.Fusion("sqlite://approval.db")

    @app.step
    def draft(text: str) -> str:
        return text.upper()

    @app.step
    def publish(text: str, by: str) -> str:
        return f"{text} (approved by {by})"

    @app.step
    def discard(why: str) -> str:
        return f"not published: {why}"

    @app.workflow
    def approval(text: str) -> dict[str, object]:
        made = draft(text)
        ok = fk.approval("Publish?", role="approver", id="ok").after(made)
        with fk.when(ok["approved"]):
            yes = publish(made, ok["by"])
        with fk.unless(ok["approved"]):
            no = discard(ok["comment"])
        return {"approved": ok["approved"], "text": fk.first(yes, no)}

    return app, approval


async def main() -> None:
    app, approval = open_app()
    async with app:
        await app.start(approval, "Version 2 is out.", id="yes")
        await app.start(approval, "Version 3 is out.", id="no")

    # Another program, days later perhaps.
    app, approval = open_app()
    async with app:
        yes, no = await app.find("yes"), await app.find("no")
        while [await run.status() for run in (yes, no)] != ["waiting", "waiting"]:
            await asyncio.sleep(0.01)
        await yes.approve(by="ann")
        await no.reject(by="bob", comment="not yet")
        print(await yes.result(timeout=30), await no.result(timeout=30))
        assert await yes.result() == {"approved": True, "text": "VERSION 2 IS OUT. (approved by ann)"}
        assert await no.result() == {"approved": False, "text": "not published: not yet"}


if __name__ == "__main__":
    asyncio.run(main())
