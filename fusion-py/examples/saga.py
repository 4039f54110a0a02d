"""A trip is booked in three steps; when one fails, what was booked is given back in reverse order."""

import fusion_kit as fk

app = fk.Fusion()
log: list[str] = []


@app.step
def cancel(what: str, booking: str) -> None:
    log.append(f"cancel {what} {booking}")


@app.step(compensate=cancel)
def book(what: str) -> str:
    log.append(f"book {what}")
    return f"#{len(log)}"


@app.step(retry=fk.Retry(attempts=2, initial=0.05))
async def rent_car(left: bool) -> str:
    if not left:
        raise LookupError("no car is left")
    return "car"


@app.workflow
def trip(cars: bool) -> fk.Node[str]:
    flight = book.options(id="flight")("flight")
    hotel = book.options(id="hotel")("hotel").after(flight)
    return rent_car(cars).after(hotel)


if __name__ == "__main__":
    assert app.run(trip, True) == "car"
    log.clear()
    try:
        app.run(trip, False)
    except fk.RunFailed as error:
        print(error)
        assert isinstance(error.__cause__, LookupError) and error.node == "rent_car" and error.attempt == 2
    print(*log, sep="\n")
    assert log == ["book flight", "book hotel", "cancel hotel #2", "cancel flight #1"]
    app.close()
