"""The resources of the API that the operator touches, and what it must be allowed to do with them.

The chart's roles hold exactly this; ``missing`` says at start what they do not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from imagestore.api.kinds import Kind
from imagestore.controller.keys import KEYS_RIGHT
from imagestore.controller.rights import Right
from imagestore.controller.runtime import Kinds


@dataclass(frozen=True)
class Resource:
    """One resource of the API."""

    group: str
    version: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "") -> str:
        """Of the collection in a namespace (empty: in all), or of one object."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        where = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{where}/{self.plural}" + (f"/{name}" if name else "")


def of(kind: Kind) -> Resource:
    """The resource of one of our kinds."""
    return Resource(kind.group, kind.version, kind.plural, kind.namespaced)


SECRETS = Resource("", "v1", "secrets")
NAMESPACES = Resource("", "v1", "namespaces", namespaced=False)
EVENTS = Resource("events.k8s.io", "v1", "events")
CONFIG_MAPS = Resource("", "v1", "configmaps")
SERVICES = Resource("", "v1", "services")
JOBS = Resource("batch", "v1", "jobs")
LEASES = Resource("coordination.k8s.io", "v1", "leases")
CRDS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", namespaced=False)
RULES_REVIEW = Resource("authorization.k8s.io", "v1", "selfsubjectrulesreviews", namespaced=False)


JOBS_SWITCH = "jobs.enabled"
_BESIDES = (
    Right(
        "batch",
        "jobs",
        ("list", "delete"),
        "to see and end Jobs of large runs, also where none are made any more",
        own=True,
    ),
    Right(
        "batch",
        "jobs",
        ("create",),
        "to carry out large runs, here only",
        own=True,
        switch=JOBS_SWITCH,
    ),
    Right(
        "",
        "secrets",
        ("create",),
        "to give a Job the keys that it needs, here only",
        own=True,
        switch=JOBS_SWITCH,
    ),
    Right(
        "", "namespaces", ("list", "watch"), "to know their labels, by which a StorageBackend may select them"
    ),
    Right(
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        ("list", "watch"),
        "to notice ours when they arrive later",
    ),
    Right("events.k8s.io", "events", ("create", "patch"), "to tell what happened"),
    Right("", "secrets", ("list", "watch"), "to read the stores' credentials, here only", own=True),
    Right(
        "",
        "secrets",
        ("get",),
        "to read the keys of repositories when a run begins",
        listed=KEYS_RIGHT,
    ),
    Right(
        "coordination.k8s.io",
        "leases",
        ("get", "create", "update"),
        "so that one of several replicas works",
        own=True,
    ),
)


def grants(kinds: Kinds) -> tuple[Right, ...]:
    """All that the operator must be allowed: what its kinds need, and what it needs besides."""
    return (*(grant for record in kinds for grant in record.rights), *_BESIDES)


def missing(rules: Iterable[dict[str, Any]], grants: Iterable[Right]) -> Iterator[str]:
    """A sentence for each verb that the rules of a SelfSubjectRulesReview do not allow."""
    known = list(rules)
    for grant in (g for g in grants if not g.switch and not g.listed):
        lacking = [v for v in grant.verbs if not any(_allows(r, grant, v) for r in known)]
        if lacking:
            what = f"{grant.resource}.{grant.group}" if grant.group else grant.resource
            where = " in the operator's own namespace" if grant.own else ""
            yield f"not allowed to {', '.join(lacking)} {what}{where}, which is needed {grant.why}"


def _allows(rule: dict[str, Any], grant: Right, verb: str) -> bool:
    def has(field: str, value: str) -> bool:
        return not {value, "*"}.isdisjoint(rule.get(field) or ())

    sub = grant.resource.partition("/")[2]
    named = has("resources", grant.resource) or (sub != "" and has("resources", f"*/{sub}"))
    return named and has("verbs", verb) and has("apiGroups", grant.group)
