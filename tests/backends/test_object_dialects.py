"""What is known of a store's objects without its profile."""

from imagestore.backends.s3.profiles.kept import OBJECT_DIALECTS
from imagestore.backends.s3.profiles.servers import PROFILES


def test_who_moves_objects_is_told_the_same_as_who_has_the_profile() -> None:
    of_profiles = {provider: profile.objects for provider, profile in PROFILES.items()}
    assert of_profiles == OBJECT_DIALECTS
