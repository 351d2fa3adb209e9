"""What a StorageBackend of each provider says: one record a provider, from which the schema's rules are made.

A provider is in here only if the registry of backends has a driver for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from imagestore.core.model import Cel

Provider = Literal["AWS", "MinIO", "Ceph", "SeaweedFS", "IBM", "Oracle", "S3"]
Block = Literal["s3"]
"""A field of the spec that says how a store is reached. Exactly one is given, as the provider needs."""


@dataclass(frozen=True)
class SecretKeys:
    """The keys of a Secret with a provider's credentials."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = f" and, for temporary ones, {', '.join(self.optional)}" if self.optional else ""
        return f"{', '.join(self.required)}{more}"


S3_KEYS = SecretKeys(("accessKeyId", "secretAccessKey"), ("sessionToken",))

# A class that objects can be moved to, in the order in which they get colder.
AMAZON_CLASSES = (
    "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE",
)  # fmt: skip


@dataclass(frozen=True)
class TierRule:
    """What must hold for each item ``t`` of spec.tiers, in CEL, and what to write instead."""

    condition: str
    message: str


@dataclass(frozen=True)
class ProviderRules:
    """``endpoint``: the address must be given. ``profile``: the administrator declares what the store holds. ``admin``: there
    is an admin API. ``tiers``: whether lifecycle rules can move objects; ``remote_tiers``: to other stores, by the admin
    API. ``each_tier``: what a tier may be called. ``replicates``: what its buckets need to replicate by themselves; None:
    they do not.
    """

    block: Block = "s3"
    credentials: SecretKeys = S3_KEYS
    endpoint: bool = True
    profile: bool = False
    admin: bool = False
    tiers: bool = True
    remote_tiers: bool = False
    each_tier: tuple[TierRule, ...] = ()
    replicates: Literal["Role", "Credentials"] | None = None


PROVIDERS: Mapping[Provider, ProviderRules] = MappingProxyType(
    {
        "AWS": ProviderRules(
            endpoint=False,
            replicates="Role",
            each_tier=(
                TierRule(
                    f"t.storageClass in [{', '.join(repr(c) for c in AMAZON_CLASSES)}]",
                    f"Amazon S3 has the classes {', '.join(AMAZON_CLASSES)}; name one of them",
                ),
            ),
        ),
        "MinIO": ProviderRules(
            admin=True,
            remote_tiers=True,
            replicates="Credentials",
            each_tier=(
                TierRule(
                    "t.storageClass == t.storageClass.upperAscii()",
                    "MinIO's remote tiers are named in capitals; write the storageClass in capitals",
                ),
                TierRule(
                    "t.storageClass != 'REDUCED_REDUNDANCY'",
                    "REDUCED_REDUNDANCY is MinIO's own class, to which objects cannot move; name a remote tier, such"
                    " as WARM",
                ),
            ),
        ),
        "Ceph": ProviderRules(admin=True),
        "SeaweedFS": ProviderRules(tiers=False),
        "IBM": ProviderRules(),
        "Oracle": ProviderRules(),
        "S3": ProviderRules(profile=True),
    }
)


def those(holds: Callable[[ProviderRules], bool]) -> tuple[str, ...]:
    """The providers of which it holds."""
    return tuple(name for name, rules in PROVIDERS.items() if holds(rules))


def among(names: tuple[str, ...]) -> str:
    """The CEL condition that the provider is one of them."""
    return f"self.provider in [{', '.join(repr(n) for n in names)}]"


def _words(names: tuple[str, ...], last: str = "and") -> str:
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _block(block: Block) -> Cel:
    served = those(lambda rules: rules.block == block)
    return Cel(
        f"has(self.{block}) == ({among(served)})",
        f"{_words(served)} need {block}; give {block}, which says how the store is reached",
    )


_FOUND, _PROFILED = those(lambda r: not r.endpoint), those(lambda r: r.profile)
_ADMIN = those(lambda r: r.admin)

# Of a StorageBackend's spec.
PROVIDER_RULES: tuple[Cel, ...] = (
    *(_block(block) for block in ("s3",)),
    Cel(
        f"!has(self.s3) || {among(_FOUND)} || has(self.s3.endpoint)",
        f"give s3.endpoint; only {_words(_FOUND)} is found by its region alone",
    ),
    Cel(
        f"!has(self.s3) || !has(self.s3.profile) || {among(_PROFILED)}",
        f"only provider {_words(_PROFILED)} takes a profile, the others have their own; remove s3.profile",
    ),
    Cel(
        f"!has(self.admin) || {among(_ADMIN)}",
        f"only {_words(_ADMIN)} have an admin API; remove admin, or set provider to {_words(_ADMIN, 'or')}",
    ),
    Cel(
        "!has(self.tls) || !has(self.s3) || !has(self.s3.endpoint) || self.s3.endpoint.startsWith('https://')",
        "tls.caSecretRef has no effect on an http:// endpoint; write https://, or remove tls",
    ),
)
