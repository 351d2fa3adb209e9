"""Each row of the planner's table, with the reason and the words that a person gets."""

from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.core.diff import FieldDiff
from imagestore.core.facet import WHOLE, Facet, Parts
from imagestore.core.plan import KEPT, Change, Op, Plan, changed, order, plan
from imagestore.core.reading import (
    Found,
    Missing,
    NotRepresentable,
    Reading,
    Unreadable,
    Unsupported,
)
from imagestore.core.reasons import Reason

CORS: dict[str, Any] = {"rules": [{"allowedOrigins": ["*"], "allowedMethods": ["GET"]}]}
RULE: dict[str, Any] = {"name": "tmp", "expire": {"days": 1}}
RULES: dict[str, Any] = {"rules": [RULE]}
FOREIGN = {"name": "foreign/x", "expire": {"days": 9}}
DENY: dict[str, Any] = {
    "sid": "d", "effect": "Deny", "principals": ["*"], "actions": ["s3:GetObject"], "resources": ["*"]
}  # fmt: skip
ODD = NotRepresentable("it has three colours")


def value(facet: str, said: Any) -> Facet:
    return FACETS[facet].model_validate(said)


def planned(facet: str, desired: Any, reading: Reading | Any, managed: Parts | None = None) -> Change:
    if not isinstance(reading, Unreadable | Unsupported | NotRepresentable):
        reading = Missing() if reading is None else Found(value(facet, reading))
    wishes = {} if desired is None else {facet: value(facet, desired)}
    (change,) = plan(wishes, {facet: reading}, {} if managed is None else {facet: managed}, FACETS).changes
    return change


MINE = frozenset({"tmp"})


def test_what_is_neither_desired_nor_managed_is_not_in_the_plan() -> None:
    assert plan({}, {"cors": Found(value("cors", CORS))}, {}, FACETS).changes == ()


@pytest.mark.parametrize("desired", [RULES, None])
def test_what_cannot_be_read_is_held_with_what_is_managed_in_it(desired: Any) -> None:
    change = planned("lifecycle", desired, Unreadable(Reason.DENIED, "no"), MINE)
    assert (change.op, change.reason, change.message, change.parts) == (Op.HOLD, Reason.DENIED, "no", MINE)
    assert planned("lifecycle", RULES, Unreadable(Reason.DENIED, "no")).parts == WHOLE


def test_what_is_not_supported_is_skipped_with_what_is_managed_in_it() -> None:
    change = planned("lifecycle", RULES, Unsupported("no tiers"), MINE)
    assert (change.op, change.reason, change.message, change.parts) == (
        Op.SKIP,
        Reason.UNSUPPORTED,
        "no tiers",
        MINE,
    )
    assert planned("lifecycle", None, Unsupported("no tiers"), MINE).op is Op.KEEP


@pytest.mark.parametrize("there", [None, {"state": "Suspended"}])
def test_what_is_missing_or_different_is_set(there: Any) -> None:
    change = planned("versioning", {"state": "Enabled"}, there)
    before = there and there["state"]
    assert (change.op, change.fields) == (Op.SET, (FieldDiff("versioning.state", before, "Enabled"),))
    assert change.after == value("versioning", {"state": "Enabled"})
    assert change.writes


def test_what_is_equal_is_kept_and_so_is_what_is_empty_in_any_way() -> None:
    assert planned("versioning", {"state": "Enabled"}, {"state": "Enabled"}).op is Op.KEEP
    nothing: tuple[Any, ...] = (None, {"rules": []})
    for there in nothing:
        kept = planned("cors", {"rules": []}, there)
        assert (kept.op, kept.fields, kept.reason) == (Op.KEEP, (), None)
    assert planned("cors", {"rules": []}, CORS).op is Op.SET, "an empty list clears"


def test_what_differs_by_hand_only_is_held_with_how_a_person_fixes_it() -> None:
    change = planned("versioning", {"state": "Enabled", "mfaDelete": "Enabled"}, {"state": "Enabled"})
    assert (change.op, change.reason, change.by_hand, change.writes) == (
        Op.HOLD,
        Reason.ONLY_BY_HAND,
        True,
        False,
    )
    assert change.message.startswith('versioning.mfaDelete is null and should be "Enabled": as the account')
    both = planned("versioning", {"state": "Enabled", "mfaDelete": "Enabled"}, {"state": "Suspended"})
    assert (both.op, both.by_hand) == (Op.SET, False)
    assert [f.path for f in both.fields] == ["versioning.state"], "what is written"
    assert not planned("versioning", {"state": "Enabled"}, Unreadable(Reason.DENIED, "no")).by_hand


@pytest.mark.parametrize(
    ("facet", "there", "op", "risk", "message"),
    [
        ("cors", CORS, Op.CLEAR, None, ""),
        ("cors", {"rules": []}, Op.KEEP, None, "no longer in the spec"),
        ("cors", None, Op.KEEP, None, "no longer in the spec"),
        ("encryption", {"algorithm": "SSE-S3"}, Op.KEEP, None, KEPT),
        ("acl", {"grants": [{"grantee": "AllUsers", "permissions": ["READ"]}]}, Op.KEEP, None, "no longer in the spec"),
        ("policy", {"statements": [DENY]}, Op.CLEAR, "no longer in the spec: approve to clear it, or mention it again to keep it", ""),
    ],
)  # fmt: skip
def test_what_is_no_longer_mentioned_obeys_its_removal(
    facet: str, there: Any, op: Op, risk: str | None, message: str
) -> None:
    change = planned(facet, None, there, frozenset({"d"}))
    assert (change.op, change.risk, change.message) == (op, risk, message)
    reason = Reason.REMOVED_FROM_SPEC if op is Op.CLEAR else Reason.FORGOTTEN
    assert change.reason is reason
    if op is Op.CLEAR:
        assert change.fields[0].path == facet
        assert change.after is None


def test_of_a_setting_of_parts_only_the_managed_ones_are_cleared() -> None:
    change = planned("lifecycle", None, {"rules": [RULE, FOREIGN]}, MINE)
    assert change.op is Op.CLEAR
    assert change.after == value("lifecycle", {"rules": [FOREIGN]}).canonical()
    assert change.fields == (FieldDiff("lifecycle", value("lifecycle", RULES).canonical().to_json(), None),)
    assert planned("lifecycle", None, {"rules": [FOREIGN]}, MINE).op is Op.KEEP


# What no model can represent.


@pytest.mark.parametrize(
    ("facet", "desired", "risk"),
    [
        ("cors", CORS, None),
        ("encryption", {"algorithm": "SSE-S3"}, "encryption"),
        ("lifecycle", {**RULES, "exclusive": True}, None),
        ("policy", {"statements": [DENY], "exclusive": True}, "policy"),
    ],
)
def test_what_has_one_owner_replaces_what_no_model_represents(
    facet: str, desired: Any, risk: str | None
) -> None:
    change = planned(facet, desired, ODD)
    after = value(facet, desired).canonical()
    assert (change.op, change.opaque, change.after) == (Op.SET, ODD, after)
    assert change.fields == (FieldDiff(facet, ODD.message, after.to_json()),)
    assert change.risk == (
        None
        if risk is None
        else f"the operator cannot represent the value of {risk} in the store, and would replace it as a whole"
    )
    assert change.parts == (after.parts() or WHOLE)
    assert change.removing == after.removing(None)


@pytest.mark.parametrize("facet", ["lifecycle", "policy", "tags"])
def test_what_has_foreign_parts_is_held(facet: str) -> None:
    desired = {"lifecycle": RULES, "policy": {"statements": [DENY]}, "tags": {"a": "b"}}[facet]
    change = planned(facet, desired, ODD, MINE)
    assert (change.op, change.reason, change.message, change.parts) == (
        Op.HOLD,
        Reason.UNREPRESENTABLE,
        ODD.message,
        MINE,
    )
    assert planned(facet, None, ODD, MINE).op is Op.HOLD


@pytest.mark.parametrize(("facet", "op"), [("cors", Op.CLEAR), ("encryption", Op.KEEP)])
def test_what_is_no_longer_mentioned_and_no_model_represents(facet: str, op: Op) -> None:
    change = planned(facet, None, ODD, WHOLE)
    assert change.op is op
    if op is Op.CLEAR:
        assert (change.fields, change.opaque) == ((FieldDiff(facet, ODD.message, None),), ODD)
        assert change.reason is Reason.REMOVED_FROM_SPEC
    else:
        assert (change.reason, change.message) == (Reason.FORGOTTEN, KEPT)


# The plan as a whole.


def test_settings_are_applied_after_those_that_they_need() -> None:
    found = order(FACETS)
    assert set(found) == set(FACETS)
    for name, kind in FACETS.items():
        assert all(found.index(earlier) < found.index(name) for earlier in kind.after)
    some = {n: FACETS[n] for n in ("website", "lifecycle", "policy", "versioning")}
    assert order(some) == ("policy", "website", "versioning", "lifecycle"), "otherwise as they are given"


def test_a_plan_tells_what_it_writes_holds_and_what_differs() -> None:
    wishes = {"versioning": value("versioning", {"state": "Enabled"}), "cors": value("cors", CORS)}
    readings: dict[str, Reading] = {"cors": Unreadable(Reason.DENIED, "no")}
    whole = plan(wishes, readings, {"encryption": WHOLE}, FACETS)
    assert [c.facet for c in whole.writes] == ["versioning"]
    assert [c.facet for c in whole.held] == ["cors"]
    assert [f.path for f in whole.differences] == ["versioning.state"]
    assert {c.facet for c in changed(whole)} == {"versioning", "cors", "encryption"}
    kept = Plan((Change("cors", Op.KEEP), Change("acl", Op.KEEP, message="m")))
    assert [c.facet for c in changed(kept)] == ["acl"]


def test_a_digest_of_a_plan_is_of_what_is_written_and_of_a_change_of_its_fields() -> None:
    def digests(said: Any, there: Any) -> tuple[str, str]:
        change = planned("versioning", {"state": said}, there and {"state": there})
        return Plan((change,)).digest, change.digest

    assert digests("Enabled", None)[0] == digests("Enabled", "Suspended")[0], "whatever was there"
    assert digests("Enabled", None)[1] != digests("Enabled", "Suspended")[1]
    assert digests("Enabled", "Suspended")[0] != digests("Suspended", "Enabled")[0]
    cleared = planned("cors", None, CORS, WHOLE)
    assert Plan((cleared,)).digest not in ("", Plan((planned("cors", CORS, None),)).digest)
    assert Plan((planned("cors", CORS, CORS),)).digest == ""


def test_a_changes_digest_does_not_tell_the_order_of_what_was_read() -> None:
    """An approval is good for what was shown, whichever way a store lists its tags."""
    tags = {"a": "1", "b": "2"}
    there = [dict(sorted(tags.items(), reverse=turned)) for turned in (False, True)]
    found = [planned("tags", {"c": "3"}, each) for each in there]
    assert found[0].digest == found[1].digest
