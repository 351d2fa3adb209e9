"""Whatever keys and attributes are generated: what two stores can hold arrives, byte for byte, at every pair."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagestore.core.keys import raw
from imagestore.core.objects import ObjectAttributes
from tests.objects.stores import REAL, Held, backend, bucket_of
from tests.objects.test_copying import copier

# What broke clients, and what lies around it: separators, dots, controls, what XML cannot hold, both forms of é.
_PARTS = st.text(
    st.sampled_from("ab/.-+ %&<>\"'\\\x01\x07\x1f\x7f\u0085\u00e9\u0301e\u2028\ufffd\ufffe\uffff\U0001f600\ue000=:?#*~^|`{}[]@!$(),;_\t\n\r"),
    min_size=1, max_size=12,
)  # fmt: skip
_TOKENS = st.text(st.characters(codec="ascii", categories=("Ll", "Nd")), min_size=1, max_size=8)
# No spaces outside: stores strip them. No words that look as RFC 2047 encodes them.
_VALUES = st.text("abc XYZ09-_/=+.,;:äß✓😀é", max_size=20).map(str.strip)
_TAGS = st.dictionaries(_TOKENS, st.text("abc 09+-._:/@=", max_size=12).map(str.strip), max_size=4)


@dataclass(frozen=True)
class Sample:
    """One object."""

    key: str
    body: bytes
    attributes: ObjectAttributes


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """An object of up to a few KiB."""
    headers = draw(st.fixed_dictionaries({}, optional={
        "content-type": st.sampled_from(["image/jpeg", "text/plain; charset=utf-8", "application/x-größe"]),
        "cache-control": st.sampled_from(["no-cache", "max-age=5"]),
        "content-disposition": st.just('attachment; filename="a b.jpg"'),
        "content-language": st.sampled_from(["de", "en, fr"]),
    }))  # fmt: skip
    body = draw(st.binary(max_size=64)) * draw(st.sampled_from([1, 50]))
    return Sample(
        draw(_PARTS),
        body,
        ObjectAttributes(headers, draw(st.dictionaries(_TOKENS, _VALUES, max_size=4)), draw(_TAGS)),
    )


def held_by(held: Held, key: str) -> bool:
    """Whether the store keeps the key as it is; a folder's name alone is a case of its own."""
    return held.store.key_verdict(key).problem is None and not key.endswith("/")


def kept(held: Held, metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata that the store keeps."""
    empty = "emptyMetadata" in held.store.traits.carries
    return {name: value for name, value in metadata.items() if value or empty}


@pytest.mark.parametrize("pair", [(a, b) for a in REAL for b in REAL if a != b], ids="-".join)
def test_whatever_both_can_hold_arrives(pair: tuple[str, str], request: pytest.FixtureRequest) -> None:
    found = [backend(provider, request) for provider in pair]

    @settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
    @given(st.lists(samples(), min_size=1, max_size=4, unique_by=lambda s: s.key))
    def arrives(several: list[Sample]) -> None:
        source, destination = ends[0], ends[1]
        for sample in several:
            if held_by(source, sample.key) and held_by(destination, sample.key):
                copied_alike(source, destination, sample)

    ends = [bucket_of(one) for one in found]
    arrives()


def copied_alike(source: Held, destination: Held, sample: Sample) -> None:
    """One object, at the source and at the destination."""
    # A bucket of folders keeps no two keys of which one is a folder of the other.
    for held in (source, destination):
        listed = held.keys()
        held.store.delete_many(held.bucket, [(key, "") for key in listed])
    source.write(sample.key, sample.body, sample.attributes)
    copied = copier(source, destination).copy(sample.key, sample.key, size=len(sample.body))
    assert destination.keys() == source.keys() == [sample.key], raw(sample.key)
    assert destination.read(sample.key) == sample.body
    assert copied.etag == hashlib.md5(sample.body, usedforsecurity=False).hexdigest()
    there = destination.store.head(destination.bucket, sample.key)
    wanted = kept(destination, kept(source, sample.attributes.metadata))
    assert dict(there.attributes.metadata) == wanted
    given_headers = dict(sample.attributes.headers)
    shown = {name: there.attributes.headers.get(name) for name in given_headers}
    assert shown == given_headers
    assert dict(destination.store.tags(destination.bucket, sample.key)) == dict(sample.attributes.tags or {})
    lost: Any = copied.lost
    assert bool(lost) == (wanted != kept(source, sample.attributes.metadata))
