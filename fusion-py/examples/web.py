"""A FastAPI program that embeds the engine: it starts runs, and when it is started again it finishes what it left.

It plays both lives of such a program: the first one dies in the middle of a run, the second one finishes it.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from typing import Any

import fusion_kit as fk
from fastapi import FastAPI
from fastapi.testclient import TestClient

engine = fk.Fusion("sqlite://web.db")


@engine.step
async def charge(order: str) -> str:
    # The first life of this program ends here.
    if os.environ.get("CRASH"):
        os._exit(9)
    return f"charged {order}"


@engine.step
def ship(order: str, receipt: str) -> str:
    return f"{receipt}, shipped {order}"


@engine.workflow
def checkout(order: str) -> fk.Node[str]:
    return ship(order, charge(order))


@contextlib.asynccontextmanager
async def life(_: FastAPI) -> AsyncGenerator[None]:
    async with engine:  # Opens the store and takes over what an earlier life left.
        yield


async def place(order: str) -> dict[str, str]:
    """Starts a checkout; a second call for the same order is the same run."""
    run = await engine.start(checkout, order, id=f"order-{order}")
    return {"run": run.id}


async def show(order: str) -> dict[str, str]:
    """Tells how a checkout stands."""
    run = await engine.find(f"order-{order}")
    return {"status": await run.status(), "result": str(await run.result(timeout=30))}


web = FastAPI(lifespan=life)
web.post("/orders/{order}")(place)
web.get("/orders/{order}")(show)


def main() -> None:
    """Is the program's life; a real one is `uvicorn web:web`."""
    client: Any = TestClient(web)
    with client:
        if os.environ.get("CRASH"):
            client.post("/orders/7")
            time.sleep(60)
        answer = client.get("/orders/7").json()
        print(answer)
        assert answer["result"] == "charged 7, shipped 7"


if __name__ == "__main__":
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['main']()"
    first = subprocess.run([sys.executable, "-c", code, __file__], env={**os.environ, "CRASH": "1"}, check=False)
    assert first.returncode == 9, "it did not die in the middle"
    main()
