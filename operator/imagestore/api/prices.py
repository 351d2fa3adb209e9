"""Price table of an object store."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from imagestore.core.cost import Price, PriceTable
from imagestore.core.model import Cel, Form, ListMap, Model, Quantity
from imagestore.core.units import byte_count
from imagestore.facets.lifecycle_rule import Date

PriceAmount = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,8})?$", max_length=16),
    Form('write an amount as a number in quotes, such as "0.023"'),
]
ClassName = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$"),
    Form("a storage class has letters, digits, _ and - only, such as STANDARD_IA"),
]


class ClassPrice(Model):
    """Prices of one storage class. Absent prices are 0."""

    storage_class: Annotated[
        ClassName,
        Field(description="Storage class as the store names it. STANDARD is the class of new objects."),
    ]
    gb_month: Annotated[PriceAmount, Field(description="Price of a GB (2**30 bytes) for a month of 30 days.")]
    min_days: Annotated[
        int | None, Field(ge=0, le=3650, description="Minimum number of days that are billed.")
    ] = None
    min_size: Annotated[
        Quantity | None, Field(description="Size as which smaller objects are billed, such as 128Ki.")
    ] = None
    overhead: Annotated[
        Quantity | None, Field(description="Bytes that are billed in addition for each object.")
    ] = None
    retrieval_gb: Annotated[PriceAmount | None, Field(description="Price of reading a GB.")] = None
    transitions_1000: Annotated[
        PriceAmount | None,
        Field(alias="transitions1000", description="Price of moving a thousand objects to the class."),
    ] = None


class Prices(Model):
    """A price table. It replaces the built-in one as a whole."""

    currency: Annotated[
        str,
        Field(pattern=r"^[A-Z]{3}$", max_length=3, description="Currency code, such as EUR."),
        Form("write a currency as its three capitals, such as EUR"),
    ]
    as_of: Annotated[Date | None, Field(description="Day on which the prices were valid.")] = None
    classes: Annotated[
        tuple[ClassPrice, ...],
        ListMap("storageClass"),
        Cel(
            "self.exists(c, c.storageClass == 'STANDARD')",
            "savings need the price of STANDARD, the class of new objects; add it",
        ),
        Field(min_length=1, max_length=32, description="Storage classes, identified by name."),
    ]


def price_table(name: str, prices: Prices) -> PriceTable:
    """Return the price table as costs are calculated from it."""
    classes = {c.storage_class: _price(c) for c in prices.classes}
    return PriceTable(name, prices.currency, prices.as_of or "", classes)


def _price(c: ClassPrice) -> Price:
    return Price(
        Decimal(c.gb_month),
        c.min_days or 0,
        byte_count(c.min_size or "0"),
        byte_count(c.overhead or "0"),
        Decimal(c.retrieval_gb or 0),
        Decimal(c.transitions_1000 or 0),
    )
