"""Transfer acceleration. A bucket that never had it answers an empty document, also after it was suspended."""

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Setting, StoreAnswer, one_word
from imagestore.facets.transfer_acceleration import TransferAcceleration


def decode(answer: StoreAnswer, _at: BucketPlace) -> TransferAcceleration:
    """``{Status: Enabled}``; without a Status it does what a suspended one does."""
    return TransferAcceleration.from_store(state=answer.get("Status") or "Suspended")


TRANSFER_ACCELERATION = Setting(
    facet="transferAcceleration",
    read="GetBucketAccelerateConfiguration",
    write="PutBucketAccelerateConfiguration",
    decode=decode,
    encode=one_word("AccelerateConfiguration", "Status", "state"),
    permissions=("s3:GetAccelerateConfiguration", "s3:PutAccelerateConfiguration"),
    cleared=TransferAcceleration(state="Suspended"),  # it can be suspended, never unset
)
