"""Whatever a store accepts raw from a stranger means the same after one of our writes, judged by its raw answer.

Botocore's reading is no judge here: it drops what it has no name for, and takes two answers for one.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from imagestore.backends.s3.lifecycle.foreign import AMBIGUOUS
from imagestore.backends.s3.lifecycle.rules import LIFECYCLE
from imagestore.backends.s3.settings.setting import S3Setting
from imagestore.backends.s3.settings.verbatim import meaning
from imagestore.core.errors import Rejected
from imagestore.facets.lifecycle import Lifecycle
from tests.contract.samples import SAMPLES
from tests.contract.stores import FIXTURES, LIVE, TIERS
from tests.contract.test_foreign import apply, change, holding, of
from tests.contract.wire import Wire

pytestmark = pytest.mark.skipif(LIVE is not None, reason="no raw requests are sent to a real account")

TAGS = "".join(f"<Tag><Key>{k}</Key><Value>{v}</Value></Tag>" for k, v in (("a", "1"), ("b", "")))
TAG, PREFIX = "<Tag><Key>a</Key><Value>1</Value></Tag>", "<Prefix>scratch/</Prefix>"
SIZES = (
    "<ObjectSizeGreaterThan>1024</ObjectSizeGreaterThan>",
    "<ObjectSizeLessThan>4096</ObjectSizeLessThan>",
)
# Every element that a store's schema or source has, also where S3 has no meaning for it; each takes what it takes.
WHICH = [
    "",
    PREFIX,
    "<Prefix></Prefix>",
    f"{PREFIX}<Filter><Prefix>other/</Prefix></Filter>",
    "<Filter></Filter>",
    *(
        f"<Filter>{inside}</Filter>"
        for inside in (
            PREFIX, TAG, TAGS, *SIZES, PREFIX + TAG, f"{PREFIX}<And>{TAGS}</And>", f"<ArchiveZone/>{PREFIX}",
            "<Prefix>a &lt;&amp;&gt; \xe4&#10;&#13;\U0001f5bc/</Prefix>", "<Unheard>of</Unheard>",
        )
    ),
    *(
        f"<Filter><And>{inside}</And></Filter>"
        for inside in (
            PREFIX, TAG, TAGS, PREFIX + TAG, PREFIX + TAGS, PREFIX + "".join(SIZES), PREFIX + TAGS + SIZES[0]
        )
    ),
]  # fmt: skip
DAYS = "<Expiration><Days>30</Days></Expiration>"
OLD = "<NoncurrentDays>40</NoncurrentDays>"
DOES = [
    DAYS,
    *(
        f"<Expiration>{inside}</Expiration>"
        for inside in (
            "<Date>2040-01-01T00:00:00Z</Date>", "<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>",
            "<ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker>",
            "<Days>3</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>",
            "<Days>30</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions>",
        )
    ),
    "<DelMarkerExpiration><Days>10</Days></DelMarkerExpiration>",
    f"{DAYS}<DelMarkerExpiration><Days>10</Days></DelMarkerExpiration>",
    f"<NoncurrentVersionExpiration>{OLD}</NoncurrentVersionExpiration>",
    *(
        f"<NoncurrentVersionExpiration>{inside}<NewerNoncurrentVersions>5</NewerNoncurrentVersions>"
        "</NoncurrentVersionExpiration>" for inside in (OLD, "")
    ),
    "<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
    *(
        f"<Transition>{when}<StorageClass>CLASS</StorageClass></Transition>"
        for when in ("<Days>40</Days>", "<Days>0</Days>", "<Date>2040-01-01T00:00:00Z</Date>")
    ),
    "<Transition><Days>40</Days><StorageClass>CLASS</StorageClass></Transition>"
    "<Transition><Days>90</Days><StorageClass>GLACIER</StorageClass></Transition>",
    f"<NoncurrentVersionTransition>{OLD}<StorageClass>CLASS</StorageClass></NoncurrentVersionTransition>",
    f"<NoncurrentVersionTransition>{OLD}<NewerNoncurrentVersions>2</NewerNoncurrentVersions>"
    "<StorageClass>CLASS</StorageClass></NoncurrentVersionTransition>",
    f"{DAYS}<Unheard>of</Unheard>",
]  # fmt: skip
STATES = ("Enabled", "Disabled")


def strangers(storage_class: str) -> Iterator[str]:
    """Each filter with one action and each action with one filter, by turns enabled and not, and odd ids."""
    pairs = [*product(WHICH, DOES[:1]), *product([f"<Filter>{PREFIX}</Filter>"], DOES)]
    for i, (which, does) in enumerate(pairs):
        inside = f"{which}<Status>{STATES[i % 2]}</Status>{does}".replace("CLASS", storage_class)
        yield f"<Rule><ID>theirs {i}</ID>{inside}</Rule>"
    plain = f"<Filter>{PREFIX}</Filter><Status>Enabled</Status>{DAYS}"
    yield f"<Rule><ID>a &lt;b&gt; &#10;\xe4</ID>{plain}</Rule>"
    yield f"<Rule>{plain}</Rule>"
    yield f"<Rule>{plain.replace('scratch', 'other')}</Rule>"


def document(*rules: str) -> str:
    return f"<LifecycleConfiguration>{''.join(rules)}</LifecycleConfiguration>"


def held(wire: Wire) -> list[str]:
    """What the rules that are not ours mean, by what the store says itself."""
    rules = re.findall(r"<Rule>.*?</Rule>", wire.get(), re.DOTALL)
    return sorted(repr(meaning(r)) for r in rules if "imagestore/" not in r)


@pytest.mark.parametrize("provider", holding("lifecycle"))
def test_one_of_our_writes_leaves_what_others_wrote(provider: str, request: pytest.FixtureRequest) -> None:
    at = of(provider, "lifecycle", request)
    wire = Wire(request.getfixturevalue(FIXTURES[provider]), at.bucket, "lifecycle")
    rules = strangers(TIERS[provider].get("Cool", "STANDARD"))
    taken = [rule for rule in rules if not wire.put(document(rule))]
    assert len(taken) > 25
    assert wire.put(document(*taken)) == ""
    before, wish = held(wire), SAMPLES["lifecycle"]["one"]
    assert len(before) == len(taken)
    apply(at, wish)
    assert held(wire) == before
    assert not change(at, wish).writes
    apply(at, Lifecycle(rules=()), managed=frozenset({"thumbs"}))
    assert held(wire) == before
    assert "imagestore/" not in wire.get()


@pytest.mark.parametrize("provider", holding("lifecycle"))
def test_a_rule_that_only_the_store_has_words_for_blocks_nothing(
    provider: str, request: pytest.FixtureRequest
) -> None:
    """Alone in its document: botocore saw a rule without any action, and MinIO refused what came back."""
    at = of(provider, "lifecycle", request)
    wire = Wire(request.getfixturevalue(FIXTURES[provider]), at.bucket, "lifecycle")
    marker = "<DelMarkerExpiration><Days>10</Days></DelMarkerExpiration>"
    inside = f"<Filter>{PREFIX}</Filter><Status>Enabled</Status>{marker}"
    refused = wire.put(document(f"<Rule><ID>markers</ID>{inside}</Rule>"))
    assert bool(refused) == (provider == "Ceph"), "which does not know it"
    before = held(wire)
    apply(at, SAMPLES["lifecycle"]["one"])
    assert held(wire) == before
    assert not change(at, SAMPLES["lifecycle"]["one"]).writes


def test_what_somebody_added_to_our_rule_is_a_difference_and_goes(request: pytest.FixtureRequest) -> None:
    """Also where botocore has no name for it."""
    at = of("MinIO", "lifecycle", request)
    wire = Wire(request.getfixturevalue(FIXTURES["MinIO"]), at.bucket, "lifecycle")
    apply(at, SAMPLES["lifecycle"]["one"])
    written = wire.get()
    more = "<ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration>"
    assert wire.put(written.replace("</Expiration>", more)) == ""
    assert "ExpiredObjectAllVersions" in wire.get()
    assert change(at, SAMPLES["lifecycle"]["one"]).writes
    apply(at, SAMPLES["lifecycle"]["one"])
    assert wire.get() == written


def test_what_a_store_might_read_otherwise_is_refused_before_it_is_sent(
    request: pytest.FixtureRequest,
) -> None:
    """SeaweedFS keeps any text; of a store that is not known to, a filter without a meaning is not given back."""
    at = of("SeaweedFS", "lifecycle", request)
    wire = Wire(request.getfixturevalue(FIXTURES["SeaweedFS"]), at.bucket, "lifecycle")
    odd = f"<Filter>{PREFIX}<And>{TAGS}</And></Filter><Status>Enabled</Status>{DAYS}"
    wire.put(document(f"<Rule><ID>scratch</ID>{odd}</Rule>"))
    before = wire.get()
    driver = at.driver
    assert isinstance(driver, S3Setting)
    careful = replace(driver, row=LIFECYCLE)
    at.recorded.seen.clear()
    with pytest.raises(
        Rejected, match=r'the lifecycle rule "scratch".* has Prefix, And side by side'
    ) as refusal:
        careful.write(at.bucket, change(at, SAMPLES["lifecycle"]["one"]).after, at.read())
    assert refusal.value.code == AMBIGUOUS
    assert all(o.startswith("Get") for o in at.recorded.operations)
    assert wire.get() == before
