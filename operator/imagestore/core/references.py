"""A setting that names another bucket: as its ImageBucket in a desired value, as the store's bucket in an observed one.

Between the two stands one look at that ImageBucket. What it leads to takes the name's place before anything is
compared, so that the difference is written once, and an edit of what it leads to is an edit of the desired value.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self, TypeVar, cast

from pydantic import Field

from imagestore.core.marks import spots
from imagestore.core.model import Cel, Model, Name, Reference, Resolved
from imagestore.core.paths import follow

M = TypeVar("M", bound=Model)


class BucketRef(Model):
    """Another ImageBucket of the same namespace, on the same backend."""

    cel: ClassVar[tuple[Cel, ...]] = (Cel("has(self.name)", "name an ImageBucket of this namespace"),)

    name: Annotated[Name | None, Field(description="The ImageBucket's name. Required.")] = None
    bucket: Annotated[str | None, Resolved(), Field(description="The bucket's name in the store.")] = None
    store: Annotated[
        str | None,
        Resolved(),
        Field(description="The StorageBackend of a bucket that may be on another one, or its endpoint."),
    ] = None

    def led_to(self, bucket: str, store: str | None = None) -> Self:
        """Return the reference to this bucket. ``store``: where it is, for references that may lead to another one."""
        return type(self)(bucket=bucket)


def refers(kind: type[Model]) -> bool:
    """Whether values of this class can refer to a bucket."""
    return bool(spots(kind, Reference))


def references(value: Model) -> Iterator[tuple[str, BucketRef, Reference]]:
    """Return every reference in a value: its path, itself and its marker."""
    json = value.to_json() if refers(type(value)) else {}
    for steps, mark in spots(type(value), Reference):
        yield from ((path, BucketRef.model_validate(ref), mark) for path, ref in follow(json, steps))


def names(kind: type[Model], spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return all ImageBuckets that a spec refers to, even if it is not valid: the setting, and the name."""
    for steps, _ in spots(kind, Reference):
        if steps[0] not in spec:
            continue
        found = (ref.get("name") for _, ref in follow(spec, steps) if isinstance(ref, dict))
        yield from ((str(steps[0]), name) for name in found if isinstance(name, str))


def led(value: M, to: Callable[[BucketRef], BucketRef]) -> M:
    """Return the value with each reference in it replaced."""
    if isinstance(value, BucketRef):
        return cast("M", to(value))
    changed = {n: _led(v, to) for n, v in vars(value).items() if isinstance(v, Model | tuple)}
    return value.model_copy(update=changed) if changed else value


def _led(value: Any, to: Callable[[BucketRef], BucketRef]) -> Any:
    if isinstance(value, tuple):
        return tuple(_led(item, to) for item in value)
    return led(value, to) if isinstance(value, Model) else value
