"""Values: written as plain data, read back by the annotated type; what does not fit is said with its place."""

import collections
import datetime as dt
import decimal
import enum
import json
import math
import pathlib
import typing
import uuid
from dataclasses import dataclass, field

import fusion_kit as fk
import pydantic
import pytest


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclass
class Point:
    x: int
    y: float = 0.5
    tags: typing.List[str] = field(default_factory=list)
    inner: "typing.Optional[Point]" = None


class Pair(typing.NamedTuple):
    left: int
    right: str


class Movie(typing.TypedDict):
    name: str
    when: dt.date


class Model(pydantic.BaseModel):
    id: uuid.UUID
    at: dt.datetime
    price: decimal.Decimal
    color: Color


ZONE = dt.timezone(dt.timedelta(hours=2))
VALUES = [
    (int, 2**63 - 1),
    (int, -(2**63)),
    (int, 2**64 - 1),
    (float, 1.0),
    (float, 1e-320),
    (str, "grüße\x00\u2028🙂"),
    (bytes, bytes(range(256))),
    (bool, True),
    (None, None),
    (typing.Optional[int], None),
    (typing.Union[int, str], "1"),
    (typing.Literal["a", 1], 1),
    (dt.datetime, dt.datetime(2026, 11, 21, 12, 30, 1, 5, tzinfo=ZONE)),
    (dt.date, dt.date(2026, 2, 28)),
    (dt.time, dt.time(23, 59)),
    (dt.timedelta, dt.timedelta(days=1, microseconds=5)),
    (decimal.Decimal, decimal.Decimal("1.10")),
    (uuid.UUID, uuid.UUID(int=7)),
    (pathlib.Path, pathlib.Path("a/b")),
    (Color, Color.RED),
    (Level, Level.HIGH),
    (Point, Point(1, 2.5, ["t"], Point(2))),
    (Pair, Pair(1, "b")),
    (Movie, {"name": "n", "when": dt.date(2020, 1, 1)}),
    (typing.Dict[str, Point], {"a": Point(1)}),
    (typing.Dict[int, str], {1: "a"}),
    (typing.Dict[Color, int], {Color.RED: 1}),
    (typing.Set[int], {3, 1}),
    (typing.FrozenSet[str], frozenset("ab")),
    (typing.Tuple[int, str], (1, "a")),
    (typing.Tuple[Point, ...], (Point(1), Point(2))),
    (typing.List[typing.Optional[Color]], [Color.RED, None]),
    (Model, Model(id=uuid.UUID(int=1), at="2026-01-01T00:00:00Z", price="9.99", color="red")),
    (typing.List[Model], [Model(id=uuid.UUID(int=2), at="2026-01-01T00:00:00Z", price="1", color="red")]),
    (collections.OrderedDict, {"b": 1, "a": 2}),
]


@pytest.mark.parametrize("kind,value", VALUES, ids=[str(kind) + str(at) for at, (kind, _) in enumerate(VALUES)])
def test_round_trip(app, kind, value):
    def give(value):
        return value

    def same(value):
        assert type(value) is type(expected) and value == expected, value
        return value

    expected = value
    give.__annotations__ = {"value": kind, "return": kind}
    same.__annotations__ = {"value": kind, "return": kind}
    give_step, same_step = app.step(give), app.step(same)

    def flow(value) -> typing.Any:
        return same_step(give_step(value))

    result = app.run(app.workflow(flow), value)
    assert type(result) is type(value) and result == value


class Strange:
    pass


UNFIT = [
    (Strange(), "$ is of type Strange"),
    ({"a": [1, {"b": Strange()}]}, "$.a[1].b is of type Strange"),
    ([1.0, math.nan], "$[1] is NaN"),
    ({"x": math.inf}, "$.x is inf"),
    (2**64, "$ is a whole number of more than 64 bits"),
    ("\ud800", "surrogate"),
    ({(1, 2): 3}, "keys are text"),
    (lambda: None, "$ is of type"),
]


@pytest.mark.parametrize("value,place", UNFIT, ids=range(len(UNFIT)))
def test_what_cannot_be_recorded_is_said_with_its_place(app, value, place):
    @app.step(retries=5)
    def give():
        return value

    @app.workflow
    def flow():
        return give()

    with pytest.raises(fk.RunFailed) as failed:
        app.run(flow)
    assert failed.value.failure_class == "decode" and failed.value.node == "give" and failed.value.attempt == 1
    assert place in failed.value.failure_message and "`give`" in failed.value.failure_message


def test_what_holds_itself_is_refused(app):
    value = []
    value.append(value)
    app.workflow(name="flow")(lambda value: value)
    with pytest.raises(TypeError, match="holds itself"):
        app.start("flow", value).wait()


@pytest.mark.parametrize("kind,value,place", [
    (int, "1", "n is no int"),
    (int, True, "n is no int"),
    (Point, {"x": "a"}, "n.x is no int"),
    (typing.List[int], [1, "b"], "n[1] is no int"),
    (Color, "blue", "n is no Color"),
    (Movie, {"name": "n"}, "it lacks when"),
    (Model, {"id": "x"}, "n is no Model"),
    (typing.Optional[int], "x", "is no"),
])  # fmt: skip
def test_what_does_not_fit_the_annotation_is_never_tried_again(app, kind, value, place):
    def take(n):
        raise AssertionError("entered")

    take.__annotations__ = {"n": kind}
    step = app.step(retries=5)(take)
    app.workflow(name="flow")(lambda v: step(v))
    with pytest.raises(fk.RunFailed) as failed:
        app.run("flow", value)
    assert failed.value.failure_class == "decode" and failed.value.attempt == 1
    assert place in failed.value.failure_message
    assert isinstance(failed.value.__cause__, fk.DecodeError)


def test_plain_data_stays_as_it_is(app):
    value = json.loads('{"a": [1, 1.0, true, null, "x", {"y": []}]}')
    step = app.step(name="echo")(lambda value: value)
    app.workflow(name="flow")(lambda value: step(value))
    assert json.dumps(app.run("flow", value)) == json.dumps(value)


def test_large_values_travel(app):
    value = {"text": "x" * 1_000_000, "list": list(range(10_000))}
    step = app.step(name="echo")(lambda value: value)
    app.workflow(name="flow")(lambda value: step(step(value)))
    assert app.run("flow", value) == value
