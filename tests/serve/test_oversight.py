"""People have the last word: override, contest, skip, switch; all is logged, and works when the model is down."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lernpfad.core import LernpfadError
from lernpfad.policy.combine import Explore
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.policy.rolecurriculum import RoleCurriculum
from lernpfad.serve import curriculum
from lernpfad.serve.bundle import Bundle
from lernpfad.serve.database import Database
from lernpfad.serve.decisions import decisions
from lernpfad.serve.engine import Engine
from lernpfad.serve.learners import Learners
from lernpfad.serve.oversight import intervention_rows
from lernpfad.serve.replay import Compared, ReplayError, compare, replay
from lernpfad.serve.settings import main
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Store
from serve.stack import START, fitted
from serve.web import TestClient, client, small_bundle

ITEMS, SWITCH, ROWS = "/v1/learners/next-items", "/v1/curriculum", "/v1/learners/interactions"
WHO = "lea-17"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    stack = fitted(policy=Explore(DebtPerMinute(), rate=0.2))
    return small_bundle(tmp_path_factory.mktemp("serve"), stack=stack)


@pytest.fixture
def web(bundle: Bundle, database: Database) -> Iterator[TestClient]:
    with client(bundle, database=database, keyed=False) as started:
        yield started


def asked(web: TestClient, **more: Any) -> dict[str, Any]:
    response = web.post(ITEMS, json={"learner": WHO, "role": "engineer", "k": 4} | more)
    assert response.status_code == 200, response.text
    return dict(response.json())


def row(n: int) -> dict[str, Any]:
    return {"learner": WHO, "id": str(n), "item": f"i{n}", "outcome": "correct", "time": START + n}


def test_what_people_do_is_logged_once(web: TestClient, database: Database) -> None:
    offer = asked(web)
    first, second = (one["item"] for one in offer["items"][:2])
    given = {"learner": WHO, "decision": offer["decision"], "reason": "I know this already."}
    for n, (what, item) in enumerate([("override", "i9"), ("contest", second), ("skip", None), ("skip", None)]):
        body = given | {"id": str(min(n, 2))} | ({"item": item} if item else {})
        assert web.post(f"/v1/learners/{what}", json=body).json() == {"logged": n < 3}
    rows = list(intervention_rows(database))
    assert [(one["kind"], one["item"]) for one in rows] == [("override", "i9"), ("contest", second), ("skip", first)]
    assert {one["decision"] for one in rows} == {offer["decision"]}
    assert {one["reason"] for one in rows} == {"I know this already."}
    assert 'lernpfad_interventions_total{kind="skip"} 1' in web.get("/metrics").text
    with pytest.raises(Exception, match="append-only"):
        database.write(lambda on: on.execute("UPDATE interventions SET reason = 'none'"))
    web.delete("/v1/learners", headers={"x-learner": WHO})
    assert list(intervention_rows(database)) == []


def test_ids_are_each_learners_own(web: TestClient, database: Database) -> None:
    """Clients may count from one for every learner, as they may with interactions."""
    for who in (WHO, "somebody-else"):
        offer = asked(web, learner=who)
        body = {"learner": who, "decision": offer["decision"], "id": "c-1", "reason": f"Said by {who}."}
        assert web.post("/v1/learners/skip", json=body).json() == {"logged": True}
        assert web.post("/v1/learners/skip", json=body).json() == {"logged": False}
    assert len(list(intervention_rows(database))) == 2


@pytest.mark.parametrize(
    ("what", "changed", "status", "field"),
    [
        ("contest", {"decision": "0" * 32}, 422, "decision"),
        ("contest", {"learner": "somebody else"}, 422, "decision"),
        ("contest", {"item": "never-offered"}, 422, "item"),
        ("contest", {"reason": ""}, 422, "reason"),
        ("override", {"item": "unheard-of"}, 422, "item"),
        ("override", {}, 422, "item"),
        ("skip", {"id": "known", "reason": "Another one."}, 409, "id"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    web: TestClient, what: str, changed: dict[str, Any], status: int, field: str
) -> None:
    body = {"learner": WHO, "decision": asked(web)["decision"], "reason": "Because."}
    assert web.post("/v1/learners/skip", json=body | {"id": "known"}).status_code == 200
    response = web.post(f"/v1/learners/{what}", json=body | {"id": "new"} | changed)
    assert (response.status_code, response.json()["detail"][0]["field"]) == (status, field)


def test_the_switch_holds_for_every_replica_until_it_is_turned_back(
    web: TestClient, bundle: Bundle, database: Database
) -> None:
    assert web.get(SWITCH).json() == {"on": False}
    assert web.put(SWITCH, json={"on": True, "reason": "The works council asked."}).json() == {"on": True}
    with client(bundle, database=database, keyed=False) as other:
        found = asked(other)
        assert "lernpfad_curriculum 1" in other.get("/metrics").text
    assert found["decided_by"] == "curriculum"
    assert found["warnings"] == ["decided by the fixed curriculum: an administrator switched to it"]
    assert (found["debt"], found["items"][0]["success"], found["items"][0]["propensity"]) == (None, None, 1.0)
    assert [one["item"] for one in found["items"]] == curriculum_of(bundle)


def test_the_switch_is_turned_back(web: TestClient, database: Database) -> None:
    before = asked(web)
    for on in (True, False):
        web.put(SWITCH, json={"on": on, "reason": "A test."})
    assert asked(web)["items"] == before["items"]
    assert [(one["kind"], one["item"], one["learner"]) for one in intervention_rows(database)] == [
        ("switch", "on", ""),
        ("switch", "off", ""),
    ]


def curriculum_of(bundle: Bundle) -> list[str]:
    """The first four items of the role's list, by the policy itself in a situation with the models."""
    from lernpfad.core import Sequences

    situation = bundle.next_best.situation(Sequences.empty(bundle.catalog))
    order = RoleCurriculum(epsilon=0.0).score(situation)[0]
    return [str(bundle.catalog.items[n]) for n in np.argsort(-order, kind="stable")[:4]]


def raising(*given: object, **more: object) -> None:
    raise RuntimeError(f"what {WHO} did")


@pytest.mark.parametrize("broken", ["update", "predict"])
def test_when_the_model_is_down_the_curriculum_goes_on_and_says_so(
    bundle: Bundle,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    broken: str,
) -> None:
    with client(bundle, database=database, keyed=False) as web, caplog.at_level(logging.INFO):
        web.post(ROWS, json=row(1))
        monkeypatch.setattr(type(bundle.next_best.tracer), broken, raising)
        found = asked(web)
        stateless = web.post(
            "/v1/next-items", json={"history": [{"item": "i1", "time": START + 1}], "role": "engineer", "k": 4}
        )
        told = web.get("/metrics").text
    assert found["decided_by"] == "curriculum"
    assert found["warnings"] == ["decided by the fixed curriculum: the model cannot answer now"]
    assert [one["item"] for one in stateless.json()["items"]] == [one["item"] for one in found["items"]]
    assert "i1" not in [one["item"] for one in found["items"][:1]]
    assert "the model raised RuntimeError at " in caplog.text
    assert WHO not in caplog.text
    assert 'lernpfad_decisions_total{by="curriculum"} 2' in told
    assert "lernpfad_fallbacks_total 2" in told
    [(_, logged)] = decisions(database)
    assert (logged.policy, logged.asked["curriculum"]) == (curriculum.NAME, curriculum.FAILED)


@pytest.mark.parametrize("broken", ["update", "mastery"])
def test_when_the_model_is_down_a_profile_is_refused_in_one_line(
    bundle: Bundle,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    broken: str,
) -> None:
    with client(bundle, database=database, keyed=False) as web, caplog.at_level(logging.INFO):
        web.post(ROWS, json=row(1))
        monkeypatch.setattr(type(bundle.next_best.tracer), broken, raising)
        stored = web.post("/v1/learners/profile", json={"learner": WHO})
        posted = web.post("/v1/profile", json={"history": [{"item": "i1", "time": START + 1}]})
        refused = web.post("/v1/profile", json={"role": "nobody's"})
        told = web.get("/metrics").text
        monkeypatch.undo()
        again = web.post("/v1/learners/profile", json={"learner": WHO})
        document = web.get("/v1/openapi.json").json()
    assert (stored.status_code, posted.status_code, refused.status_code, again.status_code) == (503, 503, 422, 200)
    line = "cannot answer now; what is next is decided by the fixed curriculum meanwhile"
    assert stored.json() == posted.json() == {"detail": [{"field": "model", "problem": line}]}
    assert caplog.text.count("the model raised RuntimeError at ") == 2
    assert WHO not in caplog.text
    assert "lernpfad_unanswered_total 2" in told
    for path in ("/v1/profile", "/v1/learners/profile"):
        assert "503" in document["paths"][path]["post"]["responses"]


def test_by_setting_the_curriculum_serves_a_bundle_whose_model_is_down(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(bundle.next_best.tracer), "predict", None)
    with pytest.raises(TypeError), client(bundle):
        pass  # a broken bundle does not start
    with client(bundle, fixed=True) as web:
        found = web.post("/v1/next-items", json={"k": 4}).json()
    assert [one["item"] for one in found["items"]] == curriculum_of(bundle)
    assert found["warnings"] == ["decided by the fixed curriculum: the server was started with decide=curriculum"]


@pytest.fixture
def lived(web: TestClient, bundle: Bundle, database: Database) -> Learners:
    """Decisions and paths before and after rows that came late, with a draw, a switch and a bundle's cached states."""
    for n in (5, 3, 9):
        asked(web, draw=True, minutes=6.0)
        web.post(ROWS, json=row(n))
        asked(web)
    ahead = {"learner": WHO, "role": "analyst", "minutes": 8.0, "sitting_minutes": 12.0, "k": 3, "language": "de"}
    assert web.post("/v1/learners/path", json=ahead).json()["steps"]
    web.put(SWITCH, json={"on": True, "reason": "A test."})
    asked(web)
    web.post("/v1/learners/path", json=ahead)
    return Learners(Engine(bundle), Store(database))


def test_a_logged_decision_is_made_again_the_same(lived: Learners) -> None:
    assert compare(lived) == Compared(same=9, differ=[], others=0)


def test_a_decision_that_was_tampered_with_is_found(lived: Learners, tmp_path: Path) -> None:
    pseudonym, logged = next(iter(decisions(lived.store.database)))
    assert replay(lived, pseudonym, logged).items == logged.items
    with pytest.raises(ReplayError, match="were known then are not in the store"):
        replay(lived, "nobody", list(decisions(lived.store.database))[-1][1])
    other = Learners(Engine(small_bundle(tmp_path)), lived.store)
    with pytest.raises(ReplayError, match="replay it with that one"):
        replay(other, pseudonym, logged)
    assert compare(other) == Compared(same=0, differ=[], others=9)


def test_the_command_replays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, database = small_bundle(tmp_path), Sqlite(tmp_path / "l.db")
    with client(bundle, database=database, keyed=False) as web:
        asked(web)
        words = ["replay", f"store={tmp_path / 'l.db'}", f"bundle={bundle.folder}", "trust=serve"]
        main(words)
        assert capsys.readouterr().out == "1 the same, 0 differ, 0 of other bundles\n"
        monkeypatch.setattr(type(bundle.next_best.tracer), "predict", lambda self, state, items, at: items * 0 + 0.25)
        with pytest.raises(LernpfadError, match="1 decisions differ when they are made again"):
            main(words)
