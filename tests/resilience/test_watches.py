"""What a watch does not say, says twice, or says too late: the store ends up as the newest spec has it."""

import json
import random

import pytest

from dev.cluster.api import GROUP
from dev.wait import eventually
from tests.resilience.api_proxy import Answer, ApiProxy, Asked, Event, Mangle
from tests.resilience.pod import Pod
from tests.resilience.tenant import Tenant


def of_buckets(asked: Asked) -> bool:
    return asked.watches and asked.of("imagebuckets")


def dropping(name: str) -> tuple[Mangle, list[str]]:
    """Everything about one object is dropped."""
    dropped: list[str] = []

    def mangle(asked: Asked, event: Event) -> list[Event]:
        if not of_buckets(asked) or event["object"]["metadata"].get("name") != name:
            return [event]
        dropped.append(event["type"])
        return []

    return mangle, dropped


def test_a_dropped_edit_is_found_by_comparing(shop: Tenant, proxy: ApiProxy) -> None:
    """A watch may miss something in a gap and never tell: the comparison every few minutes is what finds it."""
    shop.create("dropped", tags={"team": "one"})
    shop.ready("dropped")
    mangle, dropped = dropping("dropped")
    with proxy.spoiled(mangle=mangle):
        shop.tag("dropped", "two")
        shop.await_tag("dropped", "two", timeout=25)
    assert dropped


def test_a_dropped_deletion_is_found_by_comparing(shop: Tenant, proxy: ApiProxy, operator: Pod) -> None:
    """kopf never delivers a delete that happened in a gap; its series would be told for ever."""
    shop.create("vanished", tags={"team": "one"})
    shop.ready("vanished")
    mangle, dropped = dropping("vanished")
    with proxy.spoiled(mangle=mangle):
        shop.delete("vanished")
        eventually(lambda: shop.find("vanished") is None, 25, "gone")
        eventually(lambda: 'name="vanished"' not in operator.ask("/metrics")[1], 25, "no series of it")
    assert dropped
    assert "shop--vanished" in shop.buckets(), "its policy is Retain"


@pytest.mark.parametrize("copies", [2, 5])
def test_repeated_and_disordered_events_change_nothing(shop: Tenant, proxy: ApiProxy, copies: int) -> None:
    """Every event comes again after newer ones: what is older than what is known is not acted on."""
    name, past = f"again-{copies}", list[Event]()
    chance = random.Random(copies)  # noqa: S311

    def mangle(asked: Asked, event: Event) -> list[Event]:
        if not of_buckets(asked) or event["type"] == "BOOKMARK":
            return [event]
        past.append(event)
        return [event, *chance.choices(past, k=copies - 1)]

    with proxy.spoiled(mangle=mangle):
        shop.create(name, tags={"team": "zero"})
        for team in ("one", "two", "three"):
            shop.tag(name, team)
        shop.await_tag(name, "three")
        shop.delete(name)
        eventually(lambda: shop.find(name) is None, 25, "gone")
        shop.create(name, tags={"team": "four"})
        shop.await_tag(name, "four")
    assert len(past) > 3


def test_a_stale_list_undoes_nothing(shop: Tenant, proxy: ApiProxy, operator: Pod) -> None:
    """A restart may be served a list from a second API server's old cache: the old spec is not written back."""
    shop.create("stale", tags={"team": "one"})
    shop.await_tag("stale", "one")
    old = json.dumps(shop.api.get(f"{GROUP}/imagebuckets"))
    shop.tag("stale", "two")
    shop.await_tag("stale", "two")
    before = shop.find("stale")

    def fault(asked: Asked) -> Answer | None:
        wanted = asked.lists and asked.target.partition("?")[0].endswith("/imagebuckets")
        return Answer(200, body=old.encode()) if wanted else None

    with proxy.spoiled(fault):
        with operator.away():
            pass
        shop.create("after-stale", tags={"team": "one"})
        shop.await_tag("after-stale", "one")
        assert shop.tags("stale") == {"team": "two"}
    after = shop.find("stale")
    assert before is not None
    assert after is not None
    assert after["status"]["conditions"] == before["status"]["conditions"], (
        "drift was believed of an old spec"
    )
