"""Website: the bucket as a site of static pages, or as a signpost to another one."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from imagestore.core.facet import Facet, Removal
from imagestore.core.model import Cel, Form, Model, Prefix

Host = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$", max_length=253),
    Form("write a host's name such as www.shop.example, without https:// and without a path"),
]
Protocol = Literal["http", "https"]
Key = Annotated[str, Field(min_length=1, max_length=1024)]


class RedirectAll(Model):
    """Every request goes to another host."""

    host_name: Annotated[Host, Field(description="Where to.")]
    protocol: Annotated[Protocol | None, Field(description="Absent: as the request came.")] = None


class Condition(Model):
    """Which requests a rule is for; all that is given must hold."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.keyPrefixEquals) || has(self.httpErrorCodeReturnedEquals)",
            "the condition says nothing; give keyPrefixEquals or httpErrorCodeReturnedEquals, or remove it",
        ),
    )

    key_prefix_equals: Annotated[Prefix | None, Field(description="Keys that begin with this.")] = None
    http_error_code_returned_equals: Annotated[
        str | None,
        Field(pattern=r"^[45][0-9]{2}$", max_length=3, description="When this would be the answer."),
        Form("write the code of an error such as '404', in quotes"),
    ] = None


class Redirect(Model):
    """Where a request goes; what is not given stays as it was."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.hostName) || has(self.protocol) || has(self.replaceKeyWith) ||"
            " has(self.replaceKeyPrefixWith) || has(self.httpRedirectCode)",
            "the redirect leads back to where the request came from; say what is to change",
        ),
        Cel(
            "!(has(self.replaceKeyWith) && has(self.replaceKeyPrefixWith))",
            "give replaceKeyWith or replaceKeyPrefixWith, not both",
        ),
    )

    host_name: Annotated[Host | None, Field(description="Another host.")] = None
    protocol: Annotated[Protocol | None, Field(description="Another protocol.")] = None
    replace_key_with: Annotated[Key | None, Field(description="Another key.")] = None
    replace_key_prefix_with: Annotated[
        str | None, Field(max_length=1024, description="In place of the condition's prefix.")
    ] = None
    http_redirect_code: Annotated[
        str | None,
        Field(pattern=r"^30[1-8]$", max_length=3, description="Absent: 301."),
        Form("write the code of a redirect such as '302', in quotes"),
    ] = None


class RoutingRule(Model):
    """The first rule whose condition holds redirects the request."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.redirect.hostName) || has(self.redirect.protocol) ||"
            " (has(self.condition) && has(self.condition.httpErrorCodeReturnedEquals)) ||"
            " (has(self.condition) && has(self.condition.keyPrefixEquals) &&"
            " (has(self.redirect.replaceKeyWith) || has(self.redirect.replaceKeyPrefixWith)) &&"
            " !(has(self.redirect.replaceKeyWith) ? self.redirect.replaceKeyWith :"
            " self.redirect.replaceKeyPrefixWith).startsWith(self.condition.keyPrefixEquals))",
            "the redirect goes round in circles: it leads to what its own condition matches",
        ),
    )

    condition: Annotated[Condition | None, Field(description="Which requests; absent: all.")] = None
    redirect: Annotated[Redirect, Field(description="Where they go.")]


class Website(Facet):
    """Pages for browsers, at the store's website endpoint. An empty one clears it."""

    removal: ClassVar[Removal] = Removal.CLEAR
    after: ClassVar[tuple[str, ...]] = ("publicAccessBlock", "policy")
    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "!has(self.redirectAllRequestsTo) || !(has(self.indexDocument) || has(self.errorDocument) ||"
            " has(self.routingRules))",
            "redirectAllRequestsTo stands alone; remove the other fields, or write routingRules",
        ),
        Cel(
            "has(self.indexDocument) || !(has(self.errorDocument) || has(self.routingRules))",
            "a website needs an indexDocument, such as index.html",
        ),
    )

    index_document: Annotated[
        str | None,
        Field(min_length=1, max_length=255, description="What a folder answers, such as index.html."),
        Cel("!self.contains('/')", "indexDocument is the name within each folder; remove the slash"),
    ] = None
    error_document: Annotated[Key | None, Field(description="The key that answers errors.")] = None
    redirect_all_requests_to: Annotated[
        RedirectAll | None, Field(description="No pages here: every request goes to another host.")
    ] = None
    routing_rules: Annotated[
        tuple[RoutingRule, ...] | None, Field(max_length=50, description="In the order of their matching.")
    ] = None

    def canonical(self) -> Self:
        """Without an index document there are no pages, whatever else a store answers; no rules are none."""
        if self.is_empty():
            return type(self)()
        return self.model_copy(update={"routing_rules": self.routing_rules or None})

    def is_empty(self) -> bool:
        return not (self.index_document or self.redirect_all_requests_to)

    def clears(self) -> bool:
        return self.is_empty()

    def filled(self, observed: Self | None) -> Self:
        """A signpost and pages exclude each other: nothing of the other kind is kept."""
        same = observed is not None and bool(self.index_document) == bool(observed.index_document)
        return super().filled(observed) if same else self
