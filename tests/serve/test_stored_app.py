"""Over HTTP: what is acknowledged is stored, who may do what, and what a client is told when it goes wrong."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lernpfad.serve.bundle import Bundle
from lernpfad.serve.keys import SCOPES, Keys
from lernpfad.serve.sqlite import Sqlite
from serve.stack import START, catalog, histories, posted
from serve.web import TestClient, client, small_bundle

WHO = "lea-17@example.org"
ROW = {"learner": WHO, "id": "1", "item": "i1", "outcome": "correct", "time": START}
BATCH = "/v1/learners/interactions/batch"
ONE, ITEMS, PROFILE, ALL = (
    "/v1/learners/interactions",
    "/v1/learners/next-items",
    "/v1/learners/profile",
    "/v1/learners",
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("serve"))


@pytest.fixture
def database(tmp_path: Path) -> Sqlite:
    return Sqlite(tmp_path / "learners.db")


@pytest.fixture
def web(bundle: Bundle, database: Sqlite) -> Iterator[TestClient]:
    with client(bundle, database=database, keyed=False) as started:
        yield started


def test_from_posting_to_erasure(web: TestClient) -> None:
    history = posted(histories(catalog(), learners=1, rows=9), 0)
    batch = {"interactions": [{"learner": WHO, "id": str(n), **row} for n, row in enumerate(history[:-1])]}
    last = {"learner": WHO, "id": "last", **history[-1]}
    assert web.post(BATCH, json=batch).json() == {"stored": 8, "repeated": 0}
    assert web.post(ONE, json=last).json() == {"stored": 1, "repeated": 0}
    assert web.post(BATCH, json=batch).json() == {"stored": 0, "repeated": 8}
    stateless = web.post("/v1/next-items", json={"history": history, "k": 4}).json()
    stored = web.post(ITEMS, json={"learner": WHO, "k": 4}).json()
    assert stored["items"] == stateless["items"]
    assert len(stored["decision"]) == 32
    taken = {"learner": WHO, "id": "next", "item": stored["items"][0]["item"], "time": START + 1e8}
    assert web.post(ONE, json=taken | {"decision": stored["decision"]}).json()["stored"] == 1
    assert web.post(PROFILE, json={"learner": WHO, "role": "analyst"}).json()["covers"] == 10
    receipt = web.delete(ALL, headers={"x-learner": WHO}).json()
    assert (receipt["interactions"], receipt["decisions"]) == (10, 1)
    assert web.post(PROFILE, json={"learner": WHO}).json()["covers"] == 0


@pytest.mark.parametrize(
    ("path", "body", "status", "field", "problem"),
    [
        (ONE, ROW | {"learner": ""}, 422, "learner", "at least 1 character"),
        (ONE, ROW | {"learner": "x" * 300}, 422, "learner", "at most 256 characters"),
        (ONE, ROW | {"id": "a\0b"}, 422, "id", "match pattern"),
        (ONE, ROW | {"item": "a\0b"}, 422, "item", "match pattern"),
        (ONE, ROW | {"decision": "no-such"}, 422, "decision", "match pattern"),
        (ONE, ROW | {"accepted": False}, 422, "outcome", "a declined offer has no outcome, got 'correct'"),
        (ONE, ROW | {"time": -1}, 422, "time", "greater than or equal to 0"),
        (ONE, ROW | {"more": 1}, 422, "more", "not permitted"),
        (BATCH, {"interactions": []}, 422, "interactions", "at least 1 item"),
        (BATCH, {"interactions": [ROW] * 1001}, 422, "interactions", "at most 1000 items"),
        (BATCH, {"interactions": [ROW, ROW | {"item": 7}]}, 422, "interactions[1].item", "valid string"),
        (BATCH, {"interactions": [ROW, ROW | {"item": "i2"}]}, 409, "interactions[1].id", "stored already with other"),
        (ITEMS, {"learner": WHO, "role": "analist"}, 422, "role", "did you mean 'analyst'?"),
        (ITEMS, {"learner": WHO, "k": 0}, 422, "k", "greater than or equal to 1"),
        (ITEMS, {"k": 1}, 422, "learner", "required"),
        (PROFILE, {"learner": WHO, "k": 1}, 422, "k", "not permitted"),
    ],
)
def test_a_malformed_body_names_its_field(
    web: TestClient, path: str, body: Any, status: int, field: str, problem: str
) -> None:
    response = web.post(path, json=body)
    assert response.status_code == status
    [found] = response.json()["detail"]
    assert found["field"] == field
    assert problem in found["problem"]
    assert web.post(PROFILE, json={"learner": WHO}).json()["covers"] == 0  # nothing of it is stored


@pytest.mark.parametrize("name", ["%FF", "%ED%A0%80", "x" * 257, ""])
def test_a_malformed_header_names_its_field(web: TestClient, name: str) -> None:
    response = web.delete(ALL, headers={"x-learner": name})
    assert response.status_code == 422
    assert "x-learner" in response.json()["detail"][0]["field"]


def test_an_id_of_any_letters_can_be_erased(web: TestClient) -> None:
    assert web.post(ONE, json=ROW | {"learner": "Jürgen %41"}).status_code == 200
    assert web.delete(ALL, headers={"x-learner": "J%C3%BCrgen%20%2541"}).json()["interactions"] == 1


def test_every_path_needs_a_key_for_it(bundle: Bundle, database: Sqlite) -> None:
    with client(bundle, database=database) as web:
        keys = {scope: Keys(database).make([scope], now=START) for scope in SCOPES}
        calls = [
            ("read", "POST", "/v1/next-items", {}),
            ("read", "POST", "/v1/path", {}),
            ("read", "POST", "/v1/profile", {}),
            ("read", "GET", "/v1/bundle", None),
            ("read", "POST", ITEMS, {"learner": WHO}),
            ("read", "POST", "/v1/learners/path", {"learner": WHO}),
            ("read", "POST", PROFILE, {"learner": WHO}),
            ("write", "POST", ONE, ROW),
            ("write", "POST", BATCH, {"interactions": [ROW]}),
            ("erase", "DELETE", ALL, None),
            ("read", "GET", "/v1/curriculum", None),
            ("admin", "PUT", "/v1/curriculum", {"on": False, "reason": "A test."}),
            ("watch", "GET", "/metrics", None),
            ("write", "POST", "/v1/learners/override", {}),
            ("write", "POST", "/v1/learners/contest", {}),
            ("write", "POST", "/v1/learners/skip", {}),
            ("write", "POST", "/v1/xapi/statements", []),
            ("write", "PUT", "/v1/xapi/statements", {}),
        ]
        document = web.get("/v1/openapi.json").json()["paths"]
        assert {path for _, _, path, _ in calls} | {"/v1/health", "/v1/ready"} == {*document, "/metrics"}
        for needed, method, path, body in calls:
            who = {"x-learner": WHO}
            nobody = web.request(method, path, json=body, headers=who)
            assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
            assert web.request(method, path, json=body, headers=who | bearer("lp_1_2")).status_code == 401
            assert path == "/metrics" or document[path][method.lower()]["security"]
            for scope, key in keys.items():
                status = web.request(method, path, json=body, headers=who | bearer(key)).status_code
                empty = body in ({}, []) and ("/learners" in path or "/xapi" in path)
                allowed = (400, 422) if empty else (200,)
                assert status in (allowed if scope == needed else (403,)), (path, scope)
        assert web.get("/v1/health").status_code == web.get("/v1/ready").status_code == 200


def test_a_key_is_held_to_its_rate(bundle: Bundle, database: Sqlite) -> None:
    with client(bundle, database=database, rate=1.0) as web:
        eager, calm = (Keys(database).make(["read"], now=START) for _ in range(2))
        found = [web.get("/v1/bundle", headers=bearer(eager)) for _ in range(4)]
        assert [one.status_code for one in found[:2]] == [200, 200]
        assert found[-1].status_code == 429
        assert found[-1].headers["retry-after"] == "1"
        assert web.get("/v1/bundle", headers=bearer(calm)).status_code == 200


def test_while_the_store_is_away_it_says_so_and_then_goes_on(
    web: TestClient, database: Sqlite, caplog: pytest.LogCaptureFixture
) -> None:
    away = database.path.with_suffix(".away")
    database.scrub()
    database.path.rename(away)
    for path, body in ((ONE, ROW), (ITEMS, {"learner": WHO}), (PROFILE, {"learner": WHO})):
        response = web.post(path, json=body)
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert response.json() == {"detail": [{"field": "store", "problem": "cannot be used now (gone); ask again"}]}
    assert web.get("/v1/ready").status_code == 503
    assert web.get("/v1/health").status_code == 200
    assert web.post("/v1/next-items", json={}).status_code == 200  # what needs no store is answered
    told = [one.getMessage() for one in caplog.records if one.name == "lernpfad.serve.refusals"]
    assert len(told) >= 3
    assert all(str(database.path) in one for one in told)
    away.rename(database.path)
    assert web.post(ONE, json=ROW).json() == {"stored": 1, "repeated": 0}
    assert web.get("/v1/ready").status_code == 200


def test_no_learner_is_named_in_logs_and_refusals(
    web: TestClient, database: Sqlite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lernpfad")
    answers = [
        web.post(ONE, json=ROW),
        web.post(ONE, json=ROW | {"item": "i2"}),
        web.post(ONE, json=ROW | {"learner": WHO * 20}),
        web.post(ONE, json=ROW | {"learner": [WHO]}),
        web.post(ONE, content=f'{{"learner": "{WHO}'.encode(), headers={"content-type": "application/json"}),
        web.post(ITEMS, json={"learner": WHO, "role": WHO[:3]}),
        web.post(ITEMS, json={"learner": WHO}),
        web.delete(ALL, headers={"x-learner": WHO + "%FF"}),
        web.delete(ALL, headers={"x-learner": WHO}),
    ]
    database.path.unlink()
    answers += [web.post(ONE, json=ROW), web.post(PROFILE, json={"learner": WHO})]
    assert [one.status_code for one in answers] == [200, 409, 422, 422, 422, 422, 200, 422, 200, 503, 503]
    said = "".join(one.text for one in answers) + caplog.text
    assert WHO not in said
    assert WHO.split("@")[0] not in said


def test_the_examples_of_the_document_work(web: TestClient) -> None:
    document = web.get("/v1/openapi.json").json()
    for path in (ONE, BATCH, ITEMS, PROFILE):
        name = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        [example] = document["components"]["schemas"][name.rpartition("/")[2]]["examples"]
        assert web.post(path, json=example).status_code == 200
        assert {"409", "422", "503"} - {"409" if path in (ITEMS, PROFILE) else ""} <= set(
            document["paths"][path]["post"]["responses"]
        )


@pytest.mark.parametrize("path", [ONE, BATCH, ITEMS, PROFILE])
@given(body=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_almost_right_bodies_never_break_it(web: TestClient, path: str, body: st.DataObject) -> None:
    anything = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5))
    fields = {name: st.one_of(st.just(value), anything) for name, value in ROW.items()}
    one = body.draw(st.fixed_dictionaries({}, optional=fields | {"minutes": anything, "decision": anything}))
    asked = body.draw(st.fixed_dictionaries({"learner": st.text()}, optional={"at": anything, "draw": st.booleans()}))
    sent = {ONE: one, BATCH: {"interactions": [one, one]}, ITEMS: asked, PROFILE: asked}[path]
    response = web.post(path, content=json.dumps(sent), headers={"content-type": "application/json"})
    assert response.status_code in (200, 409, 422)
    if response.status_code != 200:
        assert all(problem["field"] and problem["problem"] for problem in response.json()["detail"])


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}
