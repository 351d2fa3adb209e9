"""The chart's generated templates: CRDs, the operator's rights, the users' roles."""

from collections.abc import Iterable
from typing import Any

from imagestore.api.kinds import Kind
from imagestore.crdgen import crd, rbac
from imagestore.crdgen.formats import HEADER, dump

_NAME = '{{ include "imagestore.fullname" . }}'
_LABELS = '  labels: {{- include "imagestore.labels" . | nindent 4 }}\n'
_KEEP = """\
  {{- if .Values.crds.keep }}
  annotations:
    # Deleting a CRD deletes every object of its kind: helm uninstall leaves them alone.
    helm.sh/resource-policy: keep
  {{- end }}
"""
_SUBJECTS = """\
subjects:
  - kind: ServiceAccount
    name: {{ include "imagestore.serviceAccount" . }}
    namespace: {{ .Release.Namespace }}
"""


def definition(kind: Kind) -> str:
    """A CRD as a template: Helm installs a chart's ``crds/`` folder but never upgrades it."""
    text = dump(crd.definition(kind)).replace("{{", '{{ "{{" }}')
    name = f"  name: {kind.crd}\n"
    return _if("crds.install", text.replace(name, name + _LABELS + _KEEP, 1))


def names(kinds: Iterable[Kind]) -> str:
    """The names of the CRDs, for a command that deletes them. Written by hand, NOTES.txt missed one."""
    text = " ".join(kind.crd for kind in kinds)
    return f'{{{{- /* {HEADER.removeprefix("# ").strip()} */ -}}}}\n{{{{- define "imagestore.crds" -}}}}{text}{{{{- end -}}}}\n'


def operator_rbac() -> str:
    """The operator's rights: a ClusterRole, a Role in its own namespace, and their bindings."""
    parts = [
        _role("ClusterRole", "", rbac.operator_rules(own=False)),
        _binding("ClusterRole"),
        _role("Role", "", rbac.operator_rules(own=True)),
        _binding("Role"),
    ]
    parts += [_switched("ClusterRole", *each) for each in rbac.switched_rules(own=False).items()]
    parts += [_switched("Role", *each) for each in rbac.switched_rules(own=True).items()]
    listed = [_listed(value, rules) for value, rules in rbac.listed_rules().items()]
    return _if("rbac.create", "---\n".join(parts) + "".join(listed))


def _listed(value: str, rules: list[dict[str, Any]]) -> str:
    """A Role and its binding in each namespace that a value of the chart lists.

    It begins with its own separator: helm drops what comes after two of them.
    """
    suffix = f"-{_kebab(value.rpartition('.')[2])}"
    text = f"{_role('Role', suffix, rules)}---\n{_binding('Role', suffix)}"
    text = text.replace(
        "namespace: {{ .Release.Namespace }}\n  labels", "namespace: {{ $namespace | quote }}\n  labels"
    )
    for inner in ('"imagestore.fullname" .', '"imagestore.labels" .', '"imagestore.serviceAccount" .'):
        text = text.replace(inner, f"{inner[:-1]}$")
    text = text.replace(".Release.Namespace", "$.Release.Namespace")
    return f"{{{{- range $namespace := .Values.{value} }}}}\n---\n{text}{{{{- end }}}}\n"


def _switched(kind: str, switch: str, rules: list[dict[str, Any]]) -> str:
    """A role of its own, which a value of the chart grants. It is called after rbac.NAME or NAME.enabled."""
    suffix = f"-{switch.removeprefix('rbac.').removesuffix('.enabled')}"
    text = f"{_role(kind, suffix, rules)}---\n{_binding(kind, suffix)}"
    return f"{{{{- if .Values.{switch} }}}}\n{text}{{{{- end }}}}\n"


def user_roles() -> str:
    """Users' rights, added to Kubernetes' own view, edit and admin."""
    parts = [
        _role("ClusterRole", f"-{r}", rbac.user_rules(v), _aggregate(r)) for r, v in rbac.AGGREGATED.items()
    ]
    parts += [_role("ClusterRole", f"-{r}", rbac.backend_rules(v)) for r, v in rbac.BACKEND.items()]
    return _if("rbac.userRoles", "---\n".join(parts))


def _aggregate(role: str) -> str:
    return f'    rbac.authorization.k8s.io/aggregate-to-{role}: "true"\n'


def _role(kind: str, suffix: str, rules: list[dict[str, Any]], labels: str = "") -> str:
    return _head(kind, suffix, labels) + dump({"rules": rules})


def _binding(kind: str, suffix: str = "") -> str:
    role = f"roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {_NAME}{suffix}\n"
    return _head(f"{kind}Binding", suffix) + role + _SUBJECTS


def _head(kind: str, suffix: str = "", labels: str = "") -> str:
    namespace = "" if kind.startswith("Cluster") else "  namespace: {{ .Release.Namespace }}\n"
    head = f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {_NAME}{suffix}\n"
    return head + namespace + _LABELS + labels


def _kebab(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name)


def _if(value: str, text: str) -> str:
    return f"{HEADER}{{{{- if .Values.{value} }}}}\n{text}{{{{- end }}}}\n"
