"""A trial is about our rules of one bucket: what others write meanwhile stays, what it taught is no other bucket's."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from imagestore.api.imagebucket import FACETS
from imagestore.backends.s3.backend import S3Backend
from imagestore.backends.s3.lifecycle.rules import LIFECYCLE
from imagestore.backends.s3.serving.notifications import NOTIFICATIONS
from imagestore.backends.s3.settings.learned import LASTS, Learned
from imagestore.backends.s3.settings.setting import LOSSY, S3Setting, Setting
from imagestore.backends.s3.settings.table import SETTINGS
from imagestore.backends.s3.settings.verbatim import meaning, parsed, written
from imagestore.backends.s3.transport.address import StoreAddress
from imagestore.backends.s3.transport.request import build_request, operation_model
from imagestore.core.diff import diff
from imagestore.core.errors import Rejected, Unavailable
from imagestore.core.plan import plan
from imagestore.core.reading import Found, Missing
from imagestore.facets.lifecycle import Lifecycle
from imagestore.facets.notifications import Notifications
from tests.backends.answers import told
from tests.backends.documents import RawStore
from tests.backends.rules import READ, WRITE, RuleStore, stranger
from tests.contract.samples import SAMPLES

WISH = Lifecycle.model_validate(
    {"rules": [{"name": "big", "match": {"prefix": "in/", "minSize": "1Gi"}, "expire": {"days": 3}}]}
)
MORE = Lifecycle.model_validate(
    {"rules": [*WISH.to_json()["rules"], {"name": "old", "expire": {"days": 99}}]}
)
OURS, OLD = "imagestore/bucket/big", "imagestore/bucket/old"
THEIRS, LATE = stranger("theirs"), stranger("late")


def setting(store: RuleStore) -> S3Setting[Lifecycle]:
    return S3Setting(LIFECYCLE, store, lossless=False)


def write(store: RuleStore, wish: Lifecycle, driver: S3Setting[Lifecycle] | None = None) -> None:
    """As the reconcile does it."""
    driver = driver or setting(store)
    have = driver.read("b")
    (change,) = plan(
        {"lifecycle": wish}, {"lifecycle": Found(have) if have else Missing()}, {}, FACETS
    ).changes
    assert isinstance(change.after, Lifecycle)
    driver.write("b", change.after, have)


def without_sizes(rule: str) -> str:
    """As moto and RGW 16 do: the rule for big objects is one for every object."""
    return re.sub(r"<ObjectSizeGreaterThan>\d+</ObjectSizeGreaterThan>", "", rule)


def without_prefixes(rule: str) -> str:
    """As RGW 16 does with one beside the And, but of whatever was not ours."""
    return rule if "imagestore/" in rule else re.sub("<Prefix>.*?</Prefix>", "<Prefix/>", rule)


def comes(rule: str) -> Callable[[RuleStore], None]:
    """Another tool adds its rule to what is there."""
    return lambda store: store.rules.append(rule)


@pytest.mark.parametrize("there", [[], [THEIRS]])
def test_a_rule_that_came_during_the_trial_survives_our_roll_back(there: list[str]) -> None:
    store = RuleStore([*there], alters=without_sizes, after={1: comes(LATE)})
    with pytest.raises(Rejected, match="minSize") as refusal:
        write(store, WISH)
    assert refusal.value.code == LOSSY
    assert store.ids() == sorted([*(["theirs"] if there else []), "late"])
    assert store.means("late") == meaning(LATE)


@pytest.mark.parametrize("there", [[], [THEIRS]])
def test_a_rule_that_came_during_the_trial_is_no_loss_and_survives_the_write(there: list[str]) -> None:
    store = RuleStore([*there], after={1: comes(LATE)})
    write(store, WISH)
    assert store.ids() == sorted([OURS, *(["theirs"] if there else []), "late"])
    assert store.means("late") == meaning(LATE)
    assert ("Status", "Enabled", ()) in store.means(OURS)[2], "and ours was switched on"


def test_a_rule_that_came_between_the_look_and_the_write_survives() -> None:
    store = RuleStore([THEIRS])
    driver = setting(store)
    seen = driver.read("b")
    comes(LATE)(store)
    driver.write("b", WISH.merge(seen, frozenset({"big"})), seen)
    assert store.ids() == sorted([OURS, "theirs", "late"])


def test_a_rule_that_came_between_the_look_and_the_removal_of_the_last_of_ours_survives() -> None:
    store = RuleStore()
    write(store, WISH)
    driver = setting(store)
    seen = driver.read("b")
    assert seen is not None
    comes(LATE)(store)
    driver.clear("b", seen)
    assert store.ids() == ["late"]
    driver.clear("b", driver.read("b"))
    assert store.ids() == []


@pytest.mark.parametrize("row", [r for r in SETTINGS if r.beside], ids=lambda r: r.facet)
def test_what_is_read_anew_before_a_write_is_removed_and_changed_all_the_same(row: Setting[Any]) -> None:
    """Encryption has no parts: all of it was taken for somebody else's, and put back instead of removed."""
    store = RawStore(made=True)
    tiers = {"Cool": "WARM", "Cold": "COLD", "Archive": "ICE"}
    driver: S3Setting[Any] = S3Setting(row, store, tiers=tiers, stores={"replica": "behind"})
    one, other, *_ = SAMPLES[row.facet].values()
    driver.write("b", one, None)
    for wish in (other, one):
        have: Any = driver.read("b")
        driver.write("b", wish.merge(have, have.parts() or frozenset()), have)
        have = driver.read("b")
        assert not diff(row.facet, have.canonical(), wish.canonical())
    driver.clear("b", have)
    left = driver.read("b")
    assert left is None or left.is_empty()


def test_a_roll_back_puts_our_own_back_as_they_were() -> None:
    store = RuleStore([THEIRS])
    write(store, Lifecycle.model_validate({"rules": [{"name": "old", "expire": {"days": 7}}]}))
    before, store.alters = store.means(OLD), without_sizes
    store.after = {store.writes + 1: comes(LATE)}
    with pytest.raises(Rejected):
        write(store, MORE)
    assert store.ids() == sorted([OLD, "theirs", "late"])
    assert store.means(OLD) == before


def test_a_stranger_who_takes_his_rule_away_meanwhile_finds_it_gone() -> None:
    store = RuleStore([THEIRS, LATE])
    driver = setting(store)
    seen = driver.read("b")
    store.rules.remove(LATE)
    driver.write("b", WISH.merge(seen, frozenset({"big"})), seen)
    assert store.ids() == sorted([OURS, "theirs"])


def test_a_strangers_rule_that_reads_otherwise_after_our_trial_is_told_by_its_name() -> None:
    store = RuleStore([THEIRS], alters=without_prefixes)
    with pytest.raises(
        Rejected, match=r'"theirs" in lifecycle, which is not the operator.s, reads otherwise'
    ):
        write(store, WISH)
    assert store.ids() == ["theirs"], "and nothing of ours was switched on"


def test_so_is_one_that_a_removal_of_ours_has_changed() -> None:
    """Nothing is tried out where rules only go: what is not ours goes back all the same."""
    store = RuleStore([THEIRS])
    write(store, WISH)
    store.alters = without_prefixes
    driver = setting(store)
    have = driver.read("b")
    assert have is not None
    with pytest.raises(Rejected, match='"theirs" in lifecycle'):
        driver.write("b", have.restrict({"foreign/theirs"}), have)


def test_a_write_costs_one_read_before_it_and_one_between_trial_and_truth() -> None:
    store = RuleStore([THEIRS])
    write(store, WISH)
    assert store.seen == [READ, READ, WRITE, READ, WRITE]


def test_an_answer_that_lags_behind_is_no_loss() -> None:
    store = RuleStore([THEIRS], after={1: lambda s: s.rules.__setitem__(slice(None), [THEIRS])})
    driver = setting(store)
    with pytest.raises(Unavailable):
        write(store, WISH, driver)
    assert driver.learned.of("lifecycle", "b") == []


def test_what_a_trial_taught_is_of_one_bucket_and_fades() -> None:
    now = [0.0]
    store, learned = RuleStore(alters=without_sizes), Learned(lambda: now[0])
    backend = S3Backend("eu", "SeaweedFS", "https://store.example", "here", store, learned=learned)
    with pytest.raises(Rejected):
        backend.drivers["lifecycle"].write("b", WISH, None)
    told = backend.support_of("b")["lifecycle"]
    assert "rules[].match.minSize" in told.lost
    assert "in this bucket the server dropped rules[].match.minSize" in told.reason
    assert backend.support_of("c") == backend.support, "of no other"
    now[0] = LASTS + 1
    assert backend.support_of("b") == backend.support, "and it is tried once more"
    learned.learn("lifecycle", "c", ["rules[].expire"])
    assert learned.of("lifecycle", "c") == ["rules[].expire"]
    assert list(learned._until) == [("lifecycle", "c")], "what has faded takes no room"


def test_a_notification_that_came_between_the_look_and_the_write_survives() -> None:
    def told_of(name: str) -> Notifications:
        queue = {"name": name, "arn": f"arn:aws:sqs:here:1:{name}", "events": ["s3:ObjectCreated:*"]}
        return Notifications.model_validate({"queues": [queue]})

    store = RawStore(made=True)
    driver: S3Setting[Notifications] = S3Setting(NOTIFICATIONS, store)
    driver.write("b", told_of("ours"), None)
    seen = driver.read("b")
    theirs = {"Id": "late", "QueueArn": "arn:aws:sqs:here:1:late", "Events": ["s3:ObjectRemoved:*"]}
    store.documents["notifications"]["QueueConfigurations"].append(theirs)
    driver.write("b", told_of("more").merge(seen, frozenset({"ours", "more"})), seen)
    assert {q["Id"] for q in store.documents["notifications"]["QueueConfigurations"]} == {
        "imagestore/bucket/more",
        "late",
    }
    have = driver.read("b")
    assert have is not None
    driver.clear("b", have.restrict({"more"}))
    assert [q["Id"] for q in store.documents["notifications"]["QueueConfigurations"]] == ["late"]


def test_what_stands_beside_notifications_and_has_no_name_here_survives_write_and_removal() -> None:
    """It was the only thing in the document, which was taken for an empty one."""
    body = ["<NewKindOfTarget><Id>theirs</Id></NewKindOfTarget>"]

    def store(operation: str, parameters: Any) -> dict[str, Any]:
        if operation == NOTIFICATIONS.read:
            return told(operation, f"<NotificationConfiguration>{body[0]}</NotificationConfiguration>")
        sent = build_request(
            operation_model(operation), parameters, StoreAddress("http", "store.example")
        ).body
        body[0] = "".join(written(e) for e in parsed(sent))
        return {}

    driver: S3Setting[Notifications] = S3Setting(NOTIFICATIONS, store)
    queue = {"name": "ours", "arn": "arn:aws:sqs:here:1:ours", "events": ["s3:ObjectCreated:*"]}
    wish, theirs = Notifications.model_validate({"queues": [queue]}), body[0]
    driver.write("b", wish, driver.read("b"))
    assert theirs in body[0]
    assert "imagestore/bucket/ours" in body[0]
    have = driver.read("b")
    assert have is not None
    driver.clear("b", have)
    assert body[0] == theirs
