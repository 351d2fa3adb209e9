"""Website."""

from collections.abc import Mapping
from typing import Any

from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Parameters, Setting, StoreAnswer
from imagestore.facets.website import Redirect, RedirectAll, RoutingCondition, RoutingRule, Website

Raw = Mapping[str, Any]


def decode(answer: StoreAnswer, _at: BucketPlace) -> Website | None:
    """What others wrote may be longer than a spec may say."""
    found = Website.from_store(
        index_document=(answer.get("IndexDocument") or {}).get("Suffix"),
        error_document=(answer.get("ErrorDocument") or {}).get("Key"),
        redirect_all_requests_to=_all(answer.get("RedirectAllRequestsTo")),
        routing_rules=tuple(_rule(raw) for raw in answer.get("RoutingRules") or ()) or None,
    )
    return None if found.is_empty() else found


def _all(raw: Raw | None) -> RedirectAll | None:
    if not raw:
        return None
    return RedirectAll.from_store(host_name=raw["HostName"], protocol=raw.get("Protocol") or None)


def _rule(raw: Raw) -> RoutingRule:
    when, then = raw.get("Condition"), raw["Redirect"]
    condition = RoutingCondition.from_store(**_said(when, _CONDITION)) if when else None
    return RoutingRule.from_store(condition=condition, redirect=Redirect.from_store(**_said(then, _REDIRECT)))


_CONDITION = {
    "key_prefix_equals": "KeyPrefixEquals",
    "http_error_code_returned_equals": "HttpErrorCodeReturnedEquals",
}
_REDIRECT = {
    "host_name": "HostName",
    "protocol": "Protocol",
    "replace_key_with": "ReplaceKeyWith",
    "replace_key_prefix_with": "ReplaceKeyPrefixWith",
    "http_redirect_code": "HttpRedirectCode",
}


def _said(raw: Raw, names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: raw[theirs] for ours, theirs in names.items() if raw.get(theirs) is not None}


def encode(value: Website, _at: BucketPlace) -> Parameters:
    """What is absent is left out."""
    goal = value.redirect_all_requests_to
    document: dict[str, Any] = {
        "IndexDocument": {"Suffix": value.index_document} if value.index_document else None,
        "ErrorDocument": {"Key": value.error_document} if value.error_document else None,
        "RedirectAllRequestsTo": goal and _sent(goal, _REDIRECT),
        "RoutingRules": [_encode_rule(rule) for rule in value.routing_rules or ()],
    }
    return {"WebsiteConfiguration": {k: v for k, v in document.items() if v}}


def _encode_rule(rule: RoutingRule) -> dict[str, Any]:
    when = {"Condition": _sent(rule.condition, _CONDITION)} if rule.condition else {}
    return {**when, "Redirect": _sent(rule.redirect, _REDIRECT)}


def _sent(model: Any, names: Mapping[str, str]) -> dict[str, Any]:
    values = {theirs: getattr(model, ours, None) for ours, theirs in names.items()}
    return {k: v for k, v in values.items() if v is not None}


WEBSITE = Setting(
    facet="website",
    read="GetBucketWebsite",
    write="PutBucketWebsite",
    clear="DeleteBucketWebsite",
    decode=decode,
    encode=encode,
    permissions=("s3:GetBucketWebsite", "s3:PutBucketWebsite", "s3:DeleteBucketWebsite"),
    absent=frozenset({"NoSuchWebsiteConfiguration"}),
)
