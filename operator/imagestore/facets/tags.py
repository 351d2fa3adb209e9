"""Tags of the bucket, each key managed on its own."""

from collections.abc import Set
from typing import Annotated, ClassVar, Self

from pydantic import Field

from imagestore.core.facet import Facet, Parts, Removal
from imagestore.core.model import Cel, Inline, Schema

RESERVED = "imagestore.dev/"
OWNER = RESERVED + "owner"


class Tags(Inline, Facet):
    """Tags of the bucket. Each key is managed on its own; keys that are not listed here are left unchanged."""

    removal: ClassVar[Removal] = Removal.CLEAR
    inline: ClassVar[str | None] = "values"
    cel: ClassVar[tuple[Cel, ...]] = (
        # Nullable in the schema, so that there is something to refuse: the API server drops a null that may not be.
        Cel(
            "self.all(k, dyn(self[k]) != null)",
            "a tag needs a value; write '' for an empty one",
        ),
        Cel(
            "self.all(k, !k.startsWith('imagestore.dev/') && !k.startsWith('aws:'))",
            "tag keys that begin with imagestore.dev/ or aws: are reserved; use another key",
        ),
        Cel(
            # The first pattern is for speed: `imagestore apply` compiles them for each manifest, the second one in 1.4 ms.
            r"self.all(k, (k + self[k]).matches(r'^[A-Za-z0-9 _.:/=+@-]*$')"
            r" || (k + self[k]).matches(r'^[\p{L}\p{Z}\p{N}_.:/=+@-]*$'))",
            "tags have letters, digits, spaces and _ . : / = + - @ only; replace other characters",
        ),
        Cel("self.all(k, size(k) >= 1 && size(k) <= 128)", "a tag's key has 1 to 128 characters; shorten it"),
    )

    values: Annotated[
        dict[str, Annotated[str, Field(max_length=256), Schema({"nullable": True})]],
        Field(
            max_length=49,
            description="Key and value of each tag. S3 takes 50; one is the owner mark.",
        ),
    ]

    def parts(self) -> Parts | None:
        return frozenset(self.values)

    def restrict(self, parts: Set[str]) -> Self:
        return self.model_copy(update={"values": {k: v for k, v in self.values.items() if k in parts}})

    def merge(self, observed: Self | None, parts: Set[str]) -> Self:
        theirs = {k: v for k, v in (observed.values if observed else {}).items() if k not in parts}
        return self.model_copy(update={"values": theirs | self.values})
