"""How far a store supports each setting, as status shows it."""

from typing import Annotated, Literal

from pydantic import Field

from imagestore.core.model import Line, Model, Shown


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
