from imagestore.core.objects import ObjectUpload
from imagestore.transfer.performing import CopyOutcome, CopyTask


class SimpleCopier:
    def copy(self, task: CopyTask) -> CopyOutcome:
        s, d = task.source, task.destination
        with s.store.read(s.bucket, s.prefix + task.key) as body:
            data = b"".join(body)
            head = body.head
        w = d.store.write(d.bucket, d.prefix + task.key, ObjectUpload(data, len(data)), head.attributes)
        return CopyOutcome(len(data), head.etag, head.modified, w.etag)

    def refresh(self, task: CopyTask) -> CopyOutcome | None:
        return None
