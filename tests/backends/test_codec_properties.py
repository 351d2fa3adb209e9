"""Whatever a user may wish is the same after it was encoded and decoded."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dev.testing.examples import examples
from imagestore.api.imagebucket import FACETS
from imagestore.backends.s3.profiles.servers import PROFILES
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.core.diff import diff
from imagestore.core.facet import Facet
from imagestore.core.plan import Change, plan
from imagestore.core.reading import Found, Missing, Reading
from imagestore.core.units import byte_count
from imagestore.facets.quota import Quota
from tests import strategies
from tests.backends.answers import answered
from tests.contract.pruning import without

ROWS = {row.facet: row for row in SETTINGS}
AT = BucketPlace(
    "bucket",
    tiers={"Cool": "WARM", "Cold": "COLD", "Archive": "ICE"},
    role="arn:aws:iam::123456789012:role/replication",
    stores={"shop--audit": "other", "shop--logs": "other"},
)
LOST = PROFILES["AWS"].support["replication"].lost  # the usual row is Amazon's


def planned(name: str, wish: Facet, reading: Reading) -> Change:
    """As the reconcile would change it."""
    return plan({name: wish}, {name: reading}, {}, FACETS).changes[0]


@pytest.mark.parametrize(
    "kind", [k for k in strategies.facets() if ROWS[k[0]].write], ids=lambda k: str(k[0])
)
@given(data=st.data())
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_wish_survives_its_store(kind: tuple[str, type[Facet]], data: st.DataObject) -> None:
    name, facet = kind
    wish = data.draw(strategies.wishes(facet))
    wish = without(wish, LOST) if name == "replication" else wish
    assume(not wish.is_empty())
    assume(not isinstance(wish, Quota) or byte_count(wish.hard))
    row, change = ROWS[name], planned(name, wish, Missing())
    assert change.after is not None
    have = row.decode(answered(row, change.after, AT), AT)
    assert have is not None
    assert not planned(name, wish, Found(have)).writes, "a second plan is empty"
    again = row.decode(answered(row, have, AT), AT)
    assert again is not None
    assert not diff(name, again.canonical(), have.canonical()), "and what is read can be written back"
