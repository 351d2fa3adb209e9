"""The profile that an administrator declares for a server of unknown make."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from imagestore.api.imagebucket import FACETS
from imagestore.api.s3 import ProfileSetting, S3Profile
from imagestore.backends.s3.profiles.profile import Profile
from imagestore.backends.s3.profiles.servers import GENERIC
from imagestore.core.fields import fields
from imagestore.core.reading import Level, Support

UNDECLARED = Support(
    Level.NONE, "not in spec.s3.profile; `imagestore backend probe` finds out whether the store holds it"
)


def profile(declared: S3Profile | None) -> Profile:
    """As it is declared and no more: what is not listed is not supported.

    Nothing is taken on trust where a loss would be harm: lifecycle rules are tried out, switched off, all the same.
    Raises ValueError for a field that no setting has: misspelt, it would protect nothing.
    """
    if declared is None:
        return GENERIC
    listed = {s.facet: _support(s) for s in declared.settings}
    return replace(GENERIC, support={f: listed.get(f, UNDECLARED) for f in FACETS})


def _support(setting: ProfileSetting) -> Support:
    known = fields(FACETS[setting.facet]) if setting.facet in FACETS else ()
    wrong = sorted(set(setting.lost) - set(known))
    if wrong:
        raise ValueError(
            f"{setting.facet} has no field {', '.join(wrong)}; its fields are {', '.join(known)}"
        )
    return Support(Level(setting.support), setting.reason or "", setting.lost)


def declared_settings(support: Mapping[str, Support], facets: Iterable[str]) -> S3Profile:
    """The other way round: what was found out, as it is declared."""
    return S3Profile(settings=tuple(_setting(f, support[f]) for f in facets))


def declaration(found: Mapping[str, Support]) -> dict[str, Any]:
    """What was found out, as ``spec.s3`` takes it."""
    profile = {"profile": declared_settings(found, found).to_json()}
    for setting in profile["profile"]["settings"]:
        if not setting["lost"]:
            del setting["lost"]
    return profile


def _setting(facet: str, held: Support) -> ProfileSetting:
    reason = "; ".join(r for r in (held.reason, *held.weak) if r)[:1024] or None
    return ProfileSetting(facet=facet, support=held.level.value, reason=reason, lost=held.lost)
