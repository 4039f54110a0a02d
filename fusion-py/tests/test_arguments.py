"""What a step is given by a caller in another language: one object by names, a list by place, one value as it is."""

import json

import fusion_kit as fk
import pytest


def given(app, step, value):
    flow = {"fusion": 1, "name": "flow", "nodes": {"a": {"step": step, "with": value}}, "outputs": {"a": "{{ nodes.a }}"}}
    return app.start(app.parse(json.dumps(flow))).wait().result(timeout=30).wait()["a"]


@pytest.fixture
def steps(app):
    @app.step
    def two(word: str, count: int = 1) -> str:
        return f"{word} {count}"

    @app.step
    async def one(value: dict) -> dict:
        return value

    @app.step
    def optional(value: int = 7) -> int:
        return value

    @app.step
    def named(word: str, *, count: int = 1) -> str:
        return f"{word} {count}"

    return app


@pytest.mark.parametrize(
    ("step", "value", "wanted"),
    [
        ("two", {"word": "the", "count": 3}, "the 3"),
        ("two", {"word": "the"}, "the 1"),
        ("two", {"$args": ["the", 3]}, "the 3"),
        ("two", {"$args": ["the"]}, "the 1"),
        ("one", {"value": {"n": 1}}, {"n": 1}),
        ("one", {"n": 1}, {"n": 1}),
        ("one", {"$args": [{"n": 1}]}, {"n": 1}),
        ("one", {}, {}),
        ("optional", {}, 7),
        ("optional", 5, 5),
        ("named", {"word": "the", "count": 3}, "the 3"),
    ],
)
def test_arguments_come_by_name_by_place_or_as_they_are(steps, step, value, wanted):
    assert given(steps, step, value) == wanted


@pytest.mark.parametrize(
    ("step", "value", "why"),
    [
        ("two", {"$args": ["a", 1, 2]}, "takes 2 arguments by place, and got 3"),
        ("named", {"$args": ["a", 1]}, "takes 1 arguments by place, and got 2"),
        ("two", ["a", 1], "takes arguments by name, and got"),
        ("two", {"$args": ["a", "x"]}, "count"),
        ("two", {"wrong": 1}, "wrong"),
    ],
)
def test_what_fits_no_parameter_is_refused_by_name(steps, step, value, why):
    with pytest.raises(fk.RunFailed, match=why):
        given(steps, step, value)
