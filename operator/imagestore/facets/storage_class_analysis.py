"""Storage class analysis: the store records how often objects are read, which helps to choose lifecycle rules."""

from typing import Annotated

from pydantic import Field

from imagestore.core.model import ListMap
from imagestore.facets.configurations import BY_NAME, Configuration, Configurations, Exclusive, ObjectFilter


class StorageClassAnalysisConfiguration(Configuration):
    """Analysis of the objects that the filter selects."""

    filter: Annotated[ObjectFilter | None, Field(description="Selects objects. Absent: all objects.")] = None


class StorageClassAnalysis(Configurations):
    """Storage class analysis: which objects' reads the store records, to help with lifecycle rules.

    Configurations that are not listed are left unchanged.
    """

    configurations: Annotated[
        tuple[StorageClassAnalysisConfiguration, ...],
        ListMap("name"),
        Field(max_length=100, description=BY_NAME),
    ] = ()
    exclusive: Exclusive = None
