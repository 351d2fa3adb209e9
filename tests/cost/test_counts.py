"""How many calls each thing costs, exactly. One bucket's life in order: created, looked at, kept, deleted."""

from collections import Counter

from dev.wait import eventually
from tests.cost.conftest import SETTINGS, SIZE, Counted

CREATION = [
    "HEAD", "PUT",  # is it there? create it
    # PUT's 200 proves nothing (RGW, us-east-1): without tags or a mark, without a version and without an upload it is new.
    "GET tagging", "GET versions", "GET uploads",
    "PUT tagging", "GET tagging",  # the owner's mark, with the user's tags
    "PUT versioning", "GET versioning",
    "PUT policy", "GET policy",
    "PUT lifecycle", "GET lifecycle",  # tried out switched off: MinIO is not known to keep all of it
    "PUT lifecycle", "GET lifecycle",
]  # fmt: skip
LOOK = Counter(["GET tagging", "GET versioning", "GET policy", "GET lifecycle"])
DELETION = ["GET tagging", "GET versions", "GET uploads", "DELETE"]
# Where a bucket's look falls in the interval is its uid's chance: of ten minutes, some come while we count something else.
NO_LOOKS = ("--drift-interval", str(30 * 86400))


def test_creation(counted: Counted) -> None:
    counted.forget()
    with counted.operator("creating"):
        counted.apply()
        eventually(counted.all_ready, 120, "all are Ready", interval=0.3)
        calls, written = counted.calls(), counted.audit.all()
    written += counted.audit.all()  # Events are posted behind; at the end none waits
    writes = {what: n for what, n in written.items() if " imagebuckets" in what}
    assert len(CREATION) <= 2 + 3 + 2 * len(SETTINGS) + 2
    assert calls == dict.fromkeys(calls, CREATION)
    # The finalizer, the intent to create, and what came of it.
    assert writes == {"patch imagebuckets 200": SIZE, "patch imagebuckets/status 200": 2 * SIZE}
    assert written["create events 201"] == SIZE + 1, "one Event of each, and the backend's"


def test_a_restart_writes_nothing_and_asks_nothing(counted: Counted) -> None:
    counted.forget()
    with counted.operator("restarted", *NO_LOOKS) as running:
        eventually(
            lambda: running.metrics().get("imagestore_queue_delayed", 0) >= SIZE,
            60,
            "all wait for their look",
        )
    assert sum(map(len, counted.calls().values())) == 0, "looks are spread over the interval"
    assert counted.writes() == {}


def test_a_look_that_finds_nothing(counted: Counted) -> None:
    counted.forget()
    with counted.operator("looking", "--drift-interval", "1"):
        eventually(
            lambda: all(len(made) >= 2 * len(SETTINGS) for made in counted.calls().values()), 90, "two looks"
        )
    looks = {bucket: Counter(made) for bucket, made in counted.calls().items()}
    assert len(LOOK) <= 1 + len(SETTINGS)
    for bucket, made in looks.items():
        rounds = made["GET tagging"]
        assert made == Counter(dict.fromkeys(LOOK, rounds)), f"{rounds} whole looks at {bucket}, no more"
    assert counted.writes() == {}


def test_deletion_if_empty(counted: Counted) -> None:
    counted.forget()
    with counted.operator("deleting", *NO_LOOKS):
        counted.cluster.kubectl("delete", "ib", "--all", "-n", "cost", "--timeout=120s")
    # A write is in the audit log some time after its answer: all are once the operator has ended.
    calls, writes = counted.calls(), counted.writes()
    assert counted.listed() == []
    assert calls == dict.fromkeys(calls, DELETION)
    assert writes == {"patch imagebuckets 200": SIZE}
