"""The path over HTTP is the path of the code in the process; a stored learner gets that of her posted history."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lernpfad.core import Sittings, path, recommend
from lernpfad.serve.bundle import Bundle
from lernpfad.serve.database import Database
from lernpfad.serve.decisions import decisions
from lernpfad.serve.sqlite import Sqlite
from serve.stack import DAY, catalog, histories, posted, roles
from serve.web import NOW, TestClient, client, small_bundle

ASKED: dict[str, Any] = {"role": "engineer", "minutes": 8.0, "sitting_minutes": 10.0, "sitting_days": 2.0, "k": 5}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("serve"))


@pytest.fixture(scope="module")
def web(bundle: Bundle) -> Iterator[TestClient]:
    with client(bundle) as started:
        yield started


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Sqlite(tmp_path / "learners.db")
    yield opened
    opened.close()


def answer(web: TestClient, where: str, body: dict[str, Any]) -> dict[str, Any]:
    response = web.post(where, json=body)
    assert response.status_code == 200, response.text
    return dict(response.json())


@pytest.mark.parametrize("learner", range(4))
def test_steps_are_those_of_the_code(web: TestClient, bundle: Bundle, learner: int) -> None:
    log = histories(catalog(), learners=4, rows=9, seed=3)
    at = log.time.max() + DAY
    found = answer(web, "/v1/path", {"history": posted(log, learner), "at": at} | ASKED)
    stack = bundle.next_best
    situation = stack.situation(
        log.select(np.array([learner])),
        requirement=roles().at(np.array([1]), at),
        role=np.array([1]),
        minutes_left=np.array([8.0]),
        at=np.array([at]),
    )
    [expected] = path(stack.policy, situation, k=5, sittings=Sittings(10.0, 2 * DAY))
    assert len(expected.steps) == 5
    assert found["debt"] == expected.debt
    for got, step in zip(found["steps"], expected.steps, strict=True):
        assert (got["item"], got["reason"], got["lead"]) == (step.item.item, step.item.reason, step.item.lead)
        assert (got["sitting"], got["at"], got["spent"], got["debt_after"]) == (
            *(step.sitting, step.at, step.spent),
            pytest.approx(step.debt),
        )
    assert {got["sitting"] for got in found["steps"]} > {0}


def test_a_path_begins_with_the_next_item(web: TestClient) -> None:
    history = posted(histories(catalog(), learners=1), 0)
    [first, *_] = answer(web, "/v1/path", {"history": history, "k": 2})["steps"]
    [best] = answer(web, "/v1/next-items", {"history": history, "k": 1})["items"]
    assert {name: first[name] for name in best} == best


def test_reasons_say_what_decided_in_the_language_asked_for(web: TestClient, bundle: Bundle) -> None:
    english, german = (answer(web, "/v1/next-items", {"k": 3, "language": one})["items"] for one in ("en", "de"))
    assert [one["item"] for one in english] == [one["item"] for one in german]
    for one, other in zip(english, german, strict=True):
        assert one["lead"] == one["parts"][0]["code"] == other["lead"]
        assert [part["overtaken"] for part in one["parts"]] == sorted(
            (part["overtaken"] for part in one["parts"]), reverse=True
        )
        assert one["reason"].startswith("Chosen ")
        assert other["reason"].startswith("Ausgewählt")
    situation = bundle.next_best.situation(histories(catalog(), learners=1, rows=0), at=np.array([NOW]))
    assert [one.reason for one in recommend(bundle.next_best.policy, situation, k=3, language="de")[0]] == [
        one["reason"] for one in german
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"language": "fr"}, "language"),
        ({"k": 31}, "k"),
        ({"sitting_minutes": 0.0}, "sitting_minutes"),
        ({"sitting_days": -1.0}, "sitting_days"),
        ({"draw": True}, "draw"),
    ],
)
def test_what_makes_no_path_is_refused_by_its_field(web: TestClient, body: dict[str, Any], field: str) -> None:
    response = web.post("/v1/path", json=body)
    assert response.status_code == 422
    assert [one["field"] for one in response.json()["detail"]] == [field]


def test_nothing_required_is_no_debt_but_no_number_either(web: TestClient) -> None:
    found = answer(web, "/v1/path", {"requirement": {"s0": {"level": 0.0}}, "k": 2})
    assert found["debt"] is None
    assert [step["debt_after"] for step in found["steps"]] == [None, None]


def test_a_stored_learner_gets_the_path_of_her_history_and_the_plan_is_logged(
    bundle: Bundle, database: Database
) -> None:
    history = posted(histories(catalog(), learners=1, rows=6, seed=2), 0)
    with client(bundle, database=database, keyed=False) as web:
        rows = [{"learner": "lea", "id": str(n), **row} for n, row in enumerate(history)]
        answer(web, "/v1/learners/interactions/batch", {"interactions": rows})
        stored = answer(web, "/v1/learners/path", {"learner": "lea"} | ASKED)
        stateless = answer(web, "/v1/path", {"history": history} | ASKED)
        assert {name: stored[name] for name in stateless} == stateless
        assert stored["covers"] == len(history)
        [(_, logged)] = decisions(database)
    assert logged.id == stored["decision"]
    assert list(logged.items) == stored["steps"]
    assert (logged.asked["sitting_minutes"], logged.drawn) == (10.0, False)


def test_a_path_is_made_anew_after_an_answer(bundle: Bundle, database: Database) -> None:
    with client(bundle, database=database, keyed=False) as web:
        asked = {"learner": "lea", "k": 4}
        plan = answer(web, "/v1/learners/path", asked)["steps"]
        for n in range(3):
            row = {"learner": "lea", "id": str(n), "item": plan[0]["item"], "outcome": "correct", "time": NOW + n}
            answer(web, "/v1/learners/interactions", row)
        again = answer(web, "/v1/learners/path", asked)
        best = answer(web, "/v1/learners/next-items", {"learner": "lea", "k": 1})["items"]
    assert [step["item"] for step in again["steps"]] != [step["item"] for step in plan]
    assert again["steps"][0]["item"] == best[0]["item"]
    assert plan[0]["item"] not in [step["item"] for step in again["steps"]]  # it was taken as often as it may be
