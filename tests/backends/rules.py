"""A bucket's lifecycle document as XML, behind the operator's own transport, in a store that can be told to misbehave."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagestore.backends.s3.settings.verbatim import meaning, parsed, written
from imagestore.backends.s3.transport.address import StoreAddress
from imagestore.backends.s3.transport.request import build_request, operation_model
from imagestore.core.errors import Rejected
from tests.backends.answers import told

READ = "GetBucketLifecycleConfiguration"
WRITE = "PutBucketLifecycleConfiguration"
CLEAR = "DeleteBucketLifecycle"
_PLACE = StoreAddress("http", "store.example")


def stranger(identity: str, inside: str = "<Filter><Prefix>scratch/</Prefix></Filter>") -> str:
    """An enabled rule of another tool."""
    days = "<Expiration><Days>9</Days></Expiration>"
    return f"<Rule><ID>{identity}</ID>{inside}<Status>Enabled</Status>{days}</Rule>"


@dataclass
class RuleStore:
    """A ``call``. ``alters``: what the store makes of each rule; ``after``: what happens once after the nth write."""

    rules: list[str] = field(default_factory=list)
    alters: Callable[[str], str] = str
    after: dict[int, Callable[["RuleStore"], None]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.seen.append(operation)
        if operation == READ:
            return self._read()
        body = build_request(operation_model(operation), parameters, _PLACE).body
        self.rules = [self.alters(written(r)) for r in parsed(body)] if operation == WRITE else []
        if happens := self.after.get(self.writes):
            happens(self)
        return {}

    def _read(self) -> dict[str, Any]:
        if not self.rules:
            raise Rejected("there is none", code="NoSuchLifecycleConfiguration")
        return told(READ, f"<LifecycleConfiguration>{''.join(self.rules)}</LifecycleConfiguration>")

    @property
    def writes(self) -> int:
        """How often it was told to change."""
        return len(self.seen) - self.seen.count(READ)

    def means(self, identity: str) -> Any:
        """What the rule of this id says; None: there is none."""
        return next((meaning(r) for r in self.rules if parsed(r).findtext("ID") == identity), None)

    def ids(self) -> list[str]:
        """Of all rules that are there."""
        return sorted(parsed(r).findtext("ID") or "" for r in self.rules)
