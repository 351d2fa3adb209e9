"""Proving the region of a store that lists buckets whatever the region, and refuses every call to one where it is wrong."""

from imagestore.backends.s3.setting import Call
from imagestore.backends.s3.tags import TAGS
from imagestore.core.errors import Denied, NotFound, Rejected

NOWHERE = "imagestore--asks-for-its-region"  # a bucket that need not be there
WRONG = {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"}


def prove_region(call: Call) -> None:
    """Rejected where it is wrong. A backend on MinIO was Ready, "region proven", while each of its buckets failed.

    Whether there is such a bucket, and whether we may read it, is no matter.
    """
    try:
        call(TAGS.read, {"Bucket": NOWHERE})
    except (Denied, NotFound):
        return
    except Rejected as error:
        if error.code in WRONG:
            raise
