"""Versioning. A bucket that never had it answers an empty document."""

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Setting, StoreAnswer, one_word
from imagestore.facets.versioning import Versioning


def decode(answer: StoreAnswer, _at: BucketPlace) -> Versioning | None:
    """``{Status: Enabled}``; without a Status it was never enabled, without MFADelete nor was that."""
    if not answer.get("Status"):
        return None
    return Versioning.from_store(state=answer["Status"], mfa_delete=answer.get("MFADelete") or "Disabled")


VERSIONING = Setting(
    facet="versioning",
    read="GetBucketVersioning",
    write="PutBucketVersioning",
    decode=decode,
    encode=one_word(
        "VersioningConfiguration", "Status", "state"
    ),  # MFA delete is never sent: it needs the account's root and a code
    permissions=("s3:GetBucketVersioning", "s3:PutBucketVersioning"),
    cleared=Versioning(
        state="Suspended", mfa_delete="Disabled"
    ),  # no store forgets that a bucket had versions
)
