"""Wrong Restores: a piece of YAML laid over a right one, and what the user must read."""

_ONE = "give exactly one of backupRef, latestOf, repository and versionsOf"
WRONG = [
    # what is restored
    ("repository: null", _ONE),
    ("backupRef: {name: a}", _ONE),
    ("{repository: null, backupRef: {}}", "spec.backupRef.name: Required value"),
    ("{repository: null, backupRef: {name: other/a}}", "a name has lower-case letters"),
    ("{repository: null, latestOf: {bucketRef: {name: a}}}", "spec.latestOf.scheduleRef: Required value"),
    ("{repository: null, backupRef: {name: a}, asOf: '2027-03-01T00:00:00Z'}", "remove asOf, or give latestOf"),
    ("{repository: null, versionsOf: {bucketRef: {name: a}}}", "give asOf with versionsOf"),
    ("source: Versions", "give asOf with source: Versions"),
    ("{repository: null, versionsOf: {bucketRef: {name: a}}, asOf: '2027-03-01T00:00:00Z', source: Auto}", "versionsOf names no repository; remove source"),
    ("asOf: yesterday", "spec.asOf"),
    ("source: Backup", 'supported values: "Auto", "Repository", "Versions"'),
    # where to
    ("destination: null", "spec.destination: Required value"),
    ("destination: {bucketRef: null}", "spec.destination.bucketRef: Required value"),
    ("destination: {prefix: 'old/*'}", "a prefix is taken literally"),
    # which objects, in which order
    ("filter: {}", "give prefixes or keysFrom, or remove filter"),
    ("filter: {prefixes: []}", "should have at least 1 items"),
    ("filter: {keysFrom: {bucketRef: {name: lists}}}", "spec.filter.keysFrom.key: Required value"),
    ("priorities: []", "should have at least 1 items"),
    ("priorities: [thumbs/, thumbs/]", "Duplicate value"),
    ("priorities: ['thumbs/*']", "a prefix is taken literally"),
    # how
    ("conflict: Replace", 'supported values: "Fail", "Skip", "Overwrite"'),
    ("readBackPercent: 101", "should be less than or equal to 100"),
    ("readBackPercent: -1", "should be greater than or equal to 0"),
    ("drill: {}", "spec.drill.sample: Required value"),
    ("drill: {sample: 0}", "should be greater than or equal to 1"),
    ("drill: {sample: 9, decodeImages: sure}", "must be of type boolean"),
    ("{drill: {sample: 9}, conflict: Skip}", "a drill chooses a sample, reads all of it back, overwrites nothing"),
    ("{drill: {sample: 9}, runsIn: Job}", "runs in the operator; remove filter"),
    ("{drill: {sample: 9}, pod: {priorityClassName: bulk}}", "runs in the operator; remove filter"),
    ("runsIn: Cloud", 'supported values: "Operator", "Job"'),
    ("{drill: {sample: 9}, repository: null, versionsOf: {bucketRef: {name: a}}, asOf: '2027-03-01T00:00:00Z'}", "a drill proves a backup"),
    ("approve: ['']", "should be at least 1 chars long"),
]  # fmt: skip
