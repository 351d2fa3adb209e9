"""The parts that speak to the API server, on a real one, without an operator around them."""

from time import monotonic
from typing import Any

import pytest

from dev.cluster import Cluster
from imagestore import metrics
from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.kinds import IMAGE_BUCKET
from imagestore.controller.edges import Gone
from imagestore.controller.state.objects import Key, Stored
from imagestore.controller.work.queue import Lane, WorkQueue
from imagestore.controller.work.triggers import Triggers
from imagestore.controller.writer import Writer
from imagestore.core.conditions import Condition
from imagestore.core.outcome import Event, Finalizer, Outcome
from imagestore.core.reasons import Reason
from imagestore.k8s.api.access import Access
from imagestore.k8s.api.audit import Audit
from imagestore.k8s.api.client import ApiError, Client
from imagestore.k8s.sink.objects import ApiObjects
from imagestore.k8s.sink.recorder import ApiRecorder
from imagestore.kinds import ALL
from tests.k8s.known import BY_KIND, services, stored
from tests.k8s.replica import bucket, get, run

BUCKETS = BY_KIND["ImageBucket"]


class Bench:
    """A cache and a writer without watches: the test decides what they have seen."""

    def __init__(self, client: Client) -> None:
        self.client, self.cache = client, ALL.cache()
        self.queue = WorkQueue(monotonic, lambda _: (Lane("lane"), 1))
        self.triggers = Triggers(ALL, services(self.cache, _never), self.queue, lambda _: None)
        self.writer = Writer(ALL, ApiObjects(client), self.cache, self.triggers)
        self.audit = Audit(ALL, client, self.cache, self.writer, monotonic)

    async def see(self, namespace: str, name: str) -> Stored:
        raw = await self.client.get(BUCKETS, namespace, name)
        self.triggers.event(IMAGE_BUCKET, "MODIFIED", raw)
        return stored(IMAGE_BUCKET, raw)


def _never(*_: Any) -> Any:
    raise AssertionError("nobody connects")


def outcome(reason: str = "Fine", finalizer: Finalizer = Finalizer.HOLD) -> Outcome[ImageBucketStatus]:
    ready = Condition(type="Ready", status="True", reason=reason, last_transition_time="2026-01-01T00:00:00Z")
    return Outcome(ImageBucketStatus(observed_generation=1, conditions=(ready,)), finalizer=finalizer)


STRANGE = [
    "\U0001f4f7 and \U0001f600\U0001f601",
    "\\ud83d\\ude00",
    "\\\U0001f600",
    "\u0007\u2028",
    "\u00e9\u2603",
]


@pytest.mark.parametrize("words", STRANGE, ids=ascii)
def test_a_status_may_say_any_character(own_cluster: Cluster, shop: str, access: Access, words: str) -> None:
    """An apply is read as YAML, which knows no pairs of surrogates: a status with an emoji was refused for ever."""

    async def story() -> None:
        bench = Bench(Client(access))
        seen = await bench.see(shop, "same")
        ready = Condition(
            type="Ready",
            status="True",
            reason="Fine",
            message=words,
            last_transition_time="2026-01-01T00:00:00Z",
        )
        said = ImageBucketStatus(observed_generation=1, conditions=(ready,))
        await bench.writer.carry_out(seen, Outcome(said))
        await bench.client.close()

    own_cluster.apply(bucket("same", shop, shop))
    run(story())
    assert get(own_cluster, shop, "same")["status"]["conditions"][0]["message"] == words


def test_what_is_there_already_is_not_written_again(own_cluster: Cluster, shop: str, access: Access) -> None:
    async def story() -> list[int]:
        bench = Bench(Client(access))
        seen = await bench.see(shop, "same")
        counts = [await bench.writer.carry_out(seen, outcome()) for _ in range(2)]
        fresh = Bench(bench.client)
        counts.append(await fresh.writer.carry_out(await fresh.see(shop, "same"), outcome()))
        await bench.client.close()
        return counts

    own_cluster.apply(bucket("same", shop, shop))
    assert run(story()) == [2, 0, 0]


def test_a_stale_write_is_refused_and_a_fresh_one_taken(
    own_cluster: Cluster, shop: str, access: Access
) -> None:
    own_cluster.apply(bucket("stale", shop, shop))

    async def story() -> tuple[int, int]:
        bench = Bench(Client(access))
        seen = await bench.see(shop, "stale")
        own_cluster.kubectl("label", "ib", "stale", "-n", shop, "x=y")
        with pytest.raises(ApiError) as refused:
            await bench.writer.carry_out(seen, outcome())
        await bench.writer.refresh(seen.key)
        writes = await bench.writer.carry_out(seen, outcome())
        await bench.client.close()
        return refused.value.status, writes

    assert run(story()) == (409, 2)
    assert get(own_cluster, shop, "stale")["metadata"]["labels"] == {"x": "y"}


def test_foreign_finalizers_stay_and_a_namesake_is_left_alone(
    own_cluster: Cluster, shop: str, access: Access
) -> None:
    own_cluster.apply(bucket("guarded", shop, shop))
    foreign = '{"metadata":{"finalizers":["example.com/theirs"]}}'
    own_cluster.kubectl("patch", "ib", "guarded", "-n", shop, "--type=merge", "-p", foreign)

    async def story() -> list[list[str]]:
        bench = Bench(Client(access))
        seen = await bench.see(shop, "guarded")
        await bench.writer.carry_out(seen, outcome())
        held = (await bench.client.get(BUCKETS, shop, "guarded"))["metadata"]["finalizers"]
        await bench.writer.carry_out(seen, outcome(finalizer=Finalizer.RELEASE))
        left = (await bench.client.get(BUCKETS, shop, "guarded"))["metadata"]["finalizers"]
        bench.triggers.removed(seen.key)
        with pytest.raises(Gone):
            await bench.writer.carry_out(seen, outcome())
        await bench.client.close()
        return [held, left]

    assert run(story()) == [["example.com/theirs", "imagestore.dev/bucket"], ["example.com/theirs"]]


def test_a_field_that_we_leave_out_goes_and_one_of_others_stays(
    own_cluster: Cluster, shop: str, access: Access
) -> None:
    own_cluster.apply(bucket("shared", shop, shop))

    async def story() -> None:
        bench = Bench(Client(access))
        seen = await bench.see(shop, "shared")
        await bench.writer.carry_out(seen, Outcome(outcome().status.model_copy(update={"region": "here"})))  # type: ignore[union-attr]
        foreign = {
            "type": "Theirs",
            "status": "True",
            "reason": "Because",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        body = {
            "apiVersion": "imagestore.dev/v1alpha1", "kind": "ImageBucket",
            "metadata": {"name": "shared", "namespace": shop}, "status": {"conditions": [foreign]},
        }  # fmt: skip
        await bench.client.request(
            "PATCH", BUCKETS, f"{BUCKETS.path(shop, 'shared')}/status", body,
            params={"fieldManager": "theirs"}, content="application/apply-patch+yaml",
        )  # fmt: skip
        await bench.see(shop, "shared")
        await bench.writer.carry_out(seen, outcome("Finer"))
        await bench.client.close()

    run(story())
    status = get(own_cluster, shop, "shared")["status"]
    assert "region" not in status
    assert {c["type"] for c in status["conditions"]} == {"Ready", "Theirs"}


def test_a_delete_in_a_watch_gap_is_found(own_cluster: Cluster, shop: str, access: Access) -> None:
    own_cluster.apply(bucket("ghost", shop, shop))
    own_cluster.apply(bucket("changed", shop, shop))

    async def story() -> tuple[int, bool, int, int]:
        bench = Bench(Client(access))
        await bench.see(shop, "ghost")
        before = await bench.see(shop, "changed")
        own_cluster.kubectl("delete", "ib", "ghost", "-n", shop)
        own_cluster.kubectl(
            "patch", "ib", "changed", "-n", shop, "--type=merge", "-p", '{"spec":{"mode":"Observe"}}'
        )
        own_cluster.apply(bucket("missed", shop, shop))
        wrong = await bench.audit.compare(IMAGE_BUCKET, grace=0)
        after = bench.cache.get(before.key)
        known = (
            Key("ImageBucket", shop, "ghost") in bench.cache,
            Key("ImageBucket", shop, "missed") in bench.cache,
        )
        again = await bench.audit.compare(IMAGE_BUCKET, grace=0)
        await bench.client.close()
        assert known == (False, True)
        return wrong, after is not None and after.generation == 2, again, bench.queue.ready

    wrong, updated, again, queued = run(story())
    assert wrong >= 3
    assert (updated, again) == (True, 0)
    assert queued >= 2


def test_equal_notes_become_one_event_with_a_count(own_cluster: Cluster, shop: str, access: Access) -> None:
    own_cluster.apply(bucket("noted", shop, shop))

    async def story() -> None:
        client = Client(access)
        seen = await Bench(client).see(shop, "noted")
        recorder = ApiRecorder(ALL, client, "tests", monotonic)
        for _ in range(3):
            recorder.note(seen, Event(Reason.DRIFTED, "ä" * 2000, action="Look", warning=True))
            await recorder.flush()
        await client.close()

    run(story())
    (event,) = own_cluster.get("events.events.k8s.io", "-n", shop)["items"]
    assert (event["reason"], event["type"], event["action"]) == ("Drifted", "Warning", "Look")
    assert event["regarding"]["name"] == "noted"
    assert event["series"]["count"] == 2, "the third is told in the next half minute"
    assert len(event["note"].encode()) <= 1024
    assert "Drifted" in own_cluster.kubectl("describe", "ib", "noted", "-n", shop).stdout


def test_in_a_namespace_that_is_being_deleted_an_event_is_only_logged(
    own_cluster: Cluster, shop: str, access: Access
) -> None:
    own_cluster.kubectl("create", "namespace", "ending")
    own_cluster.apply(bucket("last", "ending", shop))
    hold = '{"metadata":{"finalizers":["example.com/hold"]}}'
    own_cluster.kubectl("patch", "ib", "last", "-n", "ending", "--type=merge", "-p", hold)
    own_cluster.kubectl("delete", "namespace", "ending", "--wait=false")
    dropped = metrics.KUBERNETES_EVENTS.labels("dropped")._value.get()

    async def story() -> None:
        client = Client(access)
        seen = await Bench(client).see("ending", "last")
        recorder = ApiRecorder(ALL, client, "tests", monotonic)
        recorder.note(seen, Event(Reason.DELETED, "bye"))
        await recorder.flush()
        await client.close()

    run(story())
    assert metrics.KUBERNETES_EVENTS.labels("dropped")._value.get() == dropped + 1
    own_cluster.kubectl(
        "patch", "ib", "last", "-n", "ending", "--type=merge", "-p", '{"metadata":{"finalizers":null}}'
    )
