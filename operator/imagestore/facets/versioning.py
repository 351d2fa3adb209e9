"""Versioning: whether overwritten and deleted objects are kept as noncurrent versions."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal
from imagestore.core.model import ByHand


class Versioning(Facet):
    """Keep overwritten and deleted objects as noncurrent versions."""

    removal: ClassVar[Removal] = Removal.RETAIN

    state: Annotated[
        Literal["Enabled", "Suspended"],
        Field(description="Enabled keeps old versions. Suspended stops making new ones; existing ones stay."),
    ]
    mfa_delete: Annotated[
        Literal["Enabled", "Disabled"] | None,
        ByHand(
            "as the account's root, with a code of its device: aws s3api put-bucket-versioning --bucket BUCKET"
            " --versioning-configuration Status=Enabled,MFADelete=Enabled (or Disabled) --mfa 'DEVICE CODE'; MinIO"
            " and SeaweedFS have no MFA delete: mention it no more there"
        ),
        Field(description="Whether removing a version needs a second factor. Only looked at, never written."),
    ] = None

    def risk(self, before: Self | None) -> str | None:
        if before is not None and before.state == "Enabled" and self.state == "Suspended":
            return (
                "suspending versioning: from then on an overwritten or deleted object cannot be brought back"
            )
        return None
