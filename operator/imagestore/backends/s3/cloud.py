"""The providers whose stores speak S3, as the registry takes them.

Each part is imported when it is asked for: who moves objects needs none of the settings, nor botocore.
"""

from typing import TYPE_CHECKING

from imagestore.api.providers import PROVIDERS, Provider
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.cloud import Cloud, ConnectionRequest, StorePage
from imagestore.core.cost import UNPRICED
from imagestore.core.prices import PUBLIC

if TYPE_CHECKING:
    from imagestore.backends.base import Backend
    from imagestore.backends.objects import ObjectStore
    from imagestore.forecast.terms import Terms


def _backend(request: ConnectionRequest) -> "Backend":
    from imagestore.backends.s3.connecting import connect_s3

    return connect_s3(request)


def _objects(request: ConnectionRequest) -> "ObjectStore":
    from imagestore.backends.s3.objects.connecting import connect_s3_objects

    return connect_s3_objects(request)


def _cloud(provider: Provider) -> Cloud:
    def told(spec: StorageBackendSpec | None) -> "Terms":
        from imagestore.backends.s3.connecting import named_tiers
        from imagestore.backends.s3.lifecycle.tiers import mapped, terms
        from imagestore.backends.s3.profiles.servers import PROFILES

        tiering = PROFILES[provider].tiering
        return terms(tiering, mapped(tiering, named_tiers(spec) if spec else None), versioned=False)

    def page() -> StorePage:
        from imagestore.backends.s3.profiles import catalog

        return catalog.page(provider)

    return Cloud(_backend, told, page, PUBLIC.get(provider, UNPRICED), _objects)


S3_CLOUDS = {str(provider): _cloud(provider) for provider, told in PROVIDERS.items() if told.block == "s3"}
