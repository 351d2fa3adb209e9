"""Where credentials come from: Secrets in the operator's own namespace, or its surroundings."""

from typing import Annotated, ClassVar

from pydantic import Field

from imagestore.api.providers import S3_KEYS
from imagestore.core.model import Cel, Model, Name


class SecretRef(Model):
    """A Secret in the operator's own namespace."""

    name: Annotated[Name, Field(description="The Secret's name, in the operator's own namespace.")]


class Ambient(Model):
    """The credentials of the operator's surroundings: pod identity, IRSA, an instance role."""


class Credentials(Model):
    """Where the operator's credentials for the store come from: exactly one of the two."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.secretRef) != has(self.ambient)",
            "give exactly one of secretRef: {name: ...} and ambient: {}",
        ),
    )

    secret_ref: Annotated[
        SecretRef | None,
        Field(description=f"A Secret with {S3_KEYS}."),
    ] = None
    ambient: Annotated[
        Ambient | None, Field(description="Use the surroundings: pod identity, IRSA, an instance role.")
    ] = None


class HandedCredentials(Model):
    """Credentials that are handed to a store: only a Secret has such."""

    secret_ref: Annotated[SecretRef, Field(description="A Secret with accessKeyId and secretAccessKey.")]
