"""What an object store asks for its classes, as its administrator writes it."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from imagestore.core.cost import Price, PriceTable
from imagestore.core.model import Cel, Form, ListMap, Model, Quantity
from imagestore.core.units import byte_count
from imagestore.facets.lifecycle_rule import Date

Amount = Annotated[
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
    """One storage class. What is absent costs nothing."""

    storage_class: Annotated[
        ClassName, Field(description="As the store names it; STANDARD is where objects begin.")
    ]
    gb_month: Annotated[Amount, Field(description="For a GB (2**30 bytes) and a month of 30 days.")]
    min_days: Annotated[int | None, Field(ge=0, le=3650, description="Days that are paid for at least.")] = (
        None
    )
    min_size: Annotated[
        Quantity | None, Field(description="Smaller objects are billed as this size, such as 128Ki.")
    ] = None
    overhead: Annotated[
        Quantity | None, Field(description="Bytes that are billed on top of each object.")
    ] = None
    retrieval_gb: Annotated[Amount | None, Field(description="For reading a GB.")] = None
    transitions_1000: Annotated[
        Amount | None,
        Field(alias="transitions1000", description="For moving a thousand objects into the class."),
    ] = None


class Prices(Model):
    """A price table. It replaces the built-in one as a whole."""

    currency: Annotated[
        str,
        Field(pattern=r"^[A-Z]{3}$", max_length=3, description="Such as EUR."),
        Form("write a currency as its three capitals, such as EUR"),
    ]
    as_of: Annotated[Date | None, Field(description="The day on which the prices held.")] = None
    classes: Annotated[
        tuple[ClassPrice, ...],
        ListMap("storageClass"),
        Cel(
            "self.exists(c, c.storageClass == 'STANDARD')",
            "nothing can be saved without a price to save from; give STANDARD, where objects begin",
        ),
        Field(min_length=1, max_length=32, description="Each known by its name."),
    ]


def table(name: str, prices: Prices) -> PriceTable:
    """As costs are worked out with."""
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
