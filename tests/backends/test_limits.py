"""A value that a store does not take is refused before anything is sent; what is there already is nobody's fault."""

from collections.abc import Mapping
from typing import Any

import pytest

from imagestore.backends.s3.lifecycle.rules import LIFECYCLE
from imagestore.backends.s3.settings.setting import S3Setting
from imagestore.core.errors import Rejected
from imagestore.core.losses import Limit
from imagestore.core.reading import Level, Support
from imagestore.facets.lifecycle import Lifecycle

ONE_MOVE = Support(Level.PARTIAL, "", limits=(Limit("rules[].transitions", "keep one transition", most=1),))


def lifecycle(*rules: dict[str, Any]) -> Lifecycle:
    return Lifecycle.model_validate({"rules": rules})


def twice(name: str) -> dict[str, Any]:
    return {"name": name, "transitions": [{"tier": "Cool", "days": 1}, {"tier": "Cold", "days": 2}]}


def setting(sent: list[str]) -> S3Setting[Lifecycle]:
    def call(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        sent.append(operation)
        return {}

    return S3Setting(LIFECYCLE, call, ONE_MOVE, tiers={"Cool": "WARM", "Cold": "ICE"})


def test_it_is_refused_by_its_path_with_the_fix() -> None:
    sent: list[str] = []
    with pytest.raises(
        Rejected, match=r"rules\[name=a\]\.transitions cannot be stored here: keep one transition"
    ):
        setting(sent).write("b", lifecycle(twice("a")), None)
    assert sent == []


def test_what_is_there_does_not_keep_the_rest_from_being_written() -> None:
    sent: list[str] = []
    theirs, ours = twice("a"), {"name": "b", "expire": {"days": 3}}
    setting(sent).write("b", lifecycle(theirs, ours), lifecycle(theirs))
    assert "PutBucketLifecycleConfiguration" in sent
