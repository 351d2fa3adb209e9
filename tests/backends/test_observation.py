"""What one check of a bucket told: a bucket without a mark and without a tag may be one that was just made."""

import pytest

from imagestore.backends.base import Observation
from imagestore.facets.tags import Tags


@pytest.mark.parametrize(
    ("observation", "blank"),
    [
        (Observation(), True),
        (Observation(values={"tags": None}), True),
        (Observation(values={"tags": Tags(values={})}), True),
        (Observation(values={"tags": Tags(values={"team": "press"})}), False),
        (Observation("prod/shop/photos"), False),
        (Observation("prod/shop/photos", {"tags": Tags(values={})}), False),
    ],
)
def test_blank_is_without_owner_and_without_tags(observation: Observation, blank: bool) -> None:  # noqa: FBT001
    assert observation.blank is blank
