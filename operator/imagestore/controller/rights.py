"""What the operator must be allowed to do with a resource of the Kubernetes API."""

from dataclasses import dataclass

from imagestore.api.kinds import Kind


@dataclass(frozen=True)
class Right:
    """What must be allowed on one resource; ``own``: only in the operator's own namespace.

    ``switch``: the chart's value that grants it; empty: it is always granted. ``listed``: the chart's value that lists the namespaces
    in which it is granted. Without it what needs it says so.
    """

    group: str
    resource: str
    verbs: tuple[str, ...]
    why: str
    own: bool = False
    switch: str = ""
    listed: str = ""


def of_kind(kind: Kind, *, finalizer: bool) -> tuple[Right, Right]:
    """What every kind needs; one with a finalizer is patched besides its status."""
    more, keep = (("patch",), " and keep the finalizer") if finalizer else ((), "")
    return (
        Right(kind.group, kind.plural, ("get", "list", "watch", *more), f"to follow them{keep}"),
        Right(kind.group, f"{kind.plural}/status", ("patch",), "to report"),
    )
