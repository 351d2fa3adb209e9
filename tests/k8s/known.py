"""The parts of the controller with all kinds, as tests put them together without an operator around them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar

from imagestore.api.kinds import Kind
from imagestore.backends.base import Backend
from imagestore.controller.contributions import Contributions
from imagestore.controller.runs import Runs
from imagestore.controller.runtime import Kinds
from imagestore.controller.services import Services
from imagestore.controller.state.cache import Cache
from imagestore.controller.state.mirrors import NamespaceMirror
from imagestore.controller.state.objects import Stored
from imagestore.controller.stores import BackendConnections, Connecting
from imagestore.controller.surveyor import Surveyor
from imagestore.core.outcome import Outcome
from imagestore.k8s.api.resources import of
from imagestore.kinds import ALL
from imagestore.reconcile.shared.situation import Settings

T = TypeVar("T")
KIND = {kind.name: kind for kind in ALL.kinds}
BY_KIND = {kind.name: of(kind) for kind in ALL.kinds}


def stored(kind: Kind, raw: Any) -> Stored:
    """What is remembered of an object."""
    return ALL[kind.name].stored(raw)


def deciding(kinds: Kinds = ALL, **reconciles: Callable[[Any], Outcome[Any]]) -> Kinds:
    """The records with other decisions, by the kind's name."""
    return Kinds(*(replace(r, reconcile=reconciles.get(r.kind.name, r.reconcile)) for r in kinds))


def directly(what: Callable[[], T]) -> T:
    """A thread that asks the event loop, where there is none."""
    return what()


def services(
    cache: Cache,
    connect: Callable[..., Backend],
    *,
    is_running: Callable[..., bool] = lambda _: False,
    **more: Any,
) -> Services:
    """What records may ask; the stores are connected by ``connect``."""
    parts: dict[str, Any] = {
        "stores": BackendConnections(cache, ALL.store, lambda _: None, Connecting(connect)),
        "contributions": Contributions(cache, ALL.contributors),
        "surveyor": Surveyor(monotonic, lambda: False, lambda *_: None),
        "runs": Runs(monotonic, lambda: False, lambda _: None, {}),
        "namespaces": NamespaceMirror(lambda *_: None),
        "settings": Settings("prod"),
        "now": lambda: datetime(2026, 11, 25, tzinfo=UTC),
        "clock": monotonic,
        "ask": directly,
    }
    return Services(cache=cache, is_running=is_running, **parts | more)
