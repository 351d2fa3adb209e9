"""Notifications. Ours carry the id ``imagestore/bucket/<name>``; any other is foreign and goes back as it was found.

Amazon and MinIO keep one document that each PUT replaces. Ceph's gateway adds what a PUT holds to what it has,
refuses an empty document, and removes one by an operation of its own (see ``client``): there only what differs is
sent, and what is foreign never.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from imagestore.backends.s3.settings import verbatim
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.backends.s3.settings.verbatim import XML
from imagestore.facets.notifications import FOREIGN, TARGET_KINDS, Notification, Notifications

NOTIFICATION_PREFIX = "imagestore/bucket/"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LISTS = dict(
    zip(
        TARGET_KINDS,
        ("TopicConfigurations", "QueueConfigurations", "LambdaFunctionConfigurations"),
        strict=True,
    )
)
_ARNS = dict(zip(TARGET_KINDS, ("TopicArn", "QueueArn", "LambdaFunctionArn"), strict=True))

Raw = Mapping[str, Any]


def decode(answer: StoreAnswer, _at: BucketPlace) -> Notifications | None:
    """What is foreign keeps its XML in ``raw``, and its own name even where ids are missing or the same.

    A document of nothing but what has no name here is an empty value, not none: a write over it reads it anew.
    """
    names: set[str] = set()
    found: dict[str, Any] = {
        kind: tuple(_decode(kind, raw, names) for raw in answer.get(key) or ())
        for kind, key in _LISTS.items()
    }
    # The element is empty: that it is there says all.
    bridge = True if answer.get("EventBridgeConfiguration") is not None else None
    value = Notifications.from_store(**found, event_bridge=bridge)
    return None if value.is_empty() and not answer.get(XML) else value


def _decode(kind: str, raw: Raw, names: set[str]) -> Notification:
    label = raw.get("Id") or ""
    name = label.removeprefix(NOTIFICATION_PREFIX)
    mine = (
        _understood(kind, name, raw)
        if label.startswith(NOTIFICATION_PREFIX) and _NAME.fullmatch(name)
        else None
    )
    if mine is not None and name not in names:
        names.add(name)
        return mine
    alien = verbatim.alien(label, raw[XML], names)
    shown = {
        "name": alien,
        "arn": raw[_ARNS[kind]],
        "events": tuple(raw["Events"]),
        **_filters(raw, strict=False),
    }
    return TARGET_KINDS[kind].from_store(**shown, raw=raw[XML])


def _understood(kind: str, name: str, raw: Raw) -> Notification | None:
    """The notification, or None if it says more than a model can."""
    if verbatim.unknown(raw):
        return None
    try:
        return TARGET_KINDS[kind].from_store(
            name=name, arn=raw[_ARNS[kind]], events=tuple(raw["Events"]), **_filters(raw)
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _filters(raw: Raw, *, strict: bool = True) -> dict[str, Any]:
    rules = ((raw.get("Filter") or {}).get("Key") or {}).get("FilterRules") or ()
    found = [(rule["Name"].lower(), rule["Value"]) for rule in rules]  # Amazon answers Prefix for prefix
    names = [name for name, _ in found]
    if strict and (len(set(names)) < len(names) or set(names) - {"prefix", "suffix"}):
        raise ValueError("filters that are not known here")
    return {name: value or None for name, value in found if name in ("prefix", "suffix")}


def encode(value: Notifications, _at: BucketPlace) -> Parameters:
    """One document for all. Of two with the same id only ours is sent: the other is ours as another program changed it."""
    ours = {notification_id(n.name) for kind in TARGET_KINDS for n in getattr(value, kind) if not n.raw}
    made: dict[str, Any] = {}
    for kind, key in _LISTS.items():
        kept = [n for n in getattr(value, kind) if not (n.raw and verbatim.text_of(n.raw, "Id") in ours)]
        made |= {key: [_encode(kind, n) for n in kept]} if kept else {}
    if value.event_bridge:
        made["EventBridgeConfiguration"] = {}
    return {"NotificationConfiguration": made}


def _encode(kind: str, one: Notification) -> dict[str, Any]:
    if one.raw:
        return {XML: one.raw}
    rules = [{"Name": n, "Value": v} for n in ("prefix", "suffix") if (v := getattr(one, n))]
    document = {"Id": notification_id(one.name), _ARNS[kind]: one.arn, "Events": list(one.events)}
    return document | ({"Filter": {"Key": {"FilterRules": rules}}} if rules else {})


def notification_id(name: str) -> str:
    """The id in the store of the notification that is shown under this name."""
    return name.removeprefix(FOREIGN) if name.startswith(FOREIGN) else NOTIFICATION_PREFIX + name


def advice(value: Notifications, seen: Notifications | None) -> str:
    """No store says which of several targets it does not know. A write of the document proves all of them anew."""
    others = sorted({n.arn for kind in TARGET_KINDS for n in getattr(value, kind) if n.raw})
    said = [advice_on_new(value, seen), f"of others: {', '.join(others[:5])}" if others else ""]
    return "; ".join(s for s in said if s)


def advice_on_new(value: Notifications, seen: Notifications | None) -> str:
    """The targets that are new are asked about."""
    new = sorted(set(value.targets()) - set(seen.targets() if seen else ()))
    told = f"; new here: {', '.join(new[:5])}" if new else ""
    return f"every target has to be there first, and to let the store send to it{told}"


def beside(answer: StoreAnswer, sent: Parameters) -> Parameters:
    """The one document is read anew before it is replaced: what another tool has added since goes back, too."""
    return verbatim.beside(answer, sent, "NotificationConfiguration")


NOTIFICATIONS = Setting(
    facet="notifications",
    read="GetBucketNotificationConfiguration",
    write="PutBucketNotificationConfiguration",
    decode=decode,
    encode=encode,
    permissions=("s3:GetBucketNotification", "s3:PutBucketNotification"),
    cleared=Notifications(),
    beside=beside,
    advice=advice,
)

ONE_BY_ONE = replace(
    NOTIFICATIONS,
    clear="DeleteBucketNotification",
    cleared=None,
    named=True,
    name_inside=True,
    identity=notification_id,
    beside=None,
    advice=advice_on_new,
)
