"""Whatever a store, or what stands in front of it, answers: at creation, at a look, and at an edit."""

import json
from dataclasses import dataclass

import pytest

from dev.stores import Store as Server
from tests.faults import faults
from tests.faults.proxy import Answer, Asked, Fault, Forward, Proxy
from tests.faults.world import EDITED, QUOTA, SPEC, StoreWorld, make, nothing_else


@dataclass(frozen=True)
class Case:
    """A fault, and words of which one must be in the condition's message."""

    fault: Fault
    words: tuple[str, ...]
    reaches: bool = False  # whether requests reach the store all the same


CASES = {
    "hang": Case(faults.hang, ("timeout",)),
    "reset before": Case(faults.reset_before, ("connection",)),
    "reset after": Case(faults.reset_after, ("connection",), reaches=True),
    "500 XML": Case(faults.error(500, "InternalError", "We encountered an internal error."), ("InternalError",)),
    "500 empty": Case(faults.always(500), ("500",)),
    "503 SlowDown": Case(faults.error(503, "SlowDown", "Reduce your request rate."), ("SlowDown", "503")),
    "503 Retry-After": Case(
        faults.error(503, "ServiceUnavailable", "Come back later.", ("Retry-After", "7")), ("ServiceUnavailable", "503")
    ),
    "502 HTML": Case(faults.always(502, faults.PAGE, faults.HTML), ("not the store", "502")),
    "200 HTML": Case(faults.always(200, faults.PAGE, faults.HTML), ("not the store",)),
    "200 XHTML": Case(faults.always(200, faults.XHTML, faults.HTML), ("not the store",)),
    "404 HTML": Case(faults.always(404, faults.PAGE, faults.HTML), ("not the store",)),
    "404 plain": Case(faults.always(404, b"default backend - 404", faults.PLAIN), ("not the store",)),
    "404 empty": Case(faults.always(404), ("not the store",)),
    "302 HTML": Case(faults.always(302, faults.PAGE, (*faults.HTML, ("Location", "http://127.0.0.1:9/login"))), ("not the store",)),
    "403 HTML": Case(faults.always(403, faults.PAGE, faults.HTML), ("not the store",)),
    "200 empty": Case(faults.always(200), ("not the store",)),
    "200 with an error": Case(faults.error_with_200, ("InternalError", "not the store")),
    "truncated": Case(faults.truncated, ("not the store", "cut"), reaches=True),
    "shortened": Case(faults.shortened, ("not the store", "cut"), reaches=True),
    "emptied": Case(faults.emptied, ("not the store", "cut"), reaches=True),
    "permanent redirect": Case(faults.error(301, "PermanentRedirect", "Use another endpoint."), ("region",)),
    "access denied": Case(faults.error(403, "AccessDenied", "Access Denied."), ("AccessDenied",)),
    "409 conflict": Case(faults.error(409, "OperationAborted", "Try again."), ("OperationAborted",)),
}  # fmt: skip


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    """One fault after the other."""
    found: Case = request.param
    return found


def _quoting(asked: Asked, _forward: Forward) -> Answer:
    """A gateway that says whom it could not find an answer for."""
    body = f"<Error><Code>ServiceUnavailable</Code><Message>{asked.bucket} is slow</Message></Error>"
    return Answer(503, body.encode(), (("Content-Type", "application/xml"), ("Server", "envoy")))


SILENT: dict[str, Fault] = {
    "hang": faults.hang,
    "reset": faults.reset_before,
    "502 HTML": CASES["502 HTML"].fault,
    "quoting": _quoting,
}


@pytest.mark.parametrize("fault", SILENT.values(), ids=SILENT)
def test_a_neighbour_hears_nothing_of_this_bucket(
    world: StoreWorld, proxy: Proxy, minio_store: Server, fault: Fault
) -> None:
    """They share a connection, and with it what is remembered of a store that does not answer."""
    neighbour = make(minio_store, proxy).apply(**SPEC)
    neighbour.backend = world.backend
    with proxy.failing(fault):
        world.go(6)
        neighbour.go(1)
    assert world.bucket_name in json.dumps(world.status), "it may be told of its own"
    told_of = json.dumps(neighbour.status) + "".join(n.message for n in neighbour.events)
    assert "was not tried: the store has not answered" in told_of
    assert "at last with: " in told_of, "the cause is told"
    assert world.bucket_name not in told_of
    world.recover()


def told(world: StoreWorld, case: Case) -> None:
    """The condition says what is wrong."""
    message = world.ready_message.lower()
    assert any(word.lower() in message for word in case.words), world.ready_message


def test_at_creation(world: StoreWorld, proxy: Proxy, minio_store: Server, case: Case) -> None:
    with nothing_else(minio_store, world.bucket_name):
        with proxy.failing(case.fault):
            world.go(6)
            told(world, case)
            assert case.reaches or world.snapshot() is None
            assert world.ready[0] != "True"
        world.recover()
    assert sum("the store agrees with the spec" in n.message for n in world.events) == 1


def test_at_a_look(made: StoreWorld, proxy: Proxy, minio_store: Server, case: Case) -> None:
    before, events = made.snapshot(), made.reasons()
    with nothing_else(minio_store, made.bucket_name):
        with proxy.failing(case.fault):
            made.later(minutes=10)
            made.go(8)
            told(made, case)
        made.recover()
    assert made.snapshot() == before
    assert not proxy.writes()
    assert "Created" not in made.reasons()[len(events) :]


def test_at_an_edit(made: StoreWorld, proxy: Proxy, minio_store: Server, case: Case) -> None:
    before = made.snapshot()
    made.edit(**EDITED, **QUOTA)
    with nothing_else(minio_store, made.bucket_name):
        with proxy.failing(case.fault):
            made.go(6)
            assert case.reaches or made.snapshot() == before
            assert made.snapshot() != before or made.ready[0] != "True"
            told(made, case)
        made.recover()
    assert made.differences() == []
