"""Wrong LifecyclePolicies: a piece of YAML laid over a right one, and what the user must read."""


def _rule(text: str) -> str:
    return f"rules: [{{name: a, {text}}}]"


WRONG = [
    # which buckets
    ("bucketSelector: null", "give exactly one of bucketSelector"),
    ("bucketRefs: [{name: photos}]", "give exactly one of bucketSelector"),
    ("bucketSelector: {matchLabels: {class: null}}", "an empty selector would match every bucket"),
    ("bucketSelector: {matchLabels: {class: 'photos, thumbs'}}", "a label's value has letters, digits"),
    ("bucketSelector: {matchLabels: {class: photos/*}}", "no object has any other"),
    ("bucketSelector: {matchLabels: {'my class': photos}}", "a label's key has letters, digits"),
    ("bucketSelector: {matchLabels: null}", "spec.bucketSelector.matchLabels: Required value"),
    ("{bucketSelector: null, bucketRefs: []}", "should have at least 1 items"),
    ("{bucketSelector: null, bucketRefs: [{name: a}, {name: a}]}", "Duplicate value"),
    ("{bucketSelector: null, bucketRefs: [{name: other/photos}]}", "a name has lower-case letters"),
    ("priority: -1", "should be greater than or equal to 0"),
    ("priority: high", "must be of type integer"),
    ("onUnsupported: Widen", 'supported values: "Refuse", "SkipRule"'),
    ("preview: {}", "spec.preview.enabled: Required value"),
    ("preview: {enabled: yes please}", "must be of type boolean"),
    ("preview: {enabled: true, everyHours: 0}", "should be greater than or equal to 1"),
    ("preview: {enabled: true, everyHours: 169}", "should be less than or equal to 168"),
    ("metadata: {name: bucket}", "choose another name"),
    ("metadata: {name: foreign}", "choose another name"),
    (f"metadata: {{name: {'x' * 64}}}", "use at most 63 characters"),
    # the rules
    ("rules: null", "spec.rules: Required value"),
    ("rules: []", "should have at least 1 items"),
    ("rules: [{name: a}]", "the rule has no action; give transitions, expire, noncurrent, abortIncompleteMultipartUpload or removeExpiredDeleteMarkers"),
    ("rules: [{name: a/b, expire: {days: 1}}]", "a rule's name has no slash"),
    (f"rules: [{{name: {'x' * 129}, expire: {{days: 1}}}}]", "use at most 128 for its name"),
    ("rules: [{name: a, expire: {days: 1}}, {name: a, expire: {days: 2}}]", "Duplicate value"),
    # transitions
    (_rule("transitions: []"), "should have at least 1 items"),
    (_rule("transitions: [{tier: Hot, days: 1}]"), 'supported values: "Cool", "Cold", "Archive"'),
    (_rule("transitions: [{tier: GLACIER, days: 1}]"), 'supported values: "Cool", "Cold", "Archive"'),
    (_rule("transitions: [{days: 1}]"), "transitions[0].tier: Required value"),
    (_rule("transitions: [{tier: Cool}]"), "a transition needs a time; give exactly one of days and date"),
    (_rule("transitions: [{tier: Cool, days: 1, date: '2027-01-01'}]"), "a transition needs a time; give exactly one of days and date"),
    (_rule("transitions: [{tier: Cool, days: -1}]"), "should be greater than or equal to 0"),
    (_rule("transitions: [{tier: Cool, days: 1}, {tier: Cool, days: 2}]"), "Duplicate value"),
    (_rule("transitions: [{tier: Cold, days: 1}, {tier: Cool, days: 2}]"), "objects only move to colder tiers; list transitions in the order Cool, Cold, Archive"),
    (_rule("transitions: [{tier: Archive, days: 1}, {tier: Cold, days: 2}]"), "objects only move to colder tiers; list transitions in the order Cool, Cold, Archive"),
    (_rule("transitions: [{tier: Cool, days: 1}, {tier: Archive, days: 2}, {tier: Cold, days: 3}]"),
     "objects only move to colder tiers; list transitions in the order Cool, Cold, Archive"),
    (_rule("transitions: [{tier: Cool, days: 9}, {tier: Cold, days: 9}]"), "objects move to a colder tier later"),
    (_rule("transitions: [{tier: Cool, date: '2027-02-01'}, {tier: Cold, date: '2027-01-01'}]"),
     "objects move to a colder tier later"),
    (_rule("transitions: [{tier: Cool, days: 1}, {tier: Cold, date: '2027-01-01'}]"), "days and dates in one rule"),
    (_rule("transitions: [{tier: Cool, days: 1}], expire: {date: '2027-01-01'}"), "days and dates in one rule"),
    (_rule("transitions: [{tier: Cool, days: 30}], expire: {days: 30}"), "an object must move before it is deleted"),
    (_rule("transitions: [{tier: Cool, date: '2027-01-02'}], expire: {date: '2027-01-01'}"),
     "an object must move before it is deleted"),
    # expiry
    (_rule("expire: {}"), "an expiration needs a time; give exactly one of days and date"),
    (_rule("expire: {days: 1, date: '2027-01-01'}"), "an expiration needs a time; give exactly one of days and date"),
    (_rule("expire: {date: 1.1.2027}"), "write a date as year-month-day, such as 2027-03-01"),
    (_rule("expire: {date: '2027-13-01'}"), "write a date as year-month-day"),
    (_rule("expire: {date: '2027-02-30'}"), "the month has no such day"),
    (_rule("expire: {date: '2027-02-29'}"), "the month has no such day"),
    # old versions
    (_rule("noncurrent: {}"), "noncurrent has no effect; give transitions or expire, or remove it"),
    (_rule("noncurrent: {transitions: [{tier: Cold, days: 1}, {tier: Cool, days: 2}]}"), "objects only move to colder tiers; list transitions in the order Cool, Cold, Archive"),
    (_rule("noncurrent: {transitions: [{tier: Cool, days: 2}, {tier: Cold, days: 1}]}"), "objects move to a colder tier later"),
    (_rule("noncurrent: {transitions: [{tier: Cool, days: 30}], expire: {days: 30}}"),
     "a noncurrent version must move before it is deleted"),
    (_rule("noncurrent: {transitions: [{tier: Cool, keepNewest: 3}]}"), "transitions[0].days: Required value"),
    (_rule("noncurrent: {expire: {days: 1, keepNewest: 0}}"), "should be greater than or equal to 1"),
]  # fmt: skip
