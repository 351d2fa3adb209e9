"""Documents as typed objects of the API, or all their problems."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

from pydantic import ValidationError
from typing_extensions import TypeVar

from imagestore import GROUP
from imagestore.api.kind import Kind
from imagestore.api.kind_names import KIND_NAMES, kind_named
from imagestore.cli.manifests import cel, validation
from imagestore.cli.manifests.documents import YamlDocument
from imagestore.cli.manifests.problems import Problem, SourceLine, SourceLines
from imagestore.cli.manifests.shape import Complaint, shape_complaints, suggest
from imagestore.cli.manifests.typed_values import typed_values
from imagestore.core.model import Model

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_METADATA = (
    "name", "namespace", "labels", "annotations", "finalizers", "ownerReferences", "generateName",
    "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "managedFields",
    "deletionGracePeriodSeconds", "selfLink",
)  # fmt: skip
_TOP = ("apiVersion", "kind", "metadata", "spec", "status")


S_co = TypeVar("S_co", bound=Model, default=Model, covariant=True)


@dataclass(frozen=True)
class Object(Generic[S_co]):
    """One valid object of the API, with its lines."""

    kind: Kind
    namespace: str
    name: str
    spec: S_co
    lines: SourceLines = field(compare=False)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> SourceLine:
        """Its first line."""
        return self.lines.at(())

    @property
    def label(self) -> str:
        """``shop/photos``, or ``eu`` where there are no namespaces."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def is_ours(document: YamlDocument) -> bool:
    """Whether a document is of imagestore's API group."""
    return document.api_version.partition("/")[0] == GROUP


def parse_object(document: YamlDocument, namespace: str) -> tuple[Object[Model] | None, list[Problem]]:
    """The object, or None and all its problems. ``namespace`` is for objects that name none."""
    kind, found = _kind(document)
    found += _metadata(document.value, kind)
    spec = None
    if kind is not None:
        spec, more = _spec(kind, document)
        found += more
    problems = [*document.problems, *(_problem(document, f) for f in found)]
    if problems or kind is None or spec is None:
        return None, problems
    meta = document.value["metadata"]
    where = str(meta.get("namespace") or namespace) if kind.namespaced else ""
    return Object(kind, where, str(meta["name"]), spec, document.lines, meta.get("labels") or {}), []


def _problem(document: YamlDocument, finding: Complaint) -> Problem:
    return Problem(document.lines.at(finding.steps), finding.label, finding.message)


def _kind(document: YamlDocument) -> tuple[Kind | None, list[Complaint]]:
    kind = kind_named(document.kind)
    if kind is None:
        said = f"unknown kind {document.kind}" if document.kind else "is required; add it"
        return None, [Complaint(("kind",), "kind", said + suggest(document.kind, KIND_NAMES))]
    if document.api_version != kind.api_version:
        message = f"unknown version {document.api_version}; write {kind.api_version}"
        return kind, [Complaint(("apiVersion",), "apiVersion", message)]
    return kind, []


def _metadata(value: Mapping[str, Any], kind: Kind | None) -> list[Complaint]:
    found = [Complaint((k,), k, f"unknown field{suggest(k, _TOP)}") for k in value if k not in _TOP]
    meta = value.get("metadata")
    if not isinstance(meta, Mapping):
        return [
            *found,
            Complaint(("metadata",), "metadata", "is required; give the object a name: {name: …}"),
        ]
    for key in meta:
        if key not in _METADATA:
            message = f"unknown field{suggest(key, _METADATA) if len(key) < 64 else ''}"
            found.append(Complaint(("metadata", key), f"metadata.{key}", message))
    found += _named(meta, "name", required=True)
    if kind is not None and kind.namespaced:
        found += _named(meta, "namespace", required=False)
    elif kind is not None and meta.get("namespace"):
        message = f"a {kind.name} has no namespace; remove the field"
        found.append(Complaint(("metadata", "namespace"), "metadata.namespace", message))
    return [*found, *_texts(meta, "labels"), *_texts(meta, "annotations")]


def _named(meta: Mapping[str, Any], key: str, *, required: bool) -> list[Complaint]:
    name = meta.get(key)
    steps, label = ("metadata", key), f"metadata.{key}"
    if name is None:
        return [Complaint(steps, label, "is required; add it")] if required else []
    if not isinstance(name, str):
        return [Complaint(steps, label, f"must be a string; put it in quotes, not {name}")]
    if len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        message = "must be lower-case letters, digits, - and ., beginning and ending with a letter or digit"
        return [Complaint(steps, label, f"{message}, not {name}")]
    return []


def _texts(meta: Mapping[str, Any], key: str) -> Iterator[Complaint]:
    values = meta.get(key)
    if values is None:
        return
    if not isinstance(values, Mapping):
        yield Complaint(("metadata", key), f"metadata.{key}", "must be a mapping")
        return
    for name, value in values.items():
        if not isinstance(value, str):
            label = f'metadata.{key}["{name}"]'
            yield Complaint(("metadata", key, name), label, "must be a string; put it in quotes")


def _spec(kind: Kind, document: YamlDocument) -> tuple[Model | None, list[Complaint]]:
    if "spec" not in document.value:
        return None, [Complaint(("spec",), "spec", "is required; add it")]
    value = document.value["spec"]
    values = list(typed_values(value, kind.spec, "spec", ("spec",)))
    found = list(shape_complaints(values))
    spec: Model | None = None
    try:
        # As JSON, because lists are tuples in the models.
        spec = kind.spec.model_validate_json(json.dumps(value))
    except ValidationError as error:
        known = {f.steps for f in found}
        found += [f for f in validation.complaints(error, values, ("spec",)) if not _under(f, known)]
    found += cel.broken_rules(values, [f.steps for f in found])
    return spec, found


def _under(finding: Complaint, known: set[Any]) -> bool:
    return any(finding.steps[:n] in known for n in range(1, len(finding.steps) + 1))
