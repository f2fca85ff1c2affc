"""The HTTP application, `/v1`. Whatever is posted, the answer is a recommendation or a refusal that names the field."""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from fastapi import FastAPI, Response

from lernpfad._version import __version__
from lernpfad.serve import curriculum
from lernpfad.serve.body import BodyLimit
from lernpfad.serve.bundle import Bundle
from lernpfad.serve.database import DAMAGED, FULL, Database, StoreError
from lernpfad.serve.document import CHALLENGE, RETRY
from lernpfad.serve.engine import Engine, RequestError
from lernpfad.serve.guard import Guard
from lernpfad.serve.keys import READ, Keys
from lernpfad.serve.learners import Learners
from lernpfad.serve.metrics import Measured, Metrics
from lernpfad.serve.metrics_routes import add_metrics
from lernpfad.serve.oversight import Oversight, Switch
from lernpfad.serve.oversight_routes import add_oversight
from lernpfad.serve.refusals import add_refusals
from lernpfad.serve.routes import UNAVAILABLE, Needs, add_learners, as_it_is
from lernpfad.serve.schema import (
    BundleAnswer,
    DecidedAnswer,
    Health,
    NextItemsAnswer,
    NextItemsRequest,
    PathAnswer,
    PathRequest,
    ProfileAnswer,
    ProfileRequest,
    Readiness,
    Refusal,
)
from lernpfad.serve.store import Store
from lernpfad.serve.xapi_routes import add_xapi

A = TypeVar("A", bound=DecidedAnswer)

MAX_BODY: Final = 1_048_576
RATE: Final = 100.0
"""Requests a second that a key may ask for, of each process."""

_PROBE: Final = (
    "INSERT INTO facts (name, value) VALUES ('probe', '') ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_LOG: Final = logging.getLogger(__name__)

_REFUSALS: dict[int | str, dict[str, Any]] = {
    408: {"model": Refusal, "description": "The body did not come in time."},
    413: {"model": Refusal, "description": "The body is larger than the server takes."},
    422: {"model": Refusal, "description": "The request is malformed; each problem names its field."},
}
_GUARDED: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "There is no API key, or it is not known."} | CHALLENGE,
    403: {"model": Refusal, "description": "The key is not for this."},
    429: {"model": Refusal, "description": "The key asks too often; `Retry-After` says when to come back."} | RETRY,
    **UNAVAILABLE,  # keys lie in the store
}
_UNANSWERED: dict[int | str, dict[str, Any]] = {
    503: {"model": Refusal, "description": "The model, which alone knows a mastery, or the store cannot answer now."}
    | RETRY
}
_TAGS = [
    {"name": "recommend", "description": "Stateless: post a history, get an answer; nothing is stored."},
    {"name": "learners", "description": "Stored learners: post what they did, ask what is next, erase them."},
    {"name": "oversight", "description": "People have the last word, and all of it is logged."},
    {"name": "xapi", "description": "Statements, as a learning record store sends them."},
    {"name": "service", "description": "What is served, and whether it is."},
]


def create_app(
    bundle: Bundle,
    *,
    clock: Callable[[], float] = time.time,
    max_body: int = MAX_BODY,
    database: Database | None = None,
    keyed: bool = True,
    rate: float = RATE,
    home: str = "",
    fixed: bool = False,
) -> FastAPI:
    """The application over one bundle. clock: seconds since the epoch. max_body: bytes of a request body at most.

    database: where learners are kept; without one there are no paths about stored learners, and no keys. keyed: every
    path but health and readiness asks for an API key of the database. rate: requests a second of each key.
    home: homePage of the accounts in xAPI statements, "" for any. fixed: the fixed curriculum decides, not the policy.
    """
    engine, metrics = Engine(bundle), Metrics()
    learners = None if database is None else Learners(engine, Store(database), metrics=metrics)
    needs, guarded = _guards(database if keyed else None, rate, clock)
    why = _who_decides(learners, fixed=fixed)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # a broken bundle fails here, and the first learner waits less
        engine.next_items(NextItemsRequest(), now=clock(), why=curriculum.SET if fixed else "")
        app.state.ready = True
        yield
        app.state.ready = False
        if database is not None:
            database.close()

    app = FastAPI(
        title="lernpfad",
        summary="The next learning item that closes most of the gap for the minutes it takes.",
        version=__version__,
        openapi_tags=_TAGS,
        openapi_url="/v1/openapi.json",
        lifespan=lifespan,
    )
    app.state.ready, app.state.refused = False, ""
    app.state.metrics = metrics
    app.add_middleware(BodyLimit, limit=max_body)
    app.add_middleware(Measured, metrics=metrics)
    add_refusals(app)
    refusals = _REFUSALS | guarded
    _add_recommending(app, engine, clock, needs=needs, refusals=refusals, why=why)
    if learners is not None:
        add_learners(app, learners, clock, needs=needs, refusals=refusals, why=why)
        add_oversight(app, learners, clock, needs=needs, refusals=refusals, metrics=metrics)
        add_xapi(app, learners, clock, needs=needs, refusals=refusals, metrics=metrics, home=home)
    add_metrics(app, engine, metrics, needs=needs, why=why)
    _add_service(app, engine, database, needs=needs, refusals=guarded)
    return app


def _guards(
    database: Database | None, rate: float, clock: Callable[[], float]
) -> tuple[Needs, dict[int | str, dict[str, Any]]]:
    if database is None:
        return lambda scope: [], {}
    guard = Guard(Keys(database), rate=rate, clock=clock)
    return lambda scope: [guard.needs(scope)], _GUARDED


def _who_decides(learners: Learners | None, *, fixed: bool) -> Callable[[], str]:
    """Why the fixed curriculum decides at this moment; "" where the policy does."""
    if fixed or learners is None:
        return lambda: curriculum.SET if fixed else ""
    switch = Switch(Oversight(learners.store))
    return lambda: curriculum.SWITCHED if switch.on() else ""


def _add_recommending(
    app: FastAPI,
    engine: Engine,
    clock: Callable[[], float],
    *,
    needs: Needs,
    refusals: dict[int | str, Any],
    why: Callable[[], str],
) -> None:
    metrics: Metrics = app.state.metrics
    shared: dict[str, Any] = {"tags": ["recommend"], "responses": refusals, "dependencies": needs(READ)}

    def decided(decide: Callable[[str], A]) -> A:
        answer = curriculum.decided(decide, why=why(), mine=(RequestError,))
        metrics.count("decisions", by=answer.decided_by)
        metrics.count("fallbacks", int(curriculum.warning(curriculum.FAILED) in answer.warnings))
        return answer

    @app.post("/v1/next-items", response_model=NextItemsAnswer, **shared, summary="The best next items, with reasons")
    def next_items(request: NextItemsRequest) -> Response:
        """Best first. The order is the policy's; `propensity` is the probability with which it offers each item."""
        return as_it_is(decided(lambda why: engine.next_items(request, now=clock(), why=why)))

    @app.post("/v1/path", **shared, summary="The learning path: what comes next, and after that")
    def path(request: PathRequest) -> PathAnswer:
        """A plan, with the learning debt expected after each step. Ask again once an answer has come in."""
        return decided(lambda why: engine.path(request, now=clock(), why=why))

    shared["responses"] = refusals | _UNANSWERED

    @app.post("/v1/profile", **shared, summary="Competence profile against the role")
    def profile(request: ProfileRequest) -> ProfileAnswer:
        """Estimated mastery, requirement and gap of every skill, and the learning debt."""
        return curriculum.estimated(lambda: engine.profile(request, now=clock()), mine=(RequestError,))


def _add_service(
    app: FastAPI, engine: Engine, database: Database | None, *, needs: Needs, refusals: dict[int | str, Any]
) -> None:
    @app.get(
        "/v1/bundle",
        tags=["service"],
        responses=refusals,
        dependencies=needs(READ),
        summary="What is being served",
    )
    def bundle() -> BundleAnswer:
        """Versions, models, metrics, data hash, provenance, and the names of the roles."""
        return engine.about()

    @app.get("/v1/health", tags=["service"], summary="Whether the process is alive")
    async def health() -> Health:  # not in a thread: all of them may be waiting for the store
        """Answers as long as the process does."""
        return Health()

    not_yet: dict[int | str, dict[str, Any]] = {503: {"model": Readiness, "description": "Not now."}}

    @app.get("/v1/ready", tags=["service"], responses=not_yet, summary="Whether requests are answered")
    def ready(response: Response) -> Readiness:
        """200 once the bundle has answered its first request, and while the store answers; else 503."""
        answers = app.state.ready and (database is None or _answers(app, database))
        response.status_code = 200 if answers else 503
        return Readiness(ready=answers, bundle=engine.bundle.version)


def _answers(app: FastAPI, database: Database) -> bool:
    """Whether the store can be read, and after a full disk also written; a damaged one has to be started anew."""
    if app.state.refused == DAMAGED:
        return False
    try:
        database.read(lambda on: on.execute("SELECT count(*) FROM facts").fetchone())
        if app.state.refused == FULL:
            database.write(lambda on: on.execute(_PROBE).rowcount)
            app.state.refused = ""
    except StoreError as problem:
        app.state.refused = problem.kind
        _LOG.error("%s", problem)
        return False
    return True
