"""The prices of a StorageBackend, and remarks on them."""

from collections.abc import Iterator

from imagestore.api.prices import price_table
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.core.cost import PriceTable


def prices(name: str, spec: StorageBackendSpec, listed: PriceTable) -> PriceTable:
    """The administrator's, else ``listed``: the store's list prices, where it has any."""
    return price_table(name, spec.prices) if spec.prices else listed


def remarks(spec: StorageBackendSpec, used: PriceTable, classes: frozenset[str]) -> Iterator[str]:
    """Remarks on how far the amounts can be trusted."""
    if not used.classes:
        yield "no costs are shown: the StorageBackend has no spec.prices"
        return
    if unknown := sorted(classes - set(used.classes)):
        yield f"no price is known of {', '.join(unknown)}; costs that depend on it are not shown"
    if spec.prices is None:
        yield f"list prices of {used.region} as of {used.as_of}, without discounts; spec.prices replaces them"
    for sentence in used.estimated(classes):
        yield f"an estimate, because sources disagree: {sentence}"
