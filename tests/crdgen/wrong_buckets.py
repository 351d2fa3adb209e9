"""Wrong ImageBuckets: a piece of YAML laid over a right spec, and what the user must read."""

WRONG = [
    # names and references
    ("backendRef: null", "spec.backendRef: Required value"),
    ("backendRef: {name: ''}", "spec.backendRef.name in body should be at least 1 chars long"),
    ("backendRef: {name: EU_west}", "a name has lower-case letters, digits, hyphens and dots"),
    ("bucketName: null", "spec.bucketName: Required value"),
    ("bucketName: ab", "should be at least 3 chars long"),
    ("bucketName: " + "a" * 64, "may not be more than 63"),
    ("bucketName: Photos", "a bucket's name has lower-case letters, digits, hyphens and dots"),
    ("bucketName: acme_photos", "a bucket's name has lower-case letters, digits, hyphens and dots"),
    ("bucketName: -photos", "begins and ends with a letter or digit"),
    ("bucketName: a..b", "a dot in a bucket's name stands between letters or digits"),
    ("bucketName: a.-b", "remove the dots or hyphens beside it"),
    ("bucketName: 192.168.5.4", "must not look like an IP address; put a word in front"),
    ("bucketName: xn--photos", "reserved by S3; begin with another word"),
    ("bucketName: sthree-photos", "reserved by S3; begin with another word"),
    ("bucketName: photos-s3alias", "reserved by S3; end with another word"),
    ("bucketName: photos--ol-s3", "reserved by S3; end with another word"),
    ("metadata: {name: " + "n" * 129 + "}", "the name is kept in the bucket's owner tag"),
    # how the operator behaves
    ("deletionPolicy: Delete", 'supported values: "Retain", "DeleteIfEmpty", "DeleteAll"'),
    ("adoption: Always", 'supported values: "Never", "Granted"'),
    ("mode: DryRun", 'supported values: "Enforce", "Observe"'),
    ("suspend: 'yes'", "spec.suspend in body must be of type boolean"),
    ("drift: {interval: 10}", "spec.drift.interval in body must be of type string"),
    ("drift: {interval: 10 minutes}", "write a duration such as 90s, 10m, 1h30m or 7d"),
    ("drift: {interval: 2w}", "write a duration such as 90s, 10m, 1h30m or 7d"),
    ("drift: {interval: 5s}", "look no oftener than every 10s; to look at once, change reconcileRequest"),
    ("drift: {interval: 0m}", "look no oftener than every 10s"),
    ("drift: {interval: 999999999d}", "write a duration such as"),
    ("drift: {ignore: ['tags.[team]']}", 'write a path such as versioning.state, tags["team"]'),
    ("drift: {ignore: ['tag[\"team\"]']}", "a path in drift.ignore begins with a setting of the bucket"),
    ("drift: {ignore: [tags, tags]}", 'Duplicate value: "tags"'),
    ("drift: {snooze: {until: tomorrow, reason: x}}", "spec.drift.snooze.until in body must be of type date-time"),
    ("drift: {snooze: {until: '2027-01-01T00:00:00Z'}}", "spec.drift.snooze.reason: Required value"),
    ("drift: {snooze: {until: '2027-01-01T00:00:00Z', reason: ''}}", "should be at least 1 chars long"),
    ("approve: ['']", "spec.approve[0] in body should be at least 1 chars long"),
    # versioning, lock, encryption
    ("versioning: {}", "spec.versioning.state: Required value"),
    ("versioning: {state: 'On'}", 'supported values: "Enabled", "Suspended"'),
    ("{versioning: {state: Suspended}, objectLock: {}}", "object lock needs versioning; set versioning.state: Enabled"),
    ("objectLock: {mode: Governance}", "give mode together with days or years"),
    ("objectLock: {days: 30}", "give mode together with days or years"),
    ("objectLock: {mode: Governance, days: 30, years: 1}", "give days or years, not both"),
    ("objectLock: {mode: Compliance, days: 0}", "should be greater than or equal to 1"),
    ("objectLock: {mode: Compliance, years: 101}", "should be less than or equal to 100"),
    ("encryption: {algorithm: AES256}", 'supported values: "SSE-S3", "SSE-KMS"'),
    ("encryption: {algorithm: SSE-S3, keyId: k}", "keyId and bucketKey belong to algorithm: SSE-KMS"),
    # tags
    ("tags: {imagestore.dev/owner: me}", "reserved; use another key"),
    ("tags: {'aws:cloud': x}", "reserved; use another key"),
    ("tags: {'': x}", "a tag's key has 1 to 128 characters"),
    ("tags: {" + "k" * 129 + ": x}", "a tag's key has 1 to 128 characters"),
    ("tags: {team: 'a;b'}", "letters, digits, spaces and _ . : / = + - @ only"),
    ("tags: {" + ", ".join(f"t{n}: x" for n in range(49)) + "}", "must have at most 48 items"),
    # policy
    ("policy: {statements: [{sid: a, effect: Allow}]}", "spec.policy.statements[0].principals: Required value"),
    ("policy: {statements: [{sid: imagestore-require-tls, effect: Deny, principals: ['*'], actions: ['s3:*'],"
     " resources: ['*']}]}", "write requireTls: true instead"),
    ("policy: {statements: [{sid: a, effect: Allow, principals: ['arn:aws:iam::1:user/*'], actions: ['s3:Get*'],"
     " resources: ['*']}]}", "a principal is named in full"),
    ("policy: {statements: [{sid: a, effect: Allow, principals: [x], actions: [GetObject], resources: ['*']}]}",
     "an action is one of S3's, such as s3:GetObject"),
    ("policy: {statements: [{sid: a, effect: Allow, principals: [x], actions: ['iam:PassRole'],"
     " resources: ['*']}]}", "an action is one of S3's, such as s3:GetObject"),
    ("policy: {statements: [{sid: a, effect: Allow, principals: [x], actions: ['s3:GetObject'],"
     " resources: ['arn:aws:s3:::acme-photos/*']}]}", "remove the arn and the bucket's name"),
    ("policy: {statements: [{sid: a, effect: Allow, principals: [x], actions: ['s3:GetObject'], resources: ['*'],"
     " conditions: [{operator: StringLike, key: SourceIp, values: [x]}]}]}", "such as aws:SourceIp or s3:prefix"),
    ("policy: {statements: [{sid: a, effect: Allow, principals: [x], actions: ['s3:GetObject'], resources: ['*'],"
     " conditions: [{operator: string like, key: 'aws:Referer', values: [x]}]}]}", "one word such as StringLike"),
    ("policy: {statements: [{sid: a, effect: Allow, principals: [x], actions: ['s3:GetObject'], resources: ['*']},"
     " {sid: a, effect: Deny, principals: [x], actions: ['s3:GetObject'], resources: ['*']}]}", "Duplicate value"),
    ("{publicAccessBlock: {blockPublicPolicy: true}, policy: {statements: [{sid: cdn, effect: Allow,"
     " principals: ['*'], actions: ['s3:GetObject'], resources: ['public/*']}]}}",
     "publicAccessBlock refuses what policy allows to everybody"),
    # CORS
    ("cors: {rules: [{allowedMethods: [GET]}]}", "spec.cors.rules[0].allowedOrigins: Required value"),
    ("cors: {rules: [{allowedOrigins: [], allowedMethods: [GET]}]}", "should have at least 1 items"),
    ("cors: {rules: [{allowedOrigins: [shop.example], allowedMethods: [GET]}]}", "https://shop.example, without a path"),
    ("cors: {rules: [{allowedOrigins: ['https://shop.example/'], allowedMethods: [GET]}]}", "without a slash at the end"),
    ("cors: {rules: [{allowedOrigins: ['https://*.*.example'], allowedMethods: [GET]}]}", "at most one *; list several"),
    ("cors: {rules: [{allowedOrigins: ['*'], allowedMethods: [get]}]}", 'supported values: "GET", "PUT"'),
    ("cors: {rules: [{allowedOrigins: ['*'], allowedMethods: [GET], exposeHeaders: ['x-*']}]}", "name every header"),
    ("cors: {rules: [{allowedOrigins: ['*'], allowedMethods: [GET], allowedHeaders: ['x-*-*']}]}", "at most one *"),
    # lifecycle
    ("lifecycle: {rules: [{name: a}]}", "the rule does nothing; give expire, noncurrent"),
    ("lifecycle: {rules: [{expire: {days: 1}}]}", "spec.lifecycle.rules[0].name: Required value"),
    ("lifecycle: {rules: [{name: Old Ones, expire: {days: 1}}]}", "a rule's name has lower-case letters"),
    ("lifecycle: {rules: [{name: foreign/x, expire: {days: 1}}]}", "remove foreign/ from it"),
    ("lifecycle: {rules: [{name: a, expire: {days: 1}}, {name: a, expire: {days: 2}}]}", "Duplicate value"),
    ("lifecycle: {rules: [{name: a, expire: {days: 0}}]}", "should be greater than or equal to 1"),
    ("lifecycle: {rules: [{name: a, expire: {days: 12h}}]}", "must be of type integer"),
    ("lifecycle: {rules: [{name: a, expire: {days: 1}, removeExpiredDeleteMarkers: true}]}", "write two rules"),
    ("lifecycle: {rules: [{name: a, match: {minSize: 1Mi}, abortIncompleteMultipartUpload: {days: 1}}]}",
     "uploads and delete markers have neither tags nor sizes"),
    ("lifecycle: {rules: [{name: a, match: {minSize: 5Gi, maxSize: 1Gi}, expire: {days: 1}}]}",
     "no object is larger than minSize and smaller than maxSize"),
    ("lifecycle: {rules: [{name: a, match: {minSize: 5GB}, expire: {days: 1}}]}", "write a size such as 128Ki"),
    ("lifecycle: {rules: [{name: a, match: {tags: {" + "k" * 129 + ": x}}, expire: {days: 1}}]}", "1 to 128 characters"),
    ("lifecycle: {rules: [{name: a, match: {prefix: ''}, expire: {days: 1}}]}", "should be at least 1 chars long"),
    ("lifecycle: {rules: [{name: a, noncurrent: {expire: {keepNewest: 3}}}]}", "noncurrent.expire.days: Required value"),
    # quota
    ("quota: {}", "spec.quota.hard: Required value"),
    ("quota: {hard: '0'}", "0 would mean no limit on most stores"),
    ("quota: {hard: 9000Pi}", "more than 0 and less than 8192Pi"),
    ("quota: {hard: -1Gi}", "write a size such as 128Ki"),
    ("quota: {hard: 1Gi, warnPercent: 101}", "should be less than or equal to 100"),
    # ownership
    ("ownership: {}", "spec.ownership.objectOwnership: Required value"),
    ("ownership: {objectOwnership: Me}", "supported values: \"BucketOwnerEnforced\", \"BucketOwnerPreferred\", \"ObjectWriter\""),
    # requestPayment
    ("requestPayment: {payer: Nobody}", "supported values: \"BucketOwner\", \"Requester\""),
    # transferAcceleration
    ("transferAcceleration: {state: Fast}", "supported values: \"Enabled\", \"Suspended\""),
    ("{bucketName: acme.photos, transferAcceleration: {state: Enabled}}", "a bucket with a dot in its name cannot be accelerated"),
]  # fmt: skip
