"""The providers whose stores speak S3, as the registry takes them."""

from imagestore.api.providers import Provider
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.cloud import Cloud
from imagestore.backends.s3.connecting import connect_s3, named_tiers
from imagestore.backends.s3.lifecycle.tiers import mapped, terms
from imagestore.backends.s3.profiles.catalog import page
from imagestore.backends.s3.profiles.servers import PROFILES
from imagestore.core.cost import UNPRICED
from imagestore.core.prices import PUBLIC
from imagestore.forecast.terms import Terms


def _cloud(provider: Provider) -> Cloud:
    tiering = PROFILES[provider].tiering

    def told(spec: StorageBackendSpec | None) -> Terms:
        return terms(tiering, mapped(tiering, named_tiers(spec) if spec else None), versioned=False)

    return Cloud(connect_s3, told, page(provider), PUBLIC.get(provider, UNPRICED))


S3_CLOUDS = {str(provider): _cloud(provider) for provider in PROFILES}
