"""Hypothesis strategies that are read off the models: a new facet has one as soon as it is in the spec.

Names come from a small pool, so that a wish and what was observed meet often enough to be compared.
"""

import re
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from imagestore.api.imagebucket import FACETS
from imagestore.cli.manifests.cel import satisfies
from imagestore.core.facet import Facet, Parts
from imagestore.core.model import QUANTITY, ByHand, Cel, Internal, ListMap, ListSet, Model, SpecOnly, marker
from imagestore.core.reading import Found, Missing, Reading
from imagestore.core.references import BucketRef
from imagestore.facets.lifecycle_rule import DATE
from imagestore.facets.policy import TLS_SID

_POOL = [
    "a",
    "b",
    "c-1",
    "x/y",
    "*",
    "foreign/z",
    'q"]=',
    "1Gi",
    "1024Mi",
    "500k",
    "0.5Ki",
    "10m",
    "images/*",
    "arn:x:sns:a",
    "arn:x:sqs:a",
    "arn:x:lambda:a",
    "s3:ObjectCreated:*",
    "s3:ObjectRemoved:Delete",
]
_LETTERS = 'aZ0-_./*:[]{}="\\ \n\u00e9\u2603'
_FEW = 2


def wishes(kind: type[Facet]) -> st.SearchStrategy[Facet]:
    """What a user may write."""
    return _model(kind, observed=False)


def observed(kind: type[Facet]) -> st.SearchStrategy[Facet]:
    """What a driver may answer: foreign parts, internal fields, nothing that only a wish has, and no bounds at all."""
    return _model(kind, observed=True)


def readings(kind: type[Facet]) -> st.SearchStrategy[Reading]:
    """What a look may find, when it finds out."""
    return st.one_of(st.just(Missing()), observed(kind).map(Found))


def managed(wish: Facet | None, reading: Reading) -> st.SearchStrategy[Parts]:
    """Parts that may have been ours: some of what is wished or there, and some that are gone."""
    names = set(wish.parts() or () if wish else ())
    names |= set(reading.value.parts() or () if isinstance(reading, Found) else ())
    return st.frozensets(st.sampled_from(sorted({*names, "a", TLS_SID})), max_size=_FEW)


@st.composite
def cases(draw: st.DrawFn, kind: type[Facet]) -> tuple[Facet, Reading, Parts]:
    """A wish, what is there, and what was ours. What is there often is the wish with something else on top."""
    wish, reading = draw(wishes(kind)), draw(readings(kind))
    if isinstance(reading, Found) and draw(st.booleans()):
        ours = wish.parts()
        reading = Found(_stored(wish) if ours is None else _stored(wish.merge(reading.value, ours)))
    return wish, reading, draw(managed(wish, reading))


def facets() -> list[tuple[str, type[Facet]]]:
    """Every facet of the spec, for ``pytest.mark.parametrize``."""
    return list(FACETS.items())


def _stored(value: Facet) -> Facet:
    wish_only = [n for n, f in type(value).model_fields.items() if marker(f.metadata, SpecOnly)]
    return value.model_copy(update=dict.fromkeys(wish_only))


@cache
def _model(kind: type[Any], *, observed: bool) -> st.SearchStrategy[Any]:
    if issubclass(
        kind, BucketRef
    ):  # a wish is planned with what its name leads to, which is what a store answers
        return st.sampled_from(["shop--audit", "shop--logs"]).map(
            lambda bucket: kind().led_to(bucket, "other")
        )
    fields = {n: _field(f, observed=observed) for n, f in kind.model_fields.items()}
    # Not st.builds: it would invent the aliases, which are the signature's names, and pass both.
    drawn = st.fixed_dictionaries(fields)
    if observed:
        # A facet owned as a whole that breaks its rules would be another facet: days and years of one lock.
        found = drawn.map(lambda values: kind.from_store(**values))
        return found.filter(
            lambda v: not isinstance(v, Facet) or v.parts() is not None or _keeps_its_rules(v)
        )
    return drawn.map(kind.model_validate).filter(_keeps_its_rules)


def _keeps_its_rules(value: Model) -> bool:
    """What the schema says in CEL."""
    json = value.to_json()
    return all(satisfies(rule.rule, json) for rule in value.cel)


def _field(info: FieldInfo, *, observed: bool) -> st.SearchStrategy[Any]:
    kept_out = SpecOnly if observed else Internal
    if marker(info.metadata, kept_out):
        return st.none()
    made = _type(info.annotation, info.metadata, observed=observed)
    if observed and marker(info.metadata, ByHand) is not None:  # what is only looked at is always told
        return made.filter(lambda value: value is not None)
    return made


def _type(kind: Any, metadata: list[Any], *, observed: bool) -> st.SearchStrategy[Any]:
    if get_origin(kind) is Annotated:
        return _type(get_args(kind)[0], [*_flat(get_args(kind)[1:]), *metadata], observed=observed)
    options = [k for k in get_args(kind) if k is not type(None)]
    if type(None) in get_args(kind):
        return st.none() | _type(options[0], metadata, observed=observed)
    if get_origin(kind) is Literal:
        return st.sampled_from(options)
    if get_origin(kind) is tuple:
        return _tuple(options[0], metadata, observed=observed)
    if get_origin(kind) is dict:
        values = _type(options[1], [], observed=observed)
        keys = _any_text() if observed else _text([MinLen(1)])
        return st.dictionaries(keys, values, min_size=0 if observed else _least(metadata), max_size=_FEW)
    if isinstance(kind, type) and issubclass(kind, Model):
        return _model(kind, observed=observed)
    if observed:
        return _unbounded(kind, metadata)
    # A wish has no foreign name. What a whole list may not hold is left to the schema: too little would pass.
    return _scalar(kind, metadata)


def _unbounded(kind: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    """What is within the bounds of a wish, so that the two meet, or is not. Sizes and dates our decoders have formed."""
    formed = next((p for m in metadata if (p := getattr(m, "pattern", None))), None) in (QUANTITY, DATE)
    bounded = _scalar(kind, [m for m in metadata if not isinstance(m, Cel)])
    if kind is int:
        return bounded | st.integers(-1, 2**40)
    return bounded if kind is bool or formed else bounded | _any_text()


def _any_text() -> st.SearchStrategy[str]:
    return (
        st.sampled_from(_POOL)
        | st.text(_LETTERS, max_size=4)
        | st.sampled_from(["", "\r", "\u2028", "x" * 2000])
    )


def _tuple(item: Any, metadata: list[Any], *, observed: bool) -> st.SearchStrategy[Any]:
    key = marker(metadata, ListMap)
    unique = (lambda m: m.to_json()[key.key]) if key else str if marker(metadata, ListSet) else None
    items = _type(item, [], observed=observed)
    least = 0 if observed else _least(metadata)
    return st.lists(items, min_size=least, max_size=_FEW, unique_by=unique).map(tuple)


def _scalar(kind: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    if kind is bool:
        return st.booleans()
    if kind is int:
        low, high = marker(metadata, Ge), marker(metadata, Le)
        bounds = {
            "min_value": int(str(low.ge)) if low else None,
            "max_value": int(str(high.le)) if high else None,
        }
        least = max(bounds["min_value"] or 0, 1)
        return st.integers(least, least + _FEW - 1) | st.integers(**bounds)
    if kind is str:
        return _text(metadata)
    raise TypeError(f"no strategy for {kind}: add one here")


def _text(metadata: list[Any]) -> st.SearchStrategy[str]:
    pattern = next((p for m in metadata if (p := getattr(m, "pattern", None))), None)
    most = marker(metadata, MaxLen)
    length = most.max_length if most else 64
    rules = [m.rule for m in metadata if isinstance(m, Cel)]
    fitting = [w for w in _POOL if (pattern is None or re.fullmatch(pattern, w)) and _holds_all(rules, w)]
    least = _least(metadata)
    if pattern == DATE:  # of which a rule says that there are no others than these
        return st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(date.isoformat)
    if pattern == QUANTITY:
        return st.sampled_from(fitting) | st.integers(0, 2**63).map(str)
    wild = (
        st.from_regex(pattern, fullmatch=True) if pattern else st.text(_LETTERS, min_size=least, max_size=4)
    )
    if rules and fitting:  # by chance hardly any word keeps them
        return st.sampled_from(fitting)
    fits = wild.filter(lambda w: least <= len(w) <= length and "\n" not in w and _holds_all(rules, w))
    return st.sampled_from(fitting) | fits if fitting else fits


def _holds_all(rules: list[str], word: str) -> bool:
    return all(satisfies(rule, word) for rule in rules)


def _least(metadata: list[Any]) -> int:
    least = marker(metadata, MinLen)
    return least.min_length if least else 0


def _flat(metadata: tuple[Any, ...]) -> list[Any]:
    return [x for m in metadata for x in (m.metadata if isinstance(m, FieldInfo) else [m])]
