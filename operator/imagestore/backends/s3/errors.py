"""The one place where botocore's errors become ours.

An answer's class depends on its code first and on its HTTP status where the code says nothing. Messages hold
the store's words only, with every credential of this client struck out: a store may quote a key back.
"""

import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from botocore import exceptions as boto
from pydantic import ValidationError

from imagestore.backends.http import errors as http
from imagestore.backends.s3.objects.documents import UnreadableDocument
from imagestore.backends.s3.server.genuine import told_by_store
from imagestore.core import errors

MASK = "***"
UNREADABLE_ANSWER = "Unreadable"  # the code of an answer that is no XML

_BY_CODE: Mapping[str, type[errors.StoreError]] = {
    **dict.fromkeys(
        ("SlowDown", "SlowDownRead", "SlowDownWrite", "Throttling", "ThrottlingException", "TooManyRequests",
         "RequestLimitExceeded", "BandwidthLimitExceeded", "RequestThrottled", "TooManyRequestsException"),
        errors.Throttled,
    ),
    **dict.fromkeys(("OperationAborted", "ConditionalRequestConflict"), errors.Conflict),
    **dict.fromkeys(
        ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
         "TokenRefreshRequired", "RequestTimeTooSkewed", "AccountProblem", "InvalidSecurity", "UserSuspended"),
        errors.Denied,
    ),
    **dict.fromkeys(("RequestTimeout", "XMinioServerNotInitialized", "TemporaryRedirect"), errors.Unavailable),
    "NoSuchBucket": errors.NotFound,
    # A 503 about another server: taken for this one's silence, it opened the circuit of all buckets.
    "XMinioAdminReplicationRemoteConnectionError": errors.Rejected,
}  # fmt: skip

_BY_STATUS: Mapping[int, type[errors.StoreError]] = {
    401: errors.Denied,
    403: errors.Denied,
    408: errors.Unavailable,
    429: errors.Throttled,
    501: errors.Rejected,
    505: errors.Rejected,
}

_ADVICE = {
    "AuthorizationHeaderMalformed": "check spec.s3.region",
    "PermanentRedirect": "the bucket is in another region; check spec.s3.region",
    "IllegalLocationConstraintException": "check spec.s3.region",
    "RequestTimeTooSkewed": "the clocks of the operator and the store differ",
    "SignatureDoesNotMatch": "check secretAccessKey",
    "XMinioAdminTierBackendInUse": "give it an empty bucket, or a prefix of its own; a lone probeobject is left from"
    " MinIO's last try, remove it",
    "XMinioAdminTierInsufficientPermissions": "check remote.bucket, and the Secret that remote.credentials names",
    "XMinioAdminTierInvalidConfig": "check remote.endpoint",
    "XMinioAdminReplicationRemoteConnectionError": "MinIO does not reach the destination, or the destination refuses the"
    " credentials: check spec.replication of its StorageBackend",
    "RemoteTargetNotVersionedError": "set versioning.state: Enabled in the ImageBucket of the destination",
    "ReplicationSourceNotVersionedError": "set versioning.state: Enabled",
    "XMinioBackendDown": "MinIO does not reach remote.endpoint",
}


@contextmanager
def name_taken() -> Iterator[None]:
    """Around CreateBucket: a refusal because there is such a bucket becomes BucketTaken, with the store's code."""
    try:
        yield
    except errors.Rejected as error:
        if error.code not in (_OWNED, "BucketAlreadyExists"):
            raise
        ours = error.code == _OWNED
        raise errors.BucketTaken(str(error), ours=ours, code=error.code, operation=error.operation) from error


_OWNED = "BucketAlreadyOwnedByYou"


def translate(error: Exception, operation: str, secrets: Collection[str] = ()) -> errors.StoreError:
    """Ours for any error of a call. Anything that is not botocore's is Unexpected; ours stay as they are."""
    if isinstance(error, errors.StoreError):
        return error
    if isinstance(error, boto.ClientError):
        return _answer(error, operation, secrets)
    if isinstance(error, UnreadableDocument):  # the answer may have all the keys of a listing in it
        message = f"{operation}: the answer is no XML that can be read; a proxy in between, or a broken store"
        return errors.Unavailable(message, code=UNREADABLE_ANSWER, operation=operation, cause=_cause(error))
    kind = next((ours for theirs, ours in _BY_ERROR if isinstance(error, theirs)), errors.Unexpected)
    wait = None
    if isinstance(error, http.AnswerCutOff):  # what it says in its head holds all the same
        wait = _seconds(error.headers)
        kind = errors.Throttled if error.status == _THROTTLED else kind
    message = masked(f"{operation}: {_WORDS.get(type(error), '')}{error}", secrets)
    return kind(message, operation=operation, retry_after=wait, cause=_cause(error))


_THROTTLED = 429


def _cause(error: Exception) -> str:
    """Botocore's messages have the whole URL in them, and with it the bucket."""
    words = next((words for theirs, words in _CAUSES if isinstance(error, theirs)), "")
    met = error.met if isinstance(error, http.HttpError) else getattr(error, "kwargs", {}).get("error")
    # An error of TLS may quote the host, which has the bucket's name in it.
    reason = met.strerror if isinstance(met, OSError) and not isinstance(met, ssl.SSLError) else None
    return f"{words}: {reason}" if words and reason else words


_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (http.NotTrusted, "its certificate is not trusted"),
    (http.ConnectTimedOut, "timeout: no connection"),
    (http.ReadTimedOut, "timeout: no answer"),
    (http.ConnectionClosed, "the connection was closed"),
    (http.NotConnected, "no connection"),
    (http.ProxyFailed, "no connection"),
    (http.AnswerCutOff, "the answer was cut off"),
    (http.HttpError, "the answer broke off"),
    (boto.SSLError, "its certificate is not trusted"),
    (boto.ConnectTimeoutError, "timeout: no connection"),
    (boto.ReadTimeoutError, "timeout: no answer"),
    (boto.ConnectionClosedError, "the connection was closed"),
    (boto.ConnectionError, "no connection"),
    (boto.HTTPClientError, "the answer broke off"),
    (UnreadableDocument, "what came is not its answer"),
)


_BY_ERROR: tuple[tuple[type[Exception], type[errors.StoreError]], ...] = (
    (boto.NoCredentialsError, errors.Denied),
    (boto.PartialCredentialsError, errors.Denied),
    (boto.CredentialRetrievalError, errors.Denied),
    (boto.NoAuthTokenError, errors.Denied),
    (boto.ParamValidationError, errors.Rejected),
    (http.Unsendable, errors.Rejected),
    (http.HttpError, errors.Unavailable),  # no connection, no TLS, too slow, or broken off
    # Where credentials are asked for: the metadata service, STS.
    (boto.ConnectionError, errors.Unavailable),  # no connection, no TLS, too slow to connect
    (boto.HTTPClientError, errors.Unavailable),  # too slow to answer, or broken off
    (boto.ResponseStreamingError, errors.Unavailable),
)
_WORDS: Mapping[type[Exception], str] = dict.fromkeys(
    (http.NotTrusted, boto.SSLError), "the store's certificate is not trusted: "
)


def _answer(error: boto.ClientError, operation: str, secrets: Collection[str]) -> errors.StoreError:
    told: Mapping[str, Any] = error.response.get("Error") or {}
    meta: Mapping[str, Any] = error.response.get("ResponseMetadata") or {}
    status, code = int(meta.get("HTTPStatusCode") or 0), str(told.get("Code") or "")
    if operation == "HeadBucket" and status == 404 and told_by_store(error.response):
        code = "NoSuchBucket"  # an answer without a body has no code of its own
    words = [str(told.get("Message") or ""), _ADVICE.get(code, "")]
    message = f"{operation}: {status} {code}: {'; '.join(w for w in words if w)}".rstrip(": ")
    return _class(code, status, operation)(
        masked(message, secrets),
        code=code,
        operation=operation,
        retry_after=_seconds(meta.get("HTTPHeaders") or {}),
        cause=f"{status} {code}".strip(),
    )


def _class(code: str, status: int, operation: str) -> type[errors.StoreError]:
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status == 404 and operation == "HeadBucket":
        return errors.NotFound
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500 or status == 0:
        return errors.Unavailable
    return errors.Rejected


def _seconds(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds; its date form is rare and not worth a clock here."""
    with suppress(ValueError):
        return max(0.0, float(headers.get("retry-after", "")))
    return None


def masked(text: str, secrets: Collection[str]) -> str:
    """``text`` without any of the secrets."""
    for secret in secrets:
        text = text.replace(secret, MASK) if secret else text
    return text


def in_words(error: Exception) -> str:
    """What a decoder tripped over, as a sentence."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
    return f"at {error}" if isinstance(error, LookupError) else str(error)
