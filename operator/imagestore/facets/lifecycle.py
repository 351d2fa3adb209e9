"""Lifecycle: when the store moves and deletes objects by itself."""

from collections.abc import Iterable, Set
from typing import Annotated, ClassVar, Self

from pydantic import Field

from imagestore.core.facet import WHOLE, Facet, Parts, Removal
from imagestore.core.model import Internal, ListMap, SpecOnly
from imagestore.facets.lifecycle_removal import removes, removes_more, rule_covers
from imagestore.facets.lifecycle_rule import FOREIGN, LifecycleRule, declared_name

Rules = Annotated[
    tuple[LifecycleRule, ...],
    ListMap("name"),
    Field(
        max_length=250,
        description="Rules, identified by name. S3 takes 1000; the API server can only validate 250 in one object.",
    ),
]


class Lifecycle(Facet):
    """Lifecycle rules, which the store carries out itself. Rules that are not listed here are left unchanged.

    In code, a rule of a LifecyclePolicy has the name ``<policy>/<rule>``, a foreign one ``foreign/<id>``.
    """

    removal: ClassVar[Removal] = Removal.CLEAR
    after: ClassVar[tuple[str, ...]] = ("versioning",)

    rules: Rules = ()
    exclusive: Annotated[
        bool | None,
        SpecOnly(),
        Field(
            description="Delete rules that are not listed here, including those of other programs. Defaults to false."
        ),
    ] = None
    # Of a desired value: policies' rules, with a slash at the end all of an origin's, a mere slash all of any origin's,
    # that stay as they are found.
    kept: Annotated[frozenset[str] | None, Internal(), SpecOnly(), Field(exclude=True)] = None

    def canonical(self) -> Self:
        ordered = sorted((r.canonical() for r in self.rules), key=lambda r: r.name)
        return self.having(rules=tuple(ordered))

    def is_empty(self) -> bool:
        return not self.rules

    def risk(self, before: Self | None) -> str | None:
        was = {r.name: r for r in (before.rules if before else ())}
        sooner = [r.name for r in self.rules if r.name in was and removes_more(was[r.name], r)]
        return f"{', '.join(sooner)} would remove objects that the rule in force keeps" if sooner else None

    def removing(self, before: Self | None) -> Parts:
        there = before.rules if before else ()
        return frozenset(
            r.name for r in self.rules if removes(r) and not any(rule_covers(b, r) for b in there)
        )

    def parts(self) -> Parts | None:
        return frozenset(r.name for r in self.rules)

    def owned(self) -> Parts:
        """Return the names of observed rules whose id is the operator's, even if the rule was altered since."""
        return frozenset(r.name for r in self.rules if not declared_name(r.name).startswith(FOREIGN))

    def keeps(self, name: str) -> bool:
        """Whether this desired value leaves the observed rule unchanged."""
        name = declared_name(name)
        origin, slash, _ = name.partition("/")
        return bool(slash) and not {name, origin + slash, slash}.isdisjoint(self.kept or ())

    def claims(self, observed: Self | None) -> Parts:
        mine = self.parts() or WHOLE
        if observed is None:
            return mine
        there = (observed.parts() or WHOLE) if self.exclusive else observed.owned()
        return mine | frozenset(n for n in there if not self.keeps(n))

    def restrict(self, parts: Set[str]) -> Self:
        return self._with(r for r in self.rules if r.name in parts)

    def merge(self, observed: Self | None, parts: Set[str]) -> Self:
        others = [r for r in (observed.rules if observed else ()) if r.name not in parts]
        return self._with([*others, *self.rules])

    def _with(self, rules: Iterable[LifecycleRule]) -> Self:
        return self.model_copy(update={"rules": tuple(rules)})
