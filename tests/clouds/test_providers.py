"""What the schema says of providers, and what the registry connects, are one."""

import typing

from imagestore.api.providers import PROVIDERS, Block, Provider
from imagestore.api.storagebackend import StorageBackendSpec
from imagestore.backends.registry import CLOUDS


def test_each_provider_of_the_schema_has_a_record_and_a_cloud() -> None:
    assert set(typing.get_args(Provider)) == set(PROVIDERS) == set(CLOUDS)


def test_each_block_is_an_optional_field_that_no_other_provider_takes() -> None:
    assert {rules.block for rules in PROVIDERS.values()} == set(typing.get_args(Block))
    for block in typing.get_args(Block):
        assert StorageBackendSpec.model_fields[block].default is None
        told = [rule.rule for rule in StorageBackendSpec.cel if rule.rule.startswith(f"has(self.{block}) ==")]
        assert len(told) == 1
        assert all((f"'{name}'" in told[0]) == (rules.block == block) for name, rules in PROVIDERS.items())
