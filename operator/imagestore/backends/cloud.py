"""What one provider brings: how its stores are connected, and what is known of them without asking."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.guard.call import Observer, Timing
from imagestore.backends.secrets import Given
from imagestore.core.cost import UNPRICED, PriceTable
from imagestore.core.fencing import Permit
from imagestore.core.objects import ObjectTraits

if TYPE_CHECKING:
    from imagestore.backends.base import Backend
    from imagestore.backends.objects import ObjectStore
    from imagestore.core.reading import Support
    from imagestore.forecast.terms import Terms


@dataclass(frozen=True)
class ConnectionRequest:
    """All that a cloud is given to make a Backend. ``permit`` is asked before each write."""

    name: str
    spec: StorageBackendSpec
    given: Given
    permit: Permit
    timing: Timing
    observer: Observer


@dataclass(frozen=True)
class StorePage:
    """What the documentation says of one provider.

    ``support``: by facet, in the order of the spec. ``settings``: what the store must grant for each facet that it holds.
    ``buckets``: what it must grant whatever is managed, by purpose. ``admin``: what its admin API must grant, by field
    of a status; ``tiers``: and for remote tiers. ``stand_in``: on what the contract suite proved all this, if not on the
    store itself. ``documents``: where it was read instead. ``example``: a section with a grant to paste, in Markdown.
    ``objects``: what it makes of objects; None: it moves no data.
    """

    product: str
    support: "Mapping[str, Support]"
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    buckets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    admin: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tiers: tuple[str, ...] = ()
    stand_in: str = ""
    documents: tuple[str, ...] = ()
    example: str = ""
    objects: ObjectTraits | None = None


@dataclass(frozen=True)
class Cloud:
    """One provider. What it names is imported when it is called.

    ``connect`` sends nothing; it raises ConfigError. ``terms``: what the store makes of lifecycle rules besides what they
    say, by its StorageBackend, or with nothing said (None). ``list_prices``: see ``Backend.list_prices``.
    ``objects``: the objects of a connection alone, for who moves data and asks for no setting; None: it moves none.
    """

    connect: "Callable[[ConnectionRequest], Backend]"
    terms: "Callable[[StorageBackendSpec | None], Terms]"
    page: Callable[[], StorePage]
    list_prices: PriceTable = UNPRICED
    objects: "Callable[[ConnectionRequest], ObjectStore] | None" = None
