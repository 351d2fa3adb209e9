"""What the command line can do with a cloud that has not all that S3 has."""

import pytest

from imagestore.backends.base import Backend, Lists
from imagestore.backends.foretelling import Foretells
from imagestore.backends.trial import Triable
from imagestore.cli.commands.backend import _triable
from imagestore.cli.errors import CommandError


def test_what_a_backend_cannot_do_needs_no_stub(backend: Backend) -> None:
    assert not isinstance(backend, Lists | Foretells | Triable)


def test_a_probe_of_a_cloud_without_trials_is_a_sentence(backend: Backend) -> None:
    with pytest.raises(
        CommandError, match="cellar: its provider has a fixed profile, so there is nothing to probe"
    ):
        _triable(backend)
