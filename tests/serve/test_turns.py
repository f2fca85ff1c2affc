"""As many answers are computed at once as there are turns; a turn that ended badly is over as well."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lernpfad.serve.bundle import Bundle
from lernpfad.serve.curriculum import ModelError
from lernpfad.serve.engine import Engine, processors
from lernpfad.serve.learners import Learners
from lernpfad.serve.schema import NextItemsRequest, PathRequest, ProfileRequest
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Store
from lernpfad.serve.stored import InteractionPost, LearnerItemsRequest, LearnerPathRequest, LearnerProfileRequest
from serve.web import NOW, small_bundle

WHO = "ann"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("turns"))


@pytest.fixture
def learners(bundle: Bundle, tmp_path: Path) -> Learners:
    made = Learners(Engine(bundle, at_once=2), Store(Sqlite(tmp_path / "learners.db")))
    made.record([InteractionPost(learner=WHO, id="1", item="i1", outcome="correct", time=1.0)], now=NOW, batch=False)
    return made


class Counting:
    """Goes before what an engine does; takes its time, and knows how many were in it at once at most."""

    def __init__(self, then: Callable[..., Any]) -> None:
        self.then, self.now, self.most, self.lock = then, 0, 0, threading.Lock()

    def __call__(self, *given: Any, **named: Any) -> Any:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.05)
        with self.lock:
            self.now -= 1
        return self.then(*given, **named)


def asked(learners: Learners, what: str) -> object:
    engine = learners.engine
    return {
        "next items": lambda: engine.next_items(NextItemsRequest(), now=NOW),
        "path": lambda: engine.path(PathRequest(k=1), now=NOW),
        "profile": lambda: engine.profile(ProfileRequest(), now=NOW),
        "her next items": lambda: learners.next_items(LearnerItemsRequest(learner=WHO), now=NOW),
        "her path": lambda: learners.path(LearnerPathRequest(learner=WHO, k=1), now=NOW),
        "her profile": lambda: learners.profile(LearnerProfileRequest(learner=WHO), now=NOW),
    }[what]()


EVERY = ["next items", "path", "profile", "her next items", "her path", "her profile"]


@pytest.mark.parametrize("what", EVERY)
def test_no_more_than_two_compute_at_once(learners: Learners, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    counting = Counting(learners.engine.situation)
    monkeypatch.setattr(learners.engine, "situation", counting)
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: asked(learners, what), range(6)))
    assert len(found) == 6
    assert counting.most == 2


@pytest.mark.parametrize("what", EVERY)
def test_who_fails_gives_the_turn_back(learners: Learners, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    def down(*given: Any, **named: Any) -> Any:
        raise RuntimeError("down")

    with monkeypatch.context() as broken:
        broken.setattr(learners.engine, "situation", down)
        for _ in range(3):
            with suppress(ModelError, RuntimeError):
                asked(learners, what)
    assert asked(learners, what) is not None
    assert learners.engine.turn.acquire(blocking=False)
    assert learners.engine.turn.acquire(blocking=False)
    assert not learners.engine.turn.acquire(blocking=False)


def test_there_is_a_turn_for_every_processor_and_one_more(bundle: Bundle) -> None:
    turn = Engine(bundle).turn
    taken = sum(turn.acquire(blocking=False) for _ in range(processors() + 5))
    assert taken == processors() + 1
