"""Intelligent tiering: into which archive the store's own tiering may move what nobody asks for."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.model import Cel, ListMap, Model
from imagestore.facets.configurations import BY_NAME, Configuration, Configurations, Exclusive, Scope


class Tiering(Model):
    """Into which archive, and when."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "self.tier != 'DeepArchive' || self.days >= 180",
            "DeepArchive takes what is 180 days old or older",
        ),
    )

    tier: Annotated[
        Literal["Archive", "DeepArchive"],
        Field(description="Archive: back within hours. DeepArchive: within half a day."),
    ]
    days: Annotated[int, Field(ge=90, le=730, description="Days since an object was last asked for.")]


class IntelligentTieringConfiguration(Configuration):
    """For some of the objects."""

    state: Annotated[
        Literal["Enabled", "Disabled"] | None, Field(description="A disabled one is kept and does nothing.")
    ] = None
    filter: Annotated[Scope | None, Field(description="Which objects; absent: every object.")] = None
    tierings: Annotated[
        tuple[Tiering, ...],
        ListMap("tier"),
        Field(min_length=1, max_length=2, description="One for each archive."),
    ]

    def canonical(self) -> Self:
        """The state is said; the archives are in one order."""
        tierings = tuple(sorted(self.tierings, key=lambda t: t.tier))
        update = {"state": self.state or "Enabled", "tierings": tierings}
        return super().canonical().model_copy(update=update)


class IntelligentTiering(Configurations):
    """Archives for objects in the class Intelligent-Tiering. Configurations that are not listed are left alone."""

    configurations: Annotated[
        tuple[IntelligentTieringConfiguration, ...],
        ListMap("name"),
        Field(max_length=100, description=BY_NAME),
    ] = ()
    exclusive: Exclusive = None
