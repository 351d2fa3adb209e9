"""Kinds that are imported by name."""

from imagestore.api.kind_names import KIND_NAMES, kind_named
from imagestore.api.kinds import KINDS


def test_each_kind_is_found_by_its_name_and_in_the_same_order() -> None:
    assert list(map(kind_named, KIND_NAMES)) == list(KINDS)
    assert [kind.name for kind in KINDS] == list(KIND_NAMES)
    assert kind_named("Bucket") is None
