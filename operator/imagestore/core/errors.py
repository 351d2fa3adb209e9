"""What can go wrong at a store. SDK errors are translated into this tree at one place per SDK.

::

    StoreError
    ├── Transient            retry; nothing is known to be wrong with the desired value
    │   ├── Throttled        the store asks for patience (``retry_after`` seconds, when it said so)
    │   ├── Unavailable      no answer, or one that is not the store's
    │   └── Conflict         another program changes the same thing at this moment
    ├── Denied               the credentials may not do this
    ├── NotFound             the bucket does not exist
    ├── Rejected             the store understood and refuses; trying again changes nothing
    │   └── BucketTaken      a bucket of this name exists
    ├── Unrepresentable      a setting that holds what no value of ours can say
    └── Unexpected           an answer that the driver does not know
"""

from typing import ClassVar

from imagestore.core.model import cut
from imagestore.core.reasons import Reason

LONGEST_ERROR = 2048  # bytes of a store's message, which goes into conditions, Events and logs


class StoreError(Exception):
    """An answer of a store that is not a value.

    ``code`` is the store's own word (``NoSuchBucket``), ``operation`` the call that got it. The message
    never holds a credential: only the store's code and message are put into it. ``cause`` says the same without
    a word of the call, so that it may be told to others who share the store. ``reason`` is the one of a condition or
    setting that tells of it.
    """

    reason: ClassVar[Reason] = Reason.UNEXPECTED

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        operation: str = "",
        retry_after: float | None = None,
        cause: str = "",
    ) -> None:
        super().__init__(cut(message, LONGEST_ERROR))
        self.code = cut(code, 64)
        self.operation = operation
        self.retry_after = retry_after
        self.cause = cut(cause, LONGEST_ERROR)

    def in_other_words(self, message: str) -> "StoreError":
        """One of the same kind with another message."""
        known = {"code": self.code, "operation": self.operation, "cause": self.cause}
        return type(self)(message, retry_after=self.retry_after, **known)


class Transient(StoreError):
    """An error that may go away: worth a retry."""


class Throttled(Transient):
    """The store limits the request rate."""

    reason = Reason.THROTTLED


class Unavailable(Transient):
    """No answer, or one that is not the store's."""

    reason = Reason.UNAVAILABLE


class Conflict(Transient):
    """Another program changes the same thing at this moment."""

    reason = Reason.CONFLICT


class Denied(StoreError):
    """The credentials may not do this."""

    reason = Reason.DENIED


class NotFound(StoreError):
    """The bucket does not exist."""

    reason = Reason.NOT_FOUND


class Rejected(StoreError):
    """The store understood and refuses."""

    reason = Reason.REJECTED


class BucketTaken(Rejected):
    """A bucket of this name exists already. ``ours``: the store says that it belongs to these credentials' account."""

    reason = Reason.BUCKET_TAKEN

    def __init__(self, message: str, *, ours: bool, code: str = "", operation: str = "") -> None:
        super().__init__(message, code=code, operation=operation)
        self.ours = ours


class Unexpected(StoreError):
    """An answer that the driver does not know."""


class Unrepresentable(StoreError):
    """The store holds a value of the setting that no model can represent."""

    reason = Reason.UNREPRESENTABLE
