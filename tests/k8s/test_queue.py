"""The work queue, without any sleep."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dev.testing.examples import examples
from imagestore.controller.state.objects import Key
from imagestore.controller.work.queue import Lane, Priority, WorkQueue


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def key(name: str, namespace: str = "shop") -> Key:
    return Key("ImageBucket", namespace, name)


def make(limit: int = 8, total: int = 64) -> tuple[WorkQueue, Clock]:
    """A queue whose lanes are the part of a name before the dash."""
    clock = Clock()
    return WorkQueue(clock, lambda k: (Lane(k.name.partition("-")[0]), limit), total), clock


def drain(queue: WorkQueue) -> list[str]:
    taken = []
    while (item := queue.take()) is not None:
        taken.append(item.key.name)
        queue.done(item.key)
    return taken


def test_an_object_added_twice_is_done_once() -> None:
    queue, _ = make()
    queue.add(key("a-1"), Priority.LOOK)
    queue.add(key("a-1"), Priority.LOOK)
    assert drain(queue) == ["a-1"]


def test_an_edit_overtakes_retries_and_looks() -> None:
    queue, _ = make()
    queue.add(key("a-look"), Priority.LOOK)
    queue.add(key("a-retry"), Priority.RETRY)
    queue.add(key("a-edit"), Priority.EDIT)
    assert drain(queue) == ["a-edit", "a-retry", "a-look"]


def test_a_waiting_look_becomes_an_edit_and_keeps_its_age() -> None:
    queue, clock = make()
    queue.add(key("a-1"), Priority.LOOK)
    clock.now += 5
    queue.add(key("a-1"), Priority.EDIT)
    taken = queue.take()
    assert taken is not None
    assert (taken.priority, taken.waited) == (Priority.EDIT, 5.0)


def test_edits_never_starve_looks() -> None:
    queue, _ = make()
    queue.add(key("a-look"), Priority.LOOK)
    for n in range(100):
        queue.add(key(f"a-{n}"), Priority.EDIT)
    assert "a-look" in drain(queue)[:8]


def test_what_changes_while_it_is_worked_on_is_done_once_more() -> None:
    queue, _ = make()
    queue.add(key("a-1"), Priority.LOOK)
    assert queue.take() is not None
    queue.add(key("a-1"), Priority.LOOK)
    queue.add(key("a-1"), Priority.EDIT)
    assert queue.take() is None, "never twice at a time"
    queue.done(key("a-1"))
    again = queue.take()
    assert again is not None
    assert again.priority is Priority.EDIT
    queue.done(key("a-1"))
    assert queue.take() is None


def test_namespaces_take_turns() -> None:
    queue, _ = make()
    for n in range(4):
        queue.add(key(f"a-{n}", "greedy"), Priority.EDIT)
    queue.add(key("a-only", "modest"), Priority.EDIT)
    assert drain(queue).index("a-only") == 1


def test_a_lane_works_on_as_many_as_its_backend_allows() -> None:
    queue, _ = make(limit=2)
    for n in range(5):
        queue.add(key(f"a-{n}"), Priority.EDIT)
    assert [queue.take() is not None for _ in range(3)] == [True, True, False]


def test_a_dead_store_delays_nobody_else() -> None:
    queue, _ = make(limit=64, total=4)
    for n in range(50):
        queue.add(key(f"dead-{n}"), Priority.EDIT)
    while queue.take() is not None:
        pass  # its buckets hang: nothing is ever done
    assert queue.running == 5
    queue.add(key("alive-1"), Priority.LOOK)
    taken = queue.take()
    assert taken is not None
    assert taken.key.name == "alive-1"


def test_a_lane_goes_with_its_last_object() -> None:
    queue, _ = make()
    queue.add(key("a-1"), Priority.EDIT)
    queue.add(key("b-1"), Priority.EDIT)
    assert set(queue.loads()) == {Lane("a"), Lane("b")}
    queue.forget(key("b-1"))
    drain(queue)
    assert queue.loads() == {}


def test_an_object_that_changes_its_backend_changes_its_lane() -> None:
    lanes = {key("x"): Lane("one")}
    queue = WorkQueue(Clock(), lambda k: (lanes[k], 1))
    queue.add(key("x"), Priority.LOOK)
    lanes[key("x")] = Lane("two")
    queue.add(key("x"), Priority.LOOK)
    assert set(queue.loads()) == {Lane("two")}


def test_later_is_later_and_the_earliest_wish_counts() -> None:
    queue, clock = make()
    queue.add_after(key("a-1"), 60, Priority.LOOK)
    queue.add_after(key("a-1"), 30, Priority.RETRY)
    queue.add_after(key("a-1"), 90, Priority.LOOK)
    assert queue.next_due() == 30
    assert queue.take() is None
    clock.now += 30
    taken = queue.take()
    assert taken is not None
    assert taken.priority is Priority.RETRY
    queue.done(taken.key)
    clock.now += 1000
    assert queue.take() is None
    assert queue.next_due() is None


def test_working_on_it_cancels_the_look_that_was_planned() -> None:
    queue, clock = make()
    queue.add_after(key("a-1"), 60, Priority.LOOK)
    queue.add(key("a-1"), Priority.EDIT)
    assert drain(queue) == ["a-1"]
    clock.now += 60
    assert drain(queue) == []


def test_what_is_gone_is_forgotten() -> None:
    queue, clock = make()
    queue.add_after(key("a-1"), 60, Priority.LOOK)
    queue.add(key("a-2"), Priority.EDIT)
    queue.forget(key("a-1"))
    queue.forget(key("a-2"))
    clock.now += 60
    assert drain(queue) == []
    assert queue.delayed == 0


def test_a_closed_queue_gives_out_nothing() -> None:
    queue, clock = make()
    queue.add(key("a-1"), Priority.EDIT)
    queue.add_after(key("a-2"), 5, Priority.EDIT)
    queue.close()
    clock.now += 10
    assert queue.take() is None
    assert queue.next_due() is None, "else whoever waits for it would spin"


def test_stuck_counts_only_what_could_be_taken() -> None:
    queue, clock = make(limit=1)
    queue.add(key("a-1"), Priority.EDIT)
    queue.add(key("a-2"), Priority.EDIT)
    clock.now += 7
    assert queue.stuck() == 7
    assert queue.take() is not None
    assert queue.stuck() == 0, "the lane is busy, that is its store's pace"


class Machine(RuleBasedStateMachine):
    """Whatever happens: one at a time, within the limits, and nothing is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.queue, self.clock = make(limit=2, total=3)
        self.running: set[Key] = set()
        self.wanted: set[Key] = set()

    keys = st.builds(
        lambda lane, n, ns: key(f"{lane}-{n}", ns),
        st.sampled_from("abc"),
        st.integers(0, 3),
        st.sampled_from("xy"),
    )

    @rule(k=keys, priority=st.sampled_from(Priority))
    def add(self, k: Key, priority: Priority) -> None:
        self.queue.add(k, priority)
        self.wanted.add(k)

    @rule(k=keys, seconds=st.integers(1, 50))
    def later(self, k: Key, seconds: int) -> None:
        self.queue.add_after(k, seconds, Priority.LOOK)
        self.wanted.add(k)

    @rule(seconds=st.integers(1, 60))
    def pass_time(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule()
    def take(self) -> None:
        taken = self.queue.take()
        if taken is not None:
            assert taken.key not in self.running
            self.running.add(taken.key)
            self.wanted.discard(taken.key)

    @rule(k=keys)
    def forget(self, k: Key) -> None:
        self.queue.forget(k)
        self.wanted.discard(k)

    @rule()
    def finish(self) -> None:
        if self.running:
            k = sorted(self.running)[0]
            self.running.discard(k)
            self.queue.done(k)

    @invariant()
    def limits_hold(self) -> None:
        lanes = Counter(k.name[0] for k in self.running)
        assert all(count <= 2 for count in lanes.values())
        assert len(self.running) - len(lanes) <= 3
        assert self.queue.running == len(self.running)

    def teardown(self) -> None:
        for k in list(self.running):
            self.queue.done(k)
        self.clock.now += 1000
        done: set[Key] = set()
        while (taken := self.queue.take()) is not None:
            done.add(taken.key)
            self.queue.done(taken.key)
        assert self.wanted <= done
        assert self.queue.loads() == {}


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=examples(60), stateful_step_count=40, deadline=None)


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from(Priority)), max_size=60))
def test_everything_added_comes_out_once(adds: list[tuple[str, Priority]]) -> None:
    queue, _ = make()
    wanted = {key(f"a-{n}", namespace): priority for n, (namespace, priority) in enumerate(adds)}
    for k, priority in wanted.items():
        queue.add(k, priority)
    assert sorted(drain(queue)) == sorted(k.name for k in wanted)
