"""Website: the bucket as a site of static pages, or as a redirect to another host."""

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
ObjectKey = Annotated[str, Field(min_length=1, max_length=1024)]


class RedirectAll(Model):
    """Redirects every request to another host."""

    host_name: Annotated[Host, Field(description="Host to redirect to.")]
    protocol: Annotated[
        Protocol | None, Field(description="Protocol to redirect to. Absent: the protocol of the request.")
    ] = None


class RoutingCondition(Model):
    """Which requests a rule applies to. All given conditions must hold."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.keyPrefixEquals) || has(self.httpErrorCodeReturnedEquals)",
            "the condition is empty; give keyPrefixEquals or httpErrorCodeReturnedEquals, or remove it",
        ),
    )

    key_prefix_equals: Annotated[Prefix | None, Field(description="Matches keys that begin with this.")] = (
        None
    )
    http_error_code_returned_equals: Annotated[
        str | None,
        Field(
            pattern=r"^[45][0-9]{2}$",
            max_length=3,
            description="Matches requests that the store would answer with this error code.",
        ),
        Form("write the code of an error such as '404', in quotes"),
    ] = None


class Redirect(Model):
    """Where a request is redirected to. Parts that are not given stay as in the request."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.hostName) || has(self.protocol) || has(self.replaceKeyWith) ||"
            " has(self.replaceKeyPrefixWith) || has(self.httpRedirectCode)",
            "the redirect changes nothing; give hostName, protocol, replaceKeyWith,"
            " replaceKeyPrefixWith or httpRedirectCode",
        ),
        Cel(
            "!(has(self.replaceKeyWith) && has(self.replaceKeyPrefixWith))",
            "give replaceKeyWith or replaceKeyPrefixWith, not both",
        ),
    )

    host_name: Annotated[Host | None, Field(description="Host to redirect to.")] = None
    protocol: Annotated[Protocol | None, Field(description="Protocol to redirect to.")] = None
    replace_key_with: Annotated[ObjectKey | None, Field(description="Key to redirect to.")] = None
    replace_key_prefix_with: Annotated[
        str | None,
        Field(max_length=1024, description="Replaces the prefix in the condition's keyPrefixEquals."),
    ] = None
    http_redirect_code: Annotated[
        str | None,
        Field(
            pattern=r"^30[1-8]$",
            max_length=3,
            description="HTTP status code of the redirect. Defaults to 301.",
        ),
        Form("write the code of a redirect such as '302', in quotes"),
    ] = None


class RoutingRule(Model):
    """One rule. The store applies the first rule whose condition holds."""

    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "has(self.redirect.hostName) || has(self.redirect.protocol) ||"
            " (has(self.condition) && has(self.condition.httpErrorCodeReturnedEquals)) ||"
            " (has(self.condition) && has(self.condition.keyPrefixEquals) &&"
            " (has(self.redirect.replaceKeyWith) || has(self.redirect.replaceKeyPrefixWith)) &&"
            " !(has(self.redirect.replaceKeyWith) ? self.redirect.replaceKeyWith :"
            " self.redirect.replaceKeyPrefixWith).startsWith(self.condition.keyPrefixEquals))",
            "the redirect loops: its target matches the rule's own condition; change the"
            " condition or the target",
        ),
    )

    condition: Annotated[
        RoutingCondition | None,
        Field(description="Which requests the rule applies to. Absent: all requests."),
    ] = None
    redirect: Annotated[Redirect, Field(description="Where the requests are redirected to.")]


class Website(Facet):
    """Website: static pages for browsers at the store's website endpoint. An empty object clears it."""

    removal: ClassVar[Removal] = Removal.CLEAR
    after: ClassVar[tuple[str, ...]] = ("publicAccessBlock", "policy")
    cel: ClassVar[tuple[Cel, ...]] = (
        Cel(
            "!has(self.redirectAllRequestsTo) || !(has(self.indexDocument) || has(self.errorDocument) ||"
            " has(self.routingRules))",
            "redirectAllRequestsTo excludes the other fields; remove them, or write routingRules",
        ),
        Cel(
            "has(self.indexDocument) || !(has(self.errorDocument) || has(self.routingRules))",
            "a website needs an indexDocument, such as index.html",
        ),
    )

    index_document: Annotated[
        str | None,
        Field(min_length=1, max_length=255, description="Name of the page for a folder, such as index.html."),
        Cel("!self.contains('/')", "indexDocument is the name within each folder; remove the slash"),
    ] = None
    error_document: Annotated[ObjectKey | None, Field(description="Key of the page for errors.")] = None
    redirect_all_requests_to: Annotated[
        RedirectAll | None,
        Field(description="Redirects every request to another host. Excludes the other fields."),
    ] = None
    routing_rules: Annotated[
        tuple[RoutingRule, ...] | None,
        Field(max_length=50, description="Rules in the order in which the store evaluates them."),
    ] = None

    def canonical(self) -> Self:
        """Return the value without an empty list of rules. Without an index document it is empty, whatever a store answers."""
        if self.is_empty():
            return type(self)()
        return self.model_copy(update={"routing_rules": self.routing_rules or None})

    def is_empty(self) -> bool:
        return not (self.index_document or self.redirect_all_requests_to)

    def clears(self) -> bool:
        return self.is_empty()

    def filled(self, observed: Self | None) -> Self:
        """A redirect and pages exclude each other: nothing observed of the other one is kept."""
        same = observed is not None and bool(self.index_document) == bool(observed.index_document)
        return super().filled(observed) if same else self
