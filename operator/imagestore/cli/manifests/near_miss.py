"""Documents that are almost ours, and places where nothing of ours is: said with what to do, rather than passed over.

A manifest without apiVersion, one of a misspelt group and a folder with nothing but a kustomization were all "0 buckets" and
exit code 0: a pull request was green because nothing had been looked at.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from imagestore.api.kinds import GROUP, KINDS, Kind
from imagestore.cli.manifests.documents import Document
from imagestore.cli.manifests.files import SUFFIXES
from imagestore.cli.manifests.problems import Place, Problem
from imagestore.cli.manifests.shape import Finding

_ALIKE = 0.8  # of a group's letters
KUSTOMIZE = "kustomizations are not built here; use: kustomize build DIR | imagestore plan -f -"
HELM = "Helm templates are not rendered here; use: helm template … | imagestore plan -f -"


def near_miss(document: Document) -> Problem | None:
    """What is wrong with a document that is surely meant to be ours and is not."""
    found = _near(document)
    return Problem(document.lines.at(found.steps), found.label, found.message) if found else None


def _near(document: Document) -> Finding | None:
    kind = next((k for k in KINDS if k.name.lower() == document.kind.lower()), None)
    if kind is None:
        return _kindless(document)
    if not document.api_version:
        return Finding(("apiVersion",), "apiVersion", f"is required; write {kind.api_version}")
    group, slash, _ = document.api_version.partition("/")
    meant = kind.known_by or not slash or _alike(group)  # other APIs have policies of lifecycles, too
    return _wrong_group(document, kind) if meant else None


def _kindless(document: Document) -> Finding | None:
    group, slash, version = document.api_version.partition("/")
    if slash and group != GROUP and _alike(group):
        return Finding(("apiVersion",), "apiVersion", f"unknown group {group}; write {GROUP}/{version}")
    spec = document.value.get("spec")
    if document.kind or not isinstance(spec, Mapping):
        return None
    likely = next((k for k in KINDS if k.known_by and k.known_by in spec), None)
    if likely is None:
        return None
    said = f"is required; add it, and apiVersion: {likely.api_version}, if this is an {likely.name}"
    return Finding(("kind",), "kind", said)


def _wrong_group(document: Document, kind: Kind) -> Finding:
    message = f"unknown group {document.api_version}; write {kind.api_version} for kind {kind.name}"
    return Finding(("apiVersion",), "apiVersion", message)


def _alike(group: str) -> bool:
    return SequenceMatcher(None, group.lower(), GROUP).ratio() >= _ALIKE


@dataclass
class Seen:
    """What was met at one place that was given with ``-f``."""

    path: str
    found: bool = False  # something that is of use
    kustomization: bool = False
    template: bool = False
    others: Counter[str] = field(default_factory=Counter)  # objects of other kinds

    @property
    def nothing(self) -> Problem:
        """What to say if nothing is of use."""
        place = Place("<stdin>" if self.path == "-" else self.path)
        return Problem(place, "", f"nothing of {GROUP} was found: {self._why()}")

    def _why(self) -> str:
        if self.kustomization:
            return KUSTOMIZE
        if self.template:
            return HELM
        if self.others:
            most = ", ".join(kind for kind, _ in self.others.most_common(3))
            return f"{self.others.total()} objects of other kinds ({most}); is this the right place?"
        if self.path != "-" and Path(self.path).is_dir():
            return f"no manifest is in it ({', '.join(f'*{s}' for s in SUFFIXES)}; hidden files are not read)"
        return "no object is in it"
