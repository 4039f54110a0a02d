"""Messages between agents, and services."""

import asyncio
import threading

import fusion_kit as fk
import pytest


@pytest.fixture(params=["memory", "file"])
def any_app(request, url):
    app = fk.Fusion("memory://" if request.param == "memory" else url)
    yield app
    app.close()


def note(n, to="bob", **more):
    return fk.message("alice", to, "note", {"n": n}, **more)


def test_messages_are_delivered_until_they_are_acknowledged(any_app):
    app = any_app
    bob = app.messages.mailbox("bob", hold="1m", capabilities=["review"]).wait()
    assert [one.to for one in app.messages.send_all([note(1), note(2), note(3)]).wait()] == [["bob"]] * 3
    one, two = bob.receive(2).wait()
    assert (one.content, one.sender, one.attempt) == ({"n": 1}, "alice", 1)
    one.acknowledge().wait()
    with pytest.raises(fk.NotApplicable):
        one.acknowledge().wait()
    two.release().wait()
    (again,) = bob.receive(1).wait()
    assert (again.content["n"], again.attempt) == (2, 2)
    (three,) = bob.receive().wait()
    bob.acknowledge([again, three]).wait()
    assert bob.receive(wait=0.02).wait() == []
    assert bob.waiting().wait() == 0
    assert not app.send("alice", "capability/review", "note", 4, message_id="once").wait().duplicate
    assert app.send("alice", "capability/review", "note", 4, message_id="once").wait().duplicate
    for message in bob:
        message.acknowledge().wait()
        break
    said = app.messages.history("bob").wait()
    assert len([one for one in said if one.name == "message.acknowledged"]) == 4
    assert said[0].message.content == {"n": 1}
    assert list(app.messages.mailboxes().wait()) == ["bob"]
    app.messages.remove("bob").wait()
    assert app.messages.mailboxes().wait() == {}


def test_a_question_gets_its_answer(app):
    async def main():
        bob = await app.messages.mailbox("bob")

        async def answers():
            async for asked in bob:
                await asked.reply("sum", sum(asked.content))
                return asked.message_id

        answer, id = await asyncio.gather(app.messages.request("alice", "bob", "add", [1, 2]), answers())
        assert (answer.content, answer.reply_to) == (3, id)
        thread = await app.messages.thread(id, ["bob", "alice"])
        assert [one.message_type for one in thread] == ["add", "sum"]
        with pytest.raises(fk.WaitTimeout):
            await app.messages.request("alice", "bob", "add", [], timeout=0.03)

    asyncio.run(main())


def test_topics_are_subscribed_and_followed(app):
    bob = app.messages.mailbox("bob").wait()
    bob.subscribe("build.**").wait()
    app.send("alice", "topic/build.linux.done", "note", 1).wait()
    (one,) = bob.receive().wait()
    assert one.recipient == "topic/build.linux.done"
    came = []

    def follow():
        for said in app.messages.follow("build.**"):
            came.append(said.message.content)
            if len(came) == 2:
                return

    thread = threading.Thread(target=follow)
    thread.start()
    app.send("alice", "topic/build.mac", "note", 2).wait()
    thread.join(20)
    assert sorted(came) == [1, 2]


def test_who_does_not_wait_any_more_takes_nothing_with_it(app):
    async def main():
        bob = await app.messages.mailbox("bob")
        for n in range(20):
            waits = asyncio.ensure_future(bob.receive()._on_loop())
            await asyncio.sleep(0.001 * (n % 3))
            waits.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waits
        await app.send("alice", "bob", "note", 1)
        (one,) = await bob.receive(wait=10)
        assert (one.content, one.attempt) == (1, 1)

    asyncio.run(main())


def test_what_makes_no_sense_is_refused(app):
    with pytest.raises(fk.Error, match="bob"):
        app.send("alice", "bob", "note").wait()
    with pytest.raises(fk.InvalidInput, match="name"):
        app.messages.mailbox("a b").wait()
    with pytest.raises(TypeError, match="subject"):
        app.send("alice", "bob", "note", subject="x")


def test_services_are_found_called_and_composed(app):
    @app.object
    class Echo(fk.Object):
        def say(self, turn: fk.Turn, content: str) -> str:
            return f"{turn.id} {content}"

        def fail(self, turn: fk.Turn) -> None:
            raise ValueError("broken")

    for id in ("a", "b"):
        app.services.register(id, "echo", f"object/echo/{id}", capabilities=["talk"], ttl="1m").wait()
    assert [one["id"] for one in app.services.discover({"capabilities": ["talk"]}).wait()] == ["a", "b"]
    said = [app.services.call("echo", "say", "hi").wait() for _ in range(2)]
    assert sorted(said) == ["a hi", "b hi"]
    app.services.update("a", load=9.0).wait()
    assert app.services.call("echo", "say", "you", strategy="least_loaded").wait() == "b you"
    parts = [{"name": "one", "service": "echo", "ask": "say"}, {"name": "two", "service": "echo", "ask": "fail"}]
    both = app.services.compose(parts, "x", rule=1).wait()
    assert both["one"].endswith("x") and "broken" in str(both["failed"])
    with pytest.raises(fk.Error, match="broken"):
        app.services.compose(parts, "x").wait()
    app.services.deregister("a").wait()
    app.services.beat("b").wait()
    with pytest.raises(fk.Error, match="a"):
        app.services.beat("a").wait()
