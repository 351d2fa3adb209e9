"""A plan in words: small golden texts, and what must never get through."""

import json

from imagestore.api.imagebucket import FACETS
from imagestore.core import render
from imagestore.core.plan import Op, Plan, plan
from imagestore.core.policies import hold_risky
from imagestore.core.reading import Found, Missing, Reading, Unsupported
from imagestore.facets.cors import Cors
from imagestore.facets.quota import Quota
from imagestore.facets.tags import Tags
from imagestore.facets.versioning import Versioning


def _plan() -> Plan:
    wishes = {
        "versioning": Versioning(state="Suspended"),
        "tags": Tags(values={"team": "shop", "cost": "42"}),
        "cors": Cors(),
        "quota": Quota(hard="1Gi"),
    }
    rule = {"allowedOrigins": ["https://shop.example"], "allowedMethods": ["GET"]}
    readings: dict[str, Reading] = {
        "versioning": Found(Versioning(state="Enabled")),
        "tags": Found(Tags(values={"team": "press"})),
        "cors": Found(Cors.model_validate({"rules": [rule]})),
        "quota": Unsupported("SeaweedFS sets quotas in its shell only"),
    }
    drawn = plan(wishes, readings, {}, FACETS)
    tokens = {c.digest: "a1b2c3" for c in drawn.changes}
    return hold_risky(tokens, set())(drawn)


def test_text_says_what_becomes_of_each_setting_and_why() -> None:
    assert render.as_text(_plan()).splitlines() == [
        "  ! versioning  held (NeedsApproval): suspending versioning: from then on overwritten and deleted"
        " objects cannot be restored [approve: a1b2c3]",
        '      versioning.state: "Enabled" -> "Suspended"',
        "  ~ tags",
        '      tags["cost"]: "42"',
        '      tags["team"]: "press" -> "shop"',
        "  ~ cors",
        '      cors.rules: [{"allowedHeaders": [], "allowedMethods": ["GET"], "allowedOrigins":'
        ' ["https://shop.example"], "exposeHeaders": []}] -> []',
        "  x quota  not supported: SeaweedFS sets quotas in its shell only",
    ]


def test_markdown_is_one_diff_fence() -> None:
    lines = render.as_markdown(_plan()).splitlines()
    assert lines[0] == "```diff"
    assert lines[-1] == "```"
    assert '- tags["team"]: "press"' in lines
    assert '+ tags["team"]: "shop"' in lines
    assert lines[1].startswith("# versioning: held (NeedsApproval)")


def test_json_holds_everything_and_survives_a_round_trip() -> None:
    said = json.loads(json.dumps(render.as_json(_plan())))
    by_facet = {c["facet"]: c for c in said["changes"]}
    assert by_facet["versioning"]["op"] == "Hold"
    assert by_facet["versioning"]["token"] == "a1b2c3"
    assert by_facet["tags"]["after"] == {"team": "shop", "cost": "42"}
    assert "risk" not in by_facet["tags"]


def test_one_sentence_for_logs_and_events() -> None:
    assert render.sentence(_plan()) == (
        "set tags, set cors; held: versioning (NeedsApproval); not supported: quota (Unsupported)"
    )
    assert render.sentence(Plan()) == "no changes"


def test_an_empty_plan_has_no_lines() -> None:
    assert render.as_text(Plan()) == render.as_markdown(Plan()) == ""


def test_what_a_store_answers_cannot_steer_a_terminal_or_leave_the_fence() -> None:
    evil = "\x1b[2Jhidden\u202etxt\n```\n<script>@everyone"
    readings: dict[str, Reading] = {"tags": Found(Tags(values={"team": evil}))}
    drawn = plan({"tags": Tags(values={"team": "shop", "a\x1b\n```": "x"})}, readings, {}, FACETS)
    for text in (render.as_text(drawn), render.as_markdown(drawn)):
        assert all(c.isprintable() or c == "\n" for c in text)
    inside = render.as_markdown(drawn).splitlines()[1:-1]
    assert all(line.startswith(("# ", "+ ", "- ")) for line in inside)


def test_long_lists_and_long_values_are_cut_with_a_count() -> None:
    tags = Tags(values={f"k{i:02}": "v" * 256 for i in range(48)})
    drawn = plan({"tags": tags}, {"tags": Missing()}, {}, FACETS)
    text = render.as_text(drawn, most=10)
    assert "… and 38 more fields" in text
    assert "… (258 characters)" in text
    assert len(text.splitlines()) == 12
    assert len(render.as_json(drawn)["changes"][0]["fields"]) == 48


def test_colour_is_the_callers_choice() -> None:
    drawn = plan({"versioning": Versioning(state="Enabled")}, {}, {}, FACETS)
    assert drawn.changes[0].op is Op.SET
    painted = render.as_text(drawn, lambda style, text: f"<{style}>{text}</{style}>")
    assert "<add>  + versioning</add>" in painted
    assert '<add>"Enabled"</add>' in painted
