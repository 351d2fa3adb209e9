"""What becomes of a profile's support for one setting, by what is known of one bucket or of the way to the store."""

from collections.abc import Collection
from dataclasses import replace

from imagestore.core.reading import Level, Support


def demoted(held: Support, learned: Collection[str]) -> Support:
    """The support of one bucket: less what a trial in it has lost lately."""
    new = sorted(set(learned) - set(held.lost))
    if not new:
        return held
    reason = "; ".join(r for r in (held.reason, f"in this bucket the server dropped {', '.join(new)}") if r)
    return replace(held, level=Level.PARTIAL, reason=reason, lost=(*held.lost, *new))


def without_tls(support: Support) -> Support:
    """The support of a store that is reached by plain HTTP.

    SeaweedFS carries the Deny out against its administrator, too: not even the policy can be removed then.
    """
    if support.level is Level.NONE:
        return support
    reason = "requireTls would shut the operator out, which reaches this store by plain HTTP"
    return replace(support, level=Level.PARTIAL, reason=reason, lost=(*support.lost, "requireTls"))
