"""Objects and rules of which many match, and one way to work out by hand what becomes of them."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.effect import Action, Version, acting
from imagestore.forecast.fate import begin, successions
from imagestore.forecast.terms import Terms

TODAY = 739_000
SPAN = 60  # days that are looked at
CLASSES = {"Cool": "COOL", "Cold": "COLD", "Archive": "ICE"}
TERMS = st.builds(
    Terms,
    st.just(CLASSES),
    st.just(("STANDARD", *CLASSES.values())),
    smallest=st.sampled_from([0, 100]),
    once=st.booleans(),
    versioned=st.booleans(),
)
_AGES = st.integers(1, 40)
_KEEP = st.none() | st.integers(1, 3)
_DATES = st.integers(-20, SPAN).map(lambda n: day(TODAY + n))


def day(ordinal: int) -> str:
    """As manifests write it."""
    from datetime import date

    return date.fromordinal(ordinal).isoformat()


@st.composite
def moves(draw: st.DrawFn, *, old: bool) -> list[dict[str, object]] | None:
    tiers = draw(st.lists(st.sampled_from([*CLASSES]), unique=True, max_size=3))
    found = sorted(tiers, key=[*CLASSES].index)
    days = sorted(draw(st.lists(_AGES, min_size=len(found), max_size=len(found), unique=True)))
    extra = {"keepNewest": draw(_KEEP)} if old else {}
    if not old and found and draw(st.booleans()):
        return [{"tier": found[0], "date": draw(_DATES)}]
    return [{"tier": t, "days": d, **extra} for t, d in zip(found, days, strict=True)] or None


@st.composite
def rules(draw: st.DrawFn, name: str = "r") -> LifecycleRule:
    """Any rule; whether the schema would take it means nothing here."""
    match = {
        "prefix": draw(st.sampled_from([None, "a", "a/b", "z"])),
        "minSize": draw(st.sampled_from([None, "50", "150"])),
        "maxSize": draw(st.sampled_from([None, "200"])),
        "tags": draw(st.sampled_from([None, {"keep": "no"}])),
    }
    days, dates = st.fixed_dictionaries({"days": _AGES}), st.fixed_dictionaries({"date": _DATES})
    kept = st.fixed_dictionaries({"days": _AGES, "keepNewest": _KEEP})
    old = {
        "transitions": draw(moves(old=True)),
        "expire": draw(st.none() | kept),
    }
    return LifecycleRule.model_validate(
        {
            "name": name,
            "state": draw(st.sampled_from([None, None, "Disabled"])),
            "match": match,
            "transitions": draw(moves(old=False)),
            "expire": draw(st.none() | days | dates),
            "noncurrent": old if any(old.values()) else None,
            "abortIncompleteMultipartUpload": draw(st.none() | days),
            "removeExpiredDeleteMarkers": draw(st.sampled_from([None, True])),
        }
    )


RULES = st.integers(0, 4).flatmap(lambda n: st.tuples(*(rules(f"r{i}") for i in range(n))))


@st.composite
def groups(draw: st.DrawFn, key: str | None = None, *, told: bool = True) -> list[StoredVersion]:
    """All that there is of one key, newest first."""
    name = key or draw(st.sampled_from(["a", "a/b", "a/b/c", "x"]))
    tags = st.sampled_from([{}, {"keep": "no"}]) if told else st.none()
    if draw(st.integers(0, 9)) == 0:
        return [StoredVersion(name, 0, TODAY - draw(st.integers(0, 40)), upload=True)]
    ages = sorted(draw(st.lists(st.integers(0, 60), min_size=1, max_size=5)))
    found = []
    for i, age in enumerate(ages):
        marker = draw(st.integers(0, 4)) == 0
        size = 0 if marker else draw(st.sampled_from([0, 50, 51, 99, 100, 151, 199, 200, 1000]))
        held = "STANDARD" if marker else draw(st.sampled_from(["STANDARD", "STANDARD", "COOL", "ICE", "ODD"]))
        stored = StoredVersion(name, size, TODAY - age, held, f"v{i}", i == 0, marker)
        found.append(stored if marker else stored._replace(tags=draw(tags)))
    return found


class Happened(NamedTuple):
    """What was worked out by hand."""

    day: int
    rule: int
    action: Action
    size: int
    source: str
    target: str


def by_hand(
    group: Sequence[StoredVersion], rules: Sequence[LifecycleRule], terms: Terms, today: int, last: int
) -> list[Happened]:
    """Each day is looked at, and everything is changed in place."""
    state: list[Version] = [begin(v, s, rules) for v, s in zip(group, successions(group), strict=True)]
    happened = []
    for now in range(today, last + 1):
        following: list[Version] = []
        for version, act in zip(state, acting(state, rules, terms, now), strict=True):
            if act is None:
                following.append(version)
                continue
            target = act.target or ("" if act.action.frees else version.storage_class)
            happened.append(
                Happened(now, act.rule, act.action, version.stored.size, version.storage_class, target)
            )
            if act.action is Action.MOVE:
                following.append(version._replace(storage_class=act.target, entered=now))
            elif act.action is Action.HIDE:
                marker = StoredVersion(version.stored.key, 0, now, marker=True)
                following += [begin(marker, None, rules), version._replace(since=now)]
        state = following
    return happened
