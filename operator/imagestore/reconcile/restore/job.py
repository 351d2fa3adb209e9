"""From a Restore's spec to its job, or to what keeps it from running: one sentence that says the fix. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from imagestore.api.restore import DEFAULT_READ_BACK
from imagestore.reconcile.restore.runs import RestoreJob
from imagestore.reconcile.restore.situation import RestoreSituation
from imagestore.reconcile.shared.ends import EndRefusal, EndView, no_bucket, same_bucket, unusable, unwritable
from imagestore.reconcile.shared.moving_limits import moving_limits
from imagestore.reconcile.shared.pods import pod_choices
from imagestore.reconcile.shared.repositories import repository_end
from imagestore.reconcile.shared.runs import JobEnd

_TIDIED = timedelta(days=1)  # after its end; each reconcile until then lists the folder once


def restore_refused(s: RestoreSituation) -> EndRefusal | None:
    """The first thing that is wrong, or None."""
    return next(_refusals(s), None)


def _refusals(s: RestoreSituation) -> Iterator[EndRefusal]:
    if s.origin.refusal is not None:
        yield s.origin.refusal
    yield from _written(s)
    if s.origin.repository is not None:
        name = s.origin.repository.bucket_ref.name
        yield from _end("repository", s.repository, name, "repository.bucketRef")
    if s.repository is not None and s.destination is not None:  # where a drill deletes, too
        yield from same_bucket(s.repository, s.destination, "destination.bucketRef of a new Restore")
    if s.spec.versions_of is not None:
        yield from _end("source", s.source, s.origin.source, "versionsOf.bucketRef")
    if s.spec.filter is not None and (listed := s.spec.filter.keys_from) is not None:
        yield from _end("list of keys", s.keys, listed.bucket_ref.name, "filter.keysFrom.bucketRef")


def _written(s: RestoreSituation) -> Iterator[EndRefusal]:
    yield from _end("destination", s.destination, s.spec.destination.bucket_ref.name, "destination.bucketRef")
    if s.destination is not None:
        yield from unwritable(s.destination)


def _end(side: str, end: EndView | None, name: str, field: str) -> Iterator[EndRefusal]:
    if end is None:
        yield no_bucket(name, field)
    else:
        yield from unusable(side, end, "restore")


def restore_job(s: RestoreSituation) -> RestoreJob:
    """What is to be run, where nothing is refused."""
    spec, namespace, drill = s.spec, s.meta.namespace, s.spec.drill
    assert s.destination is not None, "it was refused"  # noqa: S101
    repository = None
    if s.origin.repository is not None and s.repository is not None:
        repository = repository_end(namespace, s.origin.repository, s.repository)
    wanted = spec.source or "Auto"
    if repository is None:
        wanted = "Versions"
    elif spec.as_of is None:
        wanted = "Repository"
    chosen = spec.filter
    percent = DEFAULT_READ_BACK if spec.read_back_percent is None else spec.read_back_percent
    return RestoreJob(
        uid=s.meta.uid,
        destination=s.destination.end(namespace, spec.destination.prefix or ""),
        repository=repository,
        versions=None if wanted == "Repository" else _versions(s),
        backup=s.origin.backup,
        as_of=int(spec.as_of.timestamp() * 1000) if spec.as_of else None,
        wanted=wanted,
        prefixes=(chosen.prefixes if chosen else None) or (),
        keys=_keys(s),
        priorities=spec.priorities or (),
        conflict=spec.conflict or "Fail",
        read_back=percent / 100,
        sample=drill.sample if drill else None,
        decode=bool(drill and drill.decode_images),
        limits=moving_limits(spec.limits),
        approved=frozenset(spec.approve),
        runs_in=spec.runs_in,
        pod=pod_choices(spec.pod),
    )


def tidy_job(s: RestoreSituation) -> RestoreJob | None:
    """Empties the folder of a restore that ended a while ago at most; None: it has none, or its destination is refused."""
    if s.spec.drill is not None or s.destination is None or s.status.finished is None:
        return None
    if s.now - s.status.finished > _TIDIED or next(_written(s), None) is not None:
        return None
    end = s.destination.end(s.meta.namespace, s.spec.destination.prefix or "")
    return RestoreJob(s.meta.uid, end, tidy=True, known=s.beside | {s.meta.uid})


def _versions(s: RestoreSituation) -> JobEnd | None:
    """The bucket that was backed up: only an ImageBucket of this namespace, whatever a repository says. Where the spec names none, it may
    be the destination.
    """
    end = s.source if s.origin.source else s.destination
    if end is None or next(unusable("source", end, "restore"), None) is not None:
        return None
    return end.end(s.meta.namespace)


def _keys(s: RestoreSituation) -> tuple[JobEnd, str] | None:
    listed = s.spec.filter.keys_from if s.spec.filter else None
    if listed is None or s.keys is None:
        return None
    return s.keys.end(s.meta.namespace), listed.key


def is_approved(s: RestoreSituation) -> bool:
    """Whether the spec has the token that status shows."""
    token = s.status.plan.token if s.status.plan else None
    return token is not None and token in s.spec.approve
