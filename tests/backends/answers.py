"""What a store that keeps everything would answer to a read after a write, by botocore's model of S3."""

from functools import cache
from typing import Any

import botocore.session

from imagestore.backends.http.messages import Headers, Response
from imagestore.backends.s3.settings.place import BucketPlace
from imagestore.backends.s3.settings.setting import Setting
from imagestore.backends.s3.transport import call as transport
from imagestore.backends.s3.transport.request import operation_model


@cache
def _model() -> Any:
    return botocore.session.Session().get_service_model("s3")


def answered(row: Setting[Any], value: Any, at: BucketPlace) -> dict[str, Any]:
    """Most reads answer what stands inside the one document that was sent; some answer the document itself."""
    sent = list(row.puts(value, None, at))
    if row.named:
        (document,) = {k for s in sent for k in s} - {"Id"}
        return {f"{document}List": [s[document] for s in sent]}
    if row.read.startswith("admin:"):
        return sent[0]
    members = _model().operation_model(row.read).output_shape.members
    if set(sent[0]) <= set(members):
        return sent[0]
    return {k: v for document in sent[0].values() for k, v in document.items()}


def told(read: str, xml: str) -> dict[str, Any]:
    """What a store's XML becomes on its way to the decoder."""
    return transport._answer(operation_model(read), Response(200, Headers(), xml.encode()))


def rules_told(*rules: str) -> dict[str, Any]:
    """The lifecycle rules of this XML."""
    inner = "".join(f"<Rule>{rule}</Rule>" for rule in rules)
    return told(
        "GetBucketLifecycleConfiguration", f"<LifecycleConfiguration>{inner}</LifecycleConfiguration>"
    )


def queues_told(*queues: str) -> dict[str, Any]:
    """The notifications of this XML."""
    inner = "".join(f"<QueueConfiguration>{queue}</QueueConfiguration>" for queue in queues)
    return told(
        "GetBucketNotificationConfiguration",
        f"<NotificationConfiguration>{inner}</NotificationConfiguration>",
    )
