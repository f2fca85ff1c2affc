"""Requests made from the OpenAPI document: whatever is sent, the answer is one that the document names, and no 5xx.

`experiments/fuzzing/fuzz_api.py` does the same at length.
"""

from pathlib import Path
from typing import Any

import pytest
from fastapi.responses import JSONResponse

pytest.importorskip("schemathesis", reason="schemathesis is not installed")

from fuzzing.api import Found, fuzzed, served
from lernpfad.serve.app import create_app
from serve.web import NOW, small_bundle

STATEMENTS = "/v1/xapi/"
OTHERS = "^(?!/v1/xapi/)"


def test_no_answer_is_beside_the_document(tmp_path: Path) -> None:
    with served(tmp_path) as (app, key, _):
        found = fuzzed(app, key, examples=2, seed=1, paths=OTHERS)
    assert found.failures == {}
    _sent(found, least=1000, answered=(200, 401, 405, 409, 422))


def test_no_answer_about_statements_is_beside_the_document(tmp_path: Path) -> None:
    # their schema has so many branches that all of them take minutes: see the experiment
    with served(tmp_path) as (app, key, _):
        found = fuzzed(app, key, examples=5, seed=1, paths=STATEMENTS, phases=("examples", "fuzzing"))
    assert found.failures == {}
    _sent(found, least=10, answered=(200, 400, 401))


@pytest.mark.parametrize(
    ("status", "body", "missed"),
    [(418, {"detail": []}, "status_code_conformance"), (200, {"status": 3}, "response_schema_conformance")],
)
def test_a_planted_fault_is_found(tmp_path: Path, status: int, body: dict[str, Any], missed: str) -> None:
    app = create_app(small_bundle(tmp_path), clock=lambda: NOW)
    [health] = [one for one in app.routes if getattr(one, "path", "") == "/v1/health"]
    health.app = JSONResponse(body, status_code=status)  # type: ignore[attr-defined]
    found = fuzzed(app, "", examples=1, seed=1, paths="/v1/health", phases=("fuzzing",))
    assert [missed in name for name in found.failures] == [True]


def _sent(found: Found, *, least: int, answered: tuple[int, ...]) -> None:
    assert found.cases >= least
    assert set(answered) <= set(found.statuses), found.statuses
