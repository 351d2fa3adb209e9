"""The stories of tests/reconcile through ``imagestore apply`` on a real SeaweedFS: the same words, the same claims.

A new story of these modules is carried out both ways, unless ``ONLY_IN_MEMORY`` says why it cannot be. Whole modules are not here where
nearly every story needs what SeaweedFS has not or cannot be told: test_references (logging), test_usage (quota and counts), test_tiers,
test_consent (stores with ways of their own, objects that are months old), test_observe_only (an ACL that is never written), and
test_intents, test_removals and test_missing_buckets (they look between two reconciles, or make the store forget).
"""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dev.stores import Store
from tests.local.applied import AppliedWorld
from tests.local.realstore import RealStore, connected
from tests.reconcile import (
    test_drift,
    test_lifecycle_of_a_bucket,
    test_newer_status,
    test_ownership_and_deletion,
    test_policies_of_a_bucket,
    test_tenancy,
    test_trouble_of_a_bucket,
    test_waiting_for_it,
)
from tests.reconcile.world import World

STORIES: tuple[ModuleType, ...] = (
    test_lifecycle_of_a_bucket,
    test_ownership_and_deletion,
    test_drift,
    test_policies_of_a_bucket,
    test_tenancy,
    test_trouble_of_a_bucket,
    test_newer_status,
    test_waiting_for_it,
)
ONLY_IN_MEMORY: dict[str, tuple[str, ...]] = {
    "it looks between two reconciles, which one run does not end between": (
        "test_a_crash_between_creating_and_marking_is_resumed",
        "test_a_create_whose_answer_was_lost_is_ours",
        "test_an_intent_is_not_believed_of_a_bucket_with_content",
        "test_a_difference_is_believed_only_at_the_second_look",
        "test_a_difference_that_vanishes_is_never_drift",
        "test_drift_is_declared_before_it_is_corrected_and_recorded_after",
        "test_drift_whose_correction_fails_stays_drift",
        "test_rules_with_ids_of_any_number_and_length_are_no_trouble",
        "test_delete_if_empty_keeps_a_bucket_with_anything_in_it",
        "test_delete_all_empties_in_visible_steps",
        "test_emptying_can_be_stopped",
        "test_emptying_that_is_stopped_otherwise_says_how_much_is_gone",
        "test_what_is_under_way_and_what_is_done",
        "test_a_name_that_is_taken_by_turns_is_asked_for_ever_less",
        "test_creation_costs_what_the_benchmark_allows",
        "test_a_limit_holds",
    ),
    "hours have to pass, or a wait has to be read": (
        "test_snooze_leaves_drift_alone_until_it_ends",
        "test_the_interval_is_the_users_but_not_below_the_administrators",
        "test_an_unreachable_store_is_unknown_after_a_grace_period",
        "test_what_a_silent_store_said_last_is_believed_no_longer_than_the_grace",
        "test_one_setting_that_is_not_told_does_not_make_ready_flap",
        "test_retry_after_is_obeyed",
        "test_a_deletion_while_the_store_is_down_waits_and_says_the_way_out",
        "test_a_first_visit_to_a_dead_store_still_has_a_condition",
        "test_a_policy_deleted_while_the_store_is_down_is_finished_later",
    ),
    "an operator's memory is in it, and each run is a new process": (
        "test_a_fight_over_a_setting_ends",
        "test_all_tags_replaced_in_the_console_are_restored_with_the_mark",
    ),
    "a real store cannot be told to lose, keep, lock or lack something": (
        "test_a_store_that_forgets_a_write_is_never_ready",
        "test_a_field_that_the_store_would_lose_is_refused_not_widened",
        "test_an_unsupported_setting_says_so_and_the_rest_is_applied",
        "test_a_store_that_says_yes_and_keeps_the_objects_stops_the_emptying",
        "test_a_store_that_lists_again_what_it_removed_stops_the_emptying",
        "test_emptying_stops_at_what_is_locked_and_says_so",
        "test_what_stays_is_counted_by_its_reason_and_never_named",
        "test_what_is_wrong_besides_a_hold_is_told_as_well",
        "test_a_bucket_that_is_there_by_turns_is_looked_for_ever_less_and_not_ready",
        "test_what_the_store_cannot_hold_is_the_policys_trouble_not_the_buckets",
        "test_a_bucket_on_a_store_without_lifecycle_is_not_asked_for_it",
    ),
    "SeaweedFS has no tiers, foreign rules of this form or notifications, adds a field to CORS rules, or speaks no TLS here": (
        "test_a_bucket_carries_out_its_policies",
        "test_a_bucket_without_policies_has_the_inputs_that_it_had_before_there_were_any",
        "test_a_policy_that_is_gone_takes_exactly_its_rules_with_it",
        "test_rules_of_ours_that_no_status_remembers_are_known_by_their_ids",
        "test_foreign_rules_go_only_if_a_policy_is_exclusive",
        "test_drift_of_a_policys_rule_is_drift_of_the_bucket_by_its_path",
        "test_what_is_allowed_is_applied",
        "test_what_is_not_mentioned_is_not_touched",
    ),
    "it is about no spec and store": ("test_names_by_template",),
    "another claim, or a CRD, that a World is only told of": (
        "test_the_younger_claimant_reports_and_never_calls",
        "test_a_losing_claim_never_deletes",
        "test_a_deleted_crd_removes_nothing",
        "test_the_count_is_limited",
        "test_a_suspended_bucket_keeps_the_last_word_of_a_look",
    ),
}
LEFT_OUT = {name for names in ONLY_IN_MEMORY.values() for name in names}


def told(module: ModuleType) -> dict[str, object]:
    """Its own stories by name."""
    own = ((name, story) for name, story in vars(module).items() if name.startswith("test_"))
    return {name: story for name, story in own if getattr(story, "__module__", "") == module.__name__}


TOLD = {name: story for module in STORIES for name, story in told(module).items()}
newer = test_newer_status.newer  # a fixture of theirs
globals().update({name: story for name, story in TOLD.items() if name not in LEFT_OUT})


@pytest.fixture(autouse=True)
def through_apply(tmp_path: Path, seaweedfs_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each story with a folder of its own, on a store without its bucket."""
    real = RealStore(seaweedfs_store, connected(seaweedfs_store))
    real.buckets.clear()
    (tmp_path / "manifests").mkdir()
    monkeypatch.setattr(AppliedWorld, "folder", tmp_path / "manifests", raising=False)
    monkeypatch.setattr(AppliedWorld, "real", real, raising=False)
    monkeypatch.setattr(World, "through", AppliedWorld)
    yield
    real.buckets.clear()


def test_what_is_left_out_is_there() -> None:
    assert LEFT_OUT - TOLD.keys() == set()
    assert sum(map(len, ONLY_IN_MEMORY.values())) == len(LEFT_OUT)
