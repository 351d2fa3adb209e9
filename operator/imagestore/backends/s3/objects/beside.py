"""What an object has beside its bytes and needs calls of its own: tags, retention, legal hold. And deletes of many."""

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from imagestore.backends.s3.objects.documents import NOT_XML, children, read_document, texts, written_key
from imagestore.backends.s3.objects.heads import iso
from imagestore.backends.s3.objects.pages import query
from imagestore.backends.s3.objects.wire import ObjectRequest, ObjectWire, content_md5
from imagestore.core.errors import Denied, NotFound, Rejected, StoreError
from imagestore.core.keys import quotes
from imagestore.core.objects import ObjectLockState

_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchUpload"}
_UNLOCKED = {"ObjectLockConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed"}
_PASSING = {"InternalError", "InternalServerError", "SlowDown", "ServiceUnavailable", "OperationAborted"}
_LONGEST = 300  # of a reason, in characters: a status shows it

VersionId = tuple[str, str]  # key and version; the version is empty where the store tells none


def version_query(resource: str, version: str) -> str:
    """The query of a sub-resource of one version."""
    return query({"versionId": version}) + f"&{resource}=" if version else f"{resource}="


def stored_tags(wire: ObjectWire, bucket: str, key: str, version: str) -> dict[str, str]:
    """GetObjectTagging."""
    asked = ObjectRequest("GetObjectTagging", "GET", bucket, key, version_query("tagging", version))
    try:
        body = wire.ask(asked).body
    except Rejected as error:
        if error.code == "NoSuchTagSet":
            return {}
        raise
    if not body:  # RGW 16 of an object that was uploaded in parts, and has no tags
        return {}
    with wire.translated(asked.operation):
        found = [texts(tag) for sets in children(read_document(body), "TagSet") for tag in sets]
    return {tag["Key"]: tag.get("Value", "") for tag in found}


def set_object_tags(wire: ObjectWire, place: tuple[str, str, str], tags: Mapping[str, str]) -> None:
    """PutObjectTagging of (bucket, key, version)."""
    body = "".join(f"<Tag><Key>{escape(k)}</Key><Value>{escape(v)}</Value></Tag>" for k, v in tags.items())
    document = f"<Tagging><TagSet>{body}</TagSet></Tagging>".encode()
    put(wire, "PutObjectTagging", place, "tagging", document)


def set_object_lock(wire: ObjectWire, place: tuple[str, str, str], state: ObjectLockState) -> None:
    """PutObjectRetention and PutObjectLegalHold of (bucket, key, version)."""
    if state.mode and state.until is not None:
        until = f"<Mode>{state.mode}</Mode><RetainUntilDate>{iso(state.until)}</RetainUntilDate>"
        put(wire, "PutObjectRetention", place, "retention", f"<Retention>{until}</Retention>".encode())
    status = "ON" if state.hold else "OFF"
    document = f"<LegalHold><Status>{status}</Status></LegalHold>".encode()
    put(wire, "PutObjectLegalHold", place, "legal-hold", document)


def has_default_retention(wire: ObjectWire, bucket: str) -> bool:
    """Whether GetObjectLockConfiguration tells a default retention. NotFound of the bucket; Denied."""
    asked = ObjectRequest("GetObjectLockConfiguration", "GET", bucket, query="object-lock=")
    try:
        body = wire.ask(asked).body
    except (NotFound, Rejected) as error:
        if error.code in _UNLOCKED:
            return False
        raise
    with wire.translated(asked.operation):
        rules = children(read_document(body), "Rule")
        defaults = (default for rule in rules for default in children(rule, "DefaultRetention"))
        return any(texts(default).get("Mode") for default in defaults)


def put(
    wire: ObjectWire, operation: str, place: tuple[str, str, str], resource: str, document: bytes
) -> None:
    """Write a sub-resource of an object."""
    bucket, key, version = place
    headers = {"Content-Type": "application/xml", **content_md5(document)}
    asked = ObjectRequest(operation, "PUT", bucket, key, version_query(resource, version), headers, document)
    wire.ask(asked)


def delete_together(wire: ObjectWire, bucket: str, keys: Iterable[VersionId]) -> dict[VersionId, str]:
    """Delete up to a thousand, governance never bypassed; what stays, each with the store's reason.

    One key that XML cannot hold fails a whole DeleteObjects, so it goes alone.
    """
    items = list(keys)
    plain = [item for item in items if not NOT_XML.search(item[0])]
    refused, failed = _deleted(wire, bucket, plain)
    alone = [*failed, *(item for item in items if NOT_XML.search(item[0]))]
    for item in alone:
        if reason := refusal_of(wire, delete_request(bucket, *item)):
            refused[item] = reason
    return refused


def delete_request(
    bucket: str, key: str, version: str, headers: Mapping[str, str] | None = None
) -> ObjectRequest:
    """DeleteObject."""
    asked = query({"versionId": version}) if version else ""
    return ObjectRequest("DeleteObject", "DELETE", bucket, key, asked, headers or {})


def _deleted(
    wire: ObjectWire, bucket: str, items: list[VersionId]
) -> tuple[dict[VersionId, str], list[VersionId]]:
    """What was refused, and what failed for no reason of its own and is tried again alone.

    SeaweedFS answers InternalError for one long name among many, and deletes it when asked for it alone.
    """
    if not items:
        return {}, []
    body = b"".join(map(_named, items))
    document = b"<Delete><Quiet>true</Quiet>" + body + b"</Delete>"
    headers = {"Content-Type": "application/xml", **content_md5(document)}
    answer = wire.ask(
        ObjectRequest("DeleteObjects", "POST", bucket, query="delete=", headers=headers, body=document)
    )
    with wire.translated("DeleteObjects"):
        errors = [texts(error) for error in children(read_document(answer.body), "Error")]
    # An error that names no key is of none: what the listing shows then decides.
    errors = [e for e in errors if e.get("Key") and e.get("Code") not in _GONE]
    failed = [_identity(e) for e in errors if e.get("Code") in _PASSING]
    held = [e for e in errors if e.get("Code") not in _PASSING]
    # Masked before it is cut: half of a secret is a secret, too.
    reasons = {
        _identity(e): _reason(e["Key"], e.get("Code", ""), wire.masked(e.get("Message", ""))) for e in held
    }
    return reasons, failed


def refusal_of(wire: ObjectWire, asked: ObjectRequest) -> str:
    """Ask, and return why it was refused; empty: it was done, or what is meant is gone."""
    try:
        wire.ask(asked)
    except NotFound as error:
        if error.code not in _GONE:
            raise
    except (Denied, Rejected) as error:
        return _reason(asked.key, error.code, words(error))
    return ""


def words(error: StoreError) -> str:
    """``DeleteObject: 403 AccessDenied: what the store says``, without what stands in front."""
    return str(error).partition(f" {error.code}: ")[2]


def _named(item: VersionId) -> bytes:
    key, version = item
    told = f"<VersionId>{escape(version)}</VersionId>".encode() if version else b""
    return b"<Object><Key>" + written_key(key) + b"</Key>" + told + b"</Object>"


def _identity(told: Mapping[str, str]) -> VersionId:
    return told["Key"], told.get("VersionId", "")


def _reason(key: str, code: str, message: str) -> str:
    """The store's reason, cut, and without its message where that quotes the key."""
    return code if not message or quotes(message, key) else f"{code}: {message}"[:_LONGEST]
