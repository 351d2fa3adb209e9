"""What a tenant may not wish for although the bucket has it: left alone where the operator never takes it, else consented to."""

from collections.abc import Mapping
from dataclasses import replace

from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Backend
from imagestore.backends.own_access import OwnAccess
from imagestore.cli.gathering.surroundings import NEVER
from imagestore.cli.importing.settings import Imported
from imagestore.core.render import quote
from imagestore.facets.policy import BucketPolicy
from imagestore.reconcile.shared.situation import Meta
from imagestore.reconcile.shared.tenancy import refusals

Settings = Mapping[str, Imported]


def possible(settings: Settings, own: OwnAccess) -> Settings:
    """Without what the operator refuses from everybody: a policy that denies all but one role was an error of every plan."""
    held = settings.get("policy")
    if held is None or held.value is None:
        return settings
    return {**settings, "policy": _without_locks(held, own)}


def _without_locks(held: Imported, own: OwnAccess) -> Imported:
    policy = BucketPolicy.model_validate(held.value)
    barred = [s for s in policy.statements if own.denied_by(s)]
    said = [
        "left out, because the operator takes no statement that may deny it its own access; the bucket keeps it:"
        f" {quote(s.to_json(), 1000)}"
        for s in barred
    ]
    update: dict[str, object] = {"statements": tuple(s for s in policy.statements if s not in barred)}
    if policy.require_tls and not own.tls:
        said.append(
            "left out: requireTls, because the operator reaches this store by http; the bucket keeps it"
        )
        update["require_tls"] = None
    if not said:
        return held
    left = policy.model_copy(update=update)
    value = None if left.is_empty() else left.to_json()
    return replace(held, value=value, left_out=(*held.left_out, *said))


def needed(
    settings: Settings, namespace: str, backend: Backend, bucket: str, store: StorageBackendSpec
) -> tuple[str, ...]:
    """What the administrator has to allow before the operator looks after these settings."""
    values = {name: s.value for name, s in settings.items() if s.value is not None}
    said = {"backendRef": {"name": backend.name}, "bucketName": bucket, **values}
    meta = Meta(namespace, bucket, "", 1, NEVER)
    found = refusals(meta, ImageBucketSpec.model_validate(said), store, 0, backend.own_access)
    return tuple(
        f"It needs the administrator's consent: {r.facet}: {r.message} ({r.reason})" for r in found if r.facet
    )
