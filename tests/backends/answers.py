"""What a store that keeps everything would answer to a read after a write, by botocore's model of S3."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session


@cache
def _model() -> Any:
    return botocore.session.Session().get_service_model("s3")


def answered(read: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Most reads answer what stands inside the one document that was sent; some answer the document itself."""
    if read.startswith("admin:"):
        return dict(sent)
    members = _model().operation_model(read).output_shape.members
    if set(sent) <= set(members):
        return dict(sent)
    return {k: v for document in sent.values() for k, v in document.items()}
