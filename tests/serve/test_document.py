"""What the OpenAPI document says beyond types, and that the service keeps to it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.serve.database import connect
from lernpfad.serve.document import AFTER_A_DECISION, ENCODED_LEARNER
from serve.web import TestClient, client, small_bundle

WEAK = "/v1/next-items"
LEARNERS = "/v1/learners"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("document")
    with client(small_bundle(folder), database=connect(str(folder / "learners.db")), keyed=False) as started:
        yield started


@pytest.fixture(scope="module")
def document(web: TestClient) -> dict[str, Any]:
    return dict(web.get("/v1/openapi.json").json())


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


@pytest.mark.parametrize("path", ["/v1/curriculum", "/v1/xapi/statements", "/v1/next-items"])
def test_a_method_that_is_not_there_is_told_all_that_are(web: TestClient, document: dict[str, Any], path: str) -> None:
    answer = web.request("PATCH", path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {name.upper() for name in document["paths"][path]}


def test_links_lead_to_operations_that_are_there(document: dict[str, Any]) -> None:
    names = {one["operationId"] for one in operations(document)}
    links = document["paths"]["/v1/learners/next-items"]["post"]["responses"]["200"]["links"]
    assert links == AFTER_A_DECISION[200]["links"]
    assert {one["operationId"] for one in links.values()} <= names


def test_whatever_asks_for_a_key_may_find_the_store_away(tmp_path: Path) -> None:
    database = connect(str(tmp_path / "learners.db"))
    with client(small_bundle(tmp_path), database=database) as web:
        there = web.get("/v1/openapi.json").json()
        guarded = [one for one in operations(there) if "401" in one["responses"]]
        database.path.rename(tmp_path / "away")  # type: ignore[attr-defined]
        answer = web.post(WEAK, json={}, headers={"authorization": "Bearer lp_x_y"})
    assert answer.status_code == 503
    assert len(guarded) == 17
    assert all("503" in one["responses"] for one in guarded)


@pytest.mark.parametrize("k", [3, 3.0])
def test_a_whole_number_may_be_written_with_a_point(web: TestClient, k: float) -> None:
    assert len(web.post(WEAK, json={"k": k}).json()["items"]) == 3


@given(learner=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=256))
def test_every_id_can_be_encoded(learner: str) -> None:
    assert ENCODED_LEARNER.fullmatch(quote(learner, safe=""))


@given(given=st.from_regex(ENCODED_LEARNER, fullmatch=True))
def test_what_the_document_lets_pass_is_an_id(given: str) -> None:
    assert 0 < len(unquote(given, errors="strict")) <= 256


@pytest.mark.parametrize(
    "given", ["%ED%A0%80", "%C0%80", "%00", "%F5%80%80%80", "%F4%90%80%80", "%E9", "100%", "%4", ""]
)
def test_what_is_no_utf8_is_no_id(given: str) -> None:
    assert not ENCODED_LEARNER.fullmatch(given)


def test_an_id_that_was_not_encoded_erases_nobody(web: TestClient) -> None:
    """Its bytes would be read as other characters, and a receipt given for somebody else."""
    row = {"learner": "Zoë", "id": "1", "item": "i1", "time": 1_767_600_000.0}
    assert web.post(f"{LEARNERS}/interactions", json=row).status_code == 200
    raw = web.request("DELETE", LEARNERS, headers=[(b"x-learner", "Zoë".encode())])
    assert raw.status_code == 422
    assert raw.json()["detail"][0]["field"] == "x-learner"
    done = web.request("DELETE", LEARNERS, headers={"x-learner": quote("Zoë")})
    assert done.json()["interactions"] == 1


def test_statements_as_the_document_shows_them_are_understood(web: TestClient, document: dict[str, Any]) -> None:
    posted = document["paths"]["/v1/xapi/statements"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    [version] = document["paths"]["/v1/xapi/statements"]["post"]["parameters"]
    assert version["required"]
    assert re.match(version["schema"]["pattern"], "1.0.3")
    for example in posted["examples"]:
        answer = web.post("/v1/xapi/statements", json=example, headers={version["name"]: "1.0.3"})
        assert answer.status_code == 200
    assert web.post("/v1/xapi/statements", json=posted["examples"][0]).status_code == 400
