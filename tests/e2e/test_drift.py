"""Stories of changes behind the operator's back."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dev.wait import eventually
from tests.e2e.harness import ON, OWNER, PATIENCE, PRUNE, Operator, User


def test_drift_by_edit_is_told_and_corrected(shop: User, running: Operator) -> None:
    shop.apply("drifted", **ON)
    shop.ready("drifted")
    shop.suspend_versioning("drifted")
    shop.look_now("drifted")
    shop.await_event("drifted", "DriftDetected")
    eventually(lambda: shop.versioning("drifted") == "Enabled", PATIENCE, "versioning corrected")
    shop.await_event("drifted", "DriftCorrected")
    status = shop.ready("drifted")["status"]
    assert status["drift"]["history"][0]["paths"] == ["versioning.state"]
    assert status["drift"]["history"][0]["how"] == "Corrected"


def test_drift_by_deletion_of_a_setting_is_corrected(shop: User) -> None:
    shop.apply("emptied", lifecycle=PRUNE)
    shop.ready("emptied")
    shop.s3.delete_bucket_lifecycle(Bucket="shop--emptied")
    shop.look_now("emptied")
    shop.await_event("emptied", "DriftCorrected")
    assert shop.s3.get_bucket_lifecycle_configuration(Bucket="shop--emptied")["Rules"]


def test_observe_tells_and_changes_nothing(shop: User) -> None:
    shop.apply("observed", **ON)
    shop.ready("observed")
    shop.apply("observed", **ON, mode="Observe")
    shop.ready("observed")
    shop.suspend_versioning("observed")
    shop.look_now("observed")
    shop.await_condition("observed", "DriftDetected", "True")
    assert shop.await_condition("observed", "Ready", "True")["reason"] == "Observed"
    assert shop.versioning("observed") == "Suspended"
    drift = shop.get("observed")["status"]["drift"]["fields"]
    assert drift == [{"path": "versioning.state", "desired": '"Enabled"', "observed": '"Suspended"'}]
    assert "True" in shop.cluster.kubectl("get", "ib", "observed", "-n", "shop").stdout


def test_ignored_and_snoozed_drift_is_left_alone(shop: User) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    drift = {"ignore": ['tags["team"]'], "snooze": {"until": until, "reason": "migration"}}
    shop.apply("calm", **ON, drift=drift)
    shop.ready("calm")
    tags = {**shop.tags("calm"), "team": "theirs"}
    shop.s3.put_bucket_tagging(
        Bucket="shop--calm", Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]}
    )
    shop.suspend_versioning("calm")
    shop.look_now("calm")
    eventually(lambda: _facet(shop, "calm", "versioning").get("reason") == "Snoozed", PATIENCE, "snoozed")
    assert shop.tags("calm")["team"] == "theirs"
    assert shop.versioning("calm") == "Suspended"
    assert shop.condition("calm", "DriftDetected") is None
    shop.ready("calm")
    shop.apply("calm", **ON, drift={"ignore": ['tags["team"]']})
    eventually(lambda: shop.versioning("calm") == "Enabled", PATIENCE, "corrected after the snooze")
    assert shop.tags("calm")["team"] == "theirs"


def _facet(user: User, name: str, facet: str) -> dict[str, Any]:
    found: dict[str, Any] = next(f for f in user.get(name)["status"]["facets"] if f["name"] == facet)
    return found


def test_a_lost_bucket_is_made_again_and_told(shop: User) -> None:
    shop.apply("lost", **ON)
    shop.ready("lost")
    shop.s3.delete_bucket(Bucket="shop--lost")
    shop.look_now("lost")
    shop.await_event("lost", "ContentLost")
    shop.await_condition("lost", "ContentLost", "True")
    shop.ready("lost")
    assert shop.tags("lost")[OWNER] == "e2e/shop/lost"
    held = shop.get("lost")["status"]["plan"]["held"]
    shop.patch("lost", approve=[h["token"] for h in held])
    shop.ready("lost")
    assert shop.condition("lost", "ContentLost") is None, "acknowledged"
