"""The paths of human oversight."""

from collections.abc import Callable
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import FastAPI, Request
from pydantic import ConfigDict, Field
from pydantic.types import StringConstraints

from lernpfad.core import unknown_name
from lernpfad.serve.engine import RequestError
from lernpfad.serve.guard import who
from lernpfad.serve.keys import ADMIN, READ, WRITE
from lernpfad.serve.learners import Learners
from lernpfad.serve.metrics import Metrics
from lernpfad.serve.oversight import CONTEST, OVERRIDE, SKIP, Intervention, Oversight
from lernpfad.serve.routes import CONFLICT, UNAVAILABLE, Needs
from lernpfad.serve.schema import Posted
from lernpfad.serve.stored import DecisionId, KeptId

Reason = Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=r"^[^\x00]+$")]

_ROW: Final[dict[str, Any]] = {
    "learner": "p-7f3a",
    "id": "c-1",
    "decision": "0123456789abcdef0123456789abcdef",
    "item": "i7",
    "reason": "I have done this at my last employer.",
}


class InterventionPost(Posted):
    """What a person did about a decision."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROW]})

    learner: KeptId = Field(description="Her id.")
    id: KeptId = Field(description="The client's id of this post. The same again counts once.")
    decision: DecisionId = Field(description="Id of the decision, from the answer with the next items.")
    item: KeptId | None = Field(default=None, description="Which item of it; the first one if left out.")
    reason: Reason = Field(description="Why, in words. Kept with the decision, and erased with the learner.")


class OverridePost(InterventionPost):
    """A person chose another item."""

    item: KeptId = Field(description="The item that was chosen instead.")


class InterventionAnswer(Posted):
    """It is in the log."""

    logged: bool = Field(description="False if it was there already.")


class SwitchPost(Posted):
    """Who decides from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"on": True, "reason": "The works council asked."}]})

    on: bool = Field(description="True: the fixed curriculum of the role. False: the bundle's policy.")
    reason: Reason = Field(description="Why, in words.")


class SwitchAnswer(Posted):
    """Who decides."""

    on: bool = Field(description="Whether the fixed curriculum of the role decides.")


def add_oversight(
    app: FastAPI,
    learners: Learners,
    clock: Callable[[], float],
    *,
    needs: Needs,
    refusals: dict[int | str, Any],
    metrics: Metrics,
) -> None:
    """Paths to override, contest and skip what was decided, and to switch to the fixed curriculum."""
    oversight = Oversight(learners.store)
    shared: dict[str, Any] = {"tags": ["oversight"], "responses": refusals | UNAVAILABLE | CONFLICT}
    writing = shared | {"dependencies": needs(WRITE)}

    def log(kind: str, posted: InterventionPost, request: Request) -> InterventionAnswer:
        one = Intervention(posted.id, kind, posted.decision, posted.item, posted.reason, who(request))
        done = oversight.intervene(posted.learner, one, now=clock())
        metrics.count("interventions", int(done), kind=kind)
        return InterventionAnswer(logged=done)

    @app.post("/v1/learners/override", **writing, summary="A person chose another item")
    def override(posted: OverridePost, request: Request) -> InterventionAnswer:
        """Logged beside the decision. The interaction with the chosen item is posted as any other."""
        known = learners.engine.bundle.catalog.items
        if posted.item not in known:
            raise RequestError("item", unknown_name("item", posted.item, [str(one) for one in known]))
        return log(OVERRIDE, posted, request)

    @app.post("/v1/learners/contest", **writing, summary="A learner contests an offer")
    def contest(posted: InterventionPost, request: Request) -> InterventionAnswer:
        """Logged beside the decision, for a person to look at; it changes no estimate."""
        return log(CONTEST, posted, request)

    @app.post("/v1/learners/skip", **writing, summary="A learner passes over an offer")
    def skip(posted: InterventionPost, request: Request) -> InterventionAnswer:
        """Logged beside the decision; post a declined interaction as well if the models are to learn from it."""
        return log(SKIP, posted, request)

    _add_switch(app, oversight, clock, needs=needs, shared=shared)


def _add_switch(
    app: FastAPI, oversight: Oversight, clock: Callable[[], float], *, needs: Needs, shared: dict[str, Any]
) -> None:
    @app.get("/v1/curriculum", **shared, dependencies=needs(READ), summary="Whether the fixed curriculum decides")
    def switched() -> SwitchAnswer:
        """The same for every replica on the store."""
        return SwitchAnswer(on=oversight.curriculum)

    @app.put("/v1/curriculum", **shared, dependencies=needs(ADMIN), summary="Switch to the fixed curriculum, or back")
    def switch(posted: SwitchPost, request: Request) -> SwitchAnswer:
        """From the next answer on, in every replica. Logged with the reason and the id of the key."""
        oversight.switch(uuid4().hex, on=posted.on, reason=posted.reason, who=who(request), now=clock())
        return SwitchAnswer(on=posted.on)
