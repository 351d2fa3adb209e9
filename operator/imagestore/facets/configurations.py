"""The base of settings that are a set of named configurations, each managed on its own.

A subclass has a field ``configurations``: a ListMap by ``name``, at most as long as the store's limit. Configurations
of other names are neither compared nor changed, unless the desired value is exclusive.
"""

from collections.abc import Set
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from imagestore.core.facet import WHOLE, Facet, Parts, Removal
from imagestore.core.model import Cel, Form, Model, Prefix, SpecOnly

# Prefix for the name of an observed configuration that no model can represent. No spec can have such a name.
ODD = "!"

ConfigurationName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_.-]+$", min_length=1, max_length=64),
    Form("a configuration's name has letters, digits and _ . - only"),
]
BY_NAME = "Configurations, identified by name. S3 takes 1000; one Kubernetes object has room for 100 only."
Exclusive = Annotated[
    bool | None,
    SpecOnly(),
    Field(
        description="Delete configurations that are not listed here, including those of other"
        " programs. Defaults to false."
    ),
]


class ObjectFilter(Model):
    """Selects objects. All given conditions must hold."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.prefix) || has(self.tags)",
            "the filter has no condition; give prefix or tags, or remove it",
        ),
        Cel(
            "!has(self.tags) || self.tags.all(k, size(k) >= 1 && size(k) <= 128)",
            "a tag's key has 1 to 128 characters; shorten it",
        ),
    )

    prefix: Annotated[Prefix | None, Field(description="Selects objects whose keys begin with this.")] = None
    tags: Annotated[
        dict[str, Annotated[str, Field(max_length=256)]] | None,
        Field(min_length=1, max_length=10, description="Selects objects that have all of these tags."),
    ] = None


class Configuration(Model):
    """One configuration. Its name is its id in the store."""

    name: Annotated[ConfigurationName, Field(description="Id of the configuration in the store.")]

    def canonical(self) -> Self:
        """Return the configuration with an empty filter removed."""
        scope = getattr(self, "filter", None)
        return self if scope is None or scope.to_json() else self.model_copy(update={"filter": None})


class Configurations(Facet):
    """Some of the configurations of one type that a bucket has."""

    removal: ClassVar[Removal] = Removal.CLEAR

    def _all(self) -> tuple[Any, ...]:
        return tuple(getattr(self, "configurations", ()))

    def _with(self, items: tuple[Any, ...]) -> Self:
        return self.model_copy(update={"configurations": items})

    def canonical(self) -> Self:
        """Return the configurations sorted by name, each in canonical form.

        One whose name begins with ``ODD`` has only a name.
        """
        made = (c if c.name.startswith(ODD) else c.canonical() for c in self._all())
        return self._with(tuple(sorted(made, key=lambda c: str(c.name))))

    def is_empty(self) -> bool:
        return not self._all()

    def parts(self) -> Parts | None:
        return frozenset(c.name for c in self._all())

    def claims(self, observed: Self | None) -> Parts:
        theirs = observed.parts() if observed is not None and getattr(self, "exclusive", None) else None
        return (self.parts() or WHOLE) | (theirs or WHOLE)

    def restrict(self, parts: Set[str]) -> Self:
        return self._with(tuple(c for c in self._all() if c.name in parts))

    def merge(self, observed: Self | None, parts: Set[str]) -> Self:
        foreign = observed._all() if observed is not None else ()
        return self._with((*(c for c in foreign if c.name not in parts), *self._all()))
