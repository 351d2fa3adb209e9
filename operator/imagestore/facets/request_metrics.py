"""Request metrics: which requests the store counts for its own monitoring, for a price."""

from typing import Annotated

from pydantic import Field

from imagestore.core.model import ListMap
from imagestore.facets.configurations import BY_NAME, Configuration, Configurations, Exclusive, Scope


class RequestMetricsConfiguration(Configuration):
    """For some of the objects."""

    filter: Annotated[Scope | None, Field(description="Requests for which objects; absent: all.")] = None


class RequestMetrics(Configurations):
    """What is counted minute by minute. Configurations that are not listed are left alone."""

    configurations: Annotated[
        tuple[RequestMetricsConfiguration, ...],
        ListMap("name"),
        Field(max_length=100, description=BY_NAME),
    ] = ()
    exclusive: Exclusive = None
