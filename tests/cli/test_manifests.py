"""Wrong manifests: each is answered by a sentence with file and line, and all of them in one run."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from imagestore.api.imagebucket import ImageBucketSpec
from imagestore.cli.manifests import cel
from imagestore.cli.manifests.load import Manifests, load
from imagestore.cli.manifests.typed_values import TypedValue, typed_values

HEAD = """\
apiVersion: imagestore.dev/v1alpha1
kind: ImageBucket
metadata: {name: photos, namespace: shop}
spec:
  backendRef: {name: eu}
  bucketName: acme-shop--photos
"""


def _load(tmp_path: Path, text: str, name: str = "shop.yaml") -> Manifests:
    (tmp_path / name).write_text(text)
    return load([str(tmp_path)], "default")


def _said(tmp_path: Path, text: str) -> list[str]:
    return [str(p).removeprefix(f"{tmp_path}/") for p in _load(tmp_path, text).problems]


@dataclass(frozen=True)
class Case:
    """Lines after HEAD (the first is line 7), and what must be said of them."""

    name: str
    tail: str
    said: str


CASES = (
    Case("a typo", "  versionning: {state: Enabled}", "7: spec.versionning: unknown field; did you mean versioning?"),
    Case(
        "a field of the store's own API",
        "  cors:\n    rules:\n    - AllowedOrigins: ['*']",
        "9: spec.cors.rules[0].AllowedOrigins: unknown field; did you mean allowedOrigins?",
    ),
    Case(
        "a wrong word",
        "  versioning:\n    state: enabled",
        '8: spec.versioning.state: must be Enabled or Suspended, not "enabled"',
    ),
    Case("a number in quotes", "  objectLock: {mode: Governance, days: '30'}",
         '7: spec.objectLock.days: must be a whole number, without quotes, not "30"'),
    Case("a number where a string belongs", "  tags:\n    cost-centre: 42",
         '8: spec.tags["cost-centre"]: must be a string; put it in quotes, not 42'),
    Case("YAML's yes", "  tags: {keep: yes}",
         '7: spec.tags["keep"]: must be a string; put it in quotes (YAML reads yes, no, on and off as true and'
         " false), not true"),
    Case("a flag as a string", "  suspend: 'true'", '7: spec.suspend: must be true or false, not "true"'),
    Case("null", "  cors: null", "7: spec.cors: null is not allowed; give a value, or remove the field"),
    Case("nothing after the colon", "  cors:", "7: spec.cors: null is not allowed; give a value, or remove the field"),
    Case("a list where a mapping belongs", "  lifecycle: []", "7: spec.lifecycle: must be a mapping, not []"),
    Case("a mapping where a list belongs", "  cors: {rules: {}}", "7: spec.cors.rules: must be a list, not {}"),
    Case("something missing", "  quota: {}", "7: spec.quota.hard: is required; add it"),
    Case("too small", "  objectLock: {mode: Governance, days: 0}", "7: spec.objectLock.days: must be at least 1, not 0"),
    Case("a size of no known form", "  quota: {hard: 5 GB}",
         '7: spec.quota.hard: write a size such as 128Ki, 1.5Gi, 500G or 1048576, not "5 GB"'),
    Case("no time", "  drift: {snooze: {until: tomorrow, reason: x}}",
         '7: spec.drift.snooze.until: must be a time such as 2027-01-31T12:00:00Z, not "tomorrow"'),
    Case(
        "two rules of one name",
        "  lifecycle:\n    rules:\n    - {name: a, expire: {days: 1}}\n    - {name: a, expire: {days: 2}}",
        '10: spec.lifecycle.rules: two items have the name "a"; each needs its own',
    ),
    Case("twice in a set", "  drift:\n    ignore:\n    - tags\n    - tags",
         '10: spec.drift.ignore: "tags" is listed twice; remove one'),
    Case(
        "a rule of the API server",
        "  encryption: {algorithm: SSE-S3, keyId: k}",
        "7: spec.encryption: keyId and bucketKey belong to algorithm: SSE-KMS; remove them or change the algorithm",
    ),
    Case(
        "a rule of the API server, deep inside",
        "  lifecycle:\n    rules:\n    - name: idle",
        "9: spec.lifecycle.rules[name=idle]: the rule has no action; give transitions, expire, noncurrent,"
        " abortIncompleteMultipartUpload or removeExpiredDeleteMarkers",
    ),
    Case("a key that is no string", "  tags: {1: one}", "7: spec.tags: a key must be a string; write it in quotes: '1'"),
    Case("a key twice", "  suspend: true\n  suspend: false", "8: spec.suspend: suspend is written twice; remove one"),
    Case("a foreign tag", "  suspend: !Ref x", "7: spec.suspend: the tag !Ref is not known to Kubernetes"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_wrong_field_is_named_with_its_line_and_the_fix(case: Case, tmp_path: Path) -> None:
    assert f"shop.yaml:{case.said}" in _said(tmp_path, HEAD + case.tail)


@dataclass(frozen=True)
class Whole:
    """A whole wrong file."""

    name: str
    text: str
    said: str


WHOLES = (
    Whole("no YAML", HEAD + "  suspend: [", "8: this is not YAML: did not find expected node content"),
    Whole("a tab", HEAD + "\tsuspend: true", "7: this is not YAML: found a tab character that violates indentation"),
    Whole("an unknown kind", HEAD.replace("ImageBucket", "Imagebucket"),
          "2: kind: unknown kind Imagebucket; did you mean ImageBucket?"),
    Whole("an unknown version", HEAD.replace("v1alpha1", "v1"),
          "1: apiVersion: unknown version imagestore.dev/v1; write imagestore.dev/v1alpha1"),
    Whole("no name", HEAD.replace("name: photos, ", ""), "3: metadata.name: is required; add it"),
    Whole("a bad name", HEAD.replace("photos, ", "Photos, "),
          "3: metadata.name: must be lower-case letters, digits, - and ., beginning and ending with a letter or digit,"
          " not Photos"),
    Whole("no metadata", HEAD.replace("metadata: {name: photos, namespace: shop}", ""),
          "1: metadata: is required; give the object a name: {name: …}"),
    Whole("no spec", HEAD.partition("spec")[0], "1: spec: is required; add it"),
    Whole("a field beside spec", HEAD + "policy: {}", "7: policy: unknown field; known here: apiVersion, kind,"
          " metadata, spec, status"),
    Whole("a label that is no string", HEAD.replace("namespace: shop", "labels: {a: 1}"),
          '3: metadata.labels["a"]: must be a string; put it in quotes'),
    Whole("the same object twice", HEAD + "---\n" + HEAD, "8: ImageBucket: shop/photos is already in shop.yaml:1;"
          " remove one"),
    Whole("a namespace where there is none",
          "apiVersion: imagestore.dev/v1alpha1\nkind: StorageBackend\nmetadata: {name: eu, namespace: x}\n"
          "spec: {provider: AWS, s3: {region: eu-west-1}, credentials: {ambient: {}}}",
          "3: metadata.namespace: a StorageBackend has no namespace; remove the field"),
)  # fmt: skip


@pytest.mark.parametrize("case", WHOLES, ids=lambda c: c.name)
def test_a_wrong_file_is_named_with_its_line(case: Whole, tmp_path: Path) -> None:
    said = [s.replace(f"{tmp_path}/", "") for s in _said(tmp_path, case.text)]
    assert f"shop.yaml:{case.said}" in said


def test_all_errors_of_all_files_come_in_one_run(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.yml").write_text(HEAD + "  suspend: 1\n  quota: {}")
    found = _said(tmp_path, HEAD.replace("photos,", "other,") + "  cors: 1\n  tags: 2")
    assert [s.partition(": ")[0] for s in found] == [
        "more/b.yml:7",
        "more/b.yml:8",
        "shop.yaml:7",
        "shop.yaml:8",
    ]


def test_what_is_not_ours_is_ignored_however_odd(tmp_path: Path) -> None:
    (tmp_path / "cloud.yaml").write_text("Resources:\n  A: !Sub x\n  ? [1]\n  : 2\n")
    (tmp_path / "list.yaml").write_text("- 1\n- 2\n---\n# nothing\n")
    found = _load(tmp_path, HEAD)
    assert not found.problems
    assert not found.notes
    assert [o.label for o in found.objects] == ["shop/photos"]


def test_what_is_not_rendered_is_said(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [shop.yaml]")
    (tmp_path / "deploy.yaml").write_text("{{- if .Values.x }}\na: {{ .Values.a }}\n{{- end }}")
    notes = " ".join(_load(tmp_path, HEAD).notes)
    assert "kustomization.yaml: imagestore does not build kustomizations" in notes
    assert "deploy.yaml: imagestore does not render Helm templates" in notes


def test_lists_merges_anchors_and_json_are_read_as_kubernetes_does(tmp_path: Path) -> None:
    text = """\
apiVersion: v1
kind: List
items:
- apiVersion: imagestore.dev/v1alpha1
  kind: ImageBucket
  metadata: &m {name: a}
  spec: &s {backendRef: {name: eu}, bucketName: default--a, tags: {since: 2027-01-01}}
- apiVersion: imagestore.dev/v1alpha1
  kind: ImageBucket
  metadata: {<<: *m, name: b}
  spec: {<<: *s, bucketName: default--b}
"""
    (tmp_path / "c.json").write_text(
        '{"apiVersion": "imagestore.dev/v1alpha1", "kind": "ImageBucket", "metadata": {"name": "c"},'
        '\n "spec": {"backendRef": {"name": "eu"}, "bucketName": "default--c"}}'
    )
    found = _load(tmp_path, text)
    assert [o.label for o in found.objects] == ["default/c", "default/a", "default/b"]
    assert [o.place.line for o in found.objects] == [1, 4, 8]
    specs = [o.spec for o in found.objects if isinstance(o.spec, ImageBucketSpec)]
    assert specs[1].tags is not None
    assert specs[1].tags.values == {"since": "2027-01-01"}
    assert specs[2].bucket_name == "default--b"


def test_aliases_that_multiply_are_refused_rather_than_followed(tmp_path: Path) -> None:
    bomb = "".join(f"  - &a{i} [{', '.join(f'*a{i - 1}' for _ in range(10))}]\n" for i in range(1, 9))
    text = HEAD + f"  cors:\n    rules:\n  - &a0 [x]\n{bomb}".replace("\n  -", "\n    -")
    assert "do aliases multiply?" in " ".join(_said(tmp_path, text))


def test_every_rule_of_the_models_can_be_evaluated_here() -> None:
    def values() -> list[TypedValue]:
        return list(typed_values(_FULL, ImageBucketSpec, "spec"))

    found = [
        r.rule for s in values() for r in (*(s.model.cel if s.model else ()), *s.marks) if hasattr(r, "rule")
    ]
    assert len(found) >= 8
    assert [r for r in found if cel._program(r) is None] == []


_FULL = {
    "tags": {"a": "b"},
    "encryption": {"algorithm": "SSE-S3"},
    "objectLock": {},
    "policy": {"statements": []},
    "lifecycle": {"rules": [{"name": "x", "expire": {"days": 1}}]},
}
