"""What a store does not let the operator delete of its own records is emptied: a lock of the bucket, or a missing right."""

from imagestore.core.errors import Denied
from imagestore.transfer.state import StateObjects
from tests.transfer.world import world

PLACE = ".imagestore/transfer/job/"


def test_what_stays_is_emptied_and_what_can_go_goes() -> None:
    w = world()
    for name in ("a", "b"):
        w.put(PLACE + name, b"data", side="far")
    state = StateObjects(w.job.destination.store, "b", PLACE, lambda: None)

    def locked(operation: str, _bucket: str, key: str) -> None:
        if operation == "Delete" and key == PLACE + "a":
            raise Denied("DeleteObject: AccessDenied", code="AccessDenied")

    w.far.fault = locked
    state.remove_all("")
    assert w.far.current("b") == {PLACE + "a": b""}
