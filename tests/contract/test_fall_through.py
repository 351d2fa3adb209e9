"""What a profile says of calls that a server does not know, on those servers. Nothing but this file sends them."""

import pytest

from imagestore.core.reading import Level
from tests.contract.stores import MATRIX, ROWS, backend_of, world

DUMMY, REMOVES = "a read answers a dummy", "a removal removes the bucket"
SAID = [
    (provider, facet)
    for provider, held in MATRIX.items()
    for facet, support in held.items()
    if support.level is Level.NONE and (DUMMY in support.reason or REMOVES in support.reason)
]


@pytest.mark.parametrize(("provider", "facet"), SAID)
def test_what_a_profile_says_of_a_store_is_so(
    provider: str, facet: str, request: pytest.FixtureRequest
) -> None:
    at = world(backend_of(provider, request), facet)
    reason, row = at.backend.support[facet].reason, ROWS[facet]
    if DUMMY in reason:
        assert at.raw(row.read), "an answer, though nothing can be set"
    if REMOVES in reason:
        full = "with all that is in it" in reason
        if full:
            at.raw("PutObject", Key="a/picture.jpg", Body=b"gone")
        at.raw(row.clear, **({"Id": "a"} if row.named else {}))
        assert at.backend.check(at.bucket) is None
