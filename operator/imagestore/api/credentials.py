"""Sources of credentials: Secrets in the operator's namespace, or ambient credentials."""

from typing import Annotated, ClassVar

from pydantic import Field

from imagestore.api.providers import S3_KEYS
from imagestore.core.model import Cel, Model, Name


class SecretRef(Model):
    """Names a Secret in the operator's namespace."""

    name: Annotated[Name, Field(description="Name of the Secret.")]


class Ambient(Model):
    """Ambient credentials of the operator's pod: pod identity, IRSA, an instance role."""


class Credentials(Model):
    """Source of the operator's credentials for the store. Give exactly one of secretRef and ambient."""

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
        Ambient | None,
        Field(description="Ambient credentials of the operator's pod: pod identity, IRSA, an instance role."),
    ] = None


class HandedCredentials(Model):
    """Credentials that the operator gives to a store, from a Secret."""

    secret_ref: Annotated[SecretRef, Field(description="Secret with accessKeyId and secretAccessKey.")]
