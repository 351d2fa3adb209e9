"""How far a store supports each setting: as status shows it, and as an administrator declares it for a store without a
profile.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from imagestore.core.model import Cel, Form, Line, ListMap, ListSet, Model, Shown


class Capability(Model):
    """How far the store supports one setting."""

    facet: Annotated[str, Field(max_length=64, description="Name of the setting in the spec of ImageBucket.")]
    support: Annotated[
        Literal["Full", "Partial", "None"],
        Field(description="Full: all of the setting. Partial: not the fields in lost. None: not at all."),
    ]
    reason: Annotated[Line | None, Field(description="Why the support is not Full.")] = None
    lost: Annotated[
        tuple[Annotated[str, Field(max_length=256), Shown(256)], ...],
        Field(max_length=64, description="Fields that the store would drop."),
        Shown(64),
    ] = ()


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
