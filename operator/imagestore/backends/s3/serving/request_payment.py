"""Request payment. Every bucket has it: where it was never set, it is BucketOwner."""

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Setting, StoreAnswer, one_word
from imagestore.facets.request_payment import RequestPayment


def decode(answer: StoreAnswer, _at: BucketPlace) -> RequestPayment | None:
    """``{Payer: BucketOwner}``."""
    return RequestPayment.from_store(payer=answer["Payer"]) if answer.get("Payer") else None


REQUEST_PAYMENT = Setting(
    facet="requestPayment",
    read="GetBucketRequestPayment",
    write="PutBucketRequestPayment",
    decode=decode,
    encode=one_word("RequestPaymentConfiguration", "Payer", "payer"),
    permissions=("s3:GetBucketRequestPayment", "s3:PutBucketRequestPayment"),
    cleared=RequestPayment(payer="BucketOwner"),
)
