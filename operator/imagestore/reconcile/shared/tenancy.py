"""What a namespace may ask for on a backend. Pure: a refusal costs no call to the store.

Each refusal says what to change, or whom to ask. None names another namespace or a Secret.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from imagestore.api.imagebucket import ImageBucketSpec, wishes
from imagestore.api.storagebackend import MaxObjectLock, StorageBackendSpec, Tenancy
from imagestore.backends.own_access import OwnAccess
from imagestore.core.marks import spots
from imagestore.core.model import KmsKey
from imagestore.core.paths import follow
from imagestore.core.reasons import Reason
from imagestore.facets.notifications import target
from imagestore.facets.policy import BucketPolicy, Statement
from imagestore.reconcile.shared.situation import Meta

TEMPLATE = "{namespace}--*"
LOCK = MaxObjectLock(mode="Governance", days=3650)


@dataclass(frozen=True)
class Refusal:
    """Why a setting, or with an empty ``facet`` the whole bucket, is withheld. ``waits``: it resumes by itself."""

    reason: Reason
    message: str
    facet: str = ""
    waits: bool = False


def allowed_namespace(spec: StorageBackendSpec, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether the namespace may use the backend at all. None may, unless the backend allows it."""
    if spec.namespaces is None:
        return False
    if namespace in spec.namespaces.names:
        return True
    selector = spec.namespaces.selector
    wanted = selector.match_labels if selector else {}
    return bool(wanted) and all(labels.get(k) == v for k, v in wanted.items())


def granted(spec: StorageBackendSpec, namespace: str, bucket: str) -> bool:
    """Whether the administrator lets this namespace take over this existing bucket."""
    grants = (spec.tenancy or Tenancy()).adoption_grants
    return any(g.namespace == namespace and g.bucket_name == bucket for g in grants)


def eligible(spec: StorageBackendSpec, namespace: str, labels: Mapping[str, str], bucket: str) -> bool:
    """Whether the namespace might have a bucket of this name here."""
    if not allowed_namespace(spec, namespace, labels):
        return False
    template = (spec.tenancy and spec.tenancy.bucket_names) or TEMPLATE
    return name_fits(template, namespace, bucket) or granted(spec, namespace, bucket)


def deletion_policies(spec: StorageBackendSpec) -> tuple[str, ...]:
    """The deletion policies that are allowed on the backend."""
    return (spec.tenancy or Tenancy()).deletion_policies or ("Retain", "DeleteIfEmpty")


def refusals(
    meta: Meta, spec: ImageBucketSpec, store: StorageBackendSpec, earlier_buckets: int, own: OwnAccess
) -> tuple[Refusal, ...]:
    """All settings that this bucket may not have. ``own``: what its policy must not deny the operator."""
    tenancy = store.tenancy or Tenancy()
    found = [
        *_bucket(meta, spec, store, tenancy, earlier_buckets),
        *_lock(spec, tenancy),
        *_keys(spec, tenancy),
        *_targets(spec, tenancy),
    ]
    if spec.policy is not None:
        found += _policy(spec.policy, own, tenancy)
    return tuple(found)


def _bucket(
    meta: Meta, spec: ImageBucketSpec, store: StorageBackendSpec, tenancy: Tenancy, earlier: int
) -> Iterator[Refusal]:
    template = tenancy.bucket_names or TEMPLATE
    if not name_fits(template, meta.namespace, spec.bucket_name) and not granted(
        store, meta.namespace, spec.bucket_name
    ):
        wanted = template.replace("{namespace}", meta.namespace)
        yield Refusal(
            Reason.NAME_NOT_ALLOWED, f"bucketName must match {wanted}, or the administrator must grant it"
        )
    if tenancy.max_buckets is not None and earlier >= tenancy.max_buckets:
        yield Refusal(
            Reason.TOO_MANY_BUCKETS, f"this namespace may have {tenancy.max_buckets} buckets on this backend"
        )
    policies = deletion_policies(store)
    wish = spec.deletion_policy or "Retain"
    if wish not in policies:
        yield Refusal(
            Reason.DELETION_POLICY_NOT_ALLOWED,
            f"deletionPolicy {wish} is not allowed here; use {' or '.join(policies)}",
        )


def name_fits(template: str, namespace: str, bucket: str) -> bool:
    """Whether a name matches the template. A namespace with ``--`` in it never does: it needs grants.

    Otherwise the namespace ``a`` could take what belongs to ``a--b`` under ``{namespace}--*``.
    """
    if "{namespace}" in template and "--" in namespace:
        return False
    return _compiled(template, namespace).fullmatch(bucket) is not None


@lru_cache(maxsize=4096)
def _compiled(template: str, namespace: str) -> re.Pattern[str]:
    """Cached: a backend counts all of its buckets each time, and they have few namespaces."""
    return re.compile("".join(_piece(p, namespace) for p in re.split(r"(\{namespace\}|\*)", template)))


def _piece(part: str, namespace: str) -> str:
    if part == "*":
        return ".*"
    return re.escape(namespace if part == "{namespace}" else part)


def _lock(spec: ImageBucketSpec, tenancy: Tenancy) -> Iterator[Refusal]:
    lock, most = spec.object_lock, tenancy.max_object_lock or LOCK
    if lock is None:
        return
    if lock.mode == "Compliance" and most.mode != "Compliance":
        yield Refusal(
            Reason.LOCK_NOT_ALLOWED,
            "objectLock.mode Compliance is not allowed here; use Governance",
            "objectLock",
        )
    if lock.length > most.days:
        message = f"objectLock may last {most.days} days here, not {lock.length}; shorten it"
        yield Refusal(Reason.LOCK_NOT_ALLOWED, message, "objectLock")


def _keys(spec: ImageBucketSpec, tenancy: Tenancy) -> Iterator[Refusal]:
    """KMS keys that the namespace may not use, in any setting."""
    for facet, wish in wishes(spec).items():
        marked = spots(type(wish), KmsKey)
        named = [found for spot in marked for found in follow(wish.to_json(), spot.steps)]
        for path, key in named:
            if not _matches(key, tenancy.allowed_kms_keys):
                message = (
                    f"{facet}.{path} is not among the keys that this namespace may use; ask the administrator"
                )
                yield Refusal(Reason.KEY_NOT_ALLOWED, message, facet)


def _targets(spec: ImageBucketSpec, tenancy: Tenancy) -> Iterator[Refusal]:
    patterns = tuple(target(p) for p in tenancy.allowed_notification_targets)
    targets = spec.notifications.targets() if spec.notifications else ()
    if foreign := sorted({t for t in targets if not _matches(t, patterns)}):
        message = (
            f"notifications name {', '.join(foreign[:5])}, which this namespace may not use; ask the administrator to"
            " add it to tenancy.allowedNotificationTargets"
        )
        yield Refusal(Reason.TARGET_NOT_ALLOWED, message, "notifications")


def _matches(value: str, patterns: tuple[str, ...]) -> bool:
    return any(value == p or (p.endswith("*") and value.startswith(p[:-1])) for p in patterns)


def _policy(policy: BucketPolicy, own: OwnAccess, tenancy: Tenancy) -> Iterator[Refusal]:
    for statement in policy.statements:
        yield from _grants(statement, tenancy)
        if own.denied_by(statement):
            message = (
                f"statement {statement.sid} would deny the operator its own access to the bucket; deny actions on"
                ' objects, or leave out the resource "." or the actions that manage the bucket'
            )
            yield Refusal(Reason.WOULD_LOCK_OUT, message, "policy")
    if policy.require_tls and not own.tls:
        message = (
            "requireTls would lock the operator out: the backend is reached over http; remove requireTls"
        )
        yield Refusal(Reason.WOULD_LOCK_OUT, message, "policy")


def _grants(statement: Statement, tenancy: Tenancy) -> Iterator[Refusal]:
    if statement.effect != "Allow":
        return
    public = [p for p in statement.principals if is_public(p)]
    if public and not tenancy.allow_public:
        message = f"statement {statement.sid} would make the bucket public, which is not allowed here"
        yield Refusal(Reason.PUBLIC_NOT_ALLOWED, message, "policy")
    named = [p for p in statement.principals if not is_public(p)]
    foreign = [p for p in named if not _matches(p, tenancy.allowed_principals)]
    if foreign:
        message = f"statement {statement.sid} names {', '.join(foreign)}; ask the administrator to allow them"
        yield Refusal(Reason.PRINCIPAL_NOT_ALLOWED, message, "policy")


def is_public(principal: str) -> bool:
    """Whether a principal stands for all users, in any of its spellings."""
    return set(principal) <= set("*?") or principal.endswith((":*", "::*:root"))
