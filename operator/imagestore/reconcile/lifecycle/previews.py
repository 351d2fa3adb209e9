"""The preview in a policy's status: what its rules would touch in the buckets that were counted. Pure."""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation

from imagestore.api.lifecyclepolicy import (
    LifecyclePolicySpec,
    PreviewStatus,
    RulePreview,
    RuleTotal,
    Touched,
)
from imagestore.core.census import Amount
from imagestore.core.cost import cents
from imagestore.core.units import grouped
from imagestore.forecast.outlook import total
from imagestore.forecast.tally import Counted, Touch
from imagestore.reconcile.lifecycle.bucket_view import BucketView

_NAMED = 5  # buckets that the message names


def preview_status(
    policy: str, spec: LifecyclePolicySpec, buckets: Sequence[BucketView], before: PreviewStatus | None
) -> PreviewStatus | None:
    """The preview. ``before``: that of the same rules; its rows stay for buckets that a restart has to count again."""
    if spec.previewed_every is None:
        return None
    asked = [b for b in buckets if b.verdict.parts]
    names = {b.name for b in asked if b.counted is None}
    told = [r for r in (before.buckets if before else ()) if r.bucket in names]
    rows = [r for b in asked if b.counted for r in _rows(policy, b.name, b.counted)] + told
    counted = {r.bucket for r in rows}
    pending = [b for b in asked if b.name not in counted]
    return PreviewStatus(
        counted=len(asked) - len(pending),
        pending=len(pending),
        message=_message(pending),
        rules=tuple(_totals(spec, rows)),
        buckets=tuple(sorted(rows, key=lambda r: (-r.now.bytes - r.soon.bytes, r.name))),
    )


def _message(pending: Sequence[BucketView]) -> str | None:
    kept = [f"{b.name}: {b.trouble}" for b in sorted(pending, key=lambda b: b.name) if b.trouble]
    return "; ".join(kept[:_NAMED]) or None


def _rows(policy: str, bucket: str, counted: Counted) -> Iterator[RulePreview]:
    mine = (
        (t, t.rule.removeprefix(f"{policy}/")) for t in counted.touches if t.rule.startswith(f"{policy}/")
    )
    for touch, rule in mine:
        yield RulePreview(
            name=f"{bucket}/{rule}",
            bucket=bucket,
            rule=rule,
            now=_touched(touch.now),
            soon=_touched(touch.soon),
            removed=_touched(touch.removed),
            hidden=_touched(touch.hidden),
            as_of=counted.day.isoformat(),
            sampled=_sampled(counted),
            **_money(touch, counted.currency),
        )


def _touched(amount: Amount) -> Touched:
    return Touched(objects=amount.objects, bytes=amount.bytes)


def _money(touch: Touch, currency: str) -> dict[str, str]:
    if not currency or touch.saving is None or touch.fees is None:
        return {}
    saving, fees = str(cents(touch.saving)), str(cents(touch.fees))
    return {"monthly_saving": saving, "fees_once": fees, "currency": currency}


def _sampled(counted: Counted) -> str | None:
    asked, of = counted.sampled
    if asked == of:
        return None
    return f"tags were asked of {grouped(asked)} of {grouped(of)} keys; what becomes of the others is extrapolated"


def _totals(spec: LifecyclePolicySpec, rows: Sequence[RulePreview]) -> Iterator[RuleTotal]:
    for name in (r.name for r in spec.rules):
        if mine := [r for r in rows if r.rule == name]:
            yield _total(name, mine)


def _total(name: str, mine: Sequence[RulePreview]) -> RuleTotal:
    """Amounts only where all are known, and of one currency."""
    money: dict[str, str] = {}
    currencies = {r.currency for r in mine}
    saving, fees = (
        total([_amount(r.monthly_saving) for r in mine]),
        total([_amount(r.fees_once) for r in mine]),
    )
    if len(currencies) == 1 and (currency := mine[0].currency) and saving is not None and fees is not None:
        money = {"monthly_saving": str(saving), "fees_once": str(fees), "currency": currency}
    return RuleTotal(
        name=name,
        buckets=len(mine),
        now=_sum([r.now for r in mine]),
        soon=_sum([r.soon for r in mine]),
        removed=_sum([r.removed for r in mine]),
        hidden=_sum([r.hidden for r in mine]),
        as_of=min(r.as_of for r in mine),
        **money,
    )


def _sum(touched: Sequence[Touched]) -> Touched:
    return Touched(objects=sum(t.objects for t in touched), bytes=sum(t.bytes for t in touched))


def _amount(text: str | None) -> Decimal | None:
    """A tenant may have forged the status."""
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None
