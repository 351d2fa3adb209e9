"""What the operator needs to do on a bucket, which the bucket's own policy must never deny."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from imagestore.facets.policy import BUCKET, Statement


@dataclass(frozen=True)
class OwnAccess:
    """``actions``: what the operator needs on each bucket, in the store's words. ``tls``: it reaches the store by TLS."""

    actions: tuple[str, ...] = ()
    tls: bool = True

    def denied_by(self, statement: Statement) -> bool:
        """Whether a Deny would keep the operator from looking after, or repairing, this bucket.

        A condition does not help: whether it holds for the operator cannot be known here. Only a Deny of
        requests without TLS is known not to hit an operator that uses it. A named principal may be the
        operator itself under any of its names, so naming one does not help either.
        """
        if statement.effect != "Deny" or not any(r == BUCKET for r in statement.resources):
            return False
        return not (self.tls and _only_without_tls(statement)) and any(
            fnmatchcase(needed.lower(), denied.lower())
            for needed in self.actions
            for denied in statement.actions
        )


NOTHING_NEEDED = OwnAccess()


def _only_without_tls(statement: Statement) -> bool:
    return any(
        c.operator == "Bool" and c.key.lower() == "aws:securetransport" and c.values == ("false",)
        for c in statement.conditions
    )
