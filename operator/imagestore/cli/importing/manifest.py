"""The manifest of an existing bucket, with comments on what it cannot express."""

from collections.abc import Iterable, Iterator, Mapping

from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.api.kinds import kind_of
from imagestore.cli.importing.settings import ImportedSetting
from imagestore.cli.manifests.scalars import dumped
from imagestore.core.render import printable


def manifest(
    namespace: str,
    name: str,
    backend: str,
    bucket: str,
    settings: Mapping[str, ImportedSetting],
    notes: Iterable[str],
) -> str:
    """YAML, ready to be reviewed and committed."""
    kind = kind_of(ImageBucketSpec)
    head = {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": name, "namespace": namespace},
    }
    spec = {
        "backendRef": {"name": backend},
        "bucketName": bucket,
        "adoption": "Granted",
        "deletionPolicy": "Retain",
    }
    lines = [*map(_comment, notes), _dump(head), "spec:", _indented(_dump(spec))]
    lines += [line for setting, value in settings.items() for line in _setting(setting, value)]
    return "\n".join(line for line in lines if line) + "\n"


def grant(namespace: str, backend: str, bucket: str) -> tuple[str, ...]:
    """The adoption grant that the administrator has to add."""
    return (
        f"The operator adopts the bucket after the administrator has granted it in the StorageBackend {backend}:",
        f"  spec: {{tenancy: {{adoptionGrants: [{{namespace: {namespace}, bucketName: {bucket}}}]}}}}",
    )


def _setting(name: str, imported: ImportedSetting) -> Iterator[str]:
    yield from (f"  {_comment(sentence)}" for sentence in imported.left_out)
    if imported.value is not None:
        yield _indented(_dump({name: imported.value}))


def _dump(value: object) -> str:
    return dumped(value).rstrip()


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _comment(sentence: str) -> str:
    return f"# {printable(sentence)}"
