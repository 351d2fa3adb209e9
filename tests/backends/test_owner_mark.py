"""The owner mark in S3's tags, and the names that are taken: without a server."""

import pytest

from imagestore.backends.base import Observation
from imagestore.backends.s3.bucket import owner_mark
from imagestore.backends.s3.errors import name_taken
from imagestore.backends.secrets import ConfigError, SecretFields
from imagestore.core.errors import BucketTaken, Rejected
from imagestore.facets.tags import OWNER, Tags
from imagestore.facets.versioning import Versioning


def test_a_mark_replaces_anothers_and_keeps_the_other_tags() -> None:
    tags = Tags.from_store(values={OWNER: "prod/press/x", "team": "shop"})
    assert owner_mark.marked("prod/shop/photos", tags).values == {"team": "shop", OWNER: "prod/shop/photos"}
    assert owner_mark.marked("prod/shop/photos", None).values == {OWNER: "prod/shop/photos"}


@pytest.mark.parametrize(
    ("seen", "blank"),
    [
        (Observation(), True),
        (owner_mark.observed(None), True),
        (owner_mark.observed({}), True),
        (owner_mark.observed({"team": "shop"}), False),
        (owner_mark.observed({OWNER: "prod/shop/photos"}), False),
        (Observation("a-digest"), False),
        (Observation(None, {"versioning": Versioning(state="Enabled")}), True),
    ],
)
def test_a_blank_bucket_has_neither_mark_nor_tag(seen: Observation, *, blank: bool) -> None:
    assert seen.blank is blank


@pytest.mark.parametrize(
    ("code", "ours"), [("BucketAlreadyOwnedByYou", True), ("BucketAlreadyExists", False)]
)
def test_a_taken_name_is_ours_or_anothers(code: str, *, ours: bool) -> None:
    with pytest.raises(BucketTaken, match="taken") as refusal, name_taken():
        raise Rejected("the name is taken", code=code, operation="CreateBucket")
    assert (refusal.value.ours, refusal.value.code, refusal.value.operation) == (ours, code, "CreateBucket")


def test_another_refusal_stays_what_it_is() -> None:
    with pytest.raises(Rejected) as refusal, name_taken():
        raise Rejected("no such name", code="InvalidBucketName")
    assert not isinstance(refusal.value, BucketTaken)


def test_a_line_break_inside_a_key_is_said_and_the_key_is_not() -> None:
    with pytest.raises(ConfigError, match="has a line break or control character inside") as refusal:
        SecretFields("eu", {"secretAccessKey": b"half\nof-it"}).text("secretAccessKey")
    assert "half" not in str(refusal.value)
    assert "half" not in repr(SecretFields("eu", {"secretAccessKey": b"half"}))
