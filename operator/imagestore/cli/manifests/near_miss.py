"""Problems of documents that are almost imagestore's, and of paths where none is found.

A manifest without apiVersion, one with a misspelt group and a directory with nothing but a kustomization were all "0 buckets"
and exit code 0: a pull request was green because no manifest had been read.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from imagestore import GROUP
from imagestore.api.kind import Kind
from imagestore.api.kind_names import KIND_NAMES, kind_named
from imagestore.cli.manifests.documents import YamlDocument
from imagestore.cli.manifests.files import SUFFIXES
from imagestore.cli.manifests.problems import Problem, SourceLine
from imagestore.cli.manifests.shape import Complaint

_ALIKE = 0.8  # of a group's letters
KUSTOMIZE = "imagestore does not build kustomizations; use: kustomize build DIR | imagestore plan -f -"
HELM = "imagestore does not render Helm templates; use: helm template … | imagestore plan -f -"


def near_miss(document: YamlDocument) -> Problem | None:
    """The problem of a document that is meant for imagestore and has the wrong kind or group; None for any other."""
    found = _near(document)
    return Problem(document.lines.at(found.steps), found.label, found.message) if found else None


def _near(document: YamlDocument) -> Complaint | None:
    kind = kind_named(next((n for n in KIND_NAMES if n.lower() == document.kind.lower()), ""))
    if kind is None:
        return _kindless(document)
    if not document.api_version:
        return Complaint(("apiVersion",), "apiVersion", f"is required; write {kind.api_version}")
    group, slash, _ = document.api_version.partition("/")
    meant = kind.known_by or not slash or _alike(group)  # other projects have a LifecyclePolicy, too
    return _wrong_group(document, kind) if meant else None


def _kindless(document: YamlDocument) -> Complaint | None:
    group, slash, version = document.api_version.partition("/")
    if slash and group != GROUP and _alike(group):
        return Complaint(("apiVersion",), "apiVersion", f"unknown group {group}; write {GROUP}/{version}")
    spec = document.value.get("spec")
    fields = spec if isinstance(spec, Mapping) and not document.kind else {}
    meant = _known_by(fields) if fields else None
    if meant is None:
        return None
    said = f"is required; add it, and apiVersion: {meant.api_version}, if this is an {meant.name}"
    return Complaint(("kind",), "kind", said)


def _known_by(fields: Mapping[str, object]) -> Kind | None:
    kinds = filter(None, map(kind_named, KIND_NAMES))
    return next((k for k in kinds if k.known_by and k.known_by in fields), None)


def _wrong_group(document: YamlDocument, kind: Kind) -> Complaint:
    message = f"unknown group {document.api_version}; write {kind.api_version} for kind {kind.name}"
    return Complaint(("apiVersion",), "apiVersion", message)


def _alike(group: str) -> bool:
    return SequenceMatcher(None, group.lower(), GROUP).ratio() >= _ALIKE


@dataclass
class SearchedPath:
    """What was found at one path given with ``-f``."""

    path: str
    found: bool = False  # a document of imagestore, a Secret or a Namespace, or a file that cannot be read
    kustomization: bool = False
    template: bool = False
    others: Counter[str] = field(default_factory=Counter)  # objects of other kinds

    @property
    def nothing(self) -> Problem:
        """The problem if nothing was found."""
        place = SourceLine("<stdin>" if self.path == "-" else self.path)
        return Problem(place, "", f"no object of {GROUP} found: {self._why()}")

    def _why(self) -> str:
        if self.kustomization:
            return KUSTOMIZE
        if self.template:
            return HELM
        if self.others:
            most = ", ".join(kind for kind, _ in self.others.most_common(3))
            count = self.others.total()
            objects = f"{count} object{'' if count == 1 else 's'} of other kinds"
            return f"{objects} ({most}); is this the right path?"
        if self.path != "-" and Path(self.path).is_dir():
            return f"the directory has no manifest ({', '.join(f'*{s}' for s in SUFFIXES)}; hidden files are not read)"
        return "it has no object"
