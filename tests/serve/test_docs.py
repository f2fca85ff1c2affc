"""The page about serving says what is so."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import NextBest
from lernpfad.serve.bundle import load
from lernpfad.serve.sqlite import Sqlite
from lernpfad.simulate.corporate import Corporate
from serve.stack import catalog, fitted, histories, roles
from serve.web import TestClient, client, small_bundle

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with the ids that the page uses."""
    like_the_page = replace(catalog(), items=np.array([f"item-{i:04d}" for i in range(24)]))
    stack = fitted()
    folder = tmp_path_factory.mktemp("docs")
    fitted_on_it = NextBest(stack.tracer, stack.recommender, stack.policy).fit(histories(like_the_page))
    named = replace(roles(), names=np.array(["role-01", "role-02"]))
    small_bundle(folder, stack=fitted_on_it, catalog=like_the_page, roles=named)
    return folder / "bundle"


@pytest.fixture(scope="module")
def web(place: Path) -> Iterator[TestClient]:
    with client(load(place, trust=("serve",))) as started:
        yield started


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.S)


def test_the_request_on_the_page_is_answered(web: TestClient) -> None:
    [body] = blocks("json")
    response = web.post("/v1/next-items", json=json.loads(body))
    assert response.status_code == 200, response.text
    assert len(response.json()["items"]) == 3
    assert response.json()["warnings"] == []


def test_the_refusals_on_the_page_are_those_given(web: TestClient) -> None:
    shown = [json.loads(line) for line in PAGE.splitlines() if line.startswith('{"detail"')]
    late = [{"item": "item-0001", "time": 1767600000.0}, {"item": "item-0001", "time": 1767.0}]
    given = [web.post("/v1/profile", json=body).json() for body in ({"history": late}, {"role": "role-1"})]
    assert shown == given


def test_the_paths_on_the_page_are_those_there(web: TestClient) -> None:
    there = {*web.get("/v1/openapi.json").json()["paths"], "/v1/openapi.json"}
    assert set(re.findall(r"`(?:GET|POST) (/v1/[a-z.-]+)`", PAGE)) == there


def test_the_skill_on_the_page_is_one_of_the_demo() -> None:
    [written] = re.findall(r"`(\{.*?\}\})`", PAGE)
    assert set(json.loads(written)) <= set(Corporate(seed=0).catalog.skills)


@pytest.mark.parametrize("field", ["minutes", "k"])
def test_profile_refuses_what_is_for_next_items_only(web: TestClient, field: str) -> None:
    response = web.post("/v1/profile", json={field: 3})
    assert response.status_code == 422
    assert [one["field"] for one in response.json()["detail"]] == [field]


def test_the_program_on_the_page_runs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [program] = blocks("python")
    program = program.replace('load("runs/demo/bundle")', f"load({str(place)!r}, trust=('serve',))")
    exec(compile(program, "serving.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_paths_of_stored_learners_on_the_page_are_those_there(place: Path, tmp_path: Path) -> None:
    with client(load(place, trust=("serve",)), database=Sqlite(tmp_path / "learners.db")) as stored:
        there = stored.get("/v1/openapi.json").json()["paths"]
    shown = {tuple(one.split()) for one in re.findall(r"`((?:POST|DELETE) /v1/learners[a-z/-]*)`", PAGE)}
    assert shown == {(how.upper(), path) for path in there if "/learners" in path for how in there[path]}


def test_the_calls_of_stored_learners_on_the_page_work(place: Path, tmp_path: Path) -> None:
    stored_learners = PAGE.split("## Stored learners")[1].split("\n## ")[0]
    calls = re.findall(r"localhost:8000(/v1/learners\S*).*?-d '(\{.*?\})'", stored_learners, flags=re.S)
    assert len(calls) == 2
    with client(load(place, trust=("serve",)), database=Sqlite(tmp_path / "learners.db"), keyed=False) as stored:
        for path, body in calls:
            response = stored.post(path, json=json.loads(body))
            assert response.status_code == 200, response.text
        assert len(response.json()["items"]) == 3
