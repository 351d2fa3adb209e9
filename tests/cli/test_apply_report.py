"""What ``apply`` and ``status`` say in words."""

import io
import json

import pytest

from imagestore.api.kinds import REPLICATION_POLICY
from imagestore.cli.applying.report import ApplyReport, as_json, as_text
from imagestore.cli.applying.standing import ObjectStanding, Waiting, standing_of
from imagestore.cli.colour import paint
from imagestore.controller.state.objects import Key
from imagestore.core.outcome import Event
from imagestore.core.reasons import Reason
from imagestore.core.render import plain

PHOTOS = Key("ImageBucket", "shop", "photos")
HOLD = Waiting("a1b2c3", "lifecycle", "tmp would remove objects (lifecycle.rules[name=tmp].expire.days)")
ASKS = "lifecycle waits for approval: tmp would remove objects (…); add a1b2c3 to spec.approve"


def held(message: str, *waits: Waiting) -> ObjectStanding:
    return ObjectStanding(PHOTOS, "False", "NeedsApproval", message, deleting=False, waits=waits, drift=())


def test_a_hold_is_said_once() -> None:
    """The condition, the Event and the line with the token said the same: three long lines for one hold."""
    events = {PHOTOS: [Event(Reason.APPROVAL_NEEDED, ASKS, warning=True)]}
    run = ApplyReport([held("lifecycle: tmp would remove objects", HOLD)], events=events)
    assert as_text(run, plain) == (
        "ImageBucket shop/photos  NotReady  NeedsApproval\n"
        f"    waits: lifecycle: {HOLD.why} [approve: a1b2c3]\n"
        "1 object: 1 waiting for a person\n"
    )


def test_what_the_condition_says_beyond_the_hold_stays() -> None:
    run = ApplyReport([held("cors: refused by the store; lifecycle: tmp would remove objects", HOLD)])
    assert "NeedsApproval: cors: refused by the store\n" in as_text(run, plain)
    assert "NeedsApproval: lifecycle: waits for a count\n" in as_text(
        ApplyReport([held("lifecycle: waits for a count")]), plain
    )


def test_an_event_of_another_token_stays() -> None:
    other = Event(Reason.APPROVAL_NEEDED, ASKS.replace("a1b2c3", "ffffff"), warning=True)
    run = ApplyReport([held("", HOLD)], events={PHOTOS: [other]})
    assert "ApprovalNeeded: lifecycle waits for approval" in as_text(run, plain)


def test_a_policy_tells_its_method_its_role_and_what_waits() -> None:
    status = {
        "observedGeneration": 1,
        "conditions": [{"type": "Ready", "status": "True", "reason": "Replicated", "message": "equal"}],
        "method": "Copy",
        "failover": {"role": "Promoted", "settled": False, "returnToken": "b2b2"},
        "held": {"token": "a1a1", "objects": 50, "why": "the source is empty"},
    }
    meta = {"name": "keep", "namespace": "shop", "generation": 1}
    standing = standing_of(REPLICATION_POLICY, {"metadata": meta, "status": status})
    assert as_text(ApplyReport([standing]), plain) == (
        "ReplicationPolicy shop/keep  Ready  Replicated: equal\n"
        "    method: Copy, role: Promoted, settled: false\n"
        "    waits: deletes: 50 objects: the source is empty [approve: a1a1]\n"
        "    waits: failover: the source is written to again [approve: b2b2]\n"
        "1 object: 1 waiting for a person\n"
    )
    (told,) = json.loads(as_json(ApplyReport([standing])))["objects"]
    assert told["facts"] == {"method": "Copy", "role": "Promoted", "settled": "false"}


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({}, "new"),
        ({"FORCE_COLOR": "1"}, "\x1b[32mnew\x1b[0m"),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "new"),
    ],
)
def test_colour_without_a_terminal(
    variables: dict[str, str], shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert paint(io.StringIO())("add", "new") == shown
