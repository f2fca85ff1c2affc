"""Whatever is posted, the answer is 200 or a refusal that names the field; never 500."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lernpfad.serve.schema import MAX_HISTORY
from serve.stack import START
from serve.web import TestClient, client, small_bundle

MAX_BODY = 400_000
PATHS = ("/v1/next-items", "/v1/path", "/v1/profile")
ROW = {"item": "i1", "outcome": "correct", "accepted": True, "minutes": 2.0, "time": START}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with client(small_bundle(tmp_path_factory.mktemp("serve")), max_body=MAX_BODY) as started:
        yield started


def post(web: TestClient, body: Any, path: str = "/v1/next-items") -> tuple[int, Any]:
    """A body that Python may write but JSON may not (NaN) goes through too."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = web.post(path, content=content, headers={"content-type": "application/json"})
    return response.status_code, response.json()


def row(**changed: Any) -> dict[str, Any]:
    return {"history": [ROW, ROW | changed]}


NAN, INF = float("nan"), float("inf")

CASES = [
    (row(item=None), "history[1].item", "valid string"),
    (row(item=7), "history[1].item", "valid string"),
    (row(item=""), "history[1].item", "at least 1 character"),
    (row(item="x" * 300), "history[1].item", "at most 256 characters"),
    (row(item="\ud800"), "history[1].item", "string"),
    (row(outcome="korrekt"), "history[1].outcome", "'correct', 'wrong' or 'not_assessed'"),
    (row(outcome=1), "history[1].outcome", "'correct', 'wrong' or 'not_assessed'"),
    (row(accepted="yes"), "history[1].accepted", "valid boolean"),
    (row(accepted=1), "history[1].accepted", "valid boolean"),
    (row(accepted=False), "history[1].outcome", "a declined offer has no outcome, got 'correct'"),
    (row(minutes=-1.0), "history[1].minutes", "greater than or equal to 0"),
    (row(minutes=NAN), "history[1].minutes", "finite number"),
    (row(minutes=1e9), "history[1].minutes", "less than or equal to"),
    (row(minutes="4"), "history[1].minutes", "valid number"),
    (row(minutes=True), "history[1].minutes", "valid number"),
    (row(time=START - 1), "history[1].time", "is before the row above it"),
    (row(time=None), "history[1].time", "valid number"),
    (row(time=NAN), "history[1].time", "finite number"),
    (row(time=INF), "history[1].time", "finite number"),
    (row(time=-1.0), "history[1].time", "greater than or equal to 0"),
    (row(time=START * 1000), "history[1].time", "less than or equal to"),
    (row(time="2026-01-05T08:00:00Z"), "history[1].time", "valid number"),
    (row(time=10**400), "history[1].time", ""),
    (row(grade=5), "history[1].grade", "not permitted"),
    ({"history": [{"item": "i1"}]}, "history[0].time", "Field required"),
    ({"history": [ROW, 3]}, "history[1]", ""),
    ({"history": "i1,i2"}, "history", "valid list"),
    ({"history": None}, "history", "valid list"),
    ({"history": {"0": ROW}}, "history", "valid list"),
    ({"history": [{"item": "i1", "time": START}] * (MAX_HISTORY + 1)}, "history", f"at most {MAX_HISTORY} items"),
    ({"role": "analist"}, "role", "no role named 'analist'; did you mean 'analyst'?"),
    ({"role": ""}, "role", "at least 1 character"),
    ({"role": 4}, "role", "valid string"),
    ({"role": ["analyst"]}, "role", "valid string"),
    ({"role": "analyst", "requirement": {"s1": {"level": 0.5}}}, "requirement", "a role or a requirement, not both"),
    ({"requirement": {}}, "requirement", "at least 1 item"),
    ({"requirement": {"ss1": {"level": 0.5}}}, "requirement.ss1", "no skill named 'ss1'; did you mean 's1'?"),
    ({"requirement": {"s1": 0.5}}, "requirement.s1", ""),
    ({"requirement": {"s1": {"level": 1.5}}}, "requirement.s1.level", "less than or equal to 1"),
    ({"requirement": {"s1": {"level": NAN}}}, "requirement.s1.level", "finite number"),
    ({"requirement": {"s1": {"level": 0.5, "weight": -1}}}, "requirement.s1.weight", "greater than or equal to 0"),
    ({"requirement": {"s1": {"level": 0.5, "weight": INF}}}, "requirement.s1.weight", "finite number"),
    ({"requirement": {"s1": {"levels": 0.5}}}, "requirement.s1.level", "Field required"),
    ({"requirement": ["s1"]}, "requirement", "valid dictionary"),
    ({"minutes": -5}, "minutes", "greater than or equal to 0"),
    ({"minutes": NAN}, "minutes", "finite number"),
    ({"minutes": "ten"}, "minutes", "valid number"),
    ({"k": 0}, "k", "greater than or equal to 1"),
    ({"k": 101}, "k", "less than or equal to 100"),
    ({"k": 2.5}, "k", "valid integer"),
    ({"k": True}, "k", "valid integer"),
    ({"k": "3"}, "k", "valid integer"),
    ({"k": 10**400}, "k", ""),
    ({"at": START - 1, "history": [ROW]}, "at", "is before the last interaction"),
    ({"at": NAN}, "at", "finite number"),
    ({"learner": "l1"}, "learner", "not permitted"),
    ({"\ud800": 1}, "body", "unicode string"),
    ([], "body", ""),
    (3, "body", ""),
    ("text", "body", ""),
    (None, "body", ""),
    (b"", "body", "Field required"),
    (b"{", "body", "is not JSON"),
    (b'{"k": 3', "body", "is not JSON"),
    (b"\xff\xfe\x00", "body", "is not JSON"),
    (b'{"k": "\xc3("}', "body", "is not JSON"),
    (b"[" * 100_000, "body", "is not JSON"),
    (b'{"history":' + b"[" * 90_000 + b"]" * 90_000 + b"}", "", ""),
    (b'{"k":' + b"9" * 10_000 + b"}", "", ""),
]


@pytest.mark.parametrize(("body", "field", "problem"), CASES)
def test_a_malformed_body_is_refused_with_the_field_named(web: TestClient, body: Any, field: str, problem: str) -> None:
    status, said = post(web, body)
    assert status == 422, said
    assert list(said) == ["detail"]
    assert all(set(one) == {"field", "problem"} for one in said["detail"])
    assert field in [one["field"] for one in said["detail"]] or not field, said
    assert any(problem in one["problem"] for one in said["detail"]), said


def test_a_profile_takes_no_minutes(web: TestClient) -> None:
    status, said = post(web, {"minutes": 5.0}, "/v1/profile")
    assert status == 422
    assert said["detail"][0]["field"] == "minutes"


def test_a_thousand_mistakes_are_told_in_twenty_lines(web: TestClient) -> None:
    status, said = post(web, {"history": [{"item": 1}] * 1000})
    assert status == 422
    assert len(said["detail"]) == 20


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "", "a/b/c"])
def test_another_content_type_is_refused(web: TestClient, kind: str) -> None:
    response = web.post("/v1/next-items", content=b'{"k": 3}', headers={"content-type": kind})
    assert response.status_code == 422
    assert response.json()["detail"][0]["field"] == "body"


def chunks(size: int) -> Iterator[bytes]:
    yield from (b" " * 1000 for _ in range(size // 1000))


def test_a_body_too_large_is_not_read(web: TestClient) -> None:
    announced = web.post("/v1/next-items", content=b" " * (MAX_BODY + 1))
    streamed = web.post("/v1/next-items", content=chunks(10 * MAX_BODY))
    for response in (announced, streamed):
        assert response.status_code == 413
        assert response.json()["detail"][0]["field"] == "body"
        assert f"{MAX_BODY} bytes" in response.json()["detail"][0]["problem"]


def test_a_body_in_pieces_is_put_together(web: TestClient) -> None:
    pieces = iter([b'{"history"', b": [], ", b'"k": 2}'])
    response = web.post("/v1/next-items", content=pieces, headers={"content-type": "application/json"})
    assert response.status_code == 200
    assert len(response.json()["items"]) == 2


def test_paths_and_methods_that_do_not_exist(web: TestClient) -> None:
    assert (web.get("/v2/next-items").status_code, web.get("/v1/next-items").status_code) == (404, 405)
    assert web.get("/v1/next-items").headers["allow"] == "POST"
    assert web.get("/nowhere").json()["detail"] == [{"field": "request", "problem": "Not Found"}]


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["i1", "s1", "analyst", "correct", "wrong", "\ud800", "\x00", -1, 1e308, 10**30]),
)
ANY_JSON = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def mostly(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The right kind of value, four times in five."""
    return st.integers(0, 4).flatmap(lambda luck: ANY_JSON if luck == 0 else right)


ROWS = st.fixed_dictionaries(
    {
        "item": mostly(st.sampled_from(["i1", "i2", "i23", "?"])),
        "time": mostly(st.sampled_from([START, START, START, START + 9])),
    },
    optional={
        "outcome": mostly(st.sampled_from(["correct", "wrong", "not_assessed"])),
        "accepted": mostly(st.booleans()),
        "minutes": mostly(st.floats(0, 60)),
    },
)
WANTED = st.dictionaries(
    mostly(st.sampled_from(["s0", "s1", "s5"])).map(str),
    mostly(st.fixed_dictionaries({"level": mostly(st.floats(0, 1))}, optional={"weight": mostly(st.floats(0, 5))})),
    max_size=3,
)
BODIES = st.fixed_dictionaries(
    {"history": mostly(st.lists(ROWS, max_size=5))},
    optional={
        "role": mostly(st.sampled_from(["analyst", "engineer"])),
        "requirement": mostly(WANTED),
        "minutes": mostly(st.floats(0, 60)),
        "k": mostly(st.integers(1, 30)),
        "at": mostly(st.floats(START + 9, START + 1e6)),
    },
)


def no_surprise(web: TestClient, path: str, body: Any) -> None:
    status, said = post(web, body, path)
    assert status in (200, 422), said
    if status == 422:
        assert said["detail"]
        assert all(one["field"] and one["problem"] for one in said["detail"])
    else:
        assert json.dumps(said, allow_nan=False)


FUZZ = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@FUZZ
@given(path=st.sampled_from(PATHS), body=BODIES)
def test_almost_right_bodies_never_break_it(web: TestClient, path: str, body: Any) -> None:
    no_surprise(web, path, body)


@FUZZ
@given(path=st.sampled_from(PATHS), body=ANY_JSON)
def test_any_json_never_breaks_it(web: TestClient, path: str, body: Any) -> None:
    no_surprise(web, path, body)


@FUZZ
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=60))
def test_any_bytes_never_break_it(web: TestClient, path: str, body: bytes) -> None:
    no_surprise(web, path, body)
