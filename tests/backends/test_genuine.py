"""What is no answer of the store is never read as "nothing is set", whichever setting was asked for."""

import pytest

from imagestore.backends.s3.client import StoreTarget
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.backends.s3.transport.call import s3_call
from imagestore.core.errors import Unavailable
from tests.backends.listener import listening
from tests.backends.test_transport import BUCKET, KEYS

READS = sorted(
    {row.read for row in SETTINGS if row.facet != "quota"} | {"ListObjectVersions", "ListMultipartUploads"}
)
NO_ANSWERS = {
    "nothing": "",
    "a web page": "<html><body>Sign in</body></html>",
    "what broke off": "<WebsiteConfiguration><IndexDocument>",
}


@pytest.mark.parametrize("body", list(NO_ANSWERS.values()), ids=list(NO_ANSWERS))
@pytest.mark.parametrize("operation", READS)
def test_it_is_refused(operation: str, body: str) -> None:
    """botocore alone would read all of these."""
    with listening() as heard:
        heard.body = body.encode()
        call = s3_call(StoreTarget(heard.endpoint, "eu-west-1", KEYS))
        with pytest.raises(Unavailable, match="not the store's answer"):
            call(operation, {"Bucket": BUCKET})
