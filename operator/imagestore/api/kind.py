"""What a kind of the API is: the record from which CRDs, RBAC, clients and reference pages are made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from imagestore import GROUP, VERSION
from imagestore.core.model import Cel, Model

CATEGORY = "imagestore"
KindScope = Literal["Namespaced", "Cluster"]


@dataclass(frozen=True)
class Column:
    """A column of ``kubectl get``. One with a priority above 0 is only shown with ``-o wide``."""

    name: str
    path: str
    description: str
    type: Literal["string", "integer", "date"] = "string"
    priority: int = 0


@dataclass(frozen=True)
class Kind:
    """One kind of the API. ``selectable`` are the paths that a field selector may use."""

    name: str
    plural: str
    scope: KindScope
    short: str
    description: str
    spec: type[Model]
    status: type[Model]
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    cel: Callable[[], tuple[Cel, ...]] = (
        tuple  # rules that need more than the spec, such as the object's own name
    )
    # A field of the spec that tells the kind where a manifest does not. Then its name is no other API's, either.
    known_by: str = ""
    group: str = GROUP
    version: str = VERSION
    category: str = CATEGORY

    @property
    def singular(self) -> str:
        """The singular name, as in ``kubectl get imagebucket``."""
        return self.name.lower()

    @property
    def api_version(self) -> str:
        """The apiVersion of a manifest."""
        return f"{self.group}/{self.version}"

    @property
    def crd(self) -> str:
        """The name of the CustomResourceDefinition."""
        return f"{self.plural}.{self.group}"

    @property
    def namespaced(self) -> bool:
        """Whether objects of this kind are namespaced."""
        return self.scope == "Namespaced"


def condition_column(type_: str) -> str:
    """The path of a condition's status."""
    return f'.status.conditions[?(@.type=="{type_}")].status'


AGE_COLUMN = Column("Age", ".metadata.creationTimestamp", "Time since the object was created.", "date")
REASON_COLUMN = Column(
    "Reason",
    '.status.conditions[?(@.type=="Ready")].reason',
    "Reason of the Ready condition.",
    priority=1,
)
