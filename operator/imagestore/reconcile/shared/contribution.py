"""What other objects contribute to the settings of a bucket, and how contributions to one setting become one value. Pure.

The bucket's own spec always prevails. A setting may have a rule of its own for the rest (``reconcile.merging`` for
lifecycle, with priorities); ``joined`` is the rule of all others.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from imagestore.core.facet import WHOLE, Facet, Parts
from imagestore.core.model import Model


class Contributor(NamedTuple):
    """The object that contributes; it is in the bucket's namespace."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Contribution:
    """What one object contributes to one setting of a bucket.

    ``facet``: the setting. ``value``: a value of the setting, or what its own rule takes; None: this version of the
    operator does not understand it, so what is in force of it stays. ``digest``: the same for the same value.
    """

    facet: str
    value: Model | None = field(compare=False)
    origin: Contributor
    digest: str


@dataclass(frozen=True)
class ContributionVerdict:
    """What becomes of one contribution on one bucket. ``parts``: those that are desired there; ``state`` None: all are."""

    parts: Parts = WHOLE
    state: Literal["Conflict", "Lossy", "Pending"] | None = None
    lost: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class Joined:
    """One setting as the bucket and its contributors want it.

    ``desired`` None: none of them wants anything. ``contested``: why the setting is left as it is; empty: it is not.
    """

    desired: Facet | None = None
    verdicts: Mapping[Contributor, ContributionVerdict] = field(default_factory=dict)
    contested: str = ""


NOT_UNDERSTOOD = "its spec is not understood by this version of the operator"


def join(own: Facet | None, given: Sequence[Contribution]) -> Joined:
    """The bucket's own value and the contributions to it. Their order means nothing.

    A setting that is owned part by part (tags, policy statements, notifications) becomes the union, and of a part that
    two objects want differently the later one by kind and name is withheld. A setting that is owned as a whole is the
    bucket's; where the bucket is silent and two objects want different values it is left as it is. So is one to which
    something is contributed that is not understood: which of its parts are in force because of that is not known.
    """
    ordered = sorted(given, key=lambda c: c.origin)
    values = [(c, c.value) for c in ordered if isinstance(c.value, Facet)]
    unknown = {
        c.origin: ContributionVerdict(state="Pending", message=NOT_UNDERSTOOD)
        for c in ordered
        if c.value is None
    }
    found = _whole(own, values) if _is_whole(own, values) else _union(own, values)
    unclear = () if _is_whole(own, ()) else unknown  # the bucket's own value, whole, leaves nothing to others
    contested = found.contested or "; ".join(map(_unclear, unclear))
    return Joined(None if contested else found.desired, unknown | dict(found.verdicts), contested)


def _unclear(origin: Contributor) -> str:
    """``name`` empty: no object of the kind is known."""
    if origin.name:
        return f"{origin}: {NOT_UNDERSTOOD}"
    return f"no {origin.kind} can be listed, so what is in force of them stays; see the operator's log"


_Valued = Sequence[tuple[Contribution, Facet]]


def _is_whole(own: Facet | None, values: _Valued) -> bool:
    return any(v.parts() is None for v in (own, *(v for _, v in values)) if v is not None)


def _whole(own: Facet | None, values: _Valued) -> Joined:
    if own is not None:
        prevails = "the bucket's own spec says otherwise, and prevails"
        return Joined(own, {c.origin: _agrees(own, v, prevails) for c, v in values})
    if not values:
        return Joined()
    first, desired = values[0]
    if all(v.canonical() == desired.canonical() for _, v in values):
        return Joined(desired, {c.origin: ContributionVerdict() for c, _ in values})
    names = ", ".join(str(c.origin) for c, _ in values)
    message = (
        f"{names} want different values; change one of them, or set spec.{first.facet} of the ImageBucket"
    )
    return Joined(
        None, {c.origin: ContributionVerdict(state="Conflict", message=message) for c, _ in values}, message
    )


def _agrees(own: Facet, value: Facet, otherwise: str) -> ContributionVerdict:
    return (
        ContributionVerdict()
        if own.canonical() == value.canonical()
        else ContributionVerdict(state="Conflict", message=otherwise)
    )


def _union(own: Facet | None, values: _Valued) -> Joined:
    desired, verdicts = own, dict[Contributor, ContributionVerdict]()
    holders = dict.fromkeys((own.parts() or WHOLE) if own else WHOLE, "the bucket's own spec")
    for contribution, value in values:
        parts = value.parts() or WHOLE
        clashes = sorted(p for p in parts if p in holders and desired and _differ(desired, value, p))
        taken = parts - holders.keys()
        if taken:
            added = value.restrict(taken)
            desired = added if desired is None else desired.merge(added, desired.parts() or WHOLE)
        verdicts[contribution.origin] = _verdict(parts - set(clashes), {p: holders[p] for p in clashes})
        holders |= dict.fromkeys(taken, str(contribution.origin))
    return Joined(desired, verdicts)


def _differ(one: Facet, other: Facet, part: str) -> bool:
    return one.restrict({part}).canonical() != other.restrict({part}).canonical()


def _verdict(parts: Parts, clashes: Mapping[str, str]) -> ContributionVerdict:
    if not clashes:
        return ContributionVerdict(parts)
    said = "; ".join(f"{part}: {holder} says otherwise, and prevails" for part, holder in clashes.items())
    return ContributionVerdict(parts, "Conflict", message=said)


@lru_cache(maxsize=1024)
def digest_with(told: str, contributions: tuple[Contribution, ...]) -> str:
    """The digest ``told`` together with those of contributions; without any, ``told`` itself."""
    ordered = sorted(contributions, key=lambda c: (c.facet, c.origin))
    if not ordered:
        return told
    more = hashlib.sha256(told.encode())
    for c in ordered:
        more.update("\0".join(("", c.facet, *c.origin, c.digest)).encode())
    return more.hexdigest()[:12]
