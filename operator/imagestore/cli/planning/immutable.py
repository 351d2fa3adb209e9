"""Changes of immutable fields: the API server would refuse them at apply, so the plan reports them before."""

from collections.abc import Iterator

from imagestore.cli.manifests.objects import Object
from imagestore.cli.manifests.problems import Problem, Steps
from imagestore.cli.manifests.typed_values import typed_values
from imagestore.core.model import Immutable, Model, marker
from imagestore.core.render import quote


def frozen(written: Object[Model], before: Model | None) -> Iterator[Problem]:
    """A problem for each immutable field in which the manifest differs from what the cluster has."""
    if before is None:
        return
    old, new = _frozen(before), _frozen(written.spec)
    for steps in sorted(set(old) | set(new), key=str):
        was, (label, message) = old.get(steps), (new.get(steps) or old[steps])[1:]
        if (was[0] if was else None) != (new[steps][0] if steps in new else None):
            held = quote(was[0]) if was else "nothing"
            yield Problem(written.lines.at(steps), label, f"is {held} in the cluster; {message}")


def _frozen(spec: Model) -> dict[Steps, tuple[object, str, str]]:
    found = {}
    for typed in typed_values(spec.to_json(), type(spec), "spec", ("spec",)):
        mark = marker(list(typed.marks), Immutable)
        if mark is not None:
            found[typed.steps] = (typed.value, typed.label, mark.message)
    return found
