"""Providers in Python: everywhere where a provider is, with layers over them, and misbehaving ones."""

import asyncio
import contextlib
import threading
import time

import fusion_kit as fk
import pytest


class Echo(fk.Provider):
    async def complete(self, request, call):
        return fk.Answer.of(f"echo: {request.prompt}", model=request.model or "echo-1", usage=(10, 5), cost="0.25")


class Streaming(fk.Provider):
    async def stream(self, request, call):
        yield {"type": "begun", "id": "s-1", "model": "s"}
        for word in request.prompt.split():
            yield word + " "
            await asyncio.sleep(0)


class Failing(fk.Provider):
    """Fails so many times, then answers."""

    def __init__(self, *faults):
        self.faults = list(faults)
        self.asked = []

    async def complete(self, request, call):
        self.asked.append((time.monotonic(), call.key))
        if self.faults:
            raise self.faults.pop(0)
        return "at last"


def ask(app, provider, prompt="hi"):
    return app.providers.complete(provider, prompt).wait(30)


def fault(app, provider, prompt="hi"):
    with pytest.raises(fk.Fault) as caught:
        ask(app, provider, prompt)
    return caught.value


def test_an_answer_is_an_answer_a_text_or_chunks(app):
    answer = ask(app, Echo())
    assert (answer.text, answer.finish, answer["model"], answer["cost"]) == ("echo: hi", "stop", "echo-1", "0.25")
    assert answer.usage == {"input": 10, "output": 5}
    assert ask(app, Streaming(), "one two").text == "one two "
    kinds = [chunk["type"] for chunk in app.providers.stream(Streaming(), "one two")]
    assert kinds == ["begun", "text", "text", "end"]
    kinds = [chunk["type"] for chunk in app.providers.stream(Echo(), "one two")]
    assert kinds == ["begun", "text", "usage", "end"]


def test_chunks_come_as_they_are_made(app):
    told = threading.Event()

    class Slow(fk.Provider):
        async def stream(self, request, call):
            yield "first"
            while not told.is_set():
                await asyncio.sleep(0.005)
            yield "second"

    chunks = iter(app.providers.stream(Slow(), "hi"))
    assert next(chunks) == {"type": "text", "text": "first"}
    told.set()
    assert [chunk.get("text") for chunk in chunks] == ["second", None]


def test_chunks_come_on_a_loop(app):
    async def main():
        return [chunk["type"] async for chunk in app.providers.stream(Streaming(), "a b c")]

    assert asyncio.run(main()) == ["begun", "text", "text", "text", "end"]


def test_methods_may_be_plain_functions(app):
    class Plain(fk.Provider):
        def complete(self, request, call):
            return threading.current_thread().name

        def embed(self, request, call):
            return [[float(len(text)), 1.0] for text in request["inputs"]]

        def models(self, call):
            return ["plain-1", {"id": "plain-2", "context_tokens": 8000}]

    class PlainStream(fk.Provider):
        def stream(self, request, call):
            yield from ("a", "b")

    assert ask(app, Plain()).text != threading.main_thread().name
    assert ask(app, PlainStream()).text == "ab"
    assert app.providers.embed(Plain(), ["one", "three"]).wait() == [[3.0, 1.0], [5.0, 1.0]]
    assert [model["id"] for model in app.providers.models(Plain()).wait()] == ["plain-1", "plain-2"]
    for told in (app.providers.embed(Echo(), ["x"]), app.providers.models(Echo())):
        with pytest.raises(fk.Fault, match="echo: unsupported"):
            told.wait()


def test_a_pause_that_python_asks_for_is_kept_by_the_retry_layer(app):
    one = Failing(fk.Fault("rate_limit", "slow down", retry_after=0.4, status=429), ConnectionError("reset"))
    began = time.monotonic()
    assert ask(app, one.with_retry(3, initial=0.01)).text == "at last"
    first, second, third = (at for at, _ in one.asked)
    assert second - first >= 0.4, "the pause that was asked for"
    assert third - second < 0.4 and third - began < 10
    assert len({key for _, key in one.asked}) == 1, "attempts of one call have one key"


def test_faults_keep_their_kind_pause_and_words(app):
    told = fault(app, Failing(fk.Fault("rate_limit", "slow down", retry_after=70)).with_retry(5))
    assert (told.kind, told.message, told.retry_after, told.provider) == ("rate_limit", "slow down", 70, "failing")
    for raised, kind in [
        (fk.Fault("auth", "no key"), "auth"), (ValueError("oh"), "overloaded"), (TimeoutError("late"), "timeout"),
        (ConnectionResetError("gone"), "transport"), (fk.Permanent("never"), "unsupported"),
        (fk.RetryAfter(3), "rate_limit"), (SystemExit(3), "unsupported"),
    ]:  # fmt: skip
        told = fault(app, Failing(raised))
        assert told.kind == kind, raised
    assert "ValueError: oh" in str(fault(app, Failing(ValueError("oh"))))
    with pytest.raises(ValueError, match="there is no fault `nonsense`"):
        fk.Fault("nonsense", "x")


def test_garbage_is_malformed(app):
    class Garbage(fk.Provider):
        def __init__(self, made):
            self.made = made

        async def complete(self, request, call):
            return self.made

    class GarbageStream(fk.Provider):
        def __init__(self, *made):
            self.made = made

        async def stream(self, request, call):
            for one in self.made:
                yield one

    for made in (None, 42, [1], object(), {"parts": "none"}, {"parts": [{"type": "sound"}]}):
        assert fault(app, Garbage(made)).kind == "malformed", made
    for made in ((), (3,), ({"type": "sound"},), ({"type": "arguments", "index": 3, "text": "x"},)):
        assert fault(app, GarbageStream(*made)).kind == "malformed", made
    assert fault(app, fk.Provider()).kind == "unsupported"


def test_a_stream_that_breaks_tells_what_came_before(app):
    class Breaks(fk.Provider):
        async def stream(self, request, call):
            yield "so far"
            raise fk.Fault("transport", "the line is dead")

    chunks = app.providers.stream(Breaks(), "hi")
    assert next(chunks)["text"] == "so far"
    with pytest.raises(fk.Fault, match="transport: the line is dead"):
        next(chunks)
    with pytest.raises(StopIteration):
        next(chunks)


def test_one_that_never_answers_is_ended_by_the_time_limit(app):
    ended = threading.Event()

    class Never(fk.Provider):
        async def complete(self, request, call):
            try:
                await asyncio.sleep(3600)
            finally:
                ended.set()

    began = time.monotonic()
    assert fault(app, Never().with_timeout(0.2)).kind == "timeout"
    assert time.monotonic() - began < 10
    assert ended.wait(10), "its task was not cancelled"


def test_a_stream_that_nobody_reads_any_more_is_ended(app):
    ended, seen = threading.Event(), []

    class Endless(fk.Provider):
        async def stream(self, request, call):
            try:
                while True:
                    seen.append(1)
                    yield "more "
                    await asyncio.sleep(0.001)
            finally:
                ended.set()

    chunks = app.providers.stream(Endless(), "hi")
    assert next(chunks)["text"] == "more "
    del chunks
    assert ended.wait(10), f"it goes on after {len(seen)} chunks"


def test_python_and_the_engines_own_stand_in_for_one_another(app):
    own = fk.Scripted(fk.Fault("overloaded", "busy"), "from the script")
    assert ask(app, own.with_fallback(Echo())).text == "echo: hi"
    broken = Failing(ValueError("oh"), ValueError("oh"))
    assert ask(app, broken.with_fallback(own)).text == "from the script"
    assert ask(app, broken.with_fallback((None, "other-model"), Echo())).text == "at last"
    refused = Failing(fk.Fault("invalid_request", "no"))
    assert fault(app, refused.with_fallback(Echo())).kind == "invalid_request"
    assert ask(app, Failing(fk.Fault("auth", "no")).with_fallback((Echo(), "m-2"))) ["model"] == "m-2"
    only = Failing(fk.Fault("auth", "no"))
    assert fault(app, only.with_fallback(Echo(), on=["timeout"])).kind == "auth"


def test_a_stream_falls_back_before_its_first_words(app):
    class Dies(fk.Provider):
        async def stream(self, request, call):
            raise fk.Fault("overloaded", "busy")
            yield

    words = [chunk.get("text") for chunk in app.providers.stream(Dies().with_fallback(Streaming()), "a b")]
    assert [word for word in words if word] == ["a ", "b "]


def test_layers_hold_for_providers_in_python(app, url):
    with contextlib.closing(fk.Fusion(url)) as app:
        bounded = Echo().with_budget(per_day="0.30", other_models=fk.Price("0.01", "0.01"))
        assert ask(app, bounded).text == "echo: hi"
        assert fault(app, bounded.with_retry(3)).kind == "budget" if ask(app, bounded).text is None else True
        counted = Failing()
        kept = counted.with_cache("1h")
        assert [ask(app, kept, "same").text for _ in range(3)] == ["at last"] * 3
        assert len(counted.asked) == 1
        dead = Failing(*[fk.Fault("overloaded", "busy") for _ in range(9)])
        guarded = dead.with_breaker(2, pause=60)
        kinds = [fault(app, guarded).message for _ in range(4)]
        assert len(dead.asked) == 2 and "left alone" in kinds[-1]


def test_so_many_calls_at_once_and_no_more(app):
    now, most = 0, 0

    class Counts(fk.Provider):
        async def complete(self, request, call):
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.02)
            now -= 1
            return "done"

    async def main():
        one = Counts().with_concurrency(2)
        await asyncio.gather(*[app.providers.complete(one, str(n)) for n in range(6)])

    asyncio.run(main())
    assert most == 2


def test_one_provider_may_ask_another(app):
    class Shouts(fk.Provider):
        async def complete(self, request, call):
            answer = await call.ask(Echo(), request)
            return answer.text.upper()

    assert ask(app, Shouts()).text == "ECHO: HI"


def test_names_are_looked_up_late_and_mistakes_have_hints(tmp_path):
    with contextlib.closing(fk.Fusion(secrets={})) as app:
        assert "did you mean `anthropic`" in str(fault(app, "antropic:claude"))
        assert "set OPENAI_API_KEY" in str(fault(app, "openai:gpt-4o-mini"))
        moved = fk.provider("openai:gpt-4o-mini", key="sk-very-secret-7", base_url="http://127.0.0.1:1/v1")
        told = fault(app, moved)
        assert told.kind == "transport" and "sk-very-secret-7" not in f"{told} {told.detail} {moved!r}"
        with pytest.raises(TypeError, match="a provider is an `fk.Provider` or its name"):
            app.providers.complete(3, "x")
        app.providers.add(Echo(), "mine")
        assert ask(app, "mine:large")["model"] == "large"


def test_files_name_providers_of_the_program(app):
    class Model(fk.Provider):
        name = "house"

        async def complete(self, request, call):
            assert call.run and call.node == "a"
            return f"{request.model}: {request.system}: {request.prompt}"

    app.providers.add(Model())
    text = """
fusion: 1
name: file
nodes:
  a: { model: { name: "house:small", system: "Be brief." }, with: { prompt: "hello" } }
outputs: { said: "{{ nodes.a.text }}" }
"""
    assert app.run(app.parse(text)) == {"said": "small: Be brief.: hello"}
