"""What the operator needs on every bucket, whatever its spec manages: a policy that denies it would lock the operator out."""

NEEDED_ON_BUCKET = (
    "s3:GetBucketTagging",
    "s3:PutBucketTagging",
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:ListBucketVersions",
    "s3:GetBucketVersioning",
    "s3:PutBucketVersioning",
    "s3:GetLifecycleConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:DeleteBucket",
)
