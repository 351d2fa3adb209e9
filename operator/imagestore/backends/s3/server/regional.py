"""Proving the region of a store that lists buckets whatever the region, and refuses every call to one where it is wrong."""

import secrets
from collections.abc import Callable

from imagestore.backends.guard.call import Call
from imagestore.backends.s3.serving.tags import TAGS
from imagestore.core.errors import Denied, NotFound, Rejected

WRONG = {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"}


def _nowhere() -> str:
    """A bucket that need not be there. One name for all could be taken: made in another region by another account, it was
    answered with a redirect, and no backend had the right region any more.
    """
    return f"imagestore--asks-for-its-region-{secrets.token_hex(8)}"


def prove_region(call: Call, nowhere: Callable[[], str] = _nowhere) -> None:
    """Rejected where it is wrong. A backend on MinIO was Ready, "region proven", while each of its buckets failed.

    Whether there is such a bucket, and whether we may read it, is no matter.
    """
    try:
        call(TAGS.read, {"Bucket": nowhere()})
    except (Denied, NotFound):
        return
    except Rejected as error:
        if error.code in WRONG:
            raise
