"""Rights in Kubernetes: the operator's are exactly what it uses, users' are everything except status."""

from collections.abc import Iterator
from typing import Any

from imagestore.api.kinds import GROUP, KINDS, Kind
from imagestore.controller.rights import Right
from imagestore.crdgen.formats import table
from imagestore.k8s.api.resources import grants
from imagestore.kinds import ALL

Rule = dict[str, Any]

READ = ("get", "list", "watch")
WRITE = ("create", "update", "patch", "delete", "deletecollection")
# What each of Kubernetes' own roles gains. Never /status or /finalizers: with them a user could forge what
# the operator remembers, or let an object go that still has work to do.
AGGREGATED = {"view": READ, "edit": WRITE, "admin": WRITE}
# Never added to the users' roles: a StorageBackend names every tenant, and holds the endpoint.
BACKEND = {"backend-view": READ, "backend-admin": (*READ, *WRITE)}


def operator_rules(*, own: bool) -> list[Rule]:
    """The operator's rights: everywhere, or those in its own namespace only."""
    return [_rule(g) for g in grants(ALL) if g.own is own and not g.switch and not g.listed]


def switched_rules(*, own: bool) -> dict[str, list[Rule]]:
    """The operator's rights that a value of the chart grants, by that value: everywhere, or those in its own namespace."""
    found = [g for g in grants(ALL) if g.switch and g.own is own]
    switches = dict.fromkeys(g.switch for g in found)
    return {switch: [_rule(g) for g in found if g.switch == switch] for switch in switches}


def listed_rules() -> dict[str, list[Rule]]:
    """The operator's rights in namespaces that a value of the chart lists, by that value."""
    values = dict.fromkeys(g.listed for g in grants(ALL) if g.listed)
    return {value: [_rule(g) for g in grants(ALL) if g.listed == value] for value in values}


def _rule(grant: Right) -> Rule:
    return {"apiGroups": [grant.group], "resources": [grant.resource], "verbs": list(grant.verbs)}


def user_rules(verbs: tuple[str, ...]) -> list[Rule]:
    """Return the rules for tenants, who may not write StorageBackends."""
    return [_on(k for k in KINDS if k.namespaced) | {"verbs": list(verbs)}]


def backend_rules(verbs: tuple[str, ...]) -> list[Rule]:
    """Return the rules for administrators of StorageBackends, and for users who may read them."""
    return [_on(k for k in KINDS if not k.namespaced) | {"verbs": list(verbs)}]


def _on(kinds: Iterator[Kind]) -> Rule:
    return {"apiGroups": [GROUP], "resources": [k.plural for k in kinds]}


def page() -> str:
    """docs/reference/rights.md."""
    operator = [[g.resource, g.group or "core", ", ".join(g.verbs), _where(g), g.why] for g in grants(ALL)]
    users = [[f"`{role}`", _resources(user_rules(v)), ", ".join(v)] for role, v in AGGREGATED.items()]
    users += [
        [f"`…-{r}`, bound by you", _resources(backend_rules(v)), ", ".join(v)] for r, v in BACKEND.items()
    ]
    return "\n\n".join([
        "# Rights in Kubernetes",
        "## The operator\n\nThe rights that it uses. A test compares this table with the API server's audit log.",
        table(["resource", "group", "verbs", "where", "why"], operator),
        "## Users\n\nAdded to Kubernetes' aggregated roles. No role has `/status` or `/finalizers`: a user who could"
        " write a status could forge what the operator remembers of a bucket.",
        table(["role", "resources", "verbs"], users),
    ]) + "\n"  # fmt: skip


def _where(grant: Right) -> str:
    if grant.listed:
        return f"the namespaces of `{grant.listed}`"
    where = "its own namespace" if grant.own else "everywhere"
    return f"{where}, with `{grant.switch}`" if grant.switch else where


def _resources(rules: list[Rule]) -> str:
    return ", ".join(r for rule in rules for r in rule["resources"])
