"""The rules, lifecycle terms and prices for a simulation of a listing in a file."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from imagestore.api.lifecyclepolicy import LifecyclePolicySpec
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.registry import CLOUDS, cloud
from imagestore.cli.errors import CommandError, UsageError
from imagestore.cli.manifests.load import Manifests
from imagestore.cli.planning.plan_bucket import PlanRequest, situation
from imagestore.core.cost import UNPRICED, PriceTable
from imagestore.core.prices import LADDERS, PUBLIC
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.pricing import prices, remarks
from imagestore.forecast.terms import Terms


@dataclass(frozen=True)
class Scenario:
    """``spec``: the StorageBackend whose terms apply, if there is one."""

    rules: tuple[LifecycleRule, ...]
    terms: Terms
    prices: PriceTable
    spec: StorageBackendSpec | None = None

    def remarks(self, classes: frozenset[str]) -> Iterator[str]:
        """Remarks on how far the amounts can be trusted."""
        if self.spec is not None and self.prices.name not in PUBLIC:
            yield from remarks(self.spec, self.prices, classes)
        elif self.prices.classes:
            yield f"list prices of {self.prices.name} as of {self.prices.as_of}, without discounts"
            yield from (f"an estimate, because sources disagree: {e}" for e in self.prices.estimated(classes))
        else:
            yield "no costs are shown: give --prices, or a StorageBackend with spec.prices"


def pick_request(args: argparse.Namespace, requests: list[PlanRequest]) -> PlanRequest | None:
    """The request for --bucket, or the only one. Raises UsageError."""
    if args.bucket is None and len(requests) <= 1:
        return requests[0] if requests else None
    found = [q for q in requests if args.bucket in (q.object.label, q.object.name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(q.object.label for q in requests) or "none"
    raise UsageError(f"--bucket: give one of the ImageBuckets in the manifests: {names}")


def scenario(args: argparse.Namespace, manifests: Manifests, request: PlanRequest | None) -> Scenario:
    """The bucket's rules, else those of all LifecyclePolicies. Raises CommandError."""
    rules = situation(request).merged.rules if request else tuple(_policies(manifests))
    if not rules:
        raise CommandError("found no lifecycle rule; give an ImageBucket or a LifecyclePolicy with -f")
    spec = request.store.spec if request else None
    name = request.object.spec.backend_ref.name if request else ""
    if args.prices:
        return Scenario(rules, _public(args.prices), PUBLIC[args.prices], spec)
    if spec is None:
        return Scenario(rules, _public("AWS"), UNPRICED)
    known = cloud(spec.provider)
    return Scenario(rules, known.terms(spec), prices(name, spec, known.list_prices), spec)


def _policies(manifests: Manifests) -> Iterator[LifecycleRule]:
    for policy in manifests.of(LifecyclePolicySpec):
        for rule in policy.spec.rules:
            yield rule.model_copy(update={"name": f"{policy.name}/{rule.name}"})


def _public(name: str) -> Terms:
    """The terms of a provider with public prices, with its own storage classes."""
    ladder = LADDERS[name]
    known = (*ladder.values(), *(c for c in PUBLIC[name].classes if c not in ladder.values()))
    by_price = sorted(known, key=lambda c: -PUBLIC[name].classes[c].gb_month)
    smallest = CLOUDS[name].terms(None).smallest if name in CLOUDS else 0
    return Terms({t: c for t, c in ladder.items() if t != "Hot"}, tuple(by_price), smallest)
