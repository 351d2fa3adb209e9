"""Request metrics: which requests the store counts in its monitoring. Amazon charges for it."""

from typing import Annotated

from pydantic import Field

from imagestore.core.model import ListMap
from imagestore.facets.configurations import BY_NAME, Configuration, Configurations, Exclusive, ObjectFilter


class RequestMetricsConfiguration(Configuration):
    """Counting of the requests for objects that the filter selects."""

    filter: Annotated[ObjectFilter | None, Field(description="Selects objects. Absent: all objects.")] = None


class RequestMetrics(Configurations):
    """Request metrics: which requests the store counts in its monitoring, each minute.

    Configurations that are not listed are left unchanged.
    """

    configurations: Annotated[
        tuple[RequestMetricsConfiguration, ...],
        ListMap("name"),
        Field(max_length=100, description=BY_NAME),
    ] = ()
    exclusive: Exclusive = None
