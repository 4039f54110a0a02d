"""Layers over providers in Python: each does its part, all of them can be stacked, and streams pass through all."""

import asyncio
import contextlib
import json
import threading
import time

import fusion_kit as fk
import pytest
from test_providers import Echo, Failing, Streaming, ask, fault

SECRET = "s3cr3t-of-the-house"


class Vectors(fk.Provider):
    """Gives the length of each text, and keeps how many it was asked for at once."""

    def __init__(self):
        self.asked = []

    async def embed(self, request, call):
        self.asked.append(len(request["inputs"]))
        return {"vectors": [[float(len(text))] for text in request["inputs"]], "usage": {"input": 3, "output": 0}}


def test_secrets_do_not_reach_a_provider(tmp_path):
    with contextlib.closing(fk.Fusion(secrets={"HOUSE_TOKEN": SECRET})) as app:
        assert SECRET in ask(app, Echo(), f"a {SECRET} b").text
        assert ask(app, Echo().with_redact("HOUSE_TOKEN"), f"a {SECRET} b").text == "echo: a *** b"
        assert ask(app, Echo().with_redact(values=["an own value"]), "an own value!").text == "echo: ***!"
        with pytest.raises(fk.InvalidInput, match="no secret `HOUSE_TOKN`"):
            ask(app, Echo().with_redact("HOUSE_TOKN"))
        refused = Failing(fk.Fault("overloaded", f"it was {SECRET}"))
        assert SECRET not in str(fault(app, refused.with_redact("HOUSE_TOKEN")))


def test_many_vectors_are_asked_for_in_few_requests(app):
    one = Vectors()
    texts = ["a", "bb", "a", "ccc", "dddd", "eeeee", "a"]
    got = app.providers.embed(one.with_batch(2), texts).wait()
    assert got == [[1.0], [2.0], [1.0], [3.0], [4.0], [5.0], [1.0]]
    assert one.asked == [2, 2, 1], "equal texts are sent once"


def test_calls_are_counted_and_have_spans(app):
    one = Failing(fk.Fault("overloaded", "busy"))
    seen = one.with_observe("attempts").with_retry(3, initial=0.01).with_observe()
    before = time.time() * 1000
    assert ask(app, seen, "hello there").text == "at last"
    (outer,) = app.providers.metrics().wait()
    (inner,) = app.providers.metrics("attempts").wait()
    assert (outer["provider"], outer["operation"], outer["calls"], outer["faults"]) == ("failing", "chat", 1, {})
    assert (inner["calls"], inner["faults"]) == (2, {"overloaded": 1})
    assert sum(inner["durations"]) == 2
    first, second = app.providers.spans("attempts").wait()
    assert first["fields"]["error.type"] == "overloaded" and "error.type" not in second["fields"]
    assert second["fields"]["gen_ai.response.finish_reasons"] == "stop"
    assert before - 60_000 < first["began_ms"] <= second["began_ms"] < before + 60_000
    assert app.providers.spans("attempts").wait() == [], "they are taken once"
    (span,) = app.providers.spans().wait()
    assert span["name"] == "chat" and "hello" not in json.dumps(span)
    with pytest.raises(fk.InvalidInput, match="did you mean `attempts`"):
        app.providers.metrics("attempt").wait()


def test_a_span_tells_tokens_cost_and_for_whom(app):
    app.run(fk.Agent("clerk", model=Echo().with_observe(), model_name="m"), "hi", id="r1")
    (span,) = app.providers.spans().wait()
    fields = span["fields"]
    assert (span["name"], fields["gen_ai.request.model"], fields["gen_ai.agent.name"]) == ("chat m", "m", "clerk")
    assert (fields["gen_ai.usage.input_tokens"], fields["gen_ai.usage.output_tokens"]) == (10, 5)
    assert (fields["fusion.cost_usd"], fields["fusion.run"], fields["gen_ai.request.stream"]) == ("0.25", "r1", True)


def test_keys_take_turns_and_one_that_fails_rests(app):
    limited, refused, good = Failing(fk.Fault("rate_limit", "slow", retry_after=60)), Failing(fk.Fault("auth", "no")), Failing()
    both = fk.Rotation(limited, refused, good)
    assert [ask(app, both).text for _ in range(4)] == ["at last"] * 4
    assert [len(one.asked) for one in (limited, refused, good)] == [1, 1, 4]
    told = fault(app, fk.Rotation(Failing(fk.Fault("rate_limit", "slow", retry_after=60))))
    assert told.kind == "rate_limit" and 50 < told.retry_after <= 60 and "all 1 keys rest" in told.message
    with pytest.raises(ValueError, match="a rotation needs providers"):
        fk.Rotation()


def test_what_is_recorded_is_played_and_has_no_secrets(tmp_path):
    file = tmp_path / "said.jsonl"
    secrets = {"OPENAI_API_KEY": "sk-planted-0123456789", "HOUSE_TOKEN": SECRET}
    prompt = f"key sk-planted-0123456789, token {SECRET}, Authorization: Bearer abcdefghijkl"
    with contextlib.closing(fk.Fusion(secrets=secrets)) as app:
        recorded = Echo().with_redact("HOUSE_TOKEN").with_record(file)
        # The key of a provider that was asked is known, too.
        fault(app, fk.provider("openai:m", base_url="http://127.0.0.1:1/v1"))
        assert "echo: key" in ask(app, recorded, prompt).text
        written = file.read_text()
        for secret in ("sk-planted", SECRET, "abcdefghijkl"):
            assert secret not in written, written
        assert ask(app, f"replay:{file}", prompt).text == "echo: key ***, token ***, Authorization: Bearer ***"
        assert "was not recorded" in str(fault(app, f"replay:{file}", "another"))


def everything(one, file):
    """Puts every layer over a provider."""
    price = fk.Price("0.01", "0.01")
    stack = one.with_timeout(30, idle=20).with_gate("account", requests_per_minute=6000).with_concurrency(4).with_breaker(5)
    stack = stack.with_batch(10).with_observe("inner").with_retry(3, initial=0.01).with_budget(per_day="5", other_models=price)
    stack = fk.Rotation(stack, stack).with_fallback(Echo()).with_redact(values=[SECRET]).with_record(file)
    return stack.with_cache("1h").with_observe("outer")


def test_all_layers_lie_over_one_provider(url, tmp_path):
    with contextlib.closing(fk.Fusion(url)) as app:
        one = Failing(fk.Fault("overloaded", "busy"))
        stack = everything(one, tmp_path / "said.jsonl")
        assert [ask(app, stack, f"same {SECRET}").text for _ in range(3)] == ["at last"] * 3
        assert len(one.asked) == 2, "a retry; then the answer was kept"
        (row,) = app.providers.metrics("outer").wait()
        assert (row["calls"], row["cached"]) == (3, 2)
        assert app.providers.prune("1h").wait() == []
        kept = app.providers.prune(0, dry_run=True).wait()
        assert kept and app.providers.prune(0).wait() == kept
        assert ask(app, stack, f"same {SECRET}").text == "at last" and len(one.asked) == 3, "nothing is kept any more"
        assert app.providers.embed(everything(Vectors(), tmp_path / "v.jsonl"), ["a", "bb"]).wait() == [[1.0], [2.0]]


def test_a_stream_passes_through_all_layers_as_it_is_made(url, tmp_path):
    told = threading.Event()

    class Slow(fk.Provider):
        async def stream(self, request, call):
            yield "first "
            while not told.is_set():
                await asyncio.sleep(0.005)
            yield "second"

    with contextlib.closing(fk.Fusion(url)) as app:
        stack = everything(Slow(), tmp_path / "said.jsonl")
        chunks = app.providers.stream(stack, "hi")
        assert next(chunks) == {"type": "text", "text": "first "}, "it came before the second was made"
        told.set()
        assert "".join(chunk.get("text", "") for chunk in chunks) == "second"
        again = [chunk.get("text", "") for chunk in app.providers.stream(stack, "hi")]
        assert "".join(again) == "first second"
        (row,) = app.providers.metrics("outer").wait()
        assert (row["calls"], row["cached"]) == (2, 1)


def test_a_stream_falls_back_to_a_subclass_through_a_rotation(app):
    class Dies(fk.Provider):
        async def stream(self, request, call):
            raise fk.Fault("overloaded", "busy")
            yield

    stack = fk.Rotation(Dies()).with_fallback(Streaming()).with_cache()
    words = [chunk.get("text") for chunk in app.providers.stream(stack, "a b")]
    assert [word for word in words if word] == ["a ", "b "]


def test_what_cannot_be_made_says_so_and_the_engine_works_on(app):
    lost = fk.Agent("lost", model=fk.Scripted("hi"), tools=[{"workspace": "/nowhere/at/all"}])
    with pytest.raises(fk.RunFailed, match="/nowhere/at/all cannot be opened"):
        app.run(lost, "go")
    assert app.run(fk.Agent("found", model=fk.Scripted("hi")), "go").text == "hi"
    with pytest.raises(fk.InvalidInput, match="layer `concurrency`"):
        ask(app, Echo().with_concurrency("two"))


def test_words_that_nobody_would_read_are_refused(app):
    model = fk.Scripted("hi")
    for made, message in [
        (lambda: app.ask(fk.Agent("a", model=model), "x", mesages=[]), "no `mesages`"),
        (lambda: app.ask(fk.Agent("b", model=model, sampling={"temprature": 1}), "x"), "there are temperature"),
        (lambda: app.ask(fk.Agent("c", model=model, limits={"turns": 3}), "x"), r"are `fk.Limits\(turns=…\)`"),
        (lambda: app.ask(fk.Agent("d", model=Echo), "x"), r"make one, `Echo\(\)`"),
        (lambda: Echo().with_timeout("soon"), "write seconds"),
    ]:
        with pytest.raises((TypeError, ValueError), match=message):
            made()
