"""Which buckets a LifecyclePolicy matches, and what it contributes to them. Works on JSON, so on newer specs. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from imagestore.api.lifecyclepolicy import LifecyclePolicySpec
from imagestore.reconcile.lifecycle.merging import contributed
from imagestore.reconcile.shared.contribution import Contribution

_WHOM = ("bucketSelector", "bucketRefs")


@dataclass(frozen=True)
class PolicyScope:
    """The ImageBuckets of the policy's own namespace with these names, or with all of these labels."""

    names: frozenset[str]
    labels: frozenset[tuple[str, str]]

    def includes(self, name: str, labels: frozenset[tuple[str, str]]) -> bool:
        """Whether a bucket is among them."""
        return name in self.names or (bool(self.labels) and self.labels <= labels)


def scope_of(spec: Mapping[str, Any]) -> PolicyScope:
    """The buckets that a policy's spec matches."""
    refs, selector = spec.get("bucketRefs") or (), spec.get("bucketSelector") or {}
    return PolicyScope(
        frozenset(r.get("name", "") for r in refs), frozenset((selector.get("matchLabels") or {}).items())
    )


def contribution_of(name: str, spec: Mapping[str, Any]) -> Contribution:
    """What a policy contributes. Which other buckets it matches is no input of a bucket."""
    content = {k: v for k, v in spec.items() if k not in _WHOM}
    try:
        # Nothing may be passed over: a newer version's rules stay as they are found.
        read = LifecyclePolicySpec.model_validate_json(json.dumps(spec), extra="forbid")
    except ValidationError:
        read = None
    text = json.dumps(
        [content, read is not None], sort_keys=True
    )  # two that differ only in whom may not both be understood
    return contributed(name, hashlib.sha256(text.encode()).hexdigest(), read)
