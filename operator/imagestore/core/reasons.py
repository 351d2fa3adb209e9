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
    JOB_FAILED = "JobFailed"
    """On a ReplicationPolicy: the Job that copies for it failed, or no pod of it could run; the message says why. Fix: do what
    the message says; the next run goes on from there; see [large runs](../replication.md#large-runs-as-jobs)."""
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
    OVERWRITES_HELD = "OverwritesHeld"
    """On Held: objects at the destination are newer than those of the source and no run wrote them. Fix: see that source and destination
    are not mixed up, then add the token to `spec.approve`, or delete them."""
    CLOCK_DIFFERS = "ClockDiffers"
    """On ClockSkew: the clock of a store differs by more than a minute from the operator's. Fix: correct it."""
    BUCKET_NOT_READY = "BucketNotReady"
    """On a ReplicationPolicy: an ImageBucket that it names has no bucket, or may not be written to. Fix: see its status."""
    SAME_BUCKET = "SameBucket"
    """On a ReplicationPolicy: source and destination are one bucket. Fix: name another ImageBucket."""
    ENDS_CHANGED = "EndsChanged"
    """On a ReplicationPolicy: it names other buckets, another prefix or other keys while a failover is not over. Fix: do what the
    message says."""
    CYCLE = "Cycle"
    """On a ReplicationPolicy: together with older policies the objects would go round in a circle. Fix: delete one of them."""
    VERSIONING_NEEDED = "VersioningNeeded"
    """On a ReplicationPolicy: `deletes: Markers` needs a versioned bucket. Fix: enable versioning there."""
    LOCKED_DESTINATION = "LockedDestination"
    """On a ReplicationPolicy: the bucket has object lock, which refuses `deletes: Mirror`. Fix: use Markers or Ignore. On a drill: the bucket
    locks each object that is written to it. Fix: name another bucket."""
    VERIFIED = "Verified"
    """On ParityVerified: a random sample was read on both sides, and all of it was equal."""
    MISMATCHED = "Mismatched"
    """On ParityVerified: objects of the sample differ. Fix: see [replication](../replication.md#proof-by-bytes)."""
    UNREADABLE = "Unreadable"
    """On ParityVerified: objects of the sample could not be read. Fix: check the stores; the next sample is read by itself."""
    ROLE_WAITS = "RoleWaits"
    """On a ReplicationPolicy: the destination is to be promoted, and what may still write to it is waited for. Fix: wait, or do
    what the message says."""
    STILL_PROMOTED = "StillPromoted"
    """On a ReplicationPolicy: a note at the destination says that it was promoted, and this policy's status does not know of it:
    the policy was created anew, or the cluster was restored. Nothing is copied over it. Fix: do what the message says; see
    [failover](../replication.md#failover)."""
    ROLE_CHANGED = "RoleChanged"
    """On an Event of a ReplicationPolicy: the other bucket is written to now. Fix: point applications at it."""
    LATE_WRITES = "LateWrites"
    """On an Event of a ReplicationPolicy: objects reached the bucket that is not written to any more, and were brought over. Fix: see
    which program still writes there; the report object lists them."""
    LISTENING = "Listening"
    """On Listening: notifications of the store bring the next run forward, once the administrator has pointed the store here."""
    RECEIVER_OFF = "ReceiverOff"
    """On Listening: this operator receives no notifications. Fix: the administrator sets the chart's `notifications.enabled`, or
    remove `spec.notifications`."""
    CANARY_ARRIVED = "CanaryArrived"
    """On CanaryArrives: the last canary was replicated by the store."""
    CANARY_MISSING = "CanaryMissing"
    """On CanaryArrives: a canary was not replicated in time, or could not be sent. Fix: see [native
    replication](../replication-native.md#canaries)."""
    FAILED_OVER = "FailedOver"
    """On FailedOver: the source did not answer, and the operator promoted the destination. Fix: see [alerts](../alerts.md)."""
    WITHHELD = "Withheld"
    """On FailedOver: the source does not answer, and the operator does not promote the destination by itself. Fix: read the message;
    write failover.role: Promoted if the destination is to be written to all the same."""
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

    BACKED_UP = "BackedUp"
    """On a Backup: the backup is in the repository, and its root was read back."""
    BACKING_UP = "BackingUp"
    """On a Backup: it runs; status.progress counts. Fix: wait."""
    BACKUP_WAITS = "BackupWaits"
    """On a Backup: other runs use one of its stores. Fix: wait."""
    SCHEDULE_NOT_FOUND = "ScheduleNotFound"
    """On a Backup, a Restore: it names a BackupSchedule that does not exist. Fix: create one, or correct the name."""
    SCHEDULE_OF_A_GROUP = "ScheduleOfAGroup"
    """On a Backup: its schedule backs up many buckets. Fix: give `source` and `repository` instead of `scheduleRef`."""
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105
    """On a Backup, a BackupSchedule, a Restore: the Secret with the repository's key does not exist. Fix: create it again from your
    copy of the key; without the key the repository cannot be opened."""
    SECRET_UNUSABLE = "SecretUnusable"  # noqa: S105
    """On the same: the Secret holds no key, or more than one. Fix: give it one of the keys that the message names."""
    SECRET_DENIED = "SecretDenied"  # noqa: S105
    """On the same: the operator may not read Secrets of this namespace. Fix: the administrator adds the namespace to the chart's
    `rbac.backupKeys`."""
    WRONG_KEY = "WrongKey"
    """On the same: the Secret's key does not open the repository. Fix: put the right key, or the recovery key, into the Secret."""
    NEWER_FORMAT = "NewerFormat"
    """On the same: a later version of imagestore wrote the repository. Fix: upgrade the operator."""
    OTHER_SOURCE = "OtherSource"
    """On the same: the repository holds the backups of another bucket. Fix: give each source a `repository.prefix` of its own."""
    NO_REPOSITORY = "NoRepository"
    """On the same: there is no repository at this place, or its format file is damaged. Fix: correct `repository`."""
    REPOSITORY_DAMAGED = "RepositoryDamaged"
    """On the same: a file of the repository is missing or damaged; the message names it. Fix: see
    [backups](../backups.md)."""
    REPOSITORY_FAILED = "RepositoryFailed"
    """On the same: the repository cannot be used; the message says why and what to do."""

    SCHEDULED = "Scheduled"
    """On a BackupSchedule: it makes Backups at its times, and the last one succeeded, or none was due yet; the message says which."""
    INVALID_SCHEDULE = "InvalidSchedule"
    """On a BackupSchedule: no clock can follow the times; the message says what is wrong. Fix: correct `spec.schedule` or
    `spec.verify.drill.cron`."""
    NOT_MADE = "NotMade"
    """On a BackupSchedule: the operator could not make a Backup object; the message says why. Fix: see the message; wait."""
    BACKUP_MADE = "BackupMade"
    """On an Event of a BackupSchedule: a scheduled time came, and the operator made a Backup."""
    BACKUP_FAILED = "BackupFailed"
    """On a BackupSchedule: its last Backup failed; the message has its reason. Fix: see that Backup."""
    MISSED = "Missed"
    """On an Event of a BackupSchedule: scheduled times passed while the operator could not begin. Fix: find out why it was away; make a
    Backup by hand if the next one is far."""
    SKIPPED = "Skipped"
    """On an Event of a BackupSchedule: the Backup before had not ended. Fix: make the times rarer, or raise the limits."""
    WITHIN_RPO = "WithinRpo"
    """On WithinRpo: the newest backup that succeeded is younger than `objectives.rpo`."""
    RPO_MISSED = "RpoMissed"
    """On WithinRpo: no backup succeeded in time. Fix: do what the message says; see [alerts](../alerts.md)."""
    RTO_MISSED = "RtoMissed"
    """On Drilled: a restore would take longer than `objectives.rto`. Fix: raise limits, or the objective."""
    DAMAGED = "Damaged"
    """On Verified, Drilled: objects of the backups did not come back whole. Fix: see [alerts](../alerts.md)."""
    SCRATCH_FAILED = "ScratchFailed"
    """On Drilled: the bucket that a drill restores to did not take or give back objects that the backup has whole. Fix: see its rights and
    its space."""
    DRILLED = "Drilled"
    """On Drilled, and on a Restore with `drill`: the drill restored its sample and read it back; the message says how much that proves."""
    OUTDATED = "Outdated"
    """On Verified, Drilled and ProofOverdue: what was read back was read too long ago, or nothing was in all the time. Fix: find out why the
    checks and drills do not run."""
    LOCKS_EXTENDED = "LocksExtended"
    """On LocksExtended: the object locks of the backups were extended lately."""
    LOCKS_ENDING = "LocksEnding"
    """On LocksExtended: nothing extends the object locks of the backups. Fix: see why nothing runs in the repository."""
    REMOVAL_HELD = "RemovalHeld"
    """On Held of a BackupSchedule: backups that the retention does not keep are not deleted. Fix: read why, then add the token to
    `spec.approve`, if there is one."""
    BACKUPS_REMOVED = "BackupsRemoved"
    """On an Event of a BackupSchedule: backups that the retention does not keep were deleted."""
    BACKUP_NOT_FOUND = "BackupNotFound"
    """On a Restore: there is no such Backup or BackupSchedule, or the repository has no backup of that name or time. Fix: create it, or
    name the repository itself in `repository` of a new Restore."""
    BACKUP_NOT_READY = "BackupNotReady"
    """On a Restore: the Backup that it names has not ended. Fix: wait."""
    RESTORING = "Restoring"
    """On a Restore: it goes on; status says how far. Fix: wait."""
    RESTORED = "Restored"
    """On a Restore: every object is at the destination; each was written, found again in a listing, and a share was read back."""
    NOT_RESTORED = "NotRestored"
    """On a Restore: objects are not at the destination, or the versions may not tell all. Fix: see
    [alerts](../alerts.md#imagestorerestorefailed)."""
    OVERWRITE_HELD = "OverwriteHeld"
    """On a Restore: it would overwrite objects of which the destination keeps no versions. Fix: read `status.plan`, then add the token to
    `spec.approve`."""
    KEYS_NOT_LISTED = "KeysNotListed"
    """On a Restore: the object of `filter.keysFrom` cannot be used. Fix: as the message says."""
    DRILL_FAILED = "DrillFailed"
    """On a Restore with `drill`: objects of the sample did not come back. Fix: see [alerts](../alerts.md#imagestorerestorefailed)."""

    SPEC_NOT_UNDERSTOOD = "SpecNotUnderstood"
    """On Ready: the spec was written for a newer version, or bypassed the schema. Fix: correct the field that the message
    names, or upgrade."""
    INTERNAL_ERROR = "InternalError"
    """On Ready: unexpected error in reconcile (bug); other objects go on. Fix: report it with its log."""
