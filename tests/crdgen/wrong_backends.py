"""Wrong StorageBackends: a piece of YAML laid over a right spec, and what the administrator must read."""


def _profile(settings: str) -> str:
    return f"{{provider: S3, admin: null, s3: {{profile: {{settings: [{settings}]}}}}}}"


WRONG = [
    # the store
    ("provider: null", "spec.provider: Required value"),
    ("provider: minio", 'supported values: "AWS", "MinIO", "Ceph", "SeaweedFS", "IBM", "Oracle", "S3"'),
    ("s3: null", "spec.s3: Required value"),
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
    (_profile("{facet: tags, support: None}"), "give the store's answer as reason"),
    (_profile("{facet: tags, support: Partial}"), "say which fields are lost, or give a reason"),
    (_profile("{facet: cors, support: Full, lost: ['rules[].maxAgeSeconds']}"), "lost fields belong to support: Partial"),
    (_profile("{facet: cors, support: Partial, lost: ['rules[name=a]']}"), "with [] for every item of a list"),
    (_profile("{facet: quota, support: Full}"), "provider S3 has none; remove quota"),
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
    ("namespaces: {selector: {matchLabels: {}}}", "an empty selector would let every namespace in"),
    ("namespaces: {selector: {}}", "spec.namespaces.selector.matchLabels: Required value"),
    # what they may ask for
    ("tenancy: {bucketNames: 'Acme-*'}", "a template has lower-case letters"),
    ("tenancy: {bucketNames: '{namespace}-*'}", "behind it comes -- or a dot, or nothing"),
    ("tenancy: {bucketNames: '*{namespace}--*'}", "before {namespace} nothing may vary"),
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
    ("tenancy: {allowedPrincipals: ['*']}", "a bare * is everybody; set allowPublic: true"),
    ("tenancy: {allowedPrincipals: ['arn:*:user']}", "write * only at the end"),
    ("tenancy: {allowedKmsKeys: ['*key']}", "write * only at the end"),
    ("tenancy: {allowedNotificationTargets: ['arn:*:webhook']}", "write * only at the end"),
    ("tenancy: {maxObjectLock: {mode: Governance}}", "maxObjectLock.days: Required value"),
    ("tenancy: {minDriftInterval: hourly}", "write a duration such as"),
    ("limits: {requestsPerSecond: 0}", "should be greater than or equal to 1"),
    ("limits: {concurrency: 65}", "should be less than or equal to 64"),
]  # fmt: skip
