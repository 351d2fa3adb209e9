"""How an S3 server is reached, and what one of unknown make holds, as its administrator declares it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.api.capabilities import Capability
from imagestore.api.names import Url
from imagestore.core.model import Cel, Form, Immutable, ListMap, ListSet, Model

IDENTITY = (
    "it says which store this is, and every bucket would be made again elsewhere; make a new StorageBackend"
)


class ProfileSetting(Capability):
    """How much of one setting a server of unknown make holds, as the administrator found out."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "self.support != 'None' || has(self.reason)",
            "give the store's answer as reason: whoever asks for the setting reads it",
        ),
        Cel(
            "self.support != 'Partial' || has(self.reason) || (has(self.lost) && size(self.lost) > 0)",
            "say which fields are lost, or give a reason; a setting held in full has support: Full",
        ),
        Cel(
            "self.support == 'Partial' || !has(self.lost) || size(self.lost) == 0",
            "lost fields belong to support: Partial; change support, or remove lost",
        ),
        Cel(
            "self.facet != 'quota' || self.support == 'None'",
            "a quota is set through an admin API, and provider S3 has none; remove quota",
        ),
    )

    reason: Annotated[str | None, Field(max_length=1024, description="Why not all of it.")] = None
    lost: Annotated[
        tuple[
            Annotated[
                str,
                Field(
                    max_length=256, pattern=r"^[a-zA-Z][a-zA-Z0-9]*(\[\])?(\.[a-zA-Z][a-zA-Z0-9]*(\[\])?)*$"
                ),
                Form("write a field of the setting, with [] for every item of a list: rules[].match.minSize"),
            ],
            ...,
        ],
        ListSet(),
        Field(max_length=64, description="Fields that the store drops: a wish that has one is refused."),
    ] = ()


class S3Profile(Model):
    """What a server of unknown make holds. A setting that is not listed is never sent, read or removed."""

    settings: Annotated[
        tuple[ProfileSetting, ...],
        ListMap("facet"),
        Field(max_length=64, description="As `imagestore backend probe` prints them; review them first."),
    ]


class S3Endpoint(Model):
    """How an S3 server is reached."""

    endpoint: Annotated[
        Url | None, Immutable(IDENTITY), Field(description="URL; absent: AWS's own for the region.")
    ] = None
    region: Annotated[
        str,
        Immutable(IDENTITY),
        Field(
            min_length=1,
            max_length=64,
            pattern=r"^[a-zA-Z0-9-]+$",
            description="The region that signs requests.",
        ),
        Form(
            "a region has letters, digits and hyphens, such as eu-west-1; a store without regions: us-east-1"
        ),
    ]
    addressing: Annotated[
        Literal["Path", "Virtual"] | None,
        Field(description="Whether the bucket is in the path or in the host name."),
    ] = None
    profile: Annotated[
        S3Profile | None,
        Field(description="With provider S3: what the server holds; absent: versioning only."),
    ] = None
