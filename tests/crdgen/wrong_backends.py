"""Wrong StorageBackends: a piece of YAML laid over a right spec, and what the administrator must read."""


def _profile(settings: str) -> str:
    return f"{{provider: S3, admin: null, s3: {{profile: {{settings: [{settings}]}}}}}}"


_ADMIN = "{endpoint: 'https://a.example', credentials: {ambient: {}}}"


def _tier(tier: str, name: str, **changed: str) -> str:
    remote = {
        "type": "MinIO",
        "endpoint": "'https://cold.example'",
        "bucket": "cold",
        "credentials": "{secretRef: {name: cold}}",
    }
    said = ", ".join(f"{k}: {v}" for k, v in (remote | changed).items() if v != "null")
    return f"{{tier: {tier}, storageClass: {name}, remote: {{{said}}}}}"


def _remote(*, provider: str = "MinIO", admin: str = _ADMIN, name: str = "WARM", **changed: str) -> str:
    return f"{{provider: {provider}, admin: {admin}, tiers: [{_tier('Cool', name, **changed)}]}}"


WRONG = [
    # the store
    ("provider: null", "spec.provider: Required value"),
    ("provider: minio", 'supported values: "AWS", "MinIO", "Ceph", "SeaweedFS", "IBM", "Oracle", "S3"'),
    ("s3: null", "and S3 need s3; give s3, which says how the store is reached"),
    ("s3: {region: null}", "spec.s3.region: Required value"),
    ("s3: {region: 'eu west'}", "a region has letters, digits and hyphens, such as eu-west-1"),
    ("s3: {endpoint: null}", "give s3.endpoint; only AWS is found by its region alone"),
    ("s3: {endpoint: s3.example:9000}", "write an address such as https://s3.example:9000"),
    ("s3: {endpoint: 'https://s3.example/bucket'}", "without a path, a query or credentials"),
    ("s3: {endpoint: 'https://key:secret@s3.example'}", "without a path, a query or credentials"),
    ("s3: {endpoint: 'ftp://s3.example'}", "write an address such as https://s3.example:9000"),
    ("s3: {addressing: Host}", 'supported values: "Path", "Virtual"'),
    ("s3: {profile: {settings: []}}", "only provider S3 takes a profile"),
    ("{provider: IBM, s3: {endpoint: null}}", "give s3.endpoint"),
    (_profile("{facet: tagging, support: Full}"), "a facet in s3.profile is a setting of the bucket: versioning,"),
    (_profile("{facet: tags, support: Full}, {facet: tags, support: Full}"), "Duplicate value"),
    (_profile("{facet: tags, support: yes}"), 'supported values: "Full", "Partial", "None"'),
    (_profile("{facet: tags, support: None}"), "support: None needs a reason, which users of the setting see; give the store's answer"),
    (_profile("{facet: tags, support: Partial}"), "support: Partial needs lost fields or a reason"),
    (_profile("{facet: cors, support: Full, lost: ['rules[].maxAgeSeconds']}"), "lost fields need support: Partial"),
    (_profile("{facet: cors, support: Partial, lost: ['rules[name=a]']}"), "with [] for every item of a list"),
    (_profile("{facet: quota, support: Full}"), "provider S3 has no admin API, which a quota needs; remove quota"),
    # credentials and TLS
    ("credentials: null", "spec.credentials: Required value"),
    ("credentials: {secretRef: null}", "give exactly one of secretRef: {name: ...} and ambient: {}"),
    ("credentials: {ambient: {}}", "give exactly one of secretRef: {name: ...} and ambient: {}"),
    ("credentials: {secretRef: {name: My Secret}}", "a name has lower-case letters, digits, hyphens and dots"),
    ("{s3: {endpoint: 'http://s3.example'}, tls: {caSecretRef: {name: ca}}}", "write https://, or remove tls"),
    ("tls: {}", "spec.tls.caSecretRef: Required value"),
    ("{provider: SeaweedFS, admin: {endpoint: 'https://a.example', credentials: {ambient: {}}}}",
     "only MinIO and Ceph have an admin API"),
    ("admin: {endpoint: a.example, credentials: {ambient: {}}}", "write an address such as"),
    ("admin: {endpoint: 'https://a.example', credentials: {}}", "give exactly one of secretRef"),
    # who may use it
    ("namespaces: {names: ['*']}", "a namespace has lower-case letters, digits and hyphens, no *"),
    ("namespaces: {names: [shop, shop]}", 'Duplicate value: "shop"'),
    ("namespaces: {selector: {matchLabels: {}}}", "an empty selector would match every namespace"),
    ("namespaces: {selector: {}}", "spec.namespaces.selector.matchLabels: Required value"),
    # what they may ask for
    ("tenancy: {bucketNames: 'Acme-*'}", "a template has lower-case letters"),
    ("tenancy: {bucketNames: '{namespace}-*'}", "-- or a dot or nothing after it"),
    ("tenancy: {bucketNames: '*{namespace}--*'}", "write no * before {namespace}"),
    ("tenancy: {bucketNames: '{namespace}--{namespace}'}", "a template has lower-case letters"),
    ("tenancy: {bucketNames: '{team}--*'}", "a template has lower-case letters"),
    ("{namespaces: {names: [a, b]}, tenancy: {bucketNames: 'acme-*'}}", "must contain {namespace}"),
    ("{namespaces: {selector: {matchLabels: {team: shop}}}, tenancy: {bucketNames: 'acme-*'}}", "must contain {namespace}"),
    ("tenancy: {adoptionGrants: [{namespace: shop}]}", "adoptionGrants[0].bucketName: Required value"),
    ("tenancy: {adoptionGrants: [{namespace: shop, bucketName: 'acme-*'}]}", "a bucket's name has lower-case letters"),
    ("tenancy: {adoptionGrants: [{namespace: '*', bucketName: acme}]}", "a namespace has lower-case letters"),
    ("tenancy: {maxBuckets: -1}", "should be greater than or equal to 0"),
    ("tenancy: {deletionPolicies: []}", "should have at least 1 items"),
    ("tenancy: {deletionPolicies: [Keep]}", 'supported values: "Retain"'),
    ("tenancy: {allowedPrincipals: ['*']}", "* alone means the public; set allowPublic: true"),
    ("tenancy: {allowedPrincipals: ['arn:*:user']}", "* is allowed only at the end"),
    ("tenancy: {allowedKmsKeys: ['*key']}", "* is allowed only at the end"),
    ("tenancy: {allowedNotificationTargets: ['arn:*:webhook']}", "* is allowed only at the end"),
    ("tenancy: {maxObjectLock: {mode: Governance}}", "maxObjectLock.days: Required value"),
    ("tenancy: {minDriftInterval: hourly}", "write a duration such as"),
    # tiers
    ("tiers: []", "should have at least 1 items"),
    ("tiers: [{tier: Hot, storageClass: A}]", 'supported values: "Cool", "Cold", "Archive"'),
    ("tiers: [{tier: Cool}]", "tiers[0].storageClass: Required value"),
    ("tiers: [{tier: Cool, storageClass: STANDARD}]", "name a colder class"),
    ("tiers: [{tier: Cool, storageClass: A B}]", "a storage class has letters, digits, _ and - only"),
    ("tiers: [{tier: Cool, storageClass: A}, {tier: Cool, storageClass: B}]", "Duplicate value"),
    ("tiers: [{tier: Cool, storageClass: A}, {tier: Cold, storageClass: A}]", "two tiers with one class"),
    ("tiers: [{tier: Cool, storageClass: warm}]", "write the storageClass in capitals"),
    ("{provider: AWS, tiers: [{tier: Cool, storageClass: NEARLINE}]}", "Amazon S3 has the classes STANDARD_IA"),
    ("{provider: SeaweedFS, tiers: [{tier: Cool, storageClass: A}]}", "SeaweedFS has no tiers"),
    ("tiers: [{tier: Cool, storageClass: REDUCED_REDUNDANCY}]", "REDUCED_REDUNDANCY is MinIO's own class"),
    # remote tiers
    (_remote(admin="null"), "remote tiers are created through MinIO's admin API; give admin, or remove remote"),
    (_remote(provider="Ceph"), "only MinIO has remote tiers; remove remote, and name a class that the store has"),
    (_remote(provider="AWS", name="STANDARD_IA", admin="null"), "only MinIO has remote tiers; remove remote, and name a class that the store has"),
    (_remote(name="warm"), "write the storageClass in capitals"),
    (_remote(type="Azure"), 'supported values: "MinIO", "S3"'),
    (_remote(type="null"), "remote.type: Required value"),
    (_remote(storageClass="COLD"), "a tier of type MinIO takes no storageClass"),
    (_remote(storageClass="A B", type="S3"), "a storage class has letters"),
    (_remote(endpoint="cold.example:9000"), "write an address such as https://s3.example:9000"),
    (_remote(endpoint="null"), "remote.endpoint: Required value"),
    (_remote(bucket="Cold"), "a bucket's name has lower-case letters"),
    (_remote(bucket="null"), "remote.bucket: Required value"),
    (_remote(prefix="/cold"), "no slash at its ends, such as cold/photos"),
    (_remote(prefix="cold/"), "no slash at its ends, such as cold/photos"),
    (_remote(prefix="a/../b"), "no slash at its ends, such as cold/photos"),
    (_remote(region="eu west"), "a region has letters, digits and hyphens"),
    (_remote(credentials="null"), "remote.credentials: Required value"),
    (_remote(credentials="{}"), "remote.credentials.secretRef: Required value"),
    (_remote(credentials="{secretRef: {name: My Secret}}"), "a name has lower-case letters"),
    (f"{{admin: {_ADMIN}, tiers: [{_tier('Cool', 'WARM')}, {_tier('Cold', 'ICE')}]}}", "two tiers in one place"),
    # replication
    ("{provider: Ceph, replication: {credentials: {secretRef: {name: a}}}}",
     "the buckets of this provider do not replicate by themselves; remove replication"),
    ("{provider: MinIO, replication: {role: 'arn:aws:iam::123456789012:role/r'}}", "only AWS replicates with a role"),
    ("{provider: AWS, replication: {credentials: {secretRef: {name: a}}}}",
     "only MinIO is given the credentials of another store"),
    ("{provider: AWS, replication: {role: admin}}", "a role is an ARN with :iam:: and :role/ in it"),
    ("{provider: MinIO, replication: {}}", "replication says nothing; give credentials on MinIO, role on AWS"),
    ("{provider: MinIO, replication: {endpoint: 'https://b.example:9000'}}",
     "endpoint is where other stores use the credentials; give credentials"),
    ("{provider: MinIO, replication: {endpoint: b.example, credentials: {secretRef: {name: a}}}}",
     "write an address such as https://s3.example:9000"),
    # prices
    ("prices: {currency: eur, classes: [{storageClass: STANDARD, gbMonth: '1'}]}", "write a currency as its three capitals, such as EUR"),
    ("prices: {currency: EUR}", "prices.classes: Required value"),
    ("prices: {currency: EUR, classes: []}", "should have at least 1 items"),
    ("prices: {currency: EUR, asOf: '2026-02-30', classes: [{storageClass: STANDARD, gbMonth: '1'}]}",
     "the month has no such day"),
    ("prices: {currency: EUR, classes: [{storageClass: COLD, gbMonth: '1'}]}", "add it"),
    ("prices: {currency: EUR, classes: [{storageClass: STANDARD}]}", "gbMonth: Required value"),
    ("prices: {currency: EUR, classes: [{storageClass: STANDARD, gbMonth: 'free'}]}", "write an amount as a number in quotes"),
    ("prices: {currency: EUR, classes: [{storageClass: STANDARD, gbMonth: '-1'}]}", "write an amount as a number in quotes"),
    ("prices: {currency: EUR, classes: [{storageClass: A B, gbMonth: '1'}]}", "a storage class has letters"),
    ("prices: {currency: EUR, classes: [{storageClass: STANDARD, gbMonth: '1', minDays: -1}]}",
     "should be greater than or equal to 0"),
    ("prices: {currency: EUR, classes: [{storageClass: STANDARD, gbMonth: '1', minSize: small}]}", "write a size such as"),
    ("prices: {currency: EUR, classes: [{storageClass: STANDARD, gbMonth: '1'}, {storageClass: STANDARD, gbMonth: '2'}]}",
     "Duplicate value"),
    ("limits: {requestsPerSecond: 0}", "should be greater than or equal to 1"),
    ("limits: {maxRemovalPercent: 101}", "should be less than or equal to 100"),
    ("limits: {maxRemovalPercent: -1}", "should be greater than or equal to 0"),
    ("limits: {missingBuckets: {atLeast: 0}}", "should be greater than or equal to 1"),
    ("limits: {missingBuckets: {percent: 101}}", "should be less than or equal to 100"),
    ("approve: ['']", "should be at least 1 chars long"),
    ("limits: {concurrency: 65}", "should be less than or equal to 64"),
]  # fmt: skip
