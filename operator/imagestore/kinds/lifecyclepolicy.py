"""LifecyclePolicy: rules that are declared once and kept on every bucket that the policy policy_matches."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from sys import intern

from imagestore.api.kinds import IMAGE_BUCKET, LIFECYCLE_POLICY, STORAGE_BACKEND
from imagestore.api.lifecyclepolicy import LifecyclePolicySpec, LifecyclePolicyStatus
from imagestore.controller.contributions import Contributes
from imagestore.controller.runtime import KindRuntime, Pass
from imagestore.controller.services import Services
from imagestore.controller.state.objects import Key, Stored, lenient, understood
from imagestore.controller.state.raw import RawObject, mapping
from imagestore.controller.work.queue import Lane
from imagestore.kinds.parts.inputs import meta
from imagestore.kinds.parts.samples import of_policies
from imagestore.kinds.parts.views import Views
from imagestore.reconcile.lifecycle.merging import UNKNOWN_POLICIES
from imagestore.reconcile.lifecycle.reconcile import PolicySituation, reconcile
from imagestore.reconcile.lifecycle.selector import PolicyScope, contribution_of, scope_of
from imagestore.reconcile.shared.contribution import Contribution

_AT_ONCE = 8  # worked on at once: what they wait for is the API server's answer to a status


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """What is remembered of a LifecyclePolicy besides the envelope."""

    counts: tuple[tuple[str, int], ...]  # buckets by state


StoredPolicy = Stored[PolicyFacts]


def _facts(raw: RawObject) -> PolicyFacts:
    counts = mapping(raw.status.get("counts")).items()
    return PolicyFacts(tuple((intern(k), n) for k, n in counts if isinstance(n, int)))


class PolicyInputs:
    """The buckets of policies, as these see them."""

    def __init__(self, services: Services) -> None:
        self._services, self._views = services, Views(services)

    def of(self, obj: StoredPolicy, this: Pass) -> Callable[[], PolicySituation]:
        """All buckets that the policy is for; none while it is deleted."""
        known = self._services
        buckets = tuple if obj.deleting else self._views.of_policy(obj)
        return lambda: PolicySituation(
            meta=meta(known, obj),
            spec=understood(LifecyclePolicySpec, obj.spec),
            status=lenient(LifecyclePolicyStatus, obj.status),
            buckets=buckets(),
            settings=known.settings,
            now=known.now(),
        )

    def forget(self, key: Key) -> None:
        """An object is gone, such as a bucket."""
        self._views.forget(key)


@lru_cache(maxsize=1024)
def _declared(name: str, spec: bytes) -> Contribution:
    return contribution_of(name, json.loads(spec))


@lru_cache(maxsize=1024)
def _scope(spec: bytes) -> PolicyScope:
    return scope_of(json.loads(spec))


def policy_matches(policy: Stored, bucket: Stored) -> bool:
    """Whether a policy names this bucket, or selects it by its labels."""
    return _scope(policy.spec).includes(bucket.key.name, frozenset(bucket.labels))


LIFECYCLE_POLICIES = KindRuntime(
    kind=LIFECYCLE_POLICY,
    finalizer=None,  # its buckets remember what they hold of it
    remember=_facts,
    # Policies ask no store, so they share one lane: with one each, 1500 were worked on at once.
    lane=lambda _, key: (Lane(key.kind), _AT_ONCE),
    needs=lambda _: (STORAGE_BACKEND.name, IMAGE_BUCKET.name),
    contributes=Contributes(
        to=IMAGE_BUCKET.name,
        includes=policy_matches,
        given=lambda policy, _: (_declared(policy.key.name, policy.spec),),
        unknown=lambda _: (UNKNOWN_POLICIES,),
    ),
    inputs=PolicyInputs,
    reconcile=reconcile,
    samples=of_policies,
)
