"""S3 Intelligent-Tiering: which archive tiers the store may move rarely read objects to."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.model import Cel, ListMap, Model
from imagestore.facets.configurations import BY_NAME, Configuration, Configurations, Exclusive, ObjectFilter


class ArchiveTiering(Model):
    """An archive tier, and when objects move there."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "self.tier != 'DeepArchive' || self.days >= 180",
            "DeepArchive needs days of 180 or more; raise days, or use tier: Archive",
        ),
    )

    tier: Annotated[
        Literal["Archive", "DeepArchive"],
        Field(description="Archive restores an object within hours, DeepArchive within 12 hours."),
    ]
    days: Annotated[int, Field(ge=90, le=730, description="Days without a read after which an object moves.")]


class IntelligentTieringConfiguration(Configuration):
    """Archive tiers for the objects that the filter selects."""

    state: Annotated[
        Literal["Enabled", "Disabled"] | None,
        Field(description="Disabled keeps the configuration without effect. Defaults to Enabled."),
    ] = None
    filter: Annotated[ObjectFilter | None, Field(description="Selects objects. Absent: all objects.")] = None
    tierings: Annotated[
        tuple[ArchiveTiering, ...],
        ListMap("tier"),
        Field(min_length=1, max_length=2, description="At most one entry for each archive tier."),
    ]

    def canonical(self) -> Self:
        """Return the configuration with an explicit state and sorted archives."""
        tierings = tuple(sorted(self.tierings, key=lambda t: t.tier))
        update = {"state": self.state or "Enabled", "tierings": tierings}
        return super().canonical().model_copy(update=update)


class IntelligentTiering(Configurations):
    """Archive tiers of S3 Intelligent-Tiering: moves objects of the class INTELLIGENT_TIERING that are not read for
    some time. Configurations that are not listed are left unchanged.
    """

    configurations: Annotated[
        tuple[IntelligentTieringConfiguration, ...],
        ListMap("name"),
        Field(max_length=100, description=BY_NAME),
    ] = ()
    exclusive: Exclusive = None
