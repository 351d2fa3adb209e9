"""Every reason that the operator gives in a condition, a setting's status or an Event.

The string below each member is its documentation, from which ``imagestore generate`` makes docs/reference/reasons.md::

    On <what carries it>: <what it means>. Fix: <what to do>

The fix is left out where there is nothing to do. Write "wait" where the operator goes on by itself.
"""

from imagestore.core.model import OpenEnum


class Reason(OpenEnum):
    """One word for programs. A status read back may hold a word of another version, which is kept."""

    IN_SYNC = "InSync"
    """On Ready: the store agrees with the spec."""
    READY = "Ready"
    """On an Event: the bucket became Ready. Where `Created` or `Adopted` led to it, that Event says so instead."""
    OBSERVED = "Observed"
    """On Ready: the mode is Observe: the operator reads the bucket and changes nothing."""
    SUSPENDED = "Suspended"
    """On Suspended: `spec.suspend` is true; the operator neither checks nor changes the bucket. Fix: set it to false."""

    CREATING = "Creating"
    """On Ready: the bucket is being created. Fix: wait."""
    CREATED = "Created"
    """On an Event: the bucket was created."""
    WRITING = "Writing"
    """On a setting, Ready: what the spec newly mentions is about to be written. Fix: wait."""
    NOT_YET_VISIBLE = "NotYetVisible"
    """On a setting: it was written, and the store still answers with the old value. Fix: wait; if it stays, the store
    dropped the value: report a bug."""
    WAITING = "Waiting"
    """On a setting: another setting must be in force first. Fix: see that setting."""

    UNCONFIRMED = "Unconfirmed"
    """On a setting: a difference was seen once. Fix: wait for the second check."""
    CONTRIBUTIONS_DIFFER = "ContributionsDiffer"
    """On a setting: two objects contribute different values to it, or what one contributes is not understood, so it is left
    as it is. Fix: change one of them, or set it in the ImageBucket; where it is not understood, correct that object or
    upgrade the operator."""
    DRIFTED = "Drifted"
    """On a setting: drift was declared and is about to be corrected. Fix: wait."""
    DIFFERS = "Differs"
    """On DriftDetected: the message names the fields that differ. Fix: find out who changed them."""
    DRIFT_DETECTED = "DriftDetected"
    """On an Event: drift was declared; the message has both values of each field. Fix: find out who changed it."""
    DRIFT_CORRECTED = "DriftCorrected"
    """On an Event: the drift is over: the operator wrote the desired value."""
    DRIFT_VANISHED = "DriftVanished"
    """On an Event: the drift is over without a write of the operator."""
    OBSERVING = "Observing"
    """On a setting: it differs, and mode Observe changes nothing. Fix: set `mode: Enforce`, or correct it in the store."""
    SNOOZED = "Snoozed"
    """On a setting: it differs, and `drift.snooze` leaves it alone."""
    SNOOZE_OVER = "SnoozeOver"
    """On an Event: the spec was edited, and `drift.snooze.until` is past: drift is corrected. Fix: remove the snooze, or
    give a time in the future."""
    NOT_CONVERGING = "NotConverging"
    """On a setting: the operator made the same write again and again, and it does not last. Fix: find out who changes it
    back, then set a new `reconcileRequest`."""

    NEEDS_APPROVAL = "NeedsApproval"
    """On a setting: the change is risky. Fix: read it, then add its token to `spec.approve`."""
    APPROVAL_NEEDED = "ApprovalNeeded"
    """On an Event: a change waits for approval. Fix: read it, then add the token in the message to `spec.approve`."""
    COUNTING = "Counting"
    """On a setting: the operator counts how many objects the change would remove. Fix: wait."""
    ONLY_BY_HAND = "OnlyByHand"
    """On a setting: it differs in a field that the operator never writes (MFA delete, the ACL). Fix: do what the message
    says, or change the spec to match."""
    REMOVED_FROM_SPEC = "RemovedFromSpec"
    """On a setting: the spec no longer mentions it: it is cleared or held. Fix: mention it again to keep it."""
    FORGOTTEN = "Forgotten"
    """On a setting: the spec no longer mentions it: it stays as it is, and the operator no longer manages it."""
    UNSUPPORTED = "Unsupported"
    """On a setting: the store cannot hold it, or would lose the part that the message names. Fix: remove it, or use another
    backend; see [support](support.md)."""
    FOUND = "Found"
    """On a finding: a condition named for what was found, such as PublicAcl. Fix: do what the condition's message says; see
    [alerts](../alerts.md)."""
    PUBLIC_ACL = "PublicAcl"
    """On an Event: the bucket's ACL makes it public. Fix: correct it in the store; see [alerts](../alerts.md)."""
    ABOVE_WARN_PERCENT = "AboveWarnPercent"
    """On QuotaNearlyFull: the bucket uses as much of its quota as `quota.warnPercent` says. Fix: remove what is not needed,
    or raise `quota.hard`; see [alerts](../alerts.md)."""
    QUOTA_NEARLY_FULL = "QuotaNearlyFull"
    """On an Event: the bucket uses as much of its quota as `quota.warnPercent` says. Fix: remove what is not needed, or
    raise `quota.hard`."""

    BACKEND_NOT_FOUND = "BackendNotFound"
    """On Ready: there is no StorageBackend of that name. Fix: ask the administrator, or use another `backendRef`."""
    BACKEND_UNUSABLE = "BackendUnusable"
    """On Ready: the StorageBackend cannot be used yet; the message says why, such as a missing Secret. Fix: the
    administrator does what the message says."""
    NAMESPACE_NOT_ALLOWED = "NamespaceNotAllowed"
    """On Ready: this namespace may not use the backend. Fix: the administrator adds it to `spec.namespaces`."""
    NAME_NOT_ALLOWED = "NameNotAllowed"
    """On Ready: `bucketName` does not fit `tenancy.bucketNames`. Fix: rename it, or ask for a grant; a namespace with `--`
    in its name always needs grants."""
    TOO_MANY_BUCKETS = "TooManyBuckets"
    """On Ready: the namespace has `tenancy.maxBuckets` buckets already. Fix: delete one, or ask the administrator."""
    DELETION_POLICY_NOT_ALLOWED = "DeletionPolicyNotAllowed"
    """On Ready: `deletionPolicy` is not among `tenancy.deletionPolicies`. Fix: use one that the message names."""
    PUBLIC_NOT_ALLOWED = "PublicNotAllowed"
    """On a setting: a policy statement makes the bucket public. Fix: the administrator sets `tenancy.allowPublic`."""
    PRINCIPAL_NOT_ALLOWED = "PrincipalNotAllowed"
    """On a setting: a policy statement names a principal that `tenancy.allowedPrincipals` lacks. Fix: ask the administrator."""
    KEY_NOT_ALLOWED = "KeyNotAllowed"
    """On a setting: it names a KMS key that is not allowed. Fix: the administrator adds it to `tenancy.allowedKmsKeys`."""
    TARGET_NOT_ALLOWED = "TargetNotAllowed"
    """On a setting: notifications name a target that `allowedNotificationTargets` lacks. Fix: ask the administrator."""
    LOCK_NOT_ALLOWED = "LockNotAllowed"
    """On a setting: the object lock is longer or stricter than `tenancy.maxObjectLock`. Fix: shorten it."""
    WOULD_LOCK_OUT = "WouldLockOut"
    """On a setting: a Deny, or `requireTls` on an http endpoint, would lock the operator out. Fix: narrow the statement, or
    use https."""
    REFERENCE_NOT_FOUND = "ReferenceNotFound"
    """On a setting: it names an ImageBucket that does not exist in this namespace. Fix: create it, or correct the name; the
    setting then resumes by itself."""
    REFERENCE_NOT_READY = "ReferenceNotReady"
    """On a setting: the ImageBucket that it names has no bucket yet. Fix: see that object's status; the setting then
    resumes by itself."""
    REFERENCE_ELSEWHERE = "ReferenceElsewhere"
    """On a setting: the ImageBucket that it names is on another backend. Fix: name one on the same backend."""
    DESTINATION_UNSUITABLE = "DestinationUnsuitable"
    """On replication: the bucket's store cannot replicate to the named ImageBucket's. Fix: as the message says, mostly
    spec.replication of a StorageBackend, or a ReplicationPolicy with method Copy."""
    REFERENCE_DELETING = "ReferenceDeleting"
    """On a setting: the ImageBucket that it names is being deleted. Fix: name another one, or remove the setting."""
    REFERENCE_TO_ITSELF = "ReferenceToItself"
    """On a setting: it would write into its own bucket; the message says why that never ends. Fix: name another one."""
    REFERENCE_IN_CIRCLES = "ReferenceInCircles"
    """On a setting: two or more buckets name each other in a circle by the same setting. Fix: name another ImageBucket in
    one of them."""

    BUCKET_EXISTS = "BucketExists"
    """On Ready: the bucket exists, and this object did not create it. Fix: choose another name, or adopt it."""
    BUCKET_TAKEN = "BucketTaken"
    """On Ready: another account has a bucket of this name at this store. Fix: choose another name."""
    BUCKET_MISSING = "BucketMissing"
    """On Ready: the mode is Observe, and the bucket does not exist. Fix: `mode: Enforce` creates it."""
    CREATION_NOT_PROVEN = "CreationNotProven"
    """On Ready: the operator stopped between creating the bucket and marking it, and the bucket is not empty now. Fix: if it
    is this object's, add the token to `spec.approve`; without a token, adopt it; else choose another name."""
    OWNED_BY_ANOTHER = "OwnedByAnother"
    """On Ready: the bucket carries another owner's mark. Fix: choose another name."""
    MARK_MISSING = "MarkMissing"
    """On Ready: the owner mark was removed from the bucket's tags. Fix: the administrator grants adoption; set
    `adoption: Granted`."""
    ADOPTED = "Adopted"
    """On an Event: an existing bucket was adopted."""
    ADOPTION_NEEDS_APPROVAL = "AdoptionNeedsApproval"
    """On Ready: adoption would change what the message names. Fix: add the token to `spec.approve`."""
    BUCKET_WAS_MISSING = "BucketWasMissing"
    """On ContentLost: the bucket was missing; it was created again, empty, or it is there again without the operator's
    doing. Fix: restore its content or see that it is whole, then add the token to `spec.approve`."""
    CONTENT_LOST = "ContentLost"
    """On an Event: the bucket was missing; the message says what became of it. Fix: see `BucketWasMissing`."""

    CONFLICT = "Conflict"
    """On Ready, a setting, a LifecyclePolicy: an older ImageBucket claims the same bucket; another program writes the setting
    at this moment; a rule of another LifecyclePolicy contradicts. Fix: delete one of the two ImageBuckets; wait; set
    `priority`, or change a rule."""
    ACCESS_DENIED = "AccessDenied"
    """On Ready: the credentials may not read the bucket. Fix: grant what [permissions](permissions.md) lists."""
    DENIED = "Denied"
    """On a setting, a StorageBackend: the credentials may not do it. Fix: grant what [permissions](permissions.md) lists."""
    REJECTED = "Rejected"
    """On a setting, Ready: the store understood the request and refuses it; the message is its own. Fix: correct it."""
    UNEXPECTED = "Unexpected"
    """On a setting, Ready: the store gave an answer that the driver does not know. Fix: see the message; report a bug."""
    NOT_FOUND = "NotFound"
    """On Ready: what the store was asked for does not exist there. Fix: see the message; correct the endpoint."""
    UNREPRESENTABLE = "Unrepresentable"
    """On a setting: the store holds a value that the operator cannot represent. Where others may own a part of the setting
    it is not written; a setting without parts is replaced, after approval if the old value may protect something. Fix:
    correct it with the store's own tools, or set `exclusive: true` to replace it."""
    THROTTLED = "Throttled"
    """On a setting: the store limits the request rate. Fix: lower `limits.requestsPerSecond`."""
    UNAVAILABLE = "Unavailable"
    """On a setting: the store did not answer, or the answer is not the store's, such as a proxy's page. Fix: check network,
    DNS and proxy."""
    STORE_UNREACHABLE = "StoreUnreachable"
    """On Ready: the store has not answered for longer than the grace period of two minutes; Ready is Unknown. (A
    StorageBackend is probed each minute; when that fails its buckets are checked.) Fix: check network, DNS and proxy."""

    RETAINED = "Retained"
    """On an Event: the object is deleted, the bucket is kept."""
    DELETED = "Deleted"
    """On an Event: the bucket was deleted."""
    NOT_EMPTY = "NotEmpty"
    """On Ready: the deletion policy is DeleteIfEmpty, and the bucket is not empty. Fix: empty it, or set
    `deletionPolicy: Retain`."""
    EMPTYING = "Emptying"
    """On Ready: DeleteAll is emptying the bucket; `status.deletion` counts. Fix: wait; `deletionPolicy: Retain` stops it."""
    OBJECT_LOCKED = "ObjectLocked"
    """On Ready: the store refuses to remove what is left: object lock, a legal hold, a policy. Fix: wait, or set
    `deletionPolicy: Retain`."""
    NOT_REMOVED = "NotRemoved"
    """On Ready: the store still lists what it said it removed, or another program writes it again. Fix: stop that program,
    use the store's own tools, or set `deletionPolicy: Retain`."""

    ANSWERED = "Answered"
    """On a StorageBackend: reads proved endpoint, TLS, region and credentials."""
    IN_USE = "InUse"
    """On a StorageBackend: it serves ImageBuckets, so it cannot be deleted; the message names some. An ImageBucket of a
    namespace that is not allowed, or that lost its claim, does not count. Fix: delete them (their buckets are kept by
    default), or take their namespaces out of `spec.namespaces`."""
    ANOTHER_STORE = "AnotherStore"
    """On Ready: another account or server answers than `status.identity` of the StorageBackend says; nothing is done there.
    Fix: the administrator reads [another store](../operations.md#a-backend-that-leads-to-another-store)."""
    BUCKETS_MISSING = "BucketsMissing"
    """On a StorageBackend: many known buckets are missing at once; none is created again. Fix: the administrator reads
    [another store](../operations.md#a-backend-that-leads-to-another-store)."""
    HELD_BY_BACKEND = "HeldByBackend"
    """On Ready: the bucket is missing, and its StorageBackend may lead to another store. Fix: see its status."""
    TIER_ADDED = "TierAdded"
    """On an Event of a StorageBackend: a remote tier was created."""
    TIER_RENEWED = "TierRenewed"
    """On an Event of a StorageBackend: a remote tier received the Secret's credentials."""
    TIER_NOT_READY = "TierNotReady"
    """On a setting: a rule moves objects to a remote tier that is missing or leads to another place. Fix: the administrator reads
    the condition TierNotReady of the StorageBackend; see [remote tiers](../lifecycle.md#remote-tiers)."""
    TIER_MISSING = "TierMissing"
    """On TierNotReady: the store could not create a remote tier; the message is the store's. Fix: check the other store, its
    bucket and the Secret."""
    TIER_DIFFERS = "TierDiffers"
    """On TierNotReady: a tier of that name leads to another place; the operator does not change it. Fix: correct `remote`, or use another
    `storageClass`."""
    TIER_STALE = "TierStale"
    """On TierNotReady: a remote tier does not have the Secret's credentials. Fix: correct the Secret."""

    APPLIED = "Applied"
    """On a LifecyclePolicy: every matched bucket was read back with every rule."""
    NOTHING_MATCHES = "NothingMatches"
    """On a LifecyclePolicy: no ImageBucket of its namespace has these labels. Fix: label one, or correct `bucketSelector`."""
    BUCKET_NOT_FOUND = "BucketNotFound"
    """On a LifecyclePolicy, a ReplicationPolicy: it names an ImageBucket that does not exist. Fix: create one, or rename."""
    PENDING = "Pending"
    """On a LifecyclePolicy: a bucket has not applied the rules yet; the message says what it waits for. Fix: wait."""
    HELD = "Held"
    """On a LifecyclePolicy: a bucket waits for the token in the message. Fix: add it to that bucket's `spec.approve`."""
    LOSSY = "Lossy"
    """On a LifecyclePolicy: a store cannot hold what `status.buckets[].lost` names. Fix: change the rule, or set
    `onUnsupported: SkipRule`; see [lifecycle](../lifecycle.md)."""

    REPLICATED = "Replicated"
    """On a ReplicationPolicy: the last run read both buckets to the end, and every object has an equal copy."""
    FIRST_RUN = "FirstRun"
    """On a ReplicationPolicy: no run has ended yet. Fix: wait."""
    OBJECTS_FAILED = "ObjectsFailed"
    """On a ReplicationPolicy: objects could not be copied; the message has the reasons. Fix: read the report object that the
    message names; see [replication](../replication.md)."""
    WITHIN_OBJECTIVE = "WithinObjective"
    """On WithinObjective: both buckets were read to the end in time, and every object had an equal copy."""
    OBJECTIVE_MISSED = "ObjectiveMissed"
    """On WithinObjective: changes older than `objectives.rpo` may be missing at the destination. Fix: do what the message says;
    see [alerts](../alerts.md)."""
    DELETES_HELD = "DeletesHeld"
    """On Held: deletes of copies wait for approval. Fix: read why, then add the token to `spec.approve`."""
    CLOCK_DIFFERS = "ClockDiffers"
    """On ClockSkew: the clock of a store differs by more than a minute from the operator's. Fix: correct it."""
    BUCKET_NOT_READY = "BucketNotReady"
    """On a ReplicationPolicy: an ImageBucket that it names has no bucket, or may not be written to. Fix: see its status."""
    SAME_BUCKET = "SameBucket"
    """On a ReplicationPolicy: source and destination are one bucket. Fix: name another ImageBucket."""
    CYCLE = "Cycle"
    """On a ReplicationPolicy: together with older policies the objects would go round in a circle. Fix: delete one of them."""
    VERSIONING_NEEDED = "VersioningNeeded"
    """On a ReplicationPolicy: `deletes: Markers` needs a versioned bucket. Fix: enable versioning there."""
    LOCKED_DESTINATION = "LockedDestination"
    """On a ReplicationPolicy: the bucket has object lock, which refuses `deletes: Mirror`. Fix: use Markers or Ignore."""
    VERIFIED = "Verified"
    """On ParityVerified: a random sample was read on both sides, and all of it was equal."""
    MISMATCHED = "Mismatched"
    """On ParityVerified: objects of the sample differ. Fix: see [replication](../replication.md#proof-by-bytes)."""
    UNREADABLE = "Unreadable"
    """On ParityVerified: objects of the sample could not be read. Fix: check the stores; the next sample is read by itself."""
    ROLE_CHANGED = "RoleChanged"
    """On an Event of a ReplicationPolicy: the other bucket is written to now. Fix: point applications at it."""
    FAILED_OVER = "FailedOver"
    """On FailedOver: the source did not answer, and the operator promoted the destination. Fix: see [alerts](../alerts.md)."""
    FENCED = "Fenced"
    """On Fenced: the bucket that is not written to denies writes of others than the operator."""
    NOT_ENFORCED = "NotEnforced"
    """On Fenced: the store does not apply bucket policies to requests with credentials. Fix: stop the writers yourself."""
    PUBLISHED = "Published"
    """On Published: ConfigMap and Service lead to the side that is written to."""
    NOT_PUBLISHED = "NotPublished"
    """On Published: the operator could not write them. Fix: set the chart's `rbac.publish`, or do what the message says."""
    ANOTHER_OWNER = "AnotherOwner"
    """On a ReplicationPolicy: the bucket in the store has another owner mark than its ImageBucket's. Fix: see that ImageBucket."""

    SPEC_NOT_UNDERSTOOD = "SpecNotUnderstood"
    """On Ready: the spec was written for a newer version, or bypassed the schema. Fix: correct the field that the message
    names, or upgrade."""
    INTERNAL_ERROR = "InternalError"
    """On Ready: unexpected error in reconcile (bug); other objects go on. Fix: report it with its log."""
