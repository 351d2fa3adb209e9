"""Any order of edits, backups, removals and kills, as hypothesis draws it."""

from hypothesis import strategies as st

from imagestore.repository.checking.verify import VerifyLevel
from tests.repository.test_checking import verified
from tests.repository.world import World, killed_after

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 7), st.integers(0, 5)),
        st.tuples(st.just("remove"), st.integers(0, 7), st.just(0)),
        st.tuples(st.just("back_up"), st.just(0), st.just(0)),
        st.tuples(st.just("back_up killed"), st.integers(0, 8), st.just(0)),
        st.tuples(st.just("prune"), st.integers(1, 3), st.just(0)),
        st.tuples(st.just("prune killed"), st.integers(0, 12), st.just(0)),
        st.tuples(st.just("verify"), st.just(0), st.just(0)),
        st.tuples(st.just("pass"), st.sampled_from([1, 25, 49]), st.just(0)),
    ),
    max_size=25,
)


def play(
    world: World, step: tuple[str, int, int], contents: list[bytes], expected: dict[str, dict[str, bytes]]
) -> None:
    """One step."""
    verb, number, content = step
    if verb.endswith("killed"):
        killed_after(number, world.server)
    if verb == "put":
        world.put(f"k{number}", contents[content])
    elif verb == "remove":
        world.source_server.remove("photos", f"k{number}")
    elif verb == "pass":
        world.clock.pass_hours(number)
    elif verb == "verify":
        assert verified(world, VerifyLevel.FULL)[0].whole
    elif verb.startswith("prune"):
        world.prune(1 + number % 3, repack_below=20.0)
    else:
        held = world.content()
        expected[world.back_up().name] = held
