"""Bucket policy as typed statements. Each is managed by its ``sid`` and compared by meaning."""

import re
from collections.abc import Iterator, Sequence, Set
from functools import lru_cache
from itertools import product
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import WHOLE, Facet, Parts, Removal
from imagestore.core.model import Cel, Form, ListMap, ListSet, Model, ObservedDocument, SpecOnly

TLS_SID = "imagestore-require-tls"
FENCE_SID = "imagestore-fence-"  # followed by the name of the ReplicationPolicy
SERVICE = "Service:"  # prefix for the name of a service, such as the one that delivers logs
BUCKET = "."  # the resource that is the bucket itself rather than objects in it

# S3 bounds a policy as a whole, at 20 KiB. What fits into that has to be writable here, as far as the API server can
# judge it: it multiplies the bounds of lists within lists, and refuses a schema whose rules might cost too much.
Text = Annotated[str, Field(min_length=1, max_length=1024)]
Names = Annotated[tuple[Text, ...], ListSet(), Field(max_length=200)]


class StatementCondition(Model):
    """One condition of a statement. A statement applies if all of its conditions hold."""

    operator: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9:]+$",
            max_length=64,
            description="Operator of the comparison, such as StringLike, IpAddress or Bool.",
        ),
        Form("a condition's operator is one word such as StringLike, IpAddress or ForAnyValue:StringEquals"),
    ]
    key: Annotated[
        str,
        Field(
            min_length=1,
            max_length=256,
            description="Key of the request to compare, such as aws:Referer, aws:SourceIp or s3:prefix.",
        ),
        Cel("self.contains(':')", "a condition's key names its service, such as aws:SourceIp or s3:prefix"),
    ]
    values: Annotated[
        tuple[Annotated[str, Field(max_length=1024)], ...],
        ListSet(),
        Field(
            min_length=1,
            max_length=1000,
            description="Values to compare with. One of them must match. An empty string is a value.",
        ),
    ]


# AWS answers with the root user's ARN where an account id was written; both mean the account.
_ROOT = re.compile(r"^arn:aws[a-z-]*:iam::([0-9]{12}):root$")


class Statement(Model):
    """One statement: which principals may, or may not, do what with which objects."""

    sid: Annotated[
        str,
        Field(
            min_length=1,
            max_length=128,
            description="Name of the statement in the store.",
        ),
    ]
    effect: Annotated[
        Literal["Allow", "Deny"],
        Field(description="Whether the statement allows or denies. Deny overrides Allow."),
    ]
    principals: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=256)], ...],
        ListSet(),
        Cel(
            "self.all(p, p == '*' || !p.contains('*'))",
            "* cannot be part of a principal; write the principal in full, or * alone for the public",
        ),
        Cel(
            # Not one pattern: it would cost the API server more than it grants to all rules of a list.
            "self.all(p, p == '*' || p.startsWith('Service:') || p.matches('^[0-9]{12}$') ||"
            " (p.startsWith('arn:') && (p.contains(':iam::') || p.contains(':sts::'))))",
            "a principal is an account of 12 digits, an ARN such as arn:aws:iam::123456789012:role/app, a service such"
            ' as Service:logging.s3.amazonaws.com, or "*"; correct the one that is none of these',
        ),
        Field(
            min_length=1,
            max_length=150,
            description=(
                "Account ids, ARNs of users or roles, services such as"
                ' Service:logging.s3.amazonaws.com, or "*" for the public.'
            ),
        ),
    ]
    actions: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=128)], ...],
        ListSet(),
        Cel(
            "self.all(a, a.matches('^([*]|s3:[A-Za-z*?]+)$'))",
            "an action is one of S3's, such as s3:GetObject or s3:Get*",
        ),
        Field(min_length=1, max_length=200, description="Actions, such as s3:GetObject."),
    ]
    resources: Annotated[
        Names,
        Cel(
            "self.all(r, !r.startsWith('arn:'))",
            "resources are keys in this bucket, such as public/*; remove the arn and the bucket's name",
        ),
        Field(
            min_length=1,
            description=(
                'Object keys in this bucket, such as public/*. "*" is every object, "." is the bucket itself.'
            ),
        ),
    ]
    conditions: Annotated[
        tuple[StatementCondition, ...], Field(max_length=32, description="Conditions. All of them must hold.")
    ] = ()
    raw: ObservedDocument = None

    def canonical(self) -> Self:
        """Return the statement with sets and conditions sorted. A scalar and a list of one element mean the same."""
        ordered = {n: tuple(sorted(set(getattr(self, n)))) for n in ("actions", "resources")}
        ordered["principals"] = tuple(sorted({_ROOT.sub(r"\1", p) for p in self.principals}))
        merged: dict[tuple[str, str], set[str]] = {}
        for c in self.conditions:
            merged.setdefault((c.operator, c.key), set()).update(c.values)
        conditions = tuple(
            StatementCondition.from_store(operator=o, key=k, values=tuple(sorted(v)))
            for (o, k), v in sorted(merged.items())
        )
        return self.having(**ordered, conditions=conditions)


class BucketPolicy(Facet):
    """Bucket policy: who may do what. Statements with a sid that is not listed here are left unchanged."""

    removal: ClassVar[Removal] = Removal.HOLD
    after: ClassVar[tuple[str, ...]] = ("publicAccessBlock",)
    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "!has(self.statements) || self.statements.all(s, s.sid != 'imagestore-require-tls')",
            "the sid imagestore-require-tls is reserved; write requireTls: true instead",
        ),
    )

    statements: Annotated[
        tuple[Statement, ...],
        ListMap("sid"),
        Field(
            max_length=100,
            description="Statements, identified by their sid. S3 takes 20 KiB of policy in all.",
        ),
    ] = ()
    require_tls: Annotated[
        bool | None, Field(description="Deny every request that does not use TLS. Absent: left unchanged.")
    ] = None
    exclusive: Annotated[
        bool | None,
        SpecOnly(),
        Field(
            description="Delete statements that are not listed here, including those of other programs."
            " Defaults to false."
        ),
    ] = None

    def canonical(self) -> Self:
        """Return the policy with sorted statements. An exclusive one without requireTls has it false."""
        ordered = sorted((s.canonical() for s in self.statements), key=lambda s: s.sid)
        tls = False if self.exclusive and self.require_tls is None else self.require_tls
        return self.having(statements=tuple(ordered), require_tls=tls)

    def is_empty(self) -> bool:
        return not self.statements and not self.require_tls

    def parts(self) -> Parts | None:
        tls = {TLS_SID} if self.require_tls else WHOLE
        return frozenset(s.sid for s in self.statements) | tls

    def claims(self, observed: Self | None) -> Parts:
        everything = observed.parts() if observed is not None and self.exclusive else None
        declined = {TLS_SID} if self.require_tls is False else WHOLE
        return (self.parts() or WHOLE) | (everything or WHOLE) | declined

    def restrict(self, parts: Set[str]) -> Self:
        kept = tuple(s for s in self.statements if s.sid in parts)
        tls = bool(self.require_tls) if TLS_SID in parts else None
        return self.model_copy(update={"statements": kept, "require_tls": tls})

    def merge(self, observed: Self | None, parts: Set[str]) -> Self:
        """Only requireTls: false lifts the observed TLS requirement, even if the operator wrote it."""
        foreign = tuple(s for s in (observed.statements if observed else ()) if s.sid not in parts)
        silent = self.require_tls is None and observed is not None
        tls = observed.require_tls if silent and observed else self.require_tls
        return self.model_copy(
            update={"statements": (*foreign, *self.statements), "require_tls": tls or None}
        )

    def risk(self, before: Self | None) -> str | None:
        if before is None:
            return None
        denies = self._denies()
        kept = {s.sid for s in denies}
        weaker = [s.sid for s in before._denies() if not self.temporary(s.sid) and not denied(s, denies)]
        lifted = [sid for sid in weaker if sid not in kept]
        lifted += [TLS_SID] if before.require_tls and self.require_tls is False else []
        narrowed = [sid for sid in weaker if sid in kept]
        said = [(lifted, "would no longer deny anything"), (narrowed, "would deny less than before")]
        return "; ".join(f"{', '.join(sids)} {words}" for sids, words in said if sids) or None

    @classmethod
    def temporary(cls, name: str) -> bool:
        """A fence that a failover sets is lifted by the next one: held for approval, it kept the new primary read-only."""
        return name.startswith(FENCE_SID)

    def _denies(self) -> tuple[Statement, ...]:
        return tuple(s.canonical() for s in self.statements if s.effect == "Deny")


MANY = 4096  # combinations that are checked one by one


def denied(before: Statement, denies: Sequence[Statement]) -> bool:
    """Whether ``denies`` together deny all that this Deny does; False where that is not certain. All are canonical.

    A Deny that kept its sid, but lost an action, a principal or a resource, or gained a condition, allowed what it was
    written to prevent.
    """
    if any(_covers(s, before) for s in denies):
        return True
    if len(before.principals) * len(before.actions) * len(before.resources) > MANY:
        return False
    return all(any(_covers(s, piece) for s in denies) for piece in _pieces(before))


def _pieces(whole: Statement) -> Iterator[Statement]:
    for p, a, r in product(whole.principals, whole.actions, whole.resources):
        yield whole.model_copy(update={"principals": (p,), "actions": (a,), "resources": (r,)})


def _covers(after: Statement, before: Statement) -> bool:
    return (
        all("*" in after.principals or p in after.principals for p in before.principals)
        and all(any(within(b.lower(), a.lower()) for a in after.actions) for b in before.actions)
        and all(any(_lies_in(b, a) for a in after.resources) for b in before.resources)
        and all(any(_implied(c, b) for b in before.conditions) for c in after.conditions)
    )


def _lies_in(before: str, after: str) -> bool:
    """The bucket itself is not one of its objects. An ARN names another bucket."""
    plain = before != BUCKET and not before.startswith("arn:")
    return before == after or (plain and after != BUCKET and within(before, after))


def within(pattern: str, other: str) -> bool:
    """Whether one pattern matches everything that the other matches; both may have ``*`` and ``?``. ``!`` marks what is excluded."""
    return not pattern.startswith("!") and _compiled(other).fullmatch(pattern) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Match each piece between two stars at its first place only (atomic groups).

    With ``.*`` for each star, ``*a*a*a*a*a*b`` was tried at every length: one edit of a Deny blocked the whole operator for
    minutes.
    """
    pieces = re.split(r"\*+", pattern)
    first, *rest = ("".join("[^*]" if c == "?" else re.escape(c) for c in piece) for piece in pieces)
    middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1])
    return re.compile(first + middle + (".*" + rest[-1] if rest else ""), re.DOTALL)


def _implied(after: StatementCondition, before: StatementCondition) -> bool:
    """Whether one condition holds wherever the other does. With Not in the operator no value may match."""
    same = (after.operator, after.key.lower()) == (before.operator, before.key.lower())
    mine, theirs = set(after.values), set(before.values)
    return same and (mine <= theirs if "Not" in after.operator else mine >= theirs)
