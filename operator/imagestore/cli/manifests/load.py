"""Loads all manifests that a command was given, with all their problems."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import yaml

from imagestore.cli.manifests import cel
from imagestore.cli.manifests.documents import YamlDocument, documents, yaml_problem
from imagestore.cli.manifests.files import ManifestFile, sources
from imagestore.cli.manifests.near_miss import HELM, KUSTOMIZE, SearchedPath, near_miss
from imagestore.cli.manifests.objects import Object, is_ours, parse_object
from imagestore.cli.manifests.problems import Problem, SourceLine
from imagestore.core.model import Model

S = TypeVar("S", bound=Model)


@dataclass
class Manifests:
    """The objects, and what accompanies them. ``notes`` are sentences on what was not read."""

    objects: list[Object[Model]] = field(default_factory=list)
    secrets: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict, repr=False)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    empty: bool = False  # one of the places that were given has nothing of ours in it
    unfinished: list[str] = field(default_factory=list)  # files that may be the beginning of a manifest

    def of(self, spec: type[S]) -> list[Object[S]]:
        """The objects with a spec of this type, in the order in which they were read."""
        return [cast("Object[S]", o) for o in self.objects if isinstance(o.spec, spec)]


def load(paths: Iterable[str], namespace: str) -> Manifests:
    """Read all manifests. ``namespace`` is for objects that name none. A file that cannot be read becomes a problem."""
    found = Manifests()
    places = [_place(found, path, namespace) for path in paths]
    empty = [seen.nothing for seen in places if not seen.found]
    found.empty = bool(empty)
    if len(empty) == len(places):
        found.problems += empty
    else:
        found.notes += map(str, empty)
    found.problems += _twice(found.objects)
    if found.objects and not cel.available():
        found.notes.append(cel.UNAVAILABLE)
    found.problems.sort()
    return found


def _place(found: Manifests, path: str, namespace: str) -> SearchedPath:
    seen = SearchedPath(path)
    for source in sources([path]):
        if isinstance(source, Problem):
            found.problems.append(source)
            seen.found = True
        elif source.kustomization:
            found.notes.append(f"{source.name}: {KUSTOMIZE}")
            seen.kustomization = True
        else:
            _source(found, seen, source, namespace)
    return seen


def _source(found: Manifests, seen: SearchedPath, source: ManifestFile, namespace: str) -> None:
    read: list[YamlDocument] = []
    try:
        read.extend(documents(source.text, source.name))
    except yaml.YAMLError as error:
        _unreadable(found, seen, source, yaml_problem(error, source.name))
        return
    if source.template and source.is_ours:
        found.notes.append(f"{source.name}: contains {{{{ }}}}; imagestore does not render Helm templates")
    if not read or any(bool(d.api_version) is not bool(d.kind) for d in read):
        found.unfinished.append(source.name)
    for document in read:
        if _document(found, document, namespace):
            seen.found = True
        else:
            seen.others[document.kind or "no kind"] += 1


def _unreadable(found: Manifests, seen: SearchedPath, source: ManifestFile, problem: Problem) -> None:
    if source.template:
        found.notes.append(f"{source.name}: {HELM}")
        seen.template = True
    elif source.named or source.is_ours:
        found.problems.append(problem)
        seen.found = True
    else:
        found.unfinished.append(source.name)
        found.notes.append(f"{problem.place}: skipped, {problem.message}")


def _document(found: Manifests, document: YamlDocument, namespace: str) -> bool:
    """Whether the document is of use, or would be without its problems."""
    if is_ours(document):
        built, problems = parse_object(document, namespace)
        found.problems += problems
        found.objects += [built] if built else []
        return True
    if (missed := near_miss(document)) is not None:
        found.problems.append(missed)
        return True
    return _helping(found, document)


def _helping(found: Manifests, document: YamlDocument) -> bool:
    meta = document.value.get("metadata")
    if document.api_version != "v1" or not isinstance(meta, dict):
        return False
    if document.kind == "Secret":
        found.secrets[str(meta.get("namespace", "")), str(meta.get("name"))] = document.value
    elif document.kind == "Namespace":
        found.namespaces[str(meta.get("name"))] = meta.get("labels") or {}
    return document.kind in ("Secret", "Namespace")


def _twice(objects: Iterable[Object[Model]]) -> list[Problem]:
    first: dict[tuple[str, str], SourceLine] = {}
    found = []
    for one in objects:
        key = (one.kind.name, one.label)
        if key in first:
            found.append(
                Problem(one.place, one.kind.name, f"{one.label} is already in {first[key]}; remove one")
            )
        first.setdefault(key, one.place)
    return found
