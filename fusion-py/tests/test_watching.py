"""Agents that ask models, while they are at it: what they say is seen as it comes."""

import asyncio
import threading
import time

import fusion_kit as fk
import pytest


def test_what_a_model_says_is_seen_as_it_comes(app):
    go = threading.Event()

    class Slow(fk.Provider):
        async def stream(self, request, call):
            yield "the beginning"
            while not go.is_set():
                await asyncio.sleep(0.005)
            yield " and the end"

    run = app.ask(fk.Agent("speaker", model=Slow()), "go").wait()
    end = time.monotonic() + 20
    while not run.progress():
        assert time.monotonic() < end
        time.sleep(0.01)
    assert run.progress() == {"speaker": {"agent": "speaker", "turn": 0, "text": "the beginning"}}
    go.set()
    assert run.result(30).wait().text == "the beginning and the end"


def test_who_watches_sees_every_piece_and_stops_nothing(app):
    class Words(fk.Provider):
        async def stream(self, request, call):
            yield "one "
            yield "two"

    class Shown(fk.Agent):
        name = "shown"
        model = Words()

        def watch(self, piece):
            seen.append((piece.agent, piece.turn, piece.text))
            raise OSError("the screen is gone")

    async def listen(piece):
        seen.append((piece.agent, piece.turn, piece.text))

    words = [("one ", 0), ("two", 0), ("", 0)]
    for agent in (Shown(), fk.Agent("heard", model=Words(), watch=listen)):
        seen = []
        assert app.run(agent, "go").text == "one two"
        assert seen == [(agent.name, turn, text) for text, turn in words]


def test_an_agent_that_nobody_has_is_told_of(app):
    with pytest.warns(UserWarning, match="no agent here is called `nobody`: .*known here: none"):
        run = app.ask("nobody", "hi").wait()
    run.cancel().wait()
