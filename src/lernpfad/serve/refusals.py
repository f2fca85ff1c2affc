"""How requests are refused: one shape, each problem with its field, and nothing in it that only the log should know."""

import logging
from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from lernpfad.serve import curriculum
from lernpfad.serve.database import DAMAGED, StoreError
from lernpfad.serve.engine import RequestError
from lernpfad.serve.schema import FieldProblem, Refusal

MAX_PROBLEMS: Final = 20

_LOG: Final = logging.getLogger(__name__)


def add_refusals(app: FastAPI) -> None:
    """Answer whatever a request can be refused for."""
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(RequestError, _not_meant)
    app.add_exception_handler(StoreError, _not_stored)
    app.add_exception_handler(curriculum.ModelError, _not_estimated)
    app.add_exception_handler(HTTPException, _http_problem)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [FieldProblem(field=_field(one["loc"], one["type"]), problem=_said(one)) for one in error.errors()]
    return _refused(422, problems[:MAX_PROBLEMS])


async def _not_meant(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return _refused(error.status, [FieldProblem(field=error.field, problem=str(error))])


async def _not_stored(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)
    request.app.state.metrics.count("store_errors", kind=error.kind)
    request.app.state.refused = DAMAGED if request.app.state.refused == DAMAGED else error.kind
    _LOG.error("%s", error)  # where the store lies is for the log, not for the client
    refusal = _refused(503, [FieldProblem(field="store", problem=f"cannot be used now ({error.kind}); ask again")])
    refusal.headers["Retry-After"] = "1"
    return refusal


async def _not_estimated(request: Request, error: Exception) -> Response:
    request.app.state.metrics.count("unanswered")
    return _refused(503, [FieldProblem(field="model", problem=str(error))])


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # the body could not even be decoded: bytes that are no text, numbers without end
        return _refused(422, [FieldProblem(field="body", problem="is not JSON that can be read")])
    refusal = _refused(error.status_code, [FieldProblem(field="request", problem=str(error.detail))])
    refusal.headers.update(error.headers or {})
    if error.status_code == 405:
        refusal.headers["Allow"] = ", ".join(_methods(request))
    return refusal


def _methods(request: Request) -> list[str]:
    """What a path can be asked, over all of its routes; the router names those of the first one."""
    there = [one for one in request.app.routes if one.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for one in there for method in getattr(one, "methods", None) or ()})


def _refused(status: int, problems: Sequence[FieldProblem]) -> JSONResponse:
    body = Refusal(
        detail=[FieldProblem(field=_printable(one.field), problem=_printable(one.problem)) for one in problems]
    )
    return JSONResponse(body.model_dump(), status_code=status)


def _field(where: Sequence[int | str], kind: str) -> str:
    if kind == "json_invalid":
        return "body"
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where[1:])
    return path.removeprefix(".") or str(where[0])


def _said(problem: dict[str, Any]) -> str:
    reason = problem.get("ctx", {}).get("error", "")
    return f"is not JSON: {reason}" if problem["type"] == "json_invalid" else str(problem["msg"])


def _printable(text: str) -> str:
    # what was posted may hold half a surrogate pair, which no answer can carry
    return text.encode("utf-8", "backslashreplace").decode()[:300]
