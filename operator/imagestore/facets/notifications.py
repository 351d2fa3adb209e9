"""Notifications: whom the store tells of what happens to objects. Each is known by its name, as lifecycle rules are."""

import re
from collections.abc import Iterable, Mapping, Set
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from imagestore.core.facet import WHOLE, Facet, Parts, Removal
from imagestore.core.model import Cel, Form, ListMap, ListSet, Model, Raw, WishOnly
from imagestore.facets.lifecycle_rule import FOREIGN, declared

__all__ = ["EVENT_BRIDGE", "FOREIGN", "KINDS", "Notification", "Notifications", "target"]

EVENT_BRIDGE = "EventBridge"  # the part, and the target's name in the backend's allow-list

# A MinIO server has one region and writes it into the ARN by itself: with and without it one target is meant.
_REGION = re.compile(r"^(arn:minio:[a-z]+):[^:]*:")

_Filter = Annotated[
    str | None,
    Cel(
        "!self.contains('*')",
        "prefix and suffix are taken literally; remove the *: any key that has them fits",
    ),
]


def target(arn: str) -> str:
    """An ARN in the one form in which it is compared."""
    return _REGION.sub(r"\1::", arn)


class Notification(Model):
    """One target and what it is told. It must be told something."""

    name: Annotated[
        str,
        Field(
            pattern=r"^(foreign/.*|[a-z0-9]([a-z0-9-]*[a-z0-9])?)$",
            max_length=256,
            description="Its name; in the store it is the id imagestore/bucket/<name>.",
        ),
        Form("a notification's name has lower-case letters, digits and hyphens, such as new-picture"),
        Cel("!self.startsWith('foreign/')", "a notification's name has no slash; remove foreign/ from it"),
    ]
    arn: str
    events: Annotated[
        tuple[
            Annotated[
                str,
                Field(pattern=r"^s3:[A-Z][A-Za-z]*(:([A-Z][A-Za-z]*|\*))?$", max_length=64),
                Form("an event is one of S3's, such as s3:ObjectCreated:* or s3:ObjectRemoved:Delete"),
            ],
            ...,
        ],
        ListSet(),
        Field(min_length=1, max_length=32, description="What it is told of, such as s3:ObjectCreated:*."),
    ]
    prefix: Annotated[
        _Filter, Field(min_length=1, max_length=1024, description="Only keys that begin with this.")
    ] = None
    suffix: Annotated[
        _Filter,
        Field(min_length=1, max_length=1024, description="Only keys that end with this, such as .jpg."),
    ] = None
    raw: Raw = None

    def canonical(self) -> Self:
        """Events sorted, the target in its one form."""
        return self.model_copy(update={"arn": target(self.arn), "events": tuple(sorted(set(self.events)))})


_DESCRIPTION = "The target. It must be there, and let the store send to it; the backend's owner says which ones may be named."


class Topic(Notification):
    """A topic that is told."""

    arn: Annotated[
        str,
        Field(pattern=r"^arn:[a-z0-9-]+:sns:[^ ]+$", max_length=512, description=_DESCRIPTION),
        Form("a topic is an ARN with :sns: in it, such as arn:aws:sns:eu-west-1:123456789012:uploads"),
    ]


class Queue(Notification):
    """A queue that is told."""

    arn: Annotated[
        str,
        Field(pattern=r"^arn:[a-z0-9-]+:sqs:[^ ]+$", max_length=512, description=_DESCRIPTION),
        Form(
            "a queue is an ARN with :sqs: in it, such as arn:aws:sqs:eu-west-1:123456789012:uploads, or on MinIO"
            " arn:minio:sqs::ID:webhook"
        ),
    ]


class Function(Notification):
    """A function that is called."""

    arn: Annotated[
        str,
        Field(pattern=r"^arn:[a-z0-9-]+:lambda:[^ ]+$", max_length=512, description=_DESCRIPTION),
        Form(
            "a function is an ARN with :lambda: in it, such as"
            " arn:aws:lambda:eu-west-1:123456789012:function:thumbnails"
        ),
    ]


def _apart(one: str, other: str) -> Cel:
    return Cel(
        f"!has(self.{one}) || !has(self.{other}) ||"
        f" !self.{one}.exists(a, self.{other}.exists(b, a.name == b.name))",
        f"{one} and {other} have one name in common, and the store knows a notification by its name; rename one",
    )


KINDS: Mapping[str, type[Notification]] = {"topics": Topic, "queues": Queue, "functions": Function}


class Notifications(Facet):
    """Whom the store tells. Notifications that are not listed here are left alone."""

    removal: ClassVar[Removal] = Removal.CLEAR
    cel: ClassVar[tuple[Cel, ...]] = (
        _apart("topics", "queues"),
        _apart("topics", "functions"),
        _apart("queues", "functions"),
    )

    topics: Annotated[
        tuple[Topic, ...],
        ListMap("name"),
        Field(max_length=100, description="SNS topics of Amazon, or of Ceph's gateway."),
    ] = ()
    queues: Annotated[
        tuple[Queue, ...],
        ListMap("name"),
        Field(max_length=100, description="SQS queues, or targets of MinIO's configuration."),
    ] = ()
    functions: Annotated[
        tuple[Function, ...], ListMap("name"), Field(max_length=100, description="Lambda functions.")
    ] = ()
    event_bridge: Annotated[
        bool | None,
        Field(description="Send every event to Amazon EventBridge. Not mentioned: as it is; false: do not."),
    ] = None
    exclusive: Annotated[
        bool | None,
        WishOnly(),
        Field(description="Remove notifications that are not listed here, whoever made them."),
    ] = None

    def targets(self) -> Iterable[str]:
        """Whom this names, each in its one form."""
        yield from (target(n.arn) for n in self._all())
        if self.event_bridge:
            yield EVENT_BRIDGE

    def canonical(self) -> Self:
        """Each list in one order. An exclusive wish that is silent on EventBridge declines it."""
        made: dict[str, Any] = {
            kind: tuple(sorted((n.canonical() for n in getattr(self, kind)), key=lambda n: n.name))
            for kind in KINDS
        }
        if self.exclusive and self.event_bridge is None:
            made["event_bridge"] = False
        return self.model_copy(update=made)

    def is_empty(self) -> bool:
        return not any(self._all()) and not self.event_bridge

    def parts(self) -> Parts | None:
        bridge = {EVENT_BRIDGE} if self.event_bridge else WHOLE
        return frozenset(n.name for n in self._all()) | bridge

    def remembered_as(self, name: str) -> str:
        return declared(name)

    def claims(self, observed: Self | None) -> Parts:
        everything = observed.parts() if observed is not None and self.exclusive else None
        declined = {EVENT_BRIDGE} if self.event_bridge is False else WHOLE
        return (self.parts() or WHOLE) | (everything or WHOLE) | declined

    def restrict(self, parts: Set[str]) -> Self:
        bridge = bool(self.event_bridge) if EVENT_BRIDGE in parts else None
        kept = {k: tuple(n for n in getattr(self, k) if n.name in parts) for k in KINDS}
        return self.model_copy(update={**kept, "event_bridge": bridge})

    def merge(self, observed: Self | None, parts: Set[str]) -> Self:
        """EventBridge stays on where the wish is silent on it: only false switches it off."""
        if observed is None:
            return self.model_copy(update={"event_bridge": self.event_bridge or None})
        foreign = observed.restrict((observed.parts() or WHOLE) - parts)
        both = {k: (*getattr(foreign, k), *getattr(self, k)) for k in KINDS}
        bridge = observed.event_bridge if self.event_bridge is None else self.event_bridge
        return self.model_copy(update={**both, "event_bridge": bridge or None})

    def _all(self) -> tuple[Notification, ...]:
        return (*self.topics, *self.queues, *self.functions)
