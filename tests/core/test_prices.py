"""List prices as the stores publish them, by what an object costs."""

from decimal import Decimal

import pytest

from imagestore.core.cost import GB, UNPRICED, Price, PriceTable
from imagestore.core.prices import AS_OF, LADDERS, PUBLIC

KIB = 1024


@pytest.mark.parametrize(
    ("store", "storage_class", "days", "small"),
    [
        ("AWS", "STANDARD", 0, 1),
        ("AWS", "STANDARD_IA", 30, 128 * KIB),
        ("AWS", "ONEZONE_IA", 30, 128 * KIB),
        ("AWS", "GLACIER_IR", 90, 128 * KIB),
        ("AWS", "GLACIER", 90, 40 * KIB + 1),
        ("AWS", "DEEP_ARCHIVE", 180, 40 * KIB + 1),
        ("GCS", "STANDARD", 0, 1),
        ("GCS", "NEARLINE", 30, 1),
        ("GCS", "COLDLINE", 90, 1),
        ("GCS", "ARCHIVE", 365, 1),
        ("Azure", "Hot", 0, 1),
        ("Azure", "Cool", 30, 1),
        ("Azure", "Cold", 90, 1),
        ("Azure", "Archive", 180, 1),
        ("OCI", "STANDARD", 0, 1),
        ("OCI", "INFREQUENT_ACCESS", 31, 1),
        ("OCI", "ARCHIVE", 90, 1),
    ],
)
def test_cold_classes_are_paid_for_a_least_time_and_size(
    store: str, storage_class: str, days: int, small: int
) -> None:
    table = PUBLIC[store]
    assert table.min_days(storage_class) == days
    assert table.billed(storage_class, 1) == small
    large = 10**6
    overhead = small - 1 if storage_class in ("GLACIER", "DEEP_ARCHIVE") else 0
    assert table.billed(storage_class, large) == large + overhead


def test_each_store_has_its_tables_and_where_they_hold() -> None:
    told = {n: (t.name, t.currency, t.as_of, t.region) for n, t in PUBLIC.items()}
    assert told == {
        "AWS": ("AWS", "USD", AS_OF, "us-east-1"),
        "GCS": ("GCS", "USD", AS_OF, "us-central1"),
        "Azure": ("Azure", "USD", AS_OF, "East US"),
        "OCI": ("OCI", "USD", AS_OF, ""),
    }
    tiers = {name: tuple(ladder) for name, ladder in LADDERS.items()}
    whole = ("Hot", "Cool", "Cold", "Archive")
    assert tiers == {"AWS": whole, "GCS": whole, "Azure": whole, "OCI": ("Hot", "Cool", "Archive")}


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("AWS", ()),
        ("GCS", ("ARCHIVE: transitions", "COLDLINE: transitions", "NEARLINE: transitions")),
        (
            "Azure",
            ("Archive: retrieval, storage, transitions", "Cold: retrieval", "Cool: retrieval"),
        ),
        ("OCI", ("ARCHIVE: minimum-days", "INFREQUENT_ACCESS: minimum-days")),
    ],
)
def test_what_sources_disagree_about_is_said(store: str, said: tuple[str, ...]) -> None:
    assert PUBLIC[store].estimated(frozenset(PUBLIC[store].classes)) == said


def test_colder_storage_is_cheaper_to_hold_and_never_cheaper_to_read() -> None:
    for name, ladder in LADDERS.items():
        prices = [PUBLIC[name].classes[c] for c in ladder.values()]
        held = [p.gb_month for p in prices]
        assert held == sorted(set(held), reverse=True)
        assert [p.min_days for p in prices] == sorted(p.min_days for p in prices)
        assert prices[0].retrieval_gb == prices[0].transitions_1000 == 0


def test_a_month_costs_the_bytes_of_each_class() -> None:
    table = PriceTable("t", "EUR", "", {"A": Price(Decimal(2)), "B": Price(Decimal(1))})
    assert table.month({"A": GB, "B": GB // 2}) == Decimal("2.5")
    assert table.month({"A": GB, "C": 0}) == 2, "an empty class needs no price"
    assert table.month({"A": GB, "C": 1}) is None
    assert table.month({}) == 0
    assert UNPRICED.month({"A": 1}) is None


def test_what_is_billed_is_at_least_the_smallest_size_and_the_index() -> None:
    price = Price(Decimal(1), min_size=100, overhead=7)
    assert [price.billed(n) for n in (0, 99, 100, 101)] == [107, 107, 107, 108]
