"""What counts as the same decision, made again."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lernpfad.serve import replay, statements
from lernpfad.serve.database import Database
from lernpfad.serve.decisions import Decision
from lernpfad.serve.engine import Engine
from lernpfad.serve.learners import Learners
from lernpfad.serve.store import Store
from lernpfad.serve.stored import LearnerItemsRequest
from lernpfad.serve.xapi import statement
from serve.web import NOW, STATEMENT, small_bundle

VOIDED = {
    "id": "0d7c1f6a-3a55-4f0b-8f39-5f0c7d1f2b11",
    "actor": STATEMENT["actor"],
    "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
    "object": {"objectType": "StatementRef", "id": STATEMENT["id"]},
    "timestamp": "2026-03-02T09:20:00Z",
}
ALL_THE_SAME, ALL_DIFFERENT = (1, 0), (0, 1)


@pytest.fixture
def learners(tmp_path: Path, database: Database) -> Learners:
    return Learners(Engine(small_bundle(tmp_path)), Store(database))


def told(learners: Learners, body: dict[str, Any], *, now: float) -> None:
    statements.keep(learners.store, [statement(body, "statement", now=now)], now=now, batch=False)


def asked(learners: Learners, *, now: float) -> None:
    learners.next_items(LearnerItemsRequest(learner="lea", k=2), now=now)


def compared(learners: Learners) -> tuple[int, int]:
    found = replay.compare(learners)
    return found.same, len(found.differ)


def of_success(by: float) -> Callable[[Decision], Decision]:
    return lambda one: replace(one, items=[item | {"success": item["success"] + by} for item in one.items])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (of_success(4e-6), ALL_THE_SAME),
        (of_success(4e-5), ALL_DIFFERENT),
        (lambda one: replace(one, items=one.items[::-1]), ALL_DIFFERENT),
        (lambda one: replace(one, items=one.items[:1]), ALL_DIFFERENT),
        (lambda one: replace(one, at=one.at + 1e-3), ALL_DIFFERENT),
        (lambda one: replace(one, policy="another"), ALL_DIFFERENT),
        (lambda one: replace(one, eligible=zlib.compress(zlib.decompress(one.eligible), 0)), ALL_THE_SAME),
        (lambda one: replace(one, eligible=zlib.compress(b"\0" + zlib.decompress(one.eligible)[1:])), ALL_DIFFERENT),
    ],
    ids=["last bits", "another number", "another order", "fewer", "another moment", "policy", "another zlib", "set"],
)
def test_what_is_the_same(
    learners: Learners,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Decision], Decision],
    found: tuple[int, int],
) -> None:
    asked(learners, now=NOW)
    assert compared(learners) == ALL_THE_SAME
    again = replay.replay
    monkeypatch.setattr(replay, "replay", lambda *given: change(again(*given)))
    assert compared(learners) == found


@pytest.mark.parametrize("behind", [-5.0, 0.0, 5.0])
def test_a_row_was_taken_back_just_before_or_after_by_another_clock(learners: Learners, behind: float) -> None:
    """The clock of whoever took it back is behind that of whoever decided, or ahead; what counts is what was known."""
    told(learners, STATEMENT, now=NOW)
    asked(learners, now=NOW + 100)  # with the row
    told(learners, VOIDED, now=NOW + 100 - behind)
    asked(learners, now=NOW + 100 - 2 * behind)  # without it
    assert compared(learners) == (2, 0)


def test_rows_that_are_not_there_are_told(learners: Learners) -> None:
    told(learners, STATEMENT, now=NOW)
    asked(learners, now=NOW + 100)
    told(learners, VOIDED, now=NOW + 100 - 2 * replay.APART)  # as if long before: the clocks cannot be meant
    assert compared(learners) == ALL_DIFFERENT
