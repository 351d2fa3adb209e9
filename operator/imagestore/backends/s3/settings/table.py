"""Every setting that some S3 store holds. One more is one file and one line here."""

from typing import Any

from imagestore.backends.s3.lifecycle.rules import LIFECYCLE
from imagestore.backends.s3.protection.acl import ACL
from imagestore.backends.s3.protection.encryption import ENCRYPTION
from imagestore.backends.s3.protection.object_lock import OBJECT_LOCK
from imagestore.backends.s3.protection.ownership import OWNERSHIP
from imagestore.backends.s3.protection.policy import POLICY
from imagestore.backends.s3.protection.public_access_block import PUBLIC_ACCESS_BLOCK
from imagestore.backends.s3.protection.versioning import VERSIONING
from imagestore.backends.s3.replication.rules import REPLICATION
from imagestore.backends.s3.reporting.intelligent_tiering import INTELLIGENT_TIERING
from imagestore.backends.s3.reporting.inventory import INVENTORY
from imagestore.backends.s3.reporting.logging import LOGGING
from imagestore.backends.s3.reporting.request_metrics import REQUEST_METRICS
from imagestore.backends.s3.reporting.storage_class_analysis import STORAGE_CLASS_ANALYSIS
from imagestore.backends.s3.serving.cors import CORS
from imagestore.backends.s3.serving.notifications import NOTIFICATIONS
from imagestore.backends.s3.serving.quota import QUOTA
from imagestore.backends.s3.serving.request_payment import REQUEST_PAYMENT
from imagestore.backends.s3.serving.tags import TAGS
from imagestore.backends.s3.serving.transfer_acceleration import TRANSFER_ACCELERATION
from imagestore.backends.s3.serving.website import WEBSITE
from imagestore.backends.s3.settings.setting import Setting

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
    REPLICATION,
    ACL,
)
