"""Six durable objects make a small service: who one is, what one keeps, who may ask how often, what is shown, what is counted.

Run it twice with the same file, `python objects.py shop.db`: the second time everybody is known already.
"""

import hashlib
import secrets
import sys
from dataclasses import dataclass, field
from typing import Any

import fusion_kit as fk

app = fk.Fusion(f"sqlite://{sys.argv[1]}" if len(sys.argv) > 1 else "memory://")


@dataclass
class Account:
    salt: str = ""
    hash: str = ""
    tokens: dict[str, bool] = field(default_factory=dict[str, bool])


@app.object
class Auth(fk.Object):
    """Who one is: a password that nobody can read, and tokens that end by themselves."""

    def initialize(self, id: str) -> Account:
        return Account()

    def enroll(self, turn: fk.Turn, password: str) -> bool:
        if turn.state.hash:
            return False
        turn.state.salt = secrets.token_hex(16)
        turn.state.hash = hashed(password, turn.state.salt)
        turn.event("auth.enrolled")
        return True

    def login(self, turn: fk.Turn, password: str) -> str:
        if not secrets.compare_digest(turn.state.hash, hashed(password, turn.state.salt)):
            raise PermissionError("wrong name or password")
        token = secrets.token_urlsafe(16)
        turn.state.tokens[token] = True
        turn.timer("expire", token, after="30m")
        return token

    def check(self, turn: fk.Turn, token: str) -> bool:
        return token in turn.state.tokens

    def expire(self, turn: fk.Turn, token: str) -> None:
        turn.state.tokens.pop(token, None)


def hashed(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=2**12, r=8, p=1).hex()


@app.object(version=2)
class User(fk.Object):
    """Who one says that one is. Version 1 knew one name; the code of version 2 still reads it."""

    def initialize(self, id: str) -> "dict[str, str]":
        return {"first": id, "last": ""}

    def upcast(self, version: int, state: Any) -> Any:
        first, _, last = state["name"].partition(" ")
        return {"first": first, "last": last}

    def rename(self, turn: fk.Turn, name: "dict[str, str]") -> None:
        turn.state = {**turn.state, **name}
        turn.event("user.renamed", name)


@app.object
class Data(fk.Object):
    """What one keeps: rows by key. Who changes one says which version he saw."""

    def initialize(self, id: str) -> "dict[str, Any]":
        return {}

    def put(self, turn: fk.Turn, row: "dict[str, Any]") -> int:
        turn.state[row["key"]] = row["value"]
        turn.event("data.put", {"key": row["key"]})
        return len(turn.state)

    def get(self, turn: fk.Turn, key: str) -> Any:
        return turn.state.get(key)


@app.object
class Analytics(fk.Object):
    """What is counted, by name. Told, not asked: nobody waits for it."""

    def initialize(self, id: str) -> "dict[str, int]":
        return {}

    def count(self, turn: fk.Turn, what: str) -> None:
        turn.state[what] = turn.state.get(what, 0) + 1


@app.object
class UI(fk.Object):
    """What one sees: lines that others push, the last ten."""

    def initialize(self, id: str) -> "list[str]":
        return []

    def push(self, turn: fk.Turn, line: str) -> None:
        turn.state = [*turn.state, line][-10:]


@app.object
class Api(fk.Object):
    """One user's door to the others: checks the token, lets so many requests through in a minute, asks, shows and counts."""

    LIMIT = 5

    def initialize(self, id: str) -> "list[int]":
        return []

    async def request(self, turn: fk.Turn, asked: "dict[str, Any]") -> Any:
        user = turn.id
        if not await app.objects.get(Auth, user).call("check", asked["token"]):
            raise PermissionError("log in first")
        recent = [at for at in turn.state if turn.now_ms - at < 60_000]
        if len(recent) >= self.LIMIT:
            await app.objects.get(Analytics, "shop").tell("count", "refused")
            raise RuntimeError(f"{self.LIMIT} requests in a minute are enough")
        turn.state = [*recent, turn.now_ms]
        told = await app.objects.get(Data, user).call(asked["do"], asked["with"])
        await app.objects.get(UI, user).call("push", f"{asked['do']}: {told}")
        await app.objects.get(Analytics, "shop").tell("count", asked["do"])
        return told


def refused(call: "fk.Call[Any]", code: str) -> str:
    """Waits for a call that is refused, and gives why."""
    try:
        call.wait()
    except fk.Error as error:
        assert error.code == code, error
        return str(error)
    raise AssertionError("it was not refused")


def main() -> None:
    """Ada enrols, keeps something, asks too often; everything is still there the next time."""
    objects = app.objects
    auth, user, data = objects.get(Auth, "ada"), objects.get(User, "ada"), objects.get(Data, "ada")
    is_new = auth.call("enroll", "correct horse").wait()
    print("enrolled" if is_new else "welcome back")
    refused(auth.call("login", "wrong"), "FU0701")
    token = auth.call("login", "correct horse").wait()
    user.call("rename", {"last": "Lovelace"}).wait()
    assert user.state().wait() == {"first": "ada", "last": "Lovelace"}

    api = objects.get(Api, "ada")
    refused(api.call("request", {"token": "guessed", "do": "get", "with": "plan"}), "FU0701")
    put = {"token": token, "do": "put", "with": {"key": "plan", "value": "engine"}}
    allowed = 0
    for _ in range(Api.LIMIT + 1):
        try:
            api.call("request", put).wait()
            allowed += 1
        except fk.Error as error:
            print(error)
    assert allowed <= Api.LIMIT
    # Two who saw the same version: only the first one may write.
    seen = data.look().wait().seq
    data.call("put", {"key": "note", "value": 1}, expect=seen).wait()
    print(refused(data.call("put", {"key": "note", "value": 2}, expect=seen), "FU0309"))
    assert data.call("get", "note").wait() == 1 and data.call("get", "plan").wait() == "engine"
    objects.get(Analytics, "shop").call("count", "end").wait()  # told before it was asked: those are in
    print("counted:", objects.get(Analytics, "shop").state().wait())
    print("shown:", objects.get(UI, "ada").state().wait()[-1])
    print("changes:", len(data.history().wait()))


if __name__ == "__main__":
    with app:
        main()
