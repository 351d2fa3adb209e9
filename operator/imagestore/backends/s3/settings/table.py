"""Every setting that some S3 store holds. One more is one file and one line here."""

from typing import Any

from imagestore.backends.s3.acl import ACL
from imagestore.backends.s3.cors import CORS
from imagestore.backends.s3.encryption import ENCRYPTION
from imagestore.backends.s3.intelligent_tiering import INTELLIGENT_TIERING
from imagestore.backends.s3.inventory import INVENTORY
from imagestore.backends.s3.lifecycle import LIFECYCLE
from imagestore.backends.s3.logging import LOGGING
from imagestore.backends.s3.notifications import NOTIFICATIONS
from imagestore.backends.s3.object_lock import OBJECT_LOCK
from imagestore.backends.s3.ownership import OWNERSHIP
from imagestore.backends.s3.policy import POLICY
from imagestore.backends.s3.public_access_block import PUBLIC_ACCESS_BLOCK
from imagestore.backends.s3.quota import QUOTA
from imagestore.backends.s3.request_metrics import REQUEST_METRICS
from imagestore.backends.s3.request_payment import REQUEST_PAYMENT
from imagestore.backends.s3.setting import Setting
from imagestore.backends.s3.storage_class_analysis import STORAGE_CLASS_ANALYSIS
from imagestore.backends.s3.tags import TAGS
from imagestore.backends.s3.transfer_acceleration import TRANSFER_ACCELERATION
from imagestore.backends.s3.versioning import VERSIONING
from imagestore.backends.s3.website import WEBSITE

SETTINGS: tuple[Setting[Any], ...] = (
    VERSIONING,
    OBJECT_LOCK,
    ENCRYPTION,
    TAGS,
    PUBLIC_ACCESS_BLOCK,
    POLICY,
    CORS,
    LIFECYCLE,
    QUOTA,
    OWNERSHIP,
    REQUEST_PAYMENT,
    TRANSFER_ACCELERATION,
    WEBSITE,
    INTELLIGENT_TIERING,
    REQUEST_METRICS,
    STORAGE_CLASS_ANALYSIS,
    LOGGING,
    INVENTORY,
    NOTIFICATIONS,
    ACL,
)
