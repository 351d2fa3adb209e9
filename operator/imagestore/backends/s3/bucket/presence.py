"""Whether a bucket exists, and what the same answer tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from imagestore.backends.base import Observation
from imagestore.backends.guard.call import Call
from imagestore.backends.s3.bucket import owner_mark
from imagestore.backends.s3.server.genuine import told_by_store
from imagestore.backends.s3.serving.tags import TAGS
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.core.errors import NotFound, StoreError


@dataclass(frozen=True)
class Presence:
    """Asks through ``call``. ``tagged``: whether the store has bucket tags, which then answer both questions."""

    call: Call
    tagged: bool

    def check(self, bucket: str, *, expected: bool, made: bool) -> Observation | None:
        """See ``base.Backend.check``."""
        if not self.tagged:
            return Observation() if self.there(bucket) else None
        if not expected and self._surely_absent(bucket):
            return None
        try:
            tags = self.tags(bucket)
        except NotFound:
            return None
        # MinIO says "no tags" of a bucket that does not exist, too. Ours have a tag: they cost one call.
        there = tags is not None or made or self.there(bucket)
        return owner_mark.observed(tags) if there else None

    def tags(self, bucket: str) -> Mapping[str, str] | None:
        """All tags; None: the store says that there are none."""
        try:
            answer = self.call(TAGS.read, {"Bucket": bucket})
        except StoreError as error:
            if error.code in TAGS.absent:
                return None
            raise
        held = TAGS.understood(answer, BucketPlace(bucket))
        return held.values if held else {}

    def _surely_absent(self, bucket: str) -> bool:
        """HEAD answers a refusal without a word of why: then the next call, which has a body, tells."""
        try:
            return not self.there(bucket)
        except StoreError as error:
            if error.code.isdigit():
                return False
            raise

    def there(self, bucket: str) -> bool:
        """HEAD has no body that tells a store from an Ingress without a rule, which says 404 to everything.

        What does not carry a store's request id is asked again in a way that has a body. Believed blindly,
        it made a full bucket's content be reported as lost.
        """
        try:
            return told_by_store(self.call("HeadBucket", {"Bucket": bucket})) or self._listed(bucket)
        except NotFound as error:
            return False if error.code == "NoSuchBucket" else self._listed(bucket)

    def _listed(self, bucket: str) -> bool:
        """The same right as HeadBucket (s3:ListBucket), one key at most, in a form that any XML can hold."""
        try:
            self.call("ListObjectsV2", {"Bucket": bucket, "MaxKeys": 1, "EncodingType": "url"})
        except NotFound:
            return False
        return True
