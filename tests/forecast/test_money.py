"""What rules save and cost, worked out by hand in decimals."""

from datetime import date
from decimal import Decimal

import pytest

from imagestore.api.prices import Prices, price_table
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.core.cost import GB, UNPRICED, Price, PriceTable, cents
from imagestore.core.prices import LADDERS, PUBLIC
from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.forecast import Assumptions, Forecast
from imagestore.forecast.ledger import Ledger
from imagestore.forecast.outlook import curve, lines, periods
from imagestore.forecast.pricing import prices as used_prices
from imagestore.forecast.pricing import remarks
from imagestore.forecast.terms import Terms

TODAY = date(2027, 3, 1).toordinal()
AWS = PUBLIC["AWS"]
TERMS = Terms(
    {"Cool": "STANDARD_IA", "Cold": "GLACIER_IR", "Archive": "DEEP_ARCHIVE"},
    ("STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"),
)


def counted(*objects: StoredVersion, prices: PriceTable = AWS, days: int = 360, **rule: object) -> Ledger:
    rules = (LifecycleRule.model_validate({"name": "r", **rule}),)
    forecast = Forecast(Assumptions(rules, TERMS, TODAY, TODAY + days, prices))
    for stored in objects:
        forecast.feed([stored])
    return forecast.finish(lambda _: {})


def test_a_gigabyte_that_cools_saves_the_difference_and_costs_a_request() -> None:
    ledger = counted(StoredVersion("k", GB, TODAY - 40), transitions=[{"tier": "Cool", "days": 30}])
    (line,) = lines(ledger, ["r"], periods(TODAY, 12))
    assert line.until == date(2027, 3, 1)
    assert line.saving == Decimal("0.0105")
    assert line.transitions == Decimal("0.00001")
    assert line.early == 0


def test_what_leaves_a_class_early_is_paid_to_the_end() -> None:
    """Ten of thirty days in STANDARD_IA: twenty are paid for nothing."""
    ledger = counted(StoredVersion("k", GB, TODAY - 10, "STANDARD_IA"), expire={"days": 9})
    (line,) = lines(ledger, ["r"], periods(TODAY, 1))
    assert line.early == Decimal("0.0125") * 20 / 30


def test_small_objects_are_billed_as_larger_ones() -> None:
    small = StoredVersion("k", 1, TODAY - 99, "STANDARD_IA")
    ledger = counted(small, expire={"days": 500})
    assert next(curve(ledger, TODAY, TODAY)).month == Decimal("0.0125") * 128 * 1024 / GB
    deep = counted(small._replace(storage_class="DEEP_ARCHIVE"), expire={"days": 500})
    assert next(curve(deep, TODAY, TODAY)).month == Decimal("0.00099") * (40 * 1024 + 1) / GB


def test_a_year_is_paid_day_by_day_with_its_fees() -> None:
    ledger = counted(StoredVersion("k", GB, TODAY), transitions=[{"tier": "Cool", "days": 29}])
    last = list(curve(ledger, TODAY, TODAY + 60))[-1]
    assert last.paid is not None
    expected = Decimal("0.023") + Decimal("0.0125") + Decimal("0.00001")
    assert abs(last.paid - expected) < Decimal("1e-12")


@pytest.mark.parametrize("prices", [UNPRICED, PriceTable("x", "EUR", "", {"STANDARD": Price(Decimal(1))})])
def test_without_a_price_there_is_no_money(prices: PriceTable) -> None:
    ledger = counted(
        StoredVersion("k", GB, TODAY - 40), prices=prices, transitions=[{"tier": "Cool", "days": 30}]
    )
    (line,) = lines(ledger, ["r"], periods(TODAY, 1))
    assert (line.objects, line.bytes) == (1, GB)
    assert line.saving is None
    assert list(curve(ledger, TODAY, TODAY))[-1].month is None


def test_public_tables_price_all_their_tiers_and_get_cheaper_as_it_gets_colder() -> None:
    for name, table in PUBLIC.items():
        prices = [table.classes[c].gb_month for c in LADDERS[name].values()]
        assert prices == sorted(prices, reverse=True)
        assert table.as_of
    assert PUBLIC["GCS"].estimated(frozenset({"ARCHIVE", "STANDARD"})) == ("ARCHIVE: transitions",)


def test_cents() -> None:
    assert str(cents(Decimal("12.345"))) == "12.35"
    assert str(cents(Decimal("0.00123"))) == "0.0012"
    assert str(cents(Decimal(0))) == "0.00"


def test_a_class_without_a_price_is_billed_as_it_is() -> None:
    table = PriceTable("t", "EUR", "", {})
    assert (table.min_days("COLD"), table.billed("COLD", 7)) == (0, 7)


def test_prices_of_a_backend_are_used_as_they_are_written() -> None:
    whole = {
        "storageClass": "COLD", "gbMonth": "0.01", "minDays": 90, "minSize": "128Ki", "overhead": "8Ki",
        "retrievalGb": "0.02", "transitions1000": "0.03",
    }  # fmt: skip
    prices = Prices.model_validate(
        {"currency": "EUR", "classes": [{"storageClass": "STANDARD", "gbMonth": "1"}, whole]}
    )
    table = price_table("eu", prices)
    zero = Decimal(0)
    assert (table.name, table.currency, table.as_of) == ("eu", "EUR", "")
    assert table.classes == {
        "STANDARD": Price(Decimal(1), 0, 0, 0, zero, zero),
        "COLD": Price(Decimal("0.01"), 90, 128 * 1024, 8 * 1024, Decimal("0.02"), Decimal("0.03")),
    }


def _backend(**prices: object) -> StorageBackendSpec:
    s3 = {"endpoint": "https://s3.example", "region": "here"}
    raw = {"provider": "MinIO", "s3": s3, "credentials": {"ambient": {}}, **prices}
    return StorageBackendSpec.model_validate(raw)


OWN = {"prices": {"currency": "EUR", "classes": [{"storageClass": "STANDARD", "gbMonth": "1"}]}}


def test_prices_of_the_backend_prevail_over_list_prices() -> None:
    assert used_prices("eu", _backend(), AWS) is AWS
    assert used_prices("eu", _backend(**OWN), AWS).currency == "EUR"


def test_remarks_say_what_prices_are_missing_or_guessed() -> None:
    standard = frozenset({"STANDARD"})
    (nothing,) = remarks(_backend(), UNPRICED, standard)
    assert "the StorageBackend has no spec.prices" in nothing
    own = used_prices("eu", _backend(**OWN), AWS)
    assert list(remarks(_backend(**OWN), own, standard)) == []
    (unknown,) = remarks(_backend(**OWN), own, standard | {"ICE"})
    assert "ICE" in unknown
    assert any("list prices" in said for said in remarks(_backend(), AWS, standard))
