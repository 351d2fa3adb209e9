"""Where a StorageBackend's store is, and as whom it is asked. Needs nothing of settings, nor botocore."""

from imagestore.api.providers import PROVIDERS, Provider
from imagestore.api.s3 import S3Endpoint
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.cloud import ConnectionRequest
from imagestore.backends.s3.client import Keys, StoreTarget
from imagestore.backends.secrets import ConfigError, SecretFields

_AWS_DOMAINS = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}


def s3_of(spec: StorageBackendSpec) -> S3Endpoint:
    """How the store is reached. Raises ConfigError."""
    if spec.s3 is None:
        raise ConfigError(f"spec.s3 is missing; it says how provider {spec.provider} is reached")
    if spec.s3.endpoint is None and PROVIDERS[spec.provider].endpoint:
        raise ConfigError(
            f"spec.s3.endpoint is missing; only provider AWS has endpoints of its own, {spec.provider} has none"
        )
    return spec.s3


def store_target(request: ConnectionRequest, keys: Keys | None) -> StoreTarget:
    """The store with these keys. Raises ConfigError."""
    spec, s3 = request.spec, s3_of(request.spec)
    return StoreTarget(
        endpoint=endpoint_of(s3),
        region=s3.region,
        keys=keys,
        addressing=_addressing(spec.provider, s3),
        ca=request.given.ca,
        connections=spec.limits.concurrency if spec.limits else 8,
        connect=request.timing.connect,
        read=request.timing.read,
        permit=request.permit,
    )


def endpoint_of(s3: S3Endpoint) -> str:
    """The store's address; without one in the spec, Amazon's own for the region."""
    domain = _AWS_DOMAINS.get(s3.region.partition("-")[0], "amazonaws.com")
    return s3.endpoint or f"https://s3.{s3.region}.{domain}"


def _addressing(provider: Provider, s3: S3Endpoint) -> str:
    """AWS is asked at host names, everybody else by path: few have DNS for every bucket."""
    if s3.addressing:
        return s3.addressing.lower()
    return "virtual" if provider == "AWS" and s3.endpoint is None else "path"


def keys_of(held: SecretFields | None) -> Keys | None:
    """The credentials as S3 has them: an access key and a secret. Raises ConfigError."""
    return given_keys(held) if held else None


def given_keys(held: SecretFields) -> Keys:
    """The same of a Secret that is there."""
    token = held.text("sessionToken") if held.data.get("sessionToken") else None
    return Keys(held.text("accessKeyId"), held.text("secretAccessKey"), token)
