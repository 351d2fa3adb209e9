"""What the command line can do with a cloud that has not all that S3 has."""

import pytest

from imagestore.backends.base import Backend, Lists
from imagestore.backends.foretelling import Foretells
from imagestore.backends.trial import Triable
from imagestore.cli.commands.backend import _triable
from imagestore.cli.errors import Wrong


def test_what_a_backend_cannot_do_needs_no_stub(backend: Backend) -> None:
    assert not isinstance(backend, Lists | Foretells | Triable)


def test_a_probe_of_a_cloud_without_trials_is_a_sentence(backend: Backend) -> None:
    with pytest.raises(Wrong, match="cellar: imagestore cannot probe stores of this provider"):
        _triable(backend)
