"""CORS: which web pages may read the bucket from a browser."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal
from imagestore.core.model import Cel, ListSet, Model

Header = Annotated[str, Field(min_length=1, max_length=128)]
_ONE_STAR = "self.indexOf('*') == self.lastIndexOf('*')"
CorsOrigin = Annotated[
    str,
    Field(min_length=1, max_length=256),
    Cel(
        "self == '*' || self == 'null' || self.matches('^[a-z*]+://[^/ ]+$')",
        "an origin is what browsers send: scheme and host without a path or a slash at"
        " the end, such as https://shop.example",
    ),
    Cel(_ONE_STAR, "an origin has at most one *; list several origins"),
]


class CorsRule(Model):
    """One rule. The store applies the first rule that matches a request, so the order of rules matters."""

    allowed_origins: Annotated[
        tuple[CorsOrigin, ...],
        ListSet(),
        Field(
            min_length=1,
            max_length=150,
            description="Origins of the web pages, such as https://shop.example or https://*.shop.example.",
        ),
    ]
    allowed_methods: Annotated[
        tuple[Literal["GET", "PUT", "POST", "DELETE", "HEAD"], ...],
        ListSet(),
        Field(min_length=1, max_length=5, description="Methods that the pages may use."),
    ]
    allowed_headers: Annotated[
        tuple[Annotated[Header, Cel(_ONE_STAR, "a header has at most one *; list several headers")], ...],
        ListSet(),
        Field(max_length=250, description="Request headers that the pages may send."),
    ] = ()
    expose_headers: Annotated[
        tuple[
            Annotated[
                Header, Cel("!self.contains('*')", "exposeHeaders cannot contain *; name every header")
            ],
            ...,
        ],
        ListSet(),
        Field(max_length=250, description="Response headers that the pages may read."),
    ] = ()
    max_age_seconds: Annotated[
        int | None,
        Field(
            ge=0,
            le=86400 * 365,
            description="Seconds for which a browser may cache the answer to a preflight request.",
        ),
    ] = None

    def canonical(self) -> Self:
        """Return the rule with sets sorted. An age of 0 is removed: SeaweedFS answers 0 where none was set."""
        names = ("allowed_origins", "allowed_methods", "allowed_headers", "expose_headers")
        ordered = {n: tuple(sorted(set(getattr(self, n)))) for n in names}
        return self.model_copy(update={**ordered, "max_age_seconds": self.max_age_seconds or None})


class Cors(Facet):
    """Cross-origin rules: which web pages may read the bucket from a browser. An empty list of rules clears them."""

    removal: ClassVar[Removal] = Removal.CLEAR

    rules: Annotated[
        tuple[CorsRule, ...],
        Field(max_length=100, description="Rules in the order in which the store evaluates them."),
    ] = ()

    def canonical(self) -> Self:
        return self.model_copy(update={"rules": tuple(r.canonical() for r in self.rules)})

    def is_empty(self) -> bool:
        return not self.rules
