"""What all descriptions of runs share: JSON of one form, with places on stores. The pods of Jobs read them."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from imagestore.backends.objects import ObjectStore
from imagestore.core.keys import unquoted, url_encoded
from imagestore.transfer.job import TransferEnd

StoreNamed = Callable[[str], ObjectStore]


class WrongDescription(ValueError):
    """It is not a description of this version. Trying again does not help."""


def described_place(store: ObjectStore, bucket: str, prefix: str) -> dict[str, str]:
    """A bucket and a prefix, as a description has them."""
    return {"backend": store.name, "bucket": bucket, "prefix": url_encoded(prefix)}


def end_of_place(place: Mapping[str, Any], store: StoreNamed) -> TransferEnd:
    """What ``described_place`` wrote, with its store. Raises KeyError and TypeError."""
    return TransferEnd(store(place["backend"]), place["bucket"], unquoted(place["prefix"]))


@dataclass(frozen=True)
class DescriptionKind:
    """``name``: what is described, as messages say it. ``form``: the version. ``places``: the members that are places, or null."""

    name: str
    form: int
    places: tuple[str, ...]

    def parsed(self, text: str) -> Mapping[str, Any]:
        """The members. Raises WrongDescription."""
        try:
            told: dict[str, Any] = json.loads(text)
            if told["form"] != self.form:
                raise WrongDescription(
                    f"the description has form {told['form']}, and this version reads {self.form}"
                )
            self._backends(told)
        except (KeyError, TypeError, json.JSONDecodeError):
            raise WrongDescription(f"the file is not the description of a {self.name}") from None
        return told

    def backends(self, text: str) -> tuple[str, ...]:
        """The names of the StorageBackends, each once. Raises WrongDescription."""
        return self._backends(self.parsed(text))

    def _backends(self, told: Mapping[str, Any]) -> tuple[str, ...]:
        places = [told[name] for name in self.places]
        return tuple(dict.fromkeys(place["backend"] for place in places if place is not None))

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Around the reading of members: what is missing or of another type is a WrongDescription."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"the description of the {self.name} is not whole: {type(error).__name__} {error}"
            raise WrongDescription(message) from None
