"""Objects of our own kinds that a reconcile makes and deletes, such as the Backups of a BackupSchedule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from imagestore.api.kinds import Kind

MADE_BY = (
    "imagestore.dev/made-by"  # an annotation: kind/name of the object for which the operator made this one
)


@dataclass(frozen=True)
class NewObject:
    """An object to be made. Its name must follow from what it is for: a second try then finds the first one's."""

    kind: Kind
    namespace: str
    name: str
    spec: Mapping[str, Any]
    made_by: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The manifest."""
        meta = {"name": self.name, "namespace": self.namespace, "annotations": {MADE_BY: self.made_by}}
        meta |= {"labels": dict(self.labels)} if self.labels else {}
        head = {"apiVersion": self.kind.api_version, "kind": self.kind.name}
        return head | {"metadata": meta, "spec": dict(self.spec)}


class OwnObjects(Protocol):
    """Asked from worker threads. Each call waits for the answer and says why it failed; empty: it is done."""

    def make(self, what: NewObject) -> str:
        """Make an object. One that was made for the same before is as good."""
        ...

    def remove(self, kind: Kind, namespace: str, name: str, uid: str) -> str:
        """Delete this very object, with its finalizers. One that is gone is as good."""
        ...


class NothingOwn:
    """Where no object can be made."""

    def make(self, what: NewObject) -> str:
        """Make none."""
        return "objects cannot be made here"

    def remove(self, kind: Kind, namespace: str, name: str, uid: str) -> str:
        """Delete none."""
        return "objects cannot be deleted here"
