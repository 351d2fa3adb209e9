"""CEL rules that relate several settings of a bucket."""

from imagestore.core.model import Cel

BETWEEN_SETTINGS: tuple[Cel, ...] = (
    Cel(
        "!has(self.objectLock) || !has(self.versioning) || self.versioning.state == 'Enabled'",
        "object lock needs versioning; set versioning.state: Enabled, or remove versioning",
    ),
    Cel(
        "!has(self.replication) || !has(self.replication.rules) || size(self.replication.rules) == 0 ||"
        " !has(self.versioning) || self.versioning.state == 'Enabled'",
        "replication needs versioning; set versioning.state: Enabled, or remove replication",
    ),
    Cel(
        "!has(self.publicAccessBlock) || !has(self.policy) || !has(self.policy.statements) ||"
        " !((has(self.publicAccessBlock.blockPublicPolicy) && self.publicAccessBlock.blockPublicPolicy) ||"
        " (has(self.publicAccessBlock.restrictPublicBuckets) && self.publicAccessBlock.restrictPublicBuckets))"
        " || !self.policy.statements.exists(s, s.effect == 'Allow' && s.principals.exists(p, p == '*') &&"
        " (!has(s.conditions) || size(s.conditions) == 0))",
        "publicAccessBlock refuses what policy allows the public; remove the statement,"
        " or set blockPublicPolicy and restrictPublicBuckets to false",
    ),
    Cel(
        "!has(self.transferAcceleration) || self.transferAcceleration.state != 'Enabled' ||"
        " !self.bucketName.contains('.')",
        "a bucket with a dot in its name cannot be accelerated; remove transferAcceleration",
    ),
    Cel(
        "!has(self.website) || !has(self.website.indexDocument) || !has(self.publicAccessBlock) ||"
        " !has(self.publicAccessBlock.restrictPublicBuckets) ||"
        " !self.publicAccessBlock.restrictPublicBuckets",
        "publicAccessBlock refuses the anonymous readers of a website; set"
        " restrictPublicBuckets to false, or remove website",
    ),
)
