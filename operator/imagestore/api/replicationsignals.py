"""What makes a ReplicationPolicy act: its interval, what stores tell of, and what is sent through them."""

from typing import Annotated

from pydantic import Field

from imagestore.core.model import Cel, Duration, Model, Prefix


class ReplicationSchedule(Model):
    """When the operator compares and copies."""

    interval: Annotated[
        Duration,
        Field(
            description="Time between the beginnings of two runs. A run that takes longer delays the next one."
        ),
    ]


class ReplicationNotifications(Model):
    """Reacting to what the store tells of changed objects."""

    enabled: Annotated[
        bool,
        Field(
            description="true: the next run begins soon after the source's store has told the operator of a change; with both"
            " ways, either store. The administrator switches the receiver on, and points the store at it. Runs at the"
            " interval stay: a notification is a hint."
        ),
    ]


class ReplicationCanary(Model):
    """Small objects that measure how long replication by the store takes, from end to end."""

    prefix: Annotated[
        Prefix | None,
        Field(
            description="Beginning of their keys, before .imagestore-canary/. The filter must select it. Defaults to the first of"
            " filter.prefixes, or none."
        ),
    ] = None
    every: Annotated[
        Duration,
        Cel(
            "duration(self) >= duration('5s')",
            "a canary is an upload, a copy and deletes; write 5s or more",
        ),
        Field(description="Time between two of them."),
    ]


CANARY_RULES = (
    Cel(
        "!has(self.canary) || !has(self.method) || self.method != 'Copy'",
        "a canary measures what the store replicates by itself; remove canary, or write method: Native",
    ),
    Cel(
        "!has(self.canary) || !has(self.canary.prefix) || !has(self.filter) || !has(self.filter.prefixes) ||"
        " self.filter.prefixes.exists(p, self.canary.prefix.startsWith(p))",
        "no rule replicates the canary; let canary.prefix begin with one of filter.prefixes",
    ),
)
