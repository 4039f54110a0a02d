"""The same work in other systems, where they are installed."""

import asyncio
import importlib.util
import operator
import tempfile
import time
from typing import Annotated, TypedDict

ROUNDS = 3


def beside(name, told):
    """Measures the peers at what is called so."""
    for package, measures in (("langgraph", LANGGRAPH), ("dbos", DBOS), ("dask", DASK)):
        if name in measures and importlib.util.find_spec(package) is not None:
            try:
                values, unit = measures[name]()
            except Exception as error:
                print(f"{package}: {name}: not measured: {str(error).splitlines()[0]}", flush=True)
                continue
            told(f"{package}: {name}", values, unit, best=max if "second" in unit else min)


def langgraph_chain():
    from langgraph.graph import END, START, StateGraph

    class State(TypedDict):
        n: int

    graph = StateGraph(State)
    for at in range(1_000):
        graph.add_node(f"n{at}", lambda state: {"n": state["n"]})
        graph.add_edge(START if at == 0 else f"n{at - 1}", f"n{at}")
    graph.add_edge("n999", END)
    made = graph.compile()
    return [seconds(lambda: made.invoke({"n": 0}, {"recursion_limit": 2_000})) * 1e3 for _ in range(ROUNDS)], "us a node"


def langgraph_fan_out():
    from langgraph.graph import END, START, StateGraph
    from langgraph.types import Send

    class State(TypedDict):
        out: Annotated[list, operator.add]

    graph = StateGraph(State)
    graph.add_node("one", lambda state: {"out": [1]})
    graph.add_conditional_edges(START, lambda state: [Send("one", {"n": at}) for at in range(5_000)], ["one"])
    graph.add_edge("one", END)
    made = graph.compile()
    return [seconds(lambda: made.invoke({"out": []})) * 1e6 / 5_000 for _ in range(ROUNDS)], "us a node"


def dbos_durable():
    from dbos import DBOS

    with tempfile.TemporaryDirectory() as folder:
        DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{folder}/dbos.sqlite"})

        @DBOS.step()
        async def noop() -> None: ...

        @DBOS.workflow()
        async def ten() -> None:
            for _ in range(10):
                await noop()

        DBOS.launch()

        async def main():
            began = time.perf_counter()
            handles = [await DBOS.start_workflow_async(ten) for _ in range(500)]
            for handle in handles:
                await handle.get_result()
            return 5_000 / (time.perf_counter() - began)

        try:
            return [asyncio.run(main())], "steps a second"
        finally:
            DBOS.destroy()


def dask_chain():
    from dask.threaded import get

    graph = {"n0": 0, **{f"n{at}": (same, f"n{at - 1}") for at in range(1, 1_001)}}
    return [seconds(lambda: get(graph, "n1000")) * 1e3 for _ in range(ROUNDS)], "us a node"


def dask_fan_out():
    from dask.threaded import get

    graph = {f"n{at}": (same, at) for at in range(5_000)}
    return [seconds(lambda: get(graph, list(graph))) * 1e6 / 5_000 for _ in range(ROUNDS)], "us a node"


def same(n):
    return n


def seconds(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


LANGGRAPH = {"chain": langgraph_chain, "fan-out": langgraph_fan_out}
DBOS = {"durable": dbos_durable}
DASK = {"chain": dask_chain, "fan-out": dask_fan_out}
