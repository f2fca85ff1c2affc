"""A stored learner gets what her posted history gets: the state is a cache, and never tells anything else."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from lernpfad.core import Sequences, state_after
from lernpfad.core.state import equal
from lernpfad.policy.combine import Explore
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.serve.bundle import Bundle
from lernpfad.serve.database import Database
from lernpfad.serve.decisions import decisions, unpacked
from lernpfad.serve.engine import Engine
from lernpfad.serve.learners import Learners
from lernpfad.serve.schema import NextItemsRequest, ProfileRequest
from lernpfad.serve.states import forward, pack, unpack
from lernpfad.serve.store import Store
from lernpfad.serve.stored import InteractionPost, LearnerItemsRequest, LearnerProfileRequest
from lernpfad.tracing.bkt import BKT
from serve.graphs import Exporting, write_graphs
from serve.stack import Recency, catalog, fitted, histories, posted
from serve.web import NOW, small_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("two"), stack=fitted(tracer=Recency(rate=0.7)))


@pytest.fixture
def learners(bundle: Bundle, database: Database) -> Learners:
    return Learners(Engine(bundle), Store(database))


def rows(learner: int = 0, *, seed: int = 4) -> list[dict[str, Any]]:
    return posted(histories(catalog(), learners=3, rows=12, seed=seed), learner)


def post(learners: Learners, history: list[dict[str, Any]], *, first: int = 0, learner: str = "lea") -> None:
    sent = [InteractionPost(learner=learner, id=str(first + n), **one) for n, one in enumerate(history)]
    learners.record(sent, now=NOW, batch=True)


def stateless(learners: Learners, history: list[dict[str, Any]], **asked: Any) -> tuple[Any, Any]:
    items = NextItemsRequest.model_validate({"history": history, **asked})
    profile = ProfileRequest.model_validate({"history": history, "role": asked["role"]})
    return learners.engine.next_items(items, now=NOW), learners.engine.profile(profile, now=NOW)


def check(learners: Learners, history: list[dict[str, Any]], *, learner: str = "lea") -> None:
    """Items and profile are those of the posted history."""
    asked: dict[str, Any] = {"role": "analyst", "k": 6}
    items, profile = stateless(learners, history, **asked)
    stored = learners.next_items(LearnerItemsRequest(learner=learner, **asked), now=NOW)
    assert stored.model_dump(exclude={"decision", "covers"}) == items.model_dump()
    assert stored.covers == len(history)
    shown = learners.profile(LearnerProfileRequest(learner=learner, role="analyst"), now=NOW)
    assert shown.model_dump(exclude={"covers"}) == profile.model_dump()


@dataclass
class Counting:
    """How many updates a tracer was asked for."""

    tracer: Any
    updates: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tracer, name)

    def update(self, state: Any, seen: Any) -> Any:
        self.updates += 1
        return self.tracer.update(state, seen)


def counted(learners: Learners, request: LearnerProfileRequest) -> int:
    tracer = learners._tracer
    learners._tracer = Counting(tracer)
    learners.profile(request, now=NOW)
    updates, learners._tracer = learners._tracer.updates, tracer
    return int(updates)


def test_a_stored_learner_gets_what_her_posted_history_gets(learners: Learners) -> None:
    history = rows()
    check(learners, [])
    for n, one in enumerate(history):
        post(learners, [one], first=n)
        if n % 3 == 0:
            check(learners, history[: n + 1])
    check(learners, history)
    check(learners, [], learner="somebody-else")


def test_only_new_rows_are_walked(learners: Learners) -> None:
    history = [one | {"accepted": True} for one in rows()]
    asked = LearnerProfileRequest(learner="lea")
    post(learners, history[:10])
    assert counted(learners, asked) == 10
    assert counted(learners, asked) == 0
    post(learners, history[10:], first=10)
    assert counted(learners, asked) == 2


def test_a_row_that_comes_late_rebuilds_the_state(learners: Learners) -> None:
    history = rows()
    post(learners, history[:4] + history[5:])
    check(learners, history[:4] + history[5:])
    post(learners, [history[4]], first=100)
    check(learners, history)


def test_another_bundle_rebuilds_lazily_and_nothing_is_mixed(
    learners: Learners, newer: Bundle, opened: Callable[[], Database]
) -> None:
    """During an upgrade both bundles answer from one store, in turn."""
    history = rows()
    other = Learners(Engine(newer), Store(opened()))
    assert newer.version != learners.engine.bundle.version
    for n in range(0, len(history), 2):
        post(learners, history[n : n + 2], first=n)
        for one in (learners, other, other, learners):
            check(one, history[: n + 2])


def test_a_damaged_state_is_made_anew(learners: Learners) -> None:
    history = rows()
    post(learners, history)
    check(learners, history)
    for arrays in (b"", b"nonsense", pack((np.zeros(3),), (np.zeros(3),)), pack(np.zeros((1, 6), "f4"), np.zeros(1))):
        learners.store.database.write(lambda on, arrays=arrays: on.execute("UPDATE states SET arrays = ?", (arrays,)))
        check(learners, history)


def test_a_state_of_other_rows_is_not_believed(learners: Learners) -> None:
    post(learners, rows(0))
    post(learners, rows(1), learner="leo")
    check(learners, rows(0))
    cached = learners.store.known("lea").cached
    learners.store.keep("leo", learners.store.known("leo"), cached)  # as many rows, but not hers
    check(learners, rows(1), learner="leo")


@pytest.mark.parametrize("form", ["array", "bkt", "graphs"])
def test_a_state_survives_being_bytes(form: str, tmp_path: Path) -> None:
    tracer: Any = {
        "array": Recency,
        "bkt": lambda: BKT(starts=1, max_iterations=2),
        "graphs": lambda: Exporting(write_graphs(tmp_path)),
    }[form]()
    tracer.fit(histories(catalog()))
    log = histories(catalog(), learners=1, rows=9, seed=2)
    half = log.where(np.arange(len(log)) < 5)
    kept = unpack(pack(state_after(tracer, half), tracer.start(1)), tracer.start(1))
    assert equal(kept, state_after(tracer, half))
    assert equal(forward(tracer, kept, log, covers=5), state_after(tracer, log))


def test_states_of_any_shape_survive() -> None:
    like = {"cache": (np.zeros((1, 0, 4), np.float32), np.zeros((1, 2), np.int64)), "seen": np.zeros((1, 3), bool)}
    state = {"seen": np.ones((1, 3), bool), "cache": (np.ones((1, 7, 4), np.float32), np.full((1, 2), 2**40))}
    assert equal(unpack(pack(state, like), like)["cache"], state["cache"])
    assert equal(unpack(pack(like, like), like), like)
    assert unpack(pack(state["cache"], like["cache"]), like) is None


def test_a_decision_can_be_replayed(learners: Learners, bundle: Bundle) -> None:
    history = rows()
    post(learners, history)
    answer = learners.next_items(LearnerItemsRequest(learner="lea", role="analyst", minutes=5.0, k=3), now=NOW)
    [(pseudonym, one)] = decisions(learners.store.database)
    assert (one.id, pseudonym) == (answer.decision, learners.store.pseudonym("lea"))
    assert (one.bundle, one.covers, one.at, one.made) == (bundle.version, len(history), NOW, NOW)
    assert one.policy.startswith("DebtPerMinute@")
    assert one.digest == learners.store.known("lea").rows.digest(len(history))
    assert not unpacked(one.eligible, 24)[bundle.catalog.minutes > 5.0].any()
    assert unpacked(one.eligible, 24).any()
    asked = {name: value for name, value in one.asked.items() if name != "draw"}
    again = NextItemsRequest.model_validate({"history": history, "at": one.at, **asked})
    replayed = learners.engine.next_items(again, now=0.0)
    assert [item.model_dump() for item in replayed.items] == list(one.items)


def test_a_drawn_offer_is_as_likely_as_its_propensity_says(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    luck = np.random.default_rng(0)
    monkeypatch.setattr("lernpfad.serve.learners.uuid4", lambda: UUID(bytes=luck.bytes(16)))
    stack = fitted(policy=Explore(DebtPerMinute(), rate=0.5))
    learners = Learners(Engine(small_bundle(tmp_path, stack=stack)), Store(database))
    asked = LearnerItemsRequest(learner="lea", draw=True, k=2)
    found = [learners.next_items(asked, now=NOW).items for _ in range(150)]
    situation = learners.engine.situation(asked, Sequences.empty(catalog()), now=NOW)
    expected = stack.policy.propensities(situation)[0]
    likely = int(expected.argmax())
    share = np.mean([items[0].item == f"i{likely}" for items in found])
    assert share == pytest.approx(expected[likely], abs=4 * np.sqrt(0.25 / 150))
    assert len({items[0].item for items in found}) > 5
    for items in found:
        assert items[0].propensity == pytest.approx(expected[int(items[0].item[1:])])
        assert len({one.item for one in items}) == 2


class OnlyTheFirst:
    """Ranks nothing but the first item, and offers the others as often."""

    def score(self, situation: Any) -> Any:
        return np.where(situation.candidates == 0, 1.0, -np.inf)

    def propensities(self, situation: Any) -> Any:
        return situation.eligible / np.maximum(situation.eligible.sum(axis=1, keepdims=True), 1)


def test_what_is_drawn_may_be_something_that_the_order_leaves_out(bundle: Bundle, database: Database) -> None:
    odd = replace(bundle, next_best=replace(bundle.next_best, policy=OnlyTheFirst()))
    learners = Learners(Engine(odd), Store(database))
    found = [learners.next_items(LearnerItemsRequest(learner="lea", draw=True, k=2), now=NOW).items for _ in range(12)]
    assert len({items[0].item for items in found}) > 3
    assert all(items[0].propensity == pytest.approx(1 / 24) for items in found)
    assert all(items[-1].item == "i0" for items in found)
    none = learners.next_items(LearnerItemsRequest(learner="lea", draw=True, minutes=0.0), now=NOW)
    assert none.items == []


def test_an_answer_that_an_erasure_overtook_is_begun_anew(learners: Learners) -> None:
    post(learners, rows())
    keep, erased = learners.store.keep, []

    def overtaken(*given: Any) -> None:
        if not erased:
            erased.append(learners.store.erase("lea", now=NOW))
        keep(*given)

    learners.store.keep = overtaken  # type: ignore[method-assign]
    assert learners.next_items(LearnerItemsRequest(learner="lea"), now=NOW).covers == 0
    assert [one.covers for _, one in decisions(learners.store.database)] == [0]


def test_unknown_items_are_kept_for_a_bundle_that_knows_them(
    tmp_path: Path, learners: Learners, opened: Callable[[], Database]
) -> None:
    history = [one | {"item": "i24" if n == 2 else one["item"]} for n, one in enumerate(rows())]
    post(learners, history)
    shown = learners.profile(LearnerProfileRequest(learner="lea"), now=NOW)
    assert any("no item named 'i24'" in line for line in shown.warnings)
    wider = catalog(items=25)
    stack = replace(fitted(), tracer=Recency().fit(histories(wider)))
    stack.recommender.fit(histories(wider))  # type: ignore[union-attr]
    later = Learners(Engine(small_bundle(tmp_path, stack=stack, catalog=wider)), Store(opened()))
    assert not [
        line for line in later.profile(LearnerProfileRequest(learner="lea"), now=NOW).warnings if "'i24'" in line
    ]
