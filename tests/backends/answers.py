"""What a store that keeps everything would answer to a read after a write, by botocore's model of S3."""

from functools import cache
from typing import Any

import botocore.session

from imagestore.backends.s3.setting import Place, Setting


@cache
def _model() -> Any:
    return botocore.session.Session().get_service_model("s3")


def answered(row: Setting[Any], value: Any, at: Place) -> dict[str, Any]:
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
