"""What is posted and what is answered, as the OpenAPI document shows it. Unknown fields and wrong types are refused."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, JsonValue
from pydantic.json_schema import JsonSchemaValue

from lernpfad.serve.document import DECLINED_WITHOUT_OUTCOME, ROLE_OR_REQUIREMENT, with_rule

MAX_HISTORY: Final = 2_000
MAX_K: Final = 100
MAX_STEPS: Final = 30
MAX_SKILLS: Final = 5_000
LATEST: Final = 32_503_680_000.0
"""The year 3000 in seconds: a larger time was given in milliseconds."""

_LONGEST_ID = 256
_MINUTES_OF_A_WEEK = 10_080.0


def _whole(number: Any) -> Any:
    # to JSON Schema 3.0 is an integer, and some clients write every number so
    return int(number) if isinstance(number, float) and number.is_integer() else number


Whole = Annotated[int, BeforeValidator(_whole)]
Id = Annotated[str, Field(min_length=1, max_length=_LONGEST_ID)]
Time = Annotated[float, Field(ge=0.0, le=LATEST, allow_inf_nan=False)]
Minutes = Annotated[float, Field(ge=0.0, le=_MINUTES_OF_A_WEEK, allow_inf_nan=False)]

Language = Literal["en", "de"]
LANGUAGE: Final = "Of the sentences: en or de."

_HISTORY_EXAMPLE: list[JsonValue] = [
    {"item": "i7", "outcome": "correct", "minutes": 6.0, "time": 1767600000.0},
    {"item": "i12", "outcome": "wrong", "minutes": 4.5, "time": 1767603600.0},
    {"item": "i3", "accepted": False, "time": 1767690000.0},
]


class Posted(BaseModel):
    """What a client sends: no unknown fields, no numbers in strings."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PostedInteraction(Posted):
    """One offered item and what came of it."""

    item: Id = Field(description="Item id as in the bundle's catalog; an unknown one is tolerated and reported.")
    outcome: Literal["correct", "wrong", "not_assessed"] = Field(
        default="not_assessed", description="What came of an accepted item; leave it out for a declined one."
    )
    accepted: bool = Field(default=True, description="False if the learner declined the offer.")
    minutes: Minutes | None = Field(default=None, description="Minutes spent; the item's expected minutes if left out.")
    time: Time = Field(description="When, in seconds since the epoch, UTC. Oldest first.")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return with_rule(core, handler, DECLINED_WITHOUT_OUTCOME)


class PostedRequirement(Posted):
    """What is asked for in one skill."""

    level: float = Field(ge=0.0, le=1.0, allow_inf_nan=False, description="Wanted mastery.")
    weight: float = Field(default=1.0, ge=0.0, le=1e6, allow_inf_nan=False, description="How much it counts.")


class Wanted(Posted):
    """What a learner needs, and when."""

    role: Id | None = Field(default=None, description="Name of a role in the bundle; see /v1/bundle.")
    requirement: dict[Id, PostedRequirement] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_SKILLS,
        description="Instead of a role: skill id to wanted level. Without both, every skill is wanted in full.",
    )
    at: Time | None = Field(
        default=None,
        description="The moment to answer for, seconds since the epoch, UTC; not before the last interaction. "
        "The server's clock if left out.",
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return with_rule(core, handler, ROLE_OR_REQUIREMENT)


class ProfileRequest(Wanted):
    """A learner's history and what she needs. Nothing is stored."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"history": _HISTORY_EXAMPLE, "requirement": {"s1": {"level": 0.8}}}]}
    )

    history: list[PostedInteraction] = Field(
        default=[], max_length=MAX_HISTORY, description="Her interactions, oldest first; empty for a new learner."
    )


class NextItemsRequest(ProfileRequest):
    """A learner's history, what she needs, and the minutes she has. Nothing is stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"history": _HISTORY_EXAMPLE, "requirement": {"s1": {"level": 0.8}}, "minutes": 15.0, "k": 3},
                {"history": [], "k": 5},
            ]
        }
    )

    minutes: Minutes | None = Field(default=None, description="Minutes available now; no limit if left out.")
    k: Whole = Field(default=5, ge=1, le=MAX_K, description="How many items at most.")
    language: Language = Field(default="en", description=LANGUAGE)


class Ahead(Posted):
    """When she will sit down again, for a path."""

    sitting_minutes: Annotated[float, Field(gt=0.0, le=_MINUTES_OF_A_WEEK, allow_inf_nan=False)] | None = Field(
        default=None, description="Minutes of each later sitting; the path ends with this one if left out."
    )
    sitting_days: float = Field(
        default=2.5, gt=0.0, le=366.0, allow_inf_nan=False, description="Days from one sitting to the next."
    )


class PathRequest(ProfileRequest, Ahead):
    """A learner's history, what she needs, and the minutes she has now and later. Nothing is stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"history": _HISTORY_EXAMPLE, "minutes": 10.0, "sitting_minutes": 12.0, "k": 4},
                {"history": [], "k": 3, "language": "de"},
            ]
        }
    )

    minutes: Minutes | None = Field(default=None, description="Minutes available now; no limit if left out.")
    k: Whole = Field(default=5, ge=1, le=MAX_STEPS, description="How many steps at most.")
    language: Language = Field(default="en", description=LANGUAGE)


class ReasonPart(BaseModel):
    """One thing that the policy weighed."""

    code: str = Field(description="What: gap, gain, success, minutes, affinity, due, new, prerequisite, ...")
    overtaken: int = Field(description="How many more items would have come first, had it not been weighed.")
    beaten: int = Field(description="How many items have less of it.")


class Gap(BaseModel):
    """What is missing in one skill."""

    skill: str
    gap: float = Field(description="max(0, requirement - mastery)")


_UNASKED: Final = "null where the fixed curriculum decided"


class NextItem(BaseModel):
    """One recommended item and why."""

    item: str
    reason: str = Field(description="The reason in a sentence.")
    propensity: float = Field(description="Probability with which the policy offers it now; log it.")
    debt_reduction: float | None = Field(description=f"Expected fall of the learning debt if it is taken; {_UNASKED}.")
    minutes: float = Field(description="Expected effort.")
    success: float | None = Field(description=f"Predicted P(correct); {_UNASKED}.")
    affinity: float | None = Field(description=f"The recommender's score; {_UNASKED}.")
    gaps: list[Gap] = Field(description="Its skills that fall short of the requirement, widest gap first.")
    lead: str = Field(description="Code of what decided; empty where the policy does not say.")
    parts: list[ReasonPart] = Field(description="All that was weighed, what decided first.")
    unmet: list[str] = Field(description="Skills that it builds on and that are not there yet.")
    days: float | None = Field(description="Days since any of its skills was last taken; null if never.")
    taken: int = Field(description="How often it was done.")


class PathStep(NextItem):
    """One step of a path: an item, when, and what is left to do after it."""

    sitting: int = Field(description="0 is now, 1 the next sitting, ...")
    at: float = Field(description="When it begins, seconds since the epoch, UTC.")
    spent: float = Field(description="Minutes of the path up to its end.")
    debt_after: float | None = Field(description="Learning debt expected after it; null if nothing is required.")


class Answer(BaseModel):
    """What every answer about a learner says."""

    bundle: str = Field(description="Version of the bundle that answered.")
    at: float = Field(description="The moment that was answered for; post it to get the same answer again.")
    debt: float | None = Field(description="Estimated learning debt in [0, 1]; null if nothing is required.")
    warnings: list[str] = Field(description="What was tolerated in the request.")


class DecidedAnswer(Answer):
    """An answer that decides something."""

    decided_by: Literal["policy", "curriculum"] = Field(
        default="policy",
        description="The bundle's policy, or the fixed curriculum of the role, where that was switched to or the model "
        "cannot answer; a warning says which, and no model was asked.",
    )


class NextItemsAnswer(DecidedAnswer):
    """The best items for now, best first; fewer than k where fewer fit."""

    items: list[NextItem]


class PathAnswer(DecidedAnswer):
    """What lies ahead, step after step; a plan that is made anew after every answer."""

    steps: list[PathStep]


class SkillProfile(BaseModel):
    """One skill: estimated mastery against the requirement."""

    skill: str
    mastery: float = Field(description="Estimated probability of success, in [0, 1].")
    level: float = Field(description="What is required.")
    weight: float
    gap: float = Field(description="max(0, level - mastery)")


class ProfileAnswer(Answer):
    """Competence profile: every skill, the widest weighted gap first."""

    skills: list[SkillProfile]


class BundleAnswer(BaseModel):
    """What is being served."""

    bundle: str = Field(description="Version, derived from the content.")
    schema_version: int
    lernpfad: str = Field(description="Version that wrote it.")
    written: str
    models: dict[str, Any]
    metrics: dict[str, Any]
    data_hash: str | None
    provenance: dict[str, Any]
    items: int
    skills: int
    roles: list[str]


class Health(BaseModel):
    """The process is alive."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """Whether requests are answered, and from which bundle."""

    ready: bool
    bundle: str


class FieldProblem(BaseModel):
    """What is wrong with one field of the request."""

    field: str = Field(description="Where, such as history[3].time; 'body' for the whole.")
    problem: str


class Refusal(BaseModel):
    """Why a request was refused, field by field."""

    detail: list[FieldProblem]
