"""Bucket policy. Each statement read keeps its document, so that what is not ours goes back verbatim."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.core.diff import diff
from imagestore.facets.policy import BUCKET, SERVICE, TLS_SID, BucketPolicy, Statement, StatementCondition

Raw = Mapping[str, Any]

REQUIRE_TLS = Statement(
    sid=TLS_SID,
    effect="Deny",
    principals=("*",),
    actions=("s3:*",),
    resources=(BUCKET, "*"),
    conditions=(StatementCondition(operator="Bool", key="aws:SecureTransport", values=("false",)),),
)


def decode(answer: StoreAnswer, at: BucketPlace) -> BucketPolicy | None:
    """What no statement can say is shown with a mark that no spec has: ``!s3:GetObject`` for NotAction."""
    text = answer.get("Policy")
    if not text:
        return None
    document = json.loads(text)
    if document.get("Version") != "2012-10-17" and "${" in text:
        raise ValueError("a policy older than version 2012-10-17 with ${...}: its meaning would change")
    statements = _named([_statement(raw, at) for raw in _list(document.get("Statement"))])
    tls = any(_is_tls(s) for s in statements)
    rest = tuple(s for s in statements if not _is_tls(s))
    return BucketPolicy.from_store(statements=rest, require_tls=tls or None) if statements else None


def _is_tls(statement: Statement) -> bool:
    return statement.sid == TLS_SID and not diff("", statement.canonical(), REQUIRE_TLS.canonical())


def _named(statements: list[Statement]) -> list[Statement]:
    """Each with a name of its own: statements without a Sid, or with another's, are named by their content."""
    names: dict[str, Statement] = {}
    for statement in statements:
        digest = hashlib.sha256((statement.raw or "").encode()).hexdigest()[:12]
        name = statement.sid if statement.sid not in names | {"": None} else f"{statement.sid}#{digest}"
        names[name] = statement.model_copy(update={"sid": name})
    return list(names.values())


def _statement(raw: Raw, at: BucketPlace) -> Statement:
    """How long and how many is the store's business when it is not our statement."""
    return Statement.from_store(
        sid=raw.get("Sid") or "",
        effect=raw["Effect"],
        principals=(*_principals(raw.get("Principal")), *_negated(_principals(raw.get("NotPrincipal")))),
        actions=(*_list(raw.get("Action")), *_negated(_list(raw.get("NotAction")))),
        resources=(
            *_relative(_list(raw.get("Resource")), at),
            *_negated(_relative(_list(raw.get("NotResource")), at)),
        ),
        conditions=_conditions(raw.get("Condition") or {}),
        raw=json.dumps(raw, sort_keys=True),
    )


def _list(value: Any) -> list[Any]:
    """A scalar and a list with one element mean the same."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _negated(values: list[str]) -> list[str]:
    return [f"!{v}" for v in values]


def _principals(value: Any) -> list[str]:
    """``"*"`` and ``{AWS: ["*"]}`` mean the same; other kinds keep theirs: ``Service:...``."""
    if not isinstance(value, Mapping):
        return _list(value)
    named = [(kind, v) for kind, values in value.items() for v in _list(values)]
    return [v if kind == "AWS" else f"{kind}:{v}" for kind, v in named]


def _relative(resources: list[str], at: BucketPlace) -> list[str]:
    """Below the bucket; a resource elsewhere stays an ARN."""
    inside = at.arn + "/"
    return [BUCKET if r == at.arn else r.removeprefix(inside) for r in resources]


def _conditions(raw: Raw) -> tuple[StatementCondition, ...]:
    return tuple(
        StatementCondition.from_store(
            operator=operator, key=key, values=tuple(_word(v) for v in _list(values))
        )
        for operator, keys in raw.items()
        for key, values in keys.items()
    )


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def encode(value: BucketPolicy, at: BucketPlace) -> Parameters:
    """One document; our TLS statement last."""
    statements = [*value.statements, *([REQUIRE_TLS] if value.require_tls else ())]
    document = {"Version": "2012-10-17", "Statement": [_encode_statement(s, at) for s in statements]}
    return {"Policy": json.dumps(document, sort_keys=True)}


def _encode_statement(statement: Statement, at: BucketPlace) -> dict[str, Any]:
    if statement.raw:
        raw: dict[str, Any] = json.loads(statement.raw)
        return raw
    conditions: dict[str, dict[str, list[str]]] = {}
    for c in statement.canonical().conditions:
        conditions.setdefault(c.operator, {})[c.key] = list(c.values)
    document: dict[str, Any] = {
        "Sid": statement.sid,
        "Effect": statement.effect,
        "Principal": _kinds(statement.principals),
        "Action": list(statement.actions),
        "Resource": [at.arn if r == BUCKET else f"{at.arn}/{r}" for r in statement.resources],
    }
    return document | ({"Condition": conditions} if conditions else {})


def _kinds(principals: tuple[str, ...]) -> dict[str, list[str]]:
    """As they were read: an account, a user or a role, unless it says that it is a service."""
    kinds: dict[str, list[str]] = {}
    for name in principals:
        kind = "Service" if name.startswith(SERVICE) else "AWS"
        kinds.setdefault(kind, []).append(name.removeprefix(SERVICE))
    return kinds


def beside(answer: StoreAnswer, sent: Parameters) -> Parameters:
    """Another program's Id of the document stays; one that is no JSON has none."""
    held: Any = {}
    with suppress(ValueError):
        held = json.loads(answer.get("Policy") or "{}")
    if not isinstance(held, dict) or "Id" not in held:
        return sent
    return {"Policy": json.dumps({"Id": held["Id"], **json.loads(sent["Policy"])}, sort_keys=True)}


POLICY = Setting(
    facet="policy",
    read="GetBucketPolicy",
    write="PutBucketPolicy",
    clear="DeleteBucketPolicy",
    decode=decode,
    encode=encode,
    permissions=("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    absent=frozenset({"NoSuchBucketPolicy"}),
    beside=beside,
)
