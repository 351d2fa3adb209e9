"""Whether notifications of the stores bring runs forward: Listening. Pure."""

from imagestore.core.conditions import Condition, condition
from imagestore.core.reasons import Reason
from imagestore.reconcile.replication.situation import ReplicationSituation
from imagestore.reconcile.shared.ends import EndView

LISTENING = "Listening"


def listening(s: ReplicationSituation, source: EndView, *, native: bool) -> list[Condition]:
    """The condition, where the spec asks for it. It tells of the operator; only a run tells what a store has sent."""
    if s.spec.notifications is None or not s.spec.notifications.enabled:
        return []
    if not s.settings.receives:
        message = (
            "this operator receives no notifications, so runs begin at the interval; set the chart's notifications.enabled,"
            " or remove spec.notifications"
        )
        return [condition(LISTENING, Reason.RECEIVER_OFF, message, "False")]
    if native:
        message = (
            "the store replicates by itself, so there is nothing to bring forward; remove spec.notifications"
        )
        return [condition(LISTENING, Reason.UNSUPPORTED, message, "False")]
    message = (
        f"the next run begins soon after a notification of the bucket {source.bucket} that is sent to"
        f" /notifications/{source.backend}"
    )
    return [condition(LISTENING, Reason.LISTENING, message)]
