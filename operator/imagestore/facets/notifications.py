"""Notifications: which targets the store notifies of object events.

Each has a name of its own, as lifecycle rules do.
"""

import re
from collections.abc import Iterable, Mapping, Set
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from imagestore.core.facet import WHOLE, Facet, Parts, Removal
from imagestore.core.model import Cel, Form, ListMap, ListSet, Model, ObservedDocument, SpecOnly
from imagestore.facets.lifecycle_rule import FOREIGN, declared_name

__all__ = ["EVENT_BRIDGE", "FOREIGN", "TARGET_KINDS", "Notification", "Notifications", "target"]

EVENT_BRIDGE = "EventBridge"  # the part, and the target's name in the backend's allow-list

# A MinIO server has one region and writes it into the ARN by itself: with and without it one target is meant.
_REGION = re.compile(r"^(arn:minio:[a-z]+):[^:]*:")

_Filter = Annotated[
    str | None,
    Cel(
        "!self.contains('*')",
        "prefix and suffix are literal; remove the *",
    ),
]


def target(arn: str) -> str:
    """Return the ARN in the form in which it is compared."""
    return _REGION.sub(r"\1::", arn)


class Notification(Model):
    """One target and the events that it receives."""

    name: Annotated[
        str,
        Field(
            pattern=r"^(foreign/.*|[a-z0-9]([a-z0-9-]*[a-z0-9])?)$",
            max_length=256,
            description="Name of the notification. Its id in the store is imagestore/bucket/<name>.",
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
        Field(min_length=1, max_length=32, description="Events to send, such as s3:ObjectCreated:*."),
    ]
    prefix: Annotated[
        _Filter, Field(min_length=1, max_length=1024, description="Only events of keys that begin with this.")
    ] = None
    suffix: Annotated[
        _Filter,
        Field(
            min_length=1, max_length=1024, description="Only events of keys that end with this, such as .jpg."
        ),
    ] = None
    raw: ObservedDocument = None

    def canonical(self) -> Self:
        """Return the notification with sorted events and the target in canonical form."""
        return self.model_copy(update={"arn": target(self.arn), "events": tuple(sorted(set(self.events)))})


_DESCRIPTION = "ARN of the target. It must exist and let the store send to it. The administrator allows targets in tenancy.allowedNotificationTargets."


class Topic(Notification):
    """A topic that receives events."""

    arn: Annotated[
        str,
        Field(pattern=r"^arn:[a-z0-9-]+:sns:[^ ]+$", max_length=512, description=_DESCRIPTION),
        Form("a topic is an ARN with :sns: in it, such as arn:aws:sns:eu-west-1:123456789012:uploads"),
    ]


class Queue(Notification):
    """A queue that receives events."""

    arn: Annotated[
        str,
        Field(pattern=r"^arn:[a-z0-9-]+:sqs:[^ ]+$", max_length=512, description=_DESCRIPTION),
        Form(
            "a queue is an ARN with :sqs: in it, such as arn:aws:sqs:eu-west-1:123456789012:uploads, or on MinIO"
            " arn:minio:sqs::ID:webhook"
        ),
    ]


class Function(Notification):
    """A function that is called for events."""

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


TARGET_KINDS: Mapping[str, type[Notification]] = {"topics": Topic, "queues": Queue, "functions": Function}


class Notifications(Facet):
    """Notifications: which targets the store notifies of object events.

    Notifications that are not listed here are left unchanged.
    """

    removal: ClassVar[Removal] = Removal.CLEAR
    cel: ClassVar[tuple[Cel, ...]] = (
        _apart("topics", "queues"),
        _apart("topics", "functions"),
        _apart("queues", "functions"),
    )

    topics: Annotated[
        tuple[Topic, ...],
        ListMap("name"),
        Field(max_length=100, description="SNS topics, of Amazon or of Ceph's gateway."),
    ] = ()
    queues: Annotated[
        tuple[Queue, ...],
        ListMap("name"),
        Field(
            max_length=100,
            description="SQS queues of Amazon, or notification targets in MinIO's configuration.",
        ),
    ] = ()
    functions: Annotated[
        tuple[Function, ...], ListMap("name"), Field(max_length=100, description="Lambda functions.")
    ] = ()
    event_bridge: Annotated[
        bool | None,
        Field(
            description="Whether the store sends every event to Amazon EventBridge. Absent: left unchanged."
        ),
    ] = None
    exclusive: Annotated[
        bool | None,
        SpecOnly(),
        Field(
            description="Delete notifications that are not listed here, including those of other"
            " programs. Defaults to false."
        ),
    ] = None

    def targets(self) -> Iterable[str]:
        """Return the targets in canonical form."""
        yield from (target(n.arn) for n in self._all())
        if self.event_bridge:
            yield EVENT_BRIDGE

    def canonical(self) -> Self:
        """Return the value with each list sorted. An exclusive one without eventBridge has it false."""
        made: dict[str, Any] = {
            kind: tuple(sorted((n.canonical() for n in getattr(self, kind)), key=lambda n: n.name))
            for kind in TARGET_KINDS
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
        return declared_name(name)

    def claims(self, observed: Self | None) -> Parts:
        everything = observed.parts() if observed is not None and self.exclusive else None
        declined = {EVENT_BRIDGE} if self.event_bridge is False else WHOLE
        return (self.parts() or WHOLE) | (everything or WHOLE) | declined

    def restrict(self, parts: Set[str]) -> Self:
        bridge = bool(self.event_bridge) if EVENT_BRIDGE in parts else None
        kept = {k: tuple(n for n in getattr(self, k) if n.name in parts) for k in TARGET_KINDS}
        return self.model_copy(update={**kept, "event_bridge": bridge})

    def merge(self, observed: Self | None, parts: Set[str]) -> Self:
        """Only eventBridge: false switches EventBridge off; absent leaves it as observed."""
        if observed is None:
            return self.model_copy(update={"event_bridge": self.event_bridge or None})
        foreign = observed.restrict((observed.parts() or WHOLE) - parts)
        both = {k: (*getattr(foreign, k), *getattr(self, k)) for k in TARGET_KINDS}
        bridge = observed.event_bridge if self.event_bridge is None else self.event_bridge
        return self.model_copy(update={**both, "event_bridge": bridge or None})

    def _all(self) -> tuple[Notification, ...]:
        return (*self.topics, *self.queues, *self.functions)
