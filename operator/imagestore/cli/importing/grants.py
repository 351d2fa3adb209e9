"""_Settings of the bucket that its tenant may not declare: left out where the operator always refuses them, else listed."""

from collections.abc import Mapping
from dataclasses import replace

from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.base import Backend
from imagestore.backends.own_access import OwnAccess
from imagestore.cli.gathering.surroundings import NOT_CREATED
from imagestore.cli.importing.settings import ImportedSetting
from imagestore.core.render import quote
from imagestore.facets.policy import BucketPolicy
from imagestore.reconcile.shared.situation import Meta
from imagestore.reconcile.shared.tenancy import refusals

_Settings = Mapping[str, ImportedSetting]


def without_refused(settings: _Settings, own: OwnAccess) -> _Settings:
    """Leave out what the operator always refuses. A policy that denies all but one role made every plan an error."""
    held = settings.get("policy")
    if held is None or held.value is None:
        return settings
    return {**settings, "policy": _without_locks(held, own)}


def _without_locks(held: ImportedSetting, own: OwnAccess) -> ImportedSetting:
    policy = BucketPolicy.model_validate(held.value)
    barred = [s for s in policy.statements if own.denied_by(s)]
    said = [
        "left out, because the operator refuses a statement that may lock it out; the bucket keeps it:"
        f" {quote(s.to_json(), 1000)}"
        for s in barred
    ]
    update: dict[str, object] = {"statements": tuple(s for s in policy.statements if s not in barred)}
    if policy.require_tls and not own.tls:
        said.append(
            "left out: requireTls, because the operator reaches this store over http; the bucket keeps it"
        )
        update["require_tls"] = None
    if not said:
        return held
    left = policy.model_copy(update=update)
    value = None if left.is_empty() else left.to_json()
    return replace(held, value=value, left_out=(*held.left_out, *said))


def needed_grants(
    settings: _Settings, namespace: str, backend: Backend, bucket: str, store: StorageBackendSpec
) -> tuple[str, ...]:
    """What the administrator has to allow before the operator manages these settings."""
    values = {name: s.value for name, s in settings.items() if s.value is not None}
    said = {"backendRef": {"name": backend.name}, "bucketName": bucket, **values}
    meta = Meta(namespace, bucket, "", 1, NOT_CREATED)
    found = refusals(meta, ImageBucketSpec.model_validate(said), store, 0, backend.own_access)
    return tuple(
        f"The administrator has to allow {r.facet}: {r.message} ({r.reason})" for r in found if r.facet
    )
