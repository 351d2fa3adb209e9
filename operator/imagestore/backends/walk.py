"""A bucket's listing fed to a forecast, page by page. Holds a page, and the versions of one key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagestore.backends.base import ListingPage, ListingScope, Lists
from imagestore.core.errors import StoreError
from imagestore.core.stored import StoredVersion
from imagestore.facets.lifecycle_rule import LifecycleRule
from imagestore.forecast.forecast import Forecast, by_key

PAGES_A_CHECKPOINT = 25  # between two checkpoints
Save = Callable[[Any], None]


def scopes(rules: tuple[LifecycleRule, ...], *, versions: bool) -> tuple[ListingScope, ...]:
    """What has to be listed. ``versions``: the bucket has or had versioning."""
    active = [r for r in rules if r.state != "Disabled"]
    old = any(r.noncurrent or r.remove_expired_delete_markers or r.expire for r in active)
    uploads = any(r.abort_incomplete_multipart_upload for r in active)
    return ("versions" if versions and old else "objects", *(("uploads",) if uploads else ()))


@dataclass
class Walk:
    """``scope`` is a place in ``scopes``; ``pending``: a key whose versions may go on on the next page."""

    lists: Lists
    bucket: str
    scopes: tuple[ListingScope, ...]
    forecast: Forecast
    save: Save
    scope: int = 0
    after: Mapping[str, str] = field(default_factory=dict)
    pending: list[StoredVersion] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether all was listed."""
        return self.scope >= len(self.scopes)

    def run(self) -> None:
        """To the end. When the store fails, where it stands is saved; otherwise the last checkpoint holds."""
        pages = 0
        while not self.ended:
            self.step()
            pages += 1
            if pages % PAGES_A_CHECKPOINT == 0:
                self.save(self.to_json())
        self.save(self.to_json())

    def step(self) -> None:
        """One page. When the store fails, the same one is asked for again."""
        try:
            page = self.lists.page(self.bucket, self.scopes[self.scope], self.after)
        except StoreError:
            self.save(self.to_json())
            raise
        self._feed(page)

    def _feed(self, page: ListingPage) -> None:
        groups = list(by_key([*self.pending, *page.items]))
        last = groups.pop() if groups and page.after is not None else []
        for group in groups:
            self.forecast.feed(group)
        self.pending, self.after = last, page.after or {}
        self.scope += page.after is None

    def to_json(self) -> Any:
        """For a checkpoint."""
        stands = {"scope": self.scope, "after": dict(self.after), "pending": self.pending}
        return {**stands, "forecast": self.forecast.to_json()}

    def resume(self, said: Any) -> None:
        """Go on from what ``to_json`` wrote."""
        self.scope, self.after = said["scope"], said["after"]
        self.pending = [StoredVersion(*item) for item in said["pending"]]
        self.forecast.resume(said["forecast"])
