"""Over HTTP one gets what the code in the process says, no more and no less."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lernpfad.core import Requirement, Sequences, recommend
from lernpfad.serve.app import create_app
from lernpfad.serve.bundle import Bundle
from serve.stack import DAY, METRICS, START, catalog, histories, posted, roles
from serve.web import NOW, TestClient, client, small_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("serve"))


@pytest.fixture(scope="module")
def web(bundle: Bundle) -> Iterator[TestClient]:
    with client(bundle) as started:
        yield started


def answer(web: TestClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = web.post(path, json=body)
    assert response.status_code == 200, response.text
    return dict(response.json())


@pytest.mark.parametrize("learner", range(6))
@pytest.mark.parametrize("minutes", [None, 4.0])
def test_items_and_numbers_are_those_of_recommend(
    web: TestClient, bundle: Bundle, learner: int, minutes: float | None
) -> None:
    log = histories(catalog(), learners=6, rows=9, seed=3)
    at = log.time.max() + DAY
    found = answer(
        web,
        "/v1/next-items",
        {"history": posted(log, learner), "role": "engineer", "minutes": minutes, "k": 7, "at": at},
    )
    stack = bundle.next_best
    situation = stack.situation(
        log.select(np.array([learner])),
        requirement=roles().at(np.array([1]), at),
        role=np.array([1]),
        minutes_left=None if minutes is None else np.array([minutes]),
        at=np.array([at]),
    )
    expected = recommend(stack.policy, situation, k=7)[0]
    assert [one["item"] for one in found["items"]] == [one.item for one in expected]
    assert expected
    for got, one in zip(found["items"], expected, strict=True):
        numbers = ("propensity", "success", "debt_reduction", "minutes", "affinity", "reason")
        assert {name: got[name] for name in numbers} == {name: getattr(one, name) for name in numbers}
        assert [(gap["skill"], gap["gap"]) for gap in got["gaps"]] == list(one.gaps)
    assert found["debt"] == situation.debt[0]
    assert found["bundle"] == bundle.version
    assert found["warnings"] == []


def test_an_explicit_requirement_is_what_counts(web: TestClient, bundle: Bundle) -> None:
    found = answer(web, "/v1/next-items", {"requirement": {"s4": {"level": 0.9, "weight": 2.0}}, "k": 1})
    level, weight = np.zeros((1, 6)), np.zeros((1, 6))
    level[0, 4], weight[0, 4] = 0.9, 2.0
    situation = bundle.next_best.situation(
        Sequences.empty(bundle.catalog), requirement=Requirement(level, weight), at=np.array([NOW])
    )
    assert found["items"][0]["item"] == recommend(bundle.next_best.policy, situation, k=1)[0][0].item
    assert found["items"][0]["gaps"][0]["skill"] == "s4"
    assert found["debt"] == pytest.approx((0.9 - situation.mastery[0, 4]) / 0.9)


def test_without_role_and_requirement_every_skill_is_wanted(web: TestClient, bundle: Bundle) -> None:
    found = answer(web, "/v1/profile", {"history": []})
    assert all(one["level"] == 1.0 and one["weight"] == 1.0 for one in found["skills"])
    assert len(found["skills"]) == len(bundle.catalog.skills)


def test_the_profile_is_mastery_against_the_role(web: TestClient, bundle: Bundle) -> None:
    log = histories(catalog(), learners=1, rows=12, seed=8)
    found = answer(web, "/v1/profile", {"history": posted(log, 0), "role": "analyst", "at": START + 40 * DAY})
    situation = bundle.next_best.situation(
        log, requirement=roles().at(np.array([0]), START + 40 * DAY), at=np.array([START + 40 * DAY])
    )
    by_skill = {one["skill"]: one for one in found["skills"]}
    for k, skill in enumerate(bundle.catalog.skills):
        assert by_skill[str(skill)]["mastery"] == situation.mastery[0, k]
        assert by_skill[str(skill)]["gap"] == situation.gap[0, k]
    assert by_skill["s0"]["level"] == 0.95  # the second version of the role holds by then
    gaps = [one["gap"] * one["weight"] for one in found["skills"]]
    assert gaps == sorted(gaps, reverse=True)
    assert found["debt"] == situation.debt[0]


def test_the_clock_counts_where_no_moment_is_named(web: TestClient) -> None:
    assert answer(web, "/v1/profile", {})["at"] == NOW
    late = [{"item": "i1", "outcome": "correct", "time": NOW + 5.0}]
    assert answer(web, "/v1/profile", {"history": late})["at"] == NOW + 5.0
    assert answer(web, "/v1/profile", {"history": late, "at": NOW + 9.0})["at"] == NOW + 9.0


def test_the_same_moment_gives_the_same_answer(web: TestClient) -> None:
    body = {"history": posted(histories(catalog(), learners=1), 0), "at": NOW}
    assert answer(web, "/v1/next-items", body) == answer(web, "/v1/next-items", body)


def test_unknown_items_are_tolerated_and_reported(web: TestClient) -> None:
    known = [{"item": "i1", "outcome": "correct", "time": START}]
    strange = [*known, {"item": "nobody-knows-it", "outcome": "wrong", "time": START + 1}]
    found = answer(web, "/v1/next-items", {"history": strange})
    assert found["warnings"] == [
        "history[1].item: no item named 'nobody-knows-it' in this bundle; counted as an unknown item"
    ]
    assert found["items"]


def test_many_unknown_items_do_not_make_many_warnings(web: TestClient) -> None:
    rows = [{"item": f"x{n}", "time": START} for n in range(50)]
    warnings = answer(web, "/v1/profile", {"history": rows})["warnings"]
    assert len(warnings) == 21
    assert warnings[-1] == "30 more unknown items"


def test_nothing_fits_no_minutes(web: TestClient) -> None:
    assert answer(web, "/v1/next-items", {"minutes": 0.0})["items"] == []


def test_nothing_required_is_no_debt_but_no_number_either(web: TestClient) -> None:
    found = answer(web, "/v1/next-items", {"requirement": {"s0": {"level": 0.0}}})
    assert found["debt"] is None
    assert all(one["debt_reduction"] == 0.0 for one in found["items"])


def test_what_was_left_out_is_filled_from_the_catalog(web: TestClient) -> None:
    short = [{"item": "i4", "outcome": "wrong", "time": START}]
    full = [short[0] | {"accepted": True, "minutes": float(catalog().minutes[4])}]
    one, other = (answer(web, "/v1/next-items", {"history": rows}) for rows in (short, full))
    assert one == other


def test_the_bundle_introduces_itself(web: TestClient, bundle: Bundle) -> None:
    found = web.get("/v1/bundle").json()
    assert found["bundle"] == bundle.version
    assert found["roles"] == ["analyst", "engineer"]
    assert (found["items"], found["skills"]) == (24, 6)
    assert found["metrics"]["test/auc"] == METRICS["test/auc"]
    assert found["models"]["policy"]["class"].endswith("DebtPerMinute")


def test_alive_and_ready(web: TestClient, bundle: Bundle) -> None:
    assert web.get("/v1/health").json() == {"status": "alive"}
    response = web.get("/v1/ready")
    assert (response.status_code, response.json()) == (200, {"ready": True, "bundle": bundle.version})


def test_not_ready_before_the_first_answer(bundle: Bundle) -> None:
    web = TestClient(create_app(bundle))  # not entered: nothing has started it
    response = web.get("/v1/ready")
    assert (response.status_code, response.json()["ready"]) == (503, False)
    assert web.get("/v1/health").status_code == 200


def test_a_bundle_that_cannot_answer_does_not_start(bundle: Bundle) -> None:
    class Broken:
        def propensities(self, situation: Any) -> Any:
            raise ZeroDivisionError("planted")

    from dataclasses import replace

    broken = replace(bundle, next_best=replace(bundle.next_best, policy=Broken()))
    with pytest.raises(ZeroDivisionError, match="planted"), client(broken):
        pass


def test_the_document_describes_every_path_and_its_examples_work(web: TestClient) -> None:
    document = web.get("/v1/openapi.json").json()
    assert set(document["paths"]) == {
        *("/v1/next-items", "/v1/path", "/v1/profile"),
        *("/v1/bundle", "/v1/health", "/v1/ready"),
    }
    schemas = document["components"]["schemas"]
    for path, schema in (
        ("/v1/next-items", "NextItemsRequest"),
        ("/v1/path", "PathRequest"),
        ("/v1/profile", "ProfileRequest"),
    ):
        operation = document["paths"][path]["post"]
        assert operation["summary"]
        assert operation["description"]
        assert operation["responses"]["422"]["content"]["application/json"]["schema"]["$ref"].endswith("/Refusal")
        assert schemas[schema]["examples"]
        for example in schemas[schema]["examples"]:
            answer(web, path, example)
    assert all("description" in field for field in schemas["NextItemsRequest"]["properties"].values())


def test_a_stack_without_roles_says_so(tmp_path: Any) -> None:
    with client(small_bundle(tmp_path, roles=None)) as web:
        assert web.get("/v1/bundle").json()["roles"] == []
        response = web.post("/v1/profile", json={"role": "analyst"})
    assert response.status_code == 422
    assert response.json() == {"detail": [{"field": "role", "problem": "no role named 'analyst'; there are: none"}]}
