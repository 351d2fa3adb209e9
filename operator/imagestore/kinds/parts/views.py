"""The buckets of LifecyclePolicies, as these see them: each is put together once for all policies that are for it.

Each change of a bucket is told by all its policies, and each of them reads all its buckets: with forty policies over two
hundred buckets, parsing the same statuses was two fifths of what one edit cost (18 s of CPU with it, 11 without).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import ValidationError

from imagestore.api.bucketstatus import ImageBucketStatus
from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.controller.services import Services
from imagestore.controller.state.objects import Key, Stored, lenient
from imagestore.controller.stores import Named
from imagestore.reconcile.bucket.situation import merged_lifecycle
from imagestore.reconcile.lifecycle.bucket_view import BucketView
from imagestore.reconcile.lifecycle.merging import FACET, Merged
from imagestore.reconcile.shared.contribution import Contribution, ContributionVerdict

MOST_VIEWS = 2000  # views that are kept, of a few kB each
_Made = tuple[
    Stored, tuple[Contribution, ...], Named, str
]  # the last: the hash of what decides besides the spec


@dataclass(frozen=True)
class _View:
    """``of``: what it was made of. ``asked`` None: the bucket's spec is not understood."""

    of: _Made
    bucket: BucketView
    asked: Merged | None


class Views:
    """What is remembered is looked up in the event loop; a thread makes views of it, and may connect to stores."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept: OrderedDict[Key, _View] = OrderedDict()
        self._lock = threading.Lock()

    def of_policy(self, policy: Stored) -> Callable[[], tuple[BucketView, ...]]:
        """All buckets that it is for."""
        found, name = (
            [self._remembered(bucket) for bucket in self._services.contributions.matched(policy)],
            policy.key.name,
        )
        return lambda: tuple(self._seen(name, of) for of in found)

    def forget(self, key: Key) -> None:
        """The bucket is gone."""
        with self._lock:
            self._kept.pop(key, None)

    def _remembered(self, obj: Stored) -> _Made:
        known, backend = self._services, obj.extra.backend
        given = known.contributions
        inputs = given.inputs(obj, known.stores.inputs(backend))
        return obj, given.of(obj), known.stores.named(backend), inputs

    def _seen(self, policy: str, of: _Made) -> BucketView:
        view = self._view(of)
        if view.asked is None:
            return view.bucket
        told = replace(view.bucket, verdict=view.asked.verdicts.get(policy, ContributionVerdict()))
        known = self._services.surveyor.known(of[0].key)
        if known is None or known[0].wish != view.asked.digest:
            return told
        return replace(told, counted=known[1].counted, trouble=known[1].trouble)

    def _view(self, of: _Made) -> _View:
        key = of[0].key
        with self._lock:
            known = self._kept.get(key)
        if known is None or known.of != of:  # compares what is remembered, so by identity first
            known = self._made(of)
        with self._lock:
            self._kept[key] = known
            self._kept.move_to_end(key)
            if len(self._kept) > MOST_VIEWS:
                self._kept.popitem(last=False)
        return known

    def _made(self, of: _Made) -> _View:
        obj, policies, named, inputs = of
        status = _of_rules(lenient(ImageBucketStatus, obj.status))
        told = BucketView(obj.key.name, ContributionVerdict(), status, current=False)
        try:
            spec = ImageBucketSpec.model_validate_json(obj.spec, extra="forbid")
        except ValidationError:  # then its own status says so
            return _View(of, told, None)
        asked = merged_lifecycle(spec, policies, self._services.stores.store(named))
        held = next((f.desired_digest for f in status.facets), None)
        seen = replace(
            told,
            current=held == asked.digest,
            heard=_heard(obj, spec, status, inputs),
            suspended=bool(spec.suspend),
            versioned=spec.versioning is not None and spec.versioning.state == "Enabled",
        )
        return _View(of, seen, asked)


def _heard(obj: Stored, spec: ImageBucketSpec, status: ImageBucketStatus, inputs: str) -> bool:
    """Whether its status is about all that is now asked of it. A suspended one reports without a check."""
    return status.observed_generation == obj.generation and not spec.suspend and obj.extra.inputs == inputs


def _of_rules(status: ImageBucketStatus) -> ImageBucketStatus:
    """Without what is no policy's affair: thousands are kept."""
    facets = tuple(f for f in status.facets if f.name == FACET)
    kept = {n: getattr(status, n) for n in ("observed_generation", "conditions", "drift", "plan")}
    return ImageBucketStatus.model_construct(facets=facets, **kept)
