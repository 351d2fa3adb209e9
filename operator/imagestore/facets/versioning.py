"""Versioning: whether the store keeps overwritten and deleted objects as noncurrent versions."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal
from imagestore.core.model import ByHand


class Versioning(Facet):
    """Versioning: whether the store keeps overwritten and deleted objects as noncurrent versions."""

    removal: ClassVar[Removal] = Removal.RETAIN

    state: Annotated[
        Literal["Enabled", "Suspended"],
        Field(
            description="Enabled keeps noncurrent versions. Suspended creates no new ones; existing ones stay."
        ),
    ]
    mfa_delete: Annotated[
        Literal["Enabled", "Disabled"] | None,
        ByHand(
            "as the account's root user, with a code of its MFA device, run: aws s3api"
            " put-bucket-versioning --bucket BUCKET --versioning-configuration"
            " Status=Enabled,MFADelete=Enabled (or Disabled) --mfa 'DEVICE CODE'; MinIO and"
            " SeaweedFS have no MFA delete: remove mfaDelete there"
        ),
        Field(description="Whether deleting a version needs a second factor. Compared and never written."),
    ] = None

    def risk(self, before: Self | None) -> str | None:
        if before is not None and before.state == "Enabled" and self.state == "Suspended":
            return "suspending versioning: from then on overwritten and deleted objects cannot be restored"
        return None
