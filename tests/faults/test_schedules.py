"""Any schedule of faults over creating, editing and deleting ends, once they stop, where it should."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dev.stores import Store as Server
from tests.faults import faults
from tests.faults.proxy import Answer, Asked, Fault, Forward, Proxy, healthy
from tests.faults.world import EDITED, SPEC, StoreWorld, gone, make, names

FAULTS: dict[str, Fault] = {
    "healthy": healthy,
    "reset before": faults.reset_before,
    "reset after": faults.reset_after,
    "500": faults.error(500, "InternalError"),
    "503": faults.error(503, "SlowDown", "", ("Retry-After", "2")),
    "409": faults.error(409, "OperationAborted"),
    "403": faults.error(403, "AccessDenied"),
    "404 page": faults.always(404, faults.PAGE, faults.HTML),
    "200 page": faults.always(200, faults.XHTML, faults.HTML),
    "empty": faults.always(200),
    "emptied": faults.emptied,
    "shortened": faults.shortened,
    "forgotten": faults.forgetting,
}
SCHEDULE = st.lists(st.sampled_from(sorted(FAULTS)), max_size=30)
ACTION = st.sampled_from(["create", "edit", "restart", "delete"])


class Scheduled:
    """The n-th request meets the n-th fault; after the last all is well."""

    def __init__(self, schedule: list[str]) -> None:
        self._left = iter(schedule)

    def __call__(self, asked: Asked, forward: Forward) -> Answer:
        """As a fault of the proxy."""
        return FAULTS[next(self._left, "healthy")](asked, forward)


def act(world: StoreWorld, action: str) -> None:
    """What a user, or a node that dies, does in between."""
    if world.gone or world.deleting:
        return
    if action == "edit":
        world.edit(**EDITED)
    elif action == "restart":
        world.restart()
        world.connect()
    elif action == "delete":
        world.edit(deletionPolicy="DeleteIfEmpty").delete()


@settings(
    max_examples=int(os.environ.get("FAULT_SCHEDULES", "12")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize="FAULT_SCHEDULES" not in os.environ,
)
@given(schedule=SCHEDULE, actions=st.lists(ACTION, min_size=1, max_size=4))
def test_any_schedule(minio_store: Server, proxy: Proxy, schedule: list[str], actions: list[str]) -> None:
    before = names(minio_store)
    world = make(minio_store, proxy).apply(**SPEC)
    with proxy.failing(Scheduled(schedule)):
        for action in actions:
            act(world, action)
            for _ in range(3):
                if not world.gone:
                    world.go(1)
    if world.deleting:
        world.finish()
        assert gone(world)
        assert names(minio_store) == before
    else:
        if world.ready[1] == "NotConverging":  # three forgotten writes: a person is asked to look
            world.edit(reconcileRequest="the store keeps what it is given again")
        world.recover()
        assert names(minio_store) == before | {world.bucket_name}
