"""A plan in words: each sign, each note, and nothing in a value that a terminal or a page would obey."""

import json
from typing import Any

import pytest

from imagestore.core.diff import FieldDiff
from imagestore.core.plan import Change, Op, Plan
from imagestore.core.reading import NotRepresentable
from imagestore.core.reasons import Reason
from imagestore.core.render import (
    as_json,
    as_markdown,
    as_text,
    difference,
    ellipsized,
    note,
    printable,
    quote,
    sentence,
    sign,
)
from imagestore.facets.cors import Cors
from imagestore.facets.versioning import Versioning

ON, OFF = Versioning(state="Enabled"), Versioning(state="Suspended")
STATE = FieldDiff("versioning.state", "Suspended", "Enabled")
NEW, GONE = (
    FieldDiff("versioning.state", None, "Enabled"),
    FieldDiff("versioning", {"state": "Enabled"}, None),
)

SET = Change("versioning", Op.SET, OFF, ON, (STATE,))
CREATE = Change("versioning", Op.SET, None, ON, (NEW,))
CLEAR = Change("versioning", Op.CLEAR, ON, None, (GONE,), reason=Reason.REMOVED_FROM_SPEC)
HELD = Change(
    "policy", Op.HOLD, reason=Reason.NEEDS_APPROVAL, message="opens it", token="t1", fields=(STATE,)
)
SKIP = Change("cors", Op.SKIP, reason=Reason.UNSUPPORTED, message="no CORS here")
KEEP = Change("tags", Op.KEEP)
KEPT = Change("quota", Op.KEEP, reason=Reason.FORGOTTEN, message="no longer in the spec")


@pytest.mark.parametrize(("count", "shown", "left"), [(0, 0, 0), (3, 3, 0), (4, 4, 0), (5, 3, 2), (9, 3, 6)])
def test_a_single_further_item_is_shown_instead_of_counted(count: int, shown: int, left: int) -> None:
    items = list(range(count))
    assert ellipsized(items, 3) == (items[:shown], left)


@pytest.mark.parametrize(
    ("change", "mark"),
    [
        (SET, "~"),
        (CREATE, "+"),
        (Change("cors", Op.SET, Cors(), Cors()), "+"),
        (Change("cors", Op.SET, None, Cors(), opaque=NotRepresentable("odd")), "~"),
        (CLEAR, "-"),
        (HELD, "!"),
        (SKIP, "x"),
        (KEEP, " "),
    ],
)
def test_each_change_has_its_sign(change: Change, mark: str) -> None:
    assert sign(change) == mark


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (HELD, "held (NeedsApproval): opens it [approve: t1]"),
        (Change("policy", Op.HOLD, reason=Reason.DRIFTED, message="a"), "held (Drifted): a"),
        (Change("policy", Op.HOLD, message="a"), "held: a"),
        (SKIP, "not supported: no CORS here"),
        (Change("versioning", Op.SET, ON, OFF, risk="suspends"), "risky: suspends"),
        (Change("versioning", Op.KEEP, risk="suspends", message="m"), "m"),
        (Change("versioning", Op.SET, ON, OFF, message="m"), "m"),
        (KEEP, ""),
        (Change("policy", Op.HOLD, message="a\nb\x1b[31m"), "held: a b [31m"),
    ],
)
def test_a_note_says_why(change: Change, said: str) -> None:
    assert note(change) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((KEEP,), "no changes"),
        ((), "no changes"),
        ((SET,), "set versioning"),
        ((SET, CLEAR), "set versioning, clear versioning"),
        (
            (SET, HELD, SKIP, KEEP),
            "set versioning; held: policy (NeedsApproval); not supported: cors (Unsupported)",
        ),
        ((HELD, Change("acl", Op.HOLD)), "held: policy (NeedsApproval), acl"),
    ],
)
def test_a_plan_in_one_sentence(changes: tuple[Change, ...], said: str) -> None:
    assert sentence(Plan(changes)) == said


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (STATE, 'versioning.state: "Suspended" -> "Enabled"'),
        (NEW, 'versioning.state: nothing -> "Enabled"'),
        (GONE, 'versioning: {"state": "Enabled"} -> nothing'),
        (FieldDiff("a.b", 0, False), "a.b: 0 -> false"),
    ],
)
def test_a_difference_in_one_line(field: FieldDiff, said: str) -> None:
    assert difference(field) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"b": 1, "a": "ä"}, '{"a": "ä", "b": 1}'),
        ("a\nb", '"a\\nb"'),
        ("\u202eevil", '"\\u202eevil"'),
        ("\x9b31m", '"\\u009b31m"'),
        ("x" * 198, f'"{"x" * 198}"'),
        ("x" * 199, f'"{"x" * 199}… (201 characters)'),
    ],
)
def test_a_value_is_on_one_line_cut_and_steers_nothing(value: Any, said: str) -> None:
    assert quote(value) == said


def test_a_sentence_steers_nothing_either() -> None:
    assert printable("a\nb\u202e\x1bc ä") == "a b  c ä"


def painted(style: str, text: str) -> str:
    return f"<{style}>{text}</{style}>"


def test_a_terminal_shows_each_setting_that_changes_with_its_fields() -> None:
    assert as_text(Plan((SET, CREATE, CLEAR, HELD, SKIP, KEEP, KEPT))) == "\n".join(
        [
            "  ~ versioning",
            '      versioning.state: "Suspended" -> "Enabled"',
            "  + versioning",
            '      versioning.state: "Enabled"',
            "  - versioning",
            '      versioning: {"state": "Enabled"} -> nothing',
            "  ! policy  held (NeedsApproval): opens it [approve: t1]",
            '      versioning.state: "Suspended" -> "Enabled"',
            "  x cors  not supported: no CORS here",
            "    quota  no longer in the spec",
        ]
    )


def test_each_sign_has_its_colour() -> None:
    assert as_text(Plan((SET, CREATE, CLEAR, SKIP, KEPT)), painted).splitlines() == [
        "<change>  ~ versioning</change>",
        '      versioning.state: <remove>"Suspended"</remove> -> <add>"Enabled"</add>',
        "<add>  + versioning</add>",
        '      versioning.state: <add>"Enabled"</add>',
        "<remove>  - versioning</remove>",
        '      versioning: <remove>{"state": "Enabled"}</remove> -> <faint>nothing</faint>',
        "<hold>  x cors  not supported: no CORS here</hold>",
        "<faint>    quota  no longer in the spec</faint>",
    ]
    assert as_text(Plan((HELD,)), painted).startswith("<hold>  ! policy")


def many(count: int) -> Plan:
    fields = tuple(FieldDiff(f"tags.t{n}", None, "x") for n in range(count))
    return Plan((Change("tags", Op.SET, None, ON, fields),))


@pytest.mark.parametrize(("count", "rest"), [(40, 0), (41, 0), (42, 2), (50, 10)])
def test_forty_fields_of_a_setting_are_shown(count: int, rest: int) -> None:
    lines = as_text(many(count), painted).splitlines()
    shown = count - rest
    assert len(lines) == 1 + shown + bool(rest)
    assert (lines[-1] == f"<faint>      … and {rest} more fields</faint>") is bool(rest)
    marked = as_markdown(many(count)).splitlines()
    assert len(marked) == 3 + shown + bool(rest)
    assert (marked[-2] == f"# … and {rest} more fields") is bool(rest)


def test_a_pull_request_shows_a_fence_that_no_value_can_end() -> None:
    evil = Change("cors", Op.SET, None, ON, (FieldDiff("cors.x", None, "a\n```\n# b"),))
    assert as_markdown(Plan((SET, CLEAR, HELD, KEEP, evil))).splitlines() == [
        "```diff",
        "# versioning",
        '- versioning.state: "Suspended"',
        '+ versioning.state: "Enabled"',
        "# versioning",
        '- versioning: {"state": "Enabled"}',
        "# policy: held (NeedsApproval): opens it [approve: t1]",
        '- versioning.state: "Suspended"',
        '+ versioning.state: "Enabled"',
        "# cors",
        '+ cors.x: "a\\n```\\n# b"',
        "```",
    ]
    assert as_markdown(Plan((KEEP,))) == ""


def test_a_program_gets_all_of_it_and_nothing_that_says_nothing() -> None:
    told = as_json(Plan((SET, HELD, KEEP)))
    assert told["digest"] == Plan((SET, HELD, KEEP)).digest
    assert told["changes"] == [
        {
            "facet": "versioning",
            "op": "Set",
            "digest": SET.digest,
            "before": {"state": "Suspended"},
            "after": {"state": "Enabled"},
            "fields": [{"path": "versioning.state", "before": "Suspended", "after": "Enabled"}],
        },
        {
            "facet": "policy",
            "op": "Hold",
            "digest": HELD.digest,
            "before": None,
            "after": None,
            "fields": [{"path": "versioning.state", "before": "Suspended", "after": "Enabled"}],
            "reason": "NeedsApproval",
            "message": "opens it",
            "token": "t1",
        },
        {"facet": "tags", "op": "Keep", "digest": KEEP.digest, "before": None, "after": None, "fields": []},
    ]
    risky = Change("versioning", Op.CLEAR, ON, None, risk="r")
    assert as_json(Plan((risky, SKIP)))["changes"][0]["risk"] == "r"
    assert [c["op"] for c in as_json(Plan((risky, SKIP)))["changes"]] == ["Clear", "Skip"]
    assert json.dumps(told)
