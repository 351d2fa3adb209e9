"""What a store holds: as status shows it, and as the administrator of a server of unknown make declares it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.core.model import Cel, Form, Line, ListMap, ListSet, Model, Shown


class Capability(Model):
    """How much of one facet the store holds."""

    facet: Annotated[str, Field(max_length=64, description="The field of ImageBucket's spec.")]
    support: Annotated[Literal["Full", "Partial", "None"], Field(description="How much of it.")]
    reason: Annotated[Line | None, Field(description="Why not all of it.")] = None
    lost: Annotated[
        tuple[Annotated[str, Field(max_length=256), Shown(256)], ...],
        Field(max_length=64, description="What it would drop."),
        Shown(64),
    ] = ()


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
