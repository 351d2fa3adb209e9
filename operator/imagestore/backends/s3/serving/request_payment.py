"""Request payment. Every bucket has it: where it was never set, it is BucketOwner."""

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.facets.request_payment import RequestPayment


def decode(answer: StoreAnswer, _at: BucketPlace) -> RequestPayment | None:
    """``{Payer: BucketOwner}``."""
    return RequestPayment.from_store(payer=answer["Payer"]) if answer.get("Payer") else None


def encode(value: RequestPayment, _at: BucketPlace) -> Parameters:
    """The same."""
    return {"RequestPaymentConfiguration": {"Payer": value.payer}}


REQUEST_PAYMENT = Setting(
    facet="requestPayment",
    read="GetBucketRequestPayment",
    write="PutBucketRequestPayment",
    decode=decode,
    encode=encode,
    permissions=("s3:GetBucketRequestPayment", "s3:PutBucketRequestPayment"),
    cleared=RequestPayment(payer="BucketOwner"),
)
