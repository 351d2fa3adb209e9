"""The part of a ReplicationPolicy that says which of its two buckets is written to."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.core.model import Cel, Duration, Form, Model, Name

ReplicationRole = Literal["Primary", "Promoted"]


ServiceName = Annotated[
    str,
    Field(min_length=1, max_length=63, pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$"),
    Form("a Service's name has lower-case letters, digits and hyphens, and begins with a letter"),
]


class FailoverPublish(Model):
    """Objects in the policy's namespace that lead applications to the side that is written to."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.configMap) || has(self.service)",
            "nothing is published; give configMap or service, or remove publish",
        ),
    )

    config_map: Annotated[
        Name | None,
        Field(description="Name of a ConfigMap with the keys endpoint, bucket, region and role."),
    ] = None
    service: Annotated[
        ServiceName | None,
        Field(
            description="Name of a Service of type ExternalName for the host of the endpoint, which must have a name."
        ),
    ] = None


class FailoverAutomatic(Model):
    """When the operator promotes the destination by itself. It never goes back by itself."""

    after: Annotated[
        Duration, Field(description="Time for which the source's store does not answer before that.")
    ]
    minimum_between: Annotated[
        Duration | None,
        Field(
            description="Time after a change of the role before the operator changes it again. Defaults to 1h."
        ),
    ] = None


class FailoverSpec(Model):
    """Which of the two buckets is written to."""

    role: Annotated[
        ReplicationRole,
        Field(
            description="Primary: the source is written to. Promoted: the destination is written to, and both follow each"
            " other, so that what the source still receives or received last is not lost. Back to Primary, the source"
            " first gets all that it lacks."
        ),
    ]
    fence: Annotated[
        bool | None,
        Field(
            description="Whether the side that is not written to refuses writes of others than the operator, by a statement in"
            " its bucket policy. MinIO does not apply that to requests with credentials. Set it to false where the"
            " store has no bucket policies. Defaults to true."
        ),
    ] = None
    automatic: Annotated[
        FailoverAutomatic | None,
        Field(
            description="When the operator promotes the destination by itself. Back to the source it goes only with the token"
            " in status.failover. Absent: never."
        ),
    ] = None
    publish: Annotated[
        FailoverPublish | None,
        Field(
            description="Objects that lead applications to the side that is written to. The operator creates them, and changes"
            " none that it did not create. Needs the chart's rbac.publish."
        ),
    ] = None
