"""What a store holds, as status shows it."""

from typing import Annotated, Literal

from pydantic import Field

from imagestore.core.model import Line, Model, Shown


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
