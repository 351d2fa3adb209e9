"""What a store takes in a policy can be wished, and is read whoever wrote it."""

import json

import pytest

from imagestore.core.reading import Level
from imagestore.facets.policy import BucketPolicy
from tests.contract.stores import FIXTURES, MATRIX, backend_of, world

WISH = BucketPolicy.model_validate(
    {
        "statements": [
            {
                "sid": "lists its own", "effect": "Allow", "principals": ["*"], "actions": ["s3:ListBucket"],
                "resources": ["."],
                "conditions": [{"operator": "StringEquals", "key": "s3:prefix", "values": ["", "home/"]}],
            }
        ]
    }
)  # fmt: skip


@pytest.mark.parametrize("provider", [p for p in FIXTURES if MATRIX[p]["policy"].level is not Level.NONE])
def test_an_empty_value_in_a_condition_is_written_and_read(
    provider: str, request: pytest.FixtureRequest
) -> None:
    at = world(backend_of(provider, request), "policy")
    at.driver.write(at.bucket, WISH, at.read())
    have = at.read()
    assert have is not None
    assert have.canonical().to_json() == WISH.canonical().to_json()
    raw = json.loads(at.raw("GetBucketPolicy")["Policy"])["Statement"]
    at.raw(
        "PutBucketPolicy",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [{**raw[0], "Sid": "theirs"}]}),
    )
    found = at.read()
    assert found is not None
    assert set(found.canonical().parts() or ()) == {"theirs"}
