"""What is supported where, and what a store must grant the operator: out of the drivers' tables."""

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from imagestore.api.storagebackend import Provider
from imagestore.backends.s3.catalog import (
    BUCKET_PERMISSIONS,
    OBJECT_TAGS,
    admin_permissions,
    documents,
    permissions,
    products,
    stand_in,
    support_matrix,
    tier_permissions,
)
from imagestore.core.reading import Level, Support
from imagestore.crdgen.formats import table

_STARRED = """\
\\* Not proven on the store itself: Amazon S3 on moto and a stand-in, IBM and Oracle by the vendor's documentation.
[`make live`]({docs}own-server.md#the-whole-contract-suite-on-an-account-make-live) proves it on an account of yours.
S3 is any other server: its administrator declares what it holds, and [`imagestore backend probe`]({docs}own-server.md)
finds that out."""
_WORD = {Level.FULL: "yes", Level.PARTIAL: "partly", Level.NONE: "no"}
# These act on objects; everything else acts on the bucket.
_ON_OBJECTS = frozenset((*BUCKET_PERMISSIONS["DeleteAll"], *OBJECT_TAGS))


def support_table(docs: str) -> str:
    """A row a setting, a column a store. ``docs``: where the pages are, seen from where this is read."""
    matrix, names = support_matrix(), products()
    facets = list(dict.fromkeys(chain.from_iterable(matrix.values())))
    rows = [[f"`{f}`", *(_WORD[matrix[p][f].level] for p in matrix)] for f in facets]
    return (
        table(["", *(f"{names[p]}{'*' if _unproven(p) else ''}" for p in matrix)], rows)
        + "\n\n"
        + _STARRED.format(docs=docs)
    )


def support_page() -> str:
    """The table, and why something is not supported."""
    words = (
        "`partly` and `no` are explained below. What a store would drop is refused, never widened: the bucket says"
        " so in its status. What has no star is proven by the contract suite on the servers themselves."
    )
    names = products()
    notes = [_notes(p, names[p], settings) for p, settings in support_matrix().items()]
    return (
        "\n\n".join(["# What is supported where", words, support_table("../"), *(n for n in notes if n)])
        + "\n"
    )


def _notes(provider: Provider, product: str, settings: Mapping[str, Support]) -> str:
    """A line a reason: what is not as asked for the same one stands together."""
    by_reason: dict[str, list[str]] = {}
    for facet, held in settings.items():
        if why := "; ".join(_why(held)):
            by_reason.setdefault(why, []).append(f"`{facet}`")
    lines = [f"- {', '.join(facets)}: {why}" for why, facets in by_reason.items()]
    known = [f"{said}."] if (said := _unproven(provider)) else []
    return "\n\n".join([f"## {product}", *known, "\n".join(lines)]) if lines else ""


def _unproven(provider: Provider) -> str:
    """How the profile is known if the contract suite never ran on the store itself, else an empty string."""
    if documents(provider):
        return f"By documentation, not proven on the store: {_read(provider)}"
    standing_in = stand_in(provider)
    return f"Proven on {standing_in}; not on the store itself" if standing_in else ""


def _read(provider: Provider) -> str:
    return ", ".join(f"<{url}>" for url in documents(provider))


def _why(support: Support) -> Iterator[str]:
    if support.reason:
        yield support.reason
    if support.lost:
        yield "refused: " + ", ".join(f"`{path}`" for path in support.lost)
    yield from support.weak
    yield from dict.fromkeys(f"refused: `{limit.path}`: {limit.fix}" for limit in support.limits)


def permissions_page() -> str:
    """For each store the least that must be granted."""
    words = (
        "The least that the operator's credentials need. Leave out the settings and the deletion policies that"
        " nobody may use; a missing permission is a condition on the bucket that names it, never a crash."
    )
    sections = [_permissions(p, name) for p, name in products().items()]
    return "\n\n".join(["# What a store must grant", words, _iam(), *sections]) + "\n"


def _iam() -> str:
    return (
        "## An IAM policy for Amazon S3\n\nFor buckets whose names begin with `acme-`; with KMS keys the role that"
        " writes objects also needs the key.\n\n```json\n"
        + json.dumps(iam_policy("acme-*"), indent=2)
        + "\n```"
    )


def iam_policy(buckets: str) -> dict[str, Any]:
    """All settings and all deletion policies on Amazon S3, for buckets of this name."""
    needed = sorted(set(chain(*permissions("AWS").values(), *BUCKET_PERMISSIONS.values())))
    account = [a for a in needed if a in BUCKET_PERMISSIONS["probe"]]
    objects = [a for a in needed if a in _ON_OBJECTS]
    bucket = [a for a in needed if a not in (*account, *objects)]
    return {
        "Version": "2012-10-17",
        "Statement": [
            _statement("Probe", account, "*"),
            _statement("Buckets", bucket, f"arn:aws:s3:::{buckets}"),
            _statement("Objects", objects, f"arn:aws:s3:::{buckets}/*"),
        ],
    }


def _statement(sid: str, actions: list[str], resource: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _permissions(provider: Provider, product: str) -> str:
    if documents(provider):
        return f"## {product}\n\nRoles of its own access management, by its documentation: {_read(provider)}."
    rows = [[f"`{name}`", _codes(actions)] for name, actions in BUCKET_PERMISSIONS.items()]
    rows += [[f"`{name}`", _codes(actions)] for name, actions in permissions(provider).items()]
    rows += [[f"`{field}`", _codes(actions)] for field, actions in admin_permissions(provider).items()]
    tiers = tier_permissions(provider)
    rows += [["`tiers[].remote` of the StorageBackend", _codes(tiers)]] if tiers else []
    return f"## {product}\n\n" + table(["for", "grant"], rows)


def _codes(actions: tuple[str, ...]) -> str:
    return ", ".join(f"`{a}`" for a in actions)
