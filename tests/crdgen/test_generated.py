"""What is committed is what the models say now, and Kubernetes can hold it."""

import re
from pathlib import Path
from typing import Any

import yaml

from imagestore.api.imagebucket import FACETS
from imagestore.api.kinds import KINDS
from imagestore.backends.s3.profiles.catalog import BUCKET_PERMISSIONS, iam_policy, permissions
from imagestore.crdgen import rbac, stores
from imagestore.crdgen.generate import between_markers, files, generate
from tests.crdgen import schemas
from tests.crdgen.conftest import ROOT

NODES = [
    (f"{d['spec']['names']['kind']}{path}", node)
    for d in schemas.definitions()
    for path, node in schemas.nodes("", schemas.root(d))
]


def test_nothing_is_stale() -> None:
    assert generate(ROOT, check=True) == [], "run `make generate` and commit what it writes"


def test_every_generated_file_names_its_command() -> None:
    for path, _ in files(ROOT):
        if path != "README.md":
            assert "`imagestore generate`" in (ROOT / path).read_text().splitlines()[0]


def test_it_writes_what_is_missing_once(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Us\n<!-- generated: support matrix -->\nold\n<!-- end -->\nrest\n")
    assert "README.md" in generate(tmp_path, check=True)
    assert not (tmp_path / "crds").exists()
    assert "crds/imagebuckets.yaml" in generate(tmp_path, check=False)
    assert generate(tmp_path, check=False) == []
    assert "| `versioning` | yes |" in (tmp_path / "README.md").read_text()


def test_text_without_markers_stays() -> None:
    assert between_markers("nothing here", "support matrix", "table") == "nothing here"


def test_every_node_is_structural() -> None:
    unheard = {"$ref", "anyOf", "oneOf", "allOf", "patternProperties", "uniqueItems", "title"}
    assert [path for path, node in NODES if unheard & set(node)] == []
    refused = ["ImageBucket.spec.tags{}"]  # by a rule, which sees only a null that the server does not drop
    assert [path for path, node in NODES if "nullable" in node] == refused
    assert [path for path, node in NODES if node.get("additionalProperties") is False] == []


def test_every_node_is_bounded() -> None:
    """Kubernetes estimates what a rule costs at worst: without bounds it refuses the rule."""
    outside = (".metadata", ".apiVersion", ".kind")
    assert [path for path, node in NODES if not path.endswith(outside) and not bounded(node)] == []


def bounded(node: dict[str, Any]) -> bool:
    keys = {"maxItems", "maxLength", "properties", "maxProperties", "enum"} & set(node)
    return bool(keys) or node["type"] in ("integer", "boolean") or node.get("format") == "date-time"


# CEL's own, and what an API server 1.29 lets into new rules besides (k8s.io/apiserver, pkg/cel/environment/base.go, up
# to 1.28). Its next version, which the chart asks for, is the first that knows selectableFields.
CEL = {
    "has", "size", "all", "exists", "exists_one", "filter", "map", "matches", "contains", "startsWith", "endsWith",
    "bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint",
}  # fmt: skip
IN_RULES = CEL | {
    "charAt", "indexOf", "join", "lastIndexOf", "lowerAscii", "replace", "split", "substring", "trim", "upperAscii",
    "isSorted", "sum", "min", "max", "find", "findAll", "url", "isURL", "quantity", "isQuantity", "isLessThan",
    "isGreaterThan", "compareTo", "isInteger", "asInteger", "sign", "add", "sub",
}  # fmt: skip


def test_rules_use_nothing_that_the_oldest_kubernetes_lacks() -> None:
    """The chart's kubeVersion says which that is: a rule with `ip()` or optionalOldSelf would need a newer one."""
    rules = [rule for _, node in NODES for rule in node.get("x-kubernetes-validations", ())]
    assert {key for rule in rules for key in rule} <= {"rule", "message", "fieldPath"}
    code = [re.sub(r"r?'[^']*'|r?\"[^\"]*\"", "''", rule["rule"]) for rule in rules]
    called = {name for text in code for name in re.findall(r"(\w+)\(", text)}
    assert called, "there are rules"
    assert called <= IN_RULES


def test_every_rule_has_words() -> None:
    rules = [(path, r) for path, node in NODES for r in node.get("x-kubernetes-validations", [])]
    assert len(rules) > 50
    assert [path for path, rule in rules if len(rule["message"]) < 15] == []


def test_no_finalizer_or_status_is_a_users() -> None:
    for verbs in rbac.AGGREGATED.values():
        for rule in rbac.user_rules(verbs):
            assert rule["resources"] == [k.plural for k in KINDS if k.namespaced]


def test_the_operator_may_not_delete_or_read_everything() -> None:
    everywhere = rbac.operator_rules(own=False)
    assert not any("secrets" in rule["resources"] for rule in everywhere)
    rules = [*everywhere, *rbac.operator_rules(own=True)]
    verbs = {verb for rule in rules for verb in rule["verbs"]}
    assert not verbs & {"*", "deletecollection", "impersonate", "escalate", "bind"}
    deletes = {resource for rule in rules if "delete" in rule["verbs"] for resource in rule["resources"]}
    assert deletes == {"backups", "jobs"}, "those that it made; deleting one deletes no data"
    everywhere_deleted = {r for rule in everywhere if "delete" in rule["verbs"] for r in rule["resources"]}
    assert everywhere_deleted == {"backups"}


def test_the_iam_policy_holds_every_permission_once() -> None:
    policy = iam_policy("acme-*")
    granted = [action for statement in policy["Statement"] for action in statement["Action"]]
    needed = {a for some in (*permissions("AWS").values(), *BUCKET_PERMISSIONS.values()) for a in some}
    assert sorted(granted) == sorted(needed)


def test_every_setting_is_in_the_matrix() -> None:
    rows = [line for line in stores.support_table("docs/").splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(FACETS)


def test_the_reference_has_a_row_for_every_field() -> None:
    for definition in schemas.definitions():
        page = (ROOT / f"docs/reference/{definition['spec']['names']['singular']}.md").read_text()
        for part in ("spec", "status"):
            for path in schemas.fields(schemas.root(definition), part):
                assert f"`{path.split('.')[-1]}`" in page or path == part


def test_crds_in_the_chart_are_those_in_the_folder() -> None:
    for path in sorted((ROOT / "crds").glob("*.yaml")):
        template = (ROOT / "charts/imagestore/templates/crds" / path.name).read_text()
        spec = template[template.index("\nspec:") : template.rindex("{{- end }}")]
        assert yaml.safe_load(spec)["spec"] == yaml.safe_load(path.read_text())["spec"]
