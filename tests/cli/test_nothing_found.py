"""Green on mistakes: what is not found, not read or not ours is said, with an exit code that is no plan's."""

from pathlib import Path

import pytest

from dev.stores import Store
from imagestore.cli.manifests.load import load
from tests.cli.world import backend, bucket, imagestore, write

PHOTOS = bucket("photos", "shop--photos")
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PHOTOS.replace("apiVersion: imagestore.dev/v1alpha1\n", ""),
         "apiVersion: is required; write imagestore.dev/v1alpha1"),
        (PHOTOS.replace("imagestore.dev/", "imagestores.dev/"),
         "apiVersion: unknown group imagestores.dev/v1alpha1; write imagestore.dev/v1alpha1 for kind ImageBucket"),
        (PHOTOS.replace("imagestore.dev/", "ImageStore.dev/"), "apiVersion: unknown group ImageStore.dev/v1alpha1"),
        (PHOTOS.replace("imagestore.dev/", ""), "apiVersion: unknown group v1alpha1; write imagestore.dev/v1alpha1"),
        (PHOTOS.replace("imagestore.dev/", "storage.example/"), "apiVersion: unknown group storage.example/v1alpha1"),
        (PHOTOS.replace("ImageBucket", "imagebucket"), "kind: unknown kind imagebucket; did you mean ImageBucket?"),
        (PHOTOS.replace("apiVersion: imagestore.dev/v1alpha1\nkind: ImageBucket\n", ""), "kind: is required; add it"),
        (PHOTOS.replace("imagestore.dev/", "imagestore.io/").replace("ImageBucket", "Bucket"),
         "apiVersion: unknown group imagestore.io; write imagestore.dev/v1alpha1"),
    ],
)  # fmt: skip
def test_what_is_almost_ours_is_named_with_the_fix(text: str, said: str, tmp_path: Path) -> None:
    found = load([str(write(tmp_path, text))], "default")
    assert [said in str(p) for p in found.problems] == [True], found.problems


def test_what_is_of_others_is_none_of_these(tmp_path: Path) -> None:
    theirs = (
        "apiVersion: dlm.services.k8s.aws/v1alpha1\nkind: LifecyclePolicy\nmetadata: {name: snapshots}\n---\n"
    )
    assert load([str(write(tmp_path, theirs + DEPLOYMENT + PHOTOS))], "default").problems == []


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "the directory has no manifest (*.yaml, *.yml, *.json; hidden files are not read)"),
        ({"kustomization.yaml": "resources: [../base]"}, "use: kustomize build DIR | imagestore plan -f -"),
        ({"a.yaml": "{{- if .Values.x }}\na: {{ .Values.a }}\n{{- end }}"}, "use: helm template"),
        ({"a.yaml": DEPLOYMENT}, "1 object of other kinds (Deployment); is this the right path?"),
        ({"a.yaml": "# later\n"}, "no object of imagestore.dev found"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ("plan",), ("lifecycle", "preview"), ("import", "eu/photos"), ("lifecycle", "simulate", "--listing", "l.csv"),
        ("backend", "probe", "eu", "--bucket", "abc", "--yes-write-to", "abc"),
    ],
)  # fmt: skip
def test_a_place_with_nothing_of_ours_is_an_error_that_says_why(
    command: tuple[str, ...],
    files: dict[str, str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, text in files.items():
        write(tmp_path, text, name)
    done = imagestore(capsys, *command, "-f", tmp_path, "--offline")
    assert done.code == 1
    assert said in done.out + done.err
    assert "no object of imagestore.dev found" in done.out + done.err


def test_one_empty_place_among_others_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = load([str(write(tmp_path, PHOTOS)), str(tmp_path / "empty")], "default")
    assert (found.problems, len(found.objects)) == ([], 1)
    assert any("has no manifest" in note for note in found.notes)


@pytest.mark.parametrize("broken", ["  tags: [1, 2\n", "\tx: 1\n", "\xff", "  versionning: {}\n"])
def test_one_broken_file_of_ours_fails_at_the_end_and_the_rest_is_planned(
    broken: str, minio_store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, backend(minio_store) + bucket("new", "shop--rest", "tags: {a: b}"), "good.yaml")
    (tmp_path / "bad.yaml").write_bytes((PHOTOS + broken).encode("latin-1"))
    planned = imagestore(capsys, "plan", "-f", tmp_path, "--offline")
    assert planned.code == 1
    assert "bucket shop--rest is created" in planned.out
    assert "error: " in planned.out
    assert "bad.yaml" in planned.out
    assert planned.out.rstrip().endswith("1 bucket: 1 to create; 1 error in the manifests")
    minio_store.s3().create_bucket(Bucket=f"shop--rest-{len(broken)}{ord(broken[0])}")
    legacy = f"eu/shop--rest-{len(broken)}{ord(broken[0])}"
    imported = imagestore(capsys, "import", legacy, "-f", tmp_path, "--offline")
    assert imported.code == 1
    assert "kind: ImageBucket" in imported.out
    assert "bad.yaml" in imported.err


@pytest.mark.parametrize(
    "argv",
    [
        (), ("plan",), ("plan", "-f"), ("plan", "-f", ".", "--nonsense"), ("frobnicate",), ("lifecycle",),
        ("plan", "-f", ".", "--format", "xml"), ("plan", "-f", ".", "--offline", "--context", "x"),
        ("import", "nowhere", "--offline"), ("release",), ("release", "--all", "shop/x"),
        ("lifecycle", "preview", "-f", ".", "--offline", "--months", "0"),
        ("backend", "probe", "eu", "--bucket", "abc", "--offline"),
    ],
)  # fmt: skip
def test_a_command_that_is_given_wrongly_never_exits_as_if_something_changed(
    argv: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, PHOTOS)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    try:
        code: object = imagestore(capsys, *argv).code
    except SystemExit as ended:
        code = ended.code
    assert code == 64
