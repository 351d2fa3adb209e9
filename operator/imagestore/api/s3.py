"""How an S3 server is reached, and what a store without a profile supports, as its administrator declares it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.api.capabilities import Capability
from imagestore.api.names import Url
from imagestore.core.model import Cel, Form, Immutable, ListMap, ListSet, Model

IDENTITY = (
    "it identifies the store, and every bucket would be recreated in another one; create a new StorageBackend"
)


class ProfileSetting(Capability):
    """How far a store without a profile supports one setting, as its administrator declares it."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "self.support != 'None' || has(self.reason)",
            "support: None needs a reason, which users of the setting see; give the store's answer",
        ),
        Cel(
            "self.support != 'Partial' || has(self.reason) || (has(self.lost) && size(self.lost) > 0)",
            "support: Partial needs lost fields or a reason; give one, or write support: Full",
        ),
        Cel(
            "self.support == 'Partial' || !has(self.lost) || size(self.lost) == 0",
            "lost fields need support: Partial; change support, or remove lost",
        ),
        Cel(
            "self.facet != 'quota' || self.support == 'None'",
            "provider S3 has no admin API, which a quota needs; remove quota",
        ),
    )

    reason: Annotated[
        str | None, Field(max_length=1024, description="Why the support is not Full. Required for None.")
    ] = None
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
        Field(
            max_length=64, description="Fields that the store drops. A spec that has one of them is refused."
        ),
    ] = ()


class S3Profile(Model):
    """Settings that a store without a profile supports.

    The operator never reads or writes a setting that is not listed.
    """

    settings: Annotated[
        tuple[ProfileSetting, ...],
        ListMap("facet"),
        Field(
            max_length=64,
            description="Settings as `imagestore backend probe` prints them. Review them first.",
        ),
    ]


class S3Endpoint(Model):
    """How an S3 server is reached."""

    endpoint: Annotated[
        Url | None,
        Immutable(IDENTITY),
        Field(description="URL of the server. Defaults to Amazon's endpoint of the region. Immutable."),
    ] = None
    region: Annotated[
        str,
        Immutable(IDENTITY),
        Field(
            min_length=1,
            max_length=64,
            pattern=r"^[a-zA-Z0-9-]+$",
            description="Region used for signing requests. Immutable.",
        ),
        Form(
            "a region has letters, digits and hyphens, such as eu-west-1; for a store without"
            " regions write us-east-1"
        ),
    ]
    addressing: Annotated[
        Literal["Path", "Virtual"] | None,
        Field(description="Whether requests have the bucket in the path or in the host name."),
    ] = None
    profile: Annotated[
        S3Profile | None,
        Field(
            description="With provider S3: the settings that the server supports. Defaults to versioning"
            " only."
        ),
    ] = None
