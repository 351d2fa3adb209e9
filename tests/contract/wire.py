"""What goes over the wire and comes back, as it is: no model of S3 in between that could lose a word of it."""

import base64
import hashlib
import re

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dev.stores import Store


class Wire:
    """One sub-resource of one bucket, such as ``lifecycle``, of a running store."""

    def __init__(self, store: Store, bucket: str, sub: str) -> None:
        self._store, self._url = store, f"{store.endpoint}/{bucket}?{sub}"

    def put(self, document: str) -> str:
        """The code of the store's refusal, or nothing."""
        status, text = self._ask("PUT", document)
        code = re.search(r"<Code>(.*?)</Code>", text)
        return "" if status < 300 else code[1] if code else str(status)

    def get(self) -> str:
        """The document, or nothing where there is none."""
        status, text = self._ask("GET")
        return text if status < 300 else ""

    def _ask(self, method: str, document: str = "") -> tuple[int, str]:
        body = document.encode()
        md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        request = AWSRequest(method, self._url, data=body, headers={"Content-MD5": md5} if body else {})
        keys = Credentials(self._store.access_key, self._store.secret_key)
        S3SigV4Auth(keys, "s3", self._store.region).add_auth(request)
        answer = urllib3.request(method, self._url, body=body, headers=dict(request.headers.items()))
        return answer.status, answer.data.decode()
