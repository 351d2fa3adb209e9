"""Whatever the API server lets in is handled: done, or said to be wrong in words. Never a traceback."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dev.cluster.api import Json, Refused, bucket_path
from dev.wait import eventually
from imagestore.api.imagebucket import FACETS
from tests.resilience.objects import conditions, image_bucket
from tests.resilience.tenant import SHOP, Tenant
from tests.strategies import wishes

MANY = 90
_JUNK: list[Any] = [
    None, "", " ", "x" * 300, "x" * 5000, 0, -1, 2**31, 2**63 - 1, 1.5, True, False, [], {}, [None], [[]], {"": ""},
    {"a": {"b": ["c"]}}, "\u0000", "\u202e\ufffd", "☃" * 64, "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z", "Infinity", "1e400", "*", "../..", "http://127.0.0.1:1/", "{{ .Values }}", "10s", "999999d",
]  # fmt: skip
_OTHERS: dict[str, list[Any]] = {
    "mode": ["Enforce", "Observe"],
    "deletionPolicy": ["Retain", "DeleteIfEmpty", "DeleteAll"],
    "adoption": ["Never", "Granted"],
    "suspend": [True, False],
    "reconcileRequest": ["now", "x" * 256, "☃"],
    "approve": [[], ["a"], ["a", "b" * 64]],
    "drift": [
        {"interval": "10s"}, {"interval": "9999999999d"}, {"ignore": ['tags["team"]', "lifecycle.rules[name=a]"]},
        {"snooze": {"until": "9999-12-31T23:59:59Z", "reason": "for ever"}},
        {"snooze": {"until": "0001-01-01T00:00:00+23:59", "reason": "long ago"}},
    ],
}  # fmt: skip


@st.composite
def specs(draw: st.DrawFn) -> Json:
    """A valid spec; half of them with one or two places replaced by something else."""
    names = draw(st.lists(st.sampled_from(list(FACETS)), unique=True, max_size=3))
    spec: Json = {name: draw(wishes(FACETS[name])).to_json() for name in names}
    for name in draw(st.lists(st.sampled_from(list(_OTHERS)), unique=True, max_size=2)):
        spec[name] = draw(st.sampled_from(_OTHERS[name]))
    for _ in range(draw(st.integers(0, 2))):
        spec = _mutated(draw, spec)
    return spec


def _mutated(draw: st.DrawFn, spec: Json) -> Json:
    spec = copy.deepcopy(spec)
    places = list(_places(spec))
    if not places:
        return spec
    holder, key = draw(st.sampled_from(places))
    what = draw(st.sampled_from(["junk", "drop", "rename", "double"]))
    if what == "junk" or isinstance(holder, list):
        holder[key] = draw(st.sampled_from(_JUNK))
    elif what == "drop":
        del holder[key]
    else:
        holder[key + "X"] = holder[key] if what == "double" else holder.pop(key)
    return spec


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from _places(inner)


def generated(count: int) -> list[Json]:
    """As many specs, the same each time."""
    made: list[Json] = []

    @settings(
        max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(specs())
    def collect(spec: Json) -> None:
        made.append(spec)

    collect()
    return made


def offered(shop: Tenant, specs: list[Json]) -> list[str]:
    """The names of those that the API server lets in; it refuses the others in its own words, never with 500."""
    accepted = []
    for number, spec in enumerate(specs):
        name = f"fuzz-{number}"
        try:
            shop.api.call("POST", bucket_path(SHOP), image_bucket(SHOP, name, "minio", **spec))
            accepted.append(name)
        except Refused as error:
            if error.code not in (400, 422):
                raise
    return accepted


def verdict(obj: Json) -> Json | None:
    """Ready, or that it was suspended before it was ever looked at."""
    told = conditions(obj)
    return told.get("Ready") or told.get("Suspended")


def judged(obj: Json) -> bool:
    """Whether its present generation has a verdict."""
    observed = (obj.get("status") or {}).get("observedGeneration")
    return verdict(obj) is not None and observed == obj["metadata"]["generation"]


def test_what_the_schema_lets_in_gets_a_verdict(shop: Tenant) -> None:
    """Mutations of valid manifests: each ends Ready or with a reason and a sentence, none with InternalError."""
    accepted = offered(shop, generated(MANY))
    assert len(accepted) > MANY // 3, "the mutations are too wild to prove anything"
    left = set(accepted)

    def done() -> bool:
        listed = {o["metadata"]["name"]: o for o in shop.api.get(bucket_path(SHOP))["items"]}
        left.difference_update([n for n in left if judged(listed[n])])
        return not left

    eventually(
        done, 150, lambda: f"no verdict: {[(shop.find(n) or {}).get('spec') for n in sorted(left)][:3]}"
    )
    for obj in shop.api.get(bucket_path(SHOP))["items"]:
        told = verdict(obj) or {}
        assert told["reason"] not in ("InternalError", "Unexpected"), json.dumps(obj)[:3000]
        assert told["message"], obj["spec"]
