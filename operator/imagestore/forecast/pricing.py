"""Which prices hold for a StorageBackend, and what is to be said of them."""

from collections.abc import Iterator

from imagestore.api.prices import price_table
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.core.cost import PriceTable


def prices(name: str, spec: StorageBackendSpec, listed: PriceTable) -> PriceTable:
    """The administrator's, else ``listed``: the store's list prices, where it has any."""
    return price_table(name, spec.prices) if spec.prices else listed


def remarks(spec: StorageBackendSpec, used: PriceTable, classes: frozenset[str]) -> Iterator[str]:
    """What people must know before they believe an amount."""
    if not used.classes:
        yield "no money is shown: the StorageBackend has no spec.prices"
        return
    if unknown := sorted(classes - set(used.classes)):
        yield f"no price is known of {', '.join(unknown)}; where they matter no money is shown"
    if spec.prices is None:
        yield f"list prices of {used.region} as of {used.as_of}, without discounts; spec.prices replaces them"
    for sentence in used.estimated(classes):
        yield f"an estimate, sources disagree: {sentence}"
