"""Storage-class analysis: the store watches which objects are asked for, so that tiering can be decided."""

from typing import Annotated

from pydantic import Field

from imagestore.core.model import ListMap
from imagestore.facets.configurations import BY_NAME, Configuration, Configurations, Exclusive, Scope


class StorageClassAnalysisConfiguration(Configuration):
    """For some of the objects."""

    filter: Annotated[Scope | None, Field(description="Which objects; absent: every object.")] = None


class StorageClassAnalysis(Configurations):
    """What is watched. Configurations that are not listed are left alone."""

    configurations: Annotated[
        tuple[StorageClassAnalysisConfiguration, ...],
        ListMap("name"),
        Field(max_length=100, description=BY_NAME),
    ] = ()
    exclusive: Exclusive = None
