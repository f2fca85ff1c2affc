"""What the OpenAPI document says of statements: as much of what `xapi` understands as JSON Schema can express.

It cannot express that a duration is at most a week, that a raw score lies between min and max, that an item's id has at
most 256 characters, and that a timestamp is a day of the calendar from 1970 on; the refusal does.
"""

from typing import Any, Final

from lernpfad.serve import xapi
from lernpfad.serve.xapi_parts import DURATION, IRI, LONGEST, LONGEST_IRI, TIMESTAMP, UUID

_Schema = dict[str, Any]

_THERE: Final[_Schema] = {"not": {"type": "null"}}
_OBJECT: Final[_Schema] = {"type": "object"}


def _matching(pattern: str, **more: Any) -> _Schema:
    return {"type": "string", "pattern": f"^{pattern}$"} | more


def _of(*required: str, **properties: _Schema) -> _Schema:
    """An object of these properties and no others."""
    wanted = {"required": list(required)} if required else {}
    return {"type": "object", "additionalProperties": False, "properties": properties} | wanted


def _one_of(*words: str) -> _Schema:
    return {"enum": [f"{xapi.VERBS}{word}" for word in words]}


UUID_SCHEMA: Final = _matching(UUID.pattern, format="uuid")
_IRI = _matching(IRI.pattern, maxLength=LONGEST_IRI)
_VERSION = {"type": "string", "pattern": r"^[12]\.0(\.|$)", "maxLength": LONGEST_IRI}
_AT: Final = _matching(TIMESTAMP.pattern, format="date-time")
_DECISION: Final = {"type": ["string", "null"], "pattern": "^[0-9a-f]{32}$"}
_EXTENSIONS: Final = _OBJECT | {"propertyNames": _IRI}

_NAME: Final = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": r"^[^\x00]+$"}
_ACCOUNT: Final = _of("homePage", "name", homePage=_IRI, name=_NAME)
_AGENT: Final = {"objectType": {"const": "Agent"}, "name": _THERE}
_LEARNER: Final = _of("account", **_AGENT, account=_ACCOUNT)
_ANYBODY: Final = {
    "anyOf": [_of(name, **_AGENT, **{name: _THERE}) for name in ("account", "mbox", "mbox_sha1sum", "openid")]
}

_NUMBER: Final = {"type": "number", "minimum": -1e300, "maximum": 1e300}
_SCORE: Final = _of(scaled={"type": "number", "minimum": -1, "maximum": 1}, raw=_NUMBER, min=_NUMBER, max=_NUMBER)
_ACTIVITIES: Final = _of(**dict.fromkeys(("parent", "grouping", "category", "other"), _THERE))
_CONTEXT: Final = _of(
    registration=UUID_SCHEMA,
    contextActivities=_ACTIVITIES,
    extensions=_EXTENSIONS | {"properties": {f"{xapi.EXTENSIONS}decision": _DECISION}},
    **dict.fromkeys(
        ("instructor", "team", "contextAgents", "contextGroups", "revision", "platform", "language", "statement"),
        _THERE,
    ),
)
_ACTIVITY: Final = _of("id", objectType={"const": "Activity"}, id=_IRI, definition=_OBJECT)
_REFERENCE: Final = _of("objectType", "id", objectType={"const": "StatementRef"}, id=UUID_SCHEMA)


def _statement(verb: _Schema, thing: _Schema, *, actor: _Schema = _LEARNER, success: _Schema | None = None) -> _Schema:
    result = _of(
        score=_SCORE,
        success={"type": "boolean"} | (success or {}),
        completion={"type": "boolean"},
        response={"type": "string"},
        duration=_matching(DURATION.pattern),
        extensions=_EXTENSIONS,
    )
    return _of(
        *("actor", "verb", "object"),
        id=UUID_SCHEMA,
        actor=actor,
        verb=_of("id", id=_IRI | verb, display=_OBJECT),
        object=thing,
        result=result,
        context=_CONTEXT,
        timestamp=_AT,
        version=_VERSION,
        **dict.fromkeys(("stored", "authority", "attachments"), _THERE),
    )


_MEANT: Final = ("answered", "passed", "failed", "experienced", "completed", "voided")
STATEMENT: Final[_Schema] = {
    "anyOf": [
        _statement(_one_of("answered", "experienced", "completed"), _ACTIVITY),
        _statement(_one_of("passed"), _ACTIVITY, success={"const": True}),
        _statement(_one_of("failed"), _ACTIVITY, success={"const": False}),
        _statement(_one_of("voided"), _REFERENCE, actor=_ANYBODY),
        _statement({"not": _one_of(*_MEANT)}, _OBJECT),
    ]
}
STATEMENTS: Final[_Schema] = {
    "anyOf": [STATEMENT, {"type": "array", "items": STATEMENT, "minItems": 1, "maxItems": xapi.MAX_STATEMENTS}]
}
VERSION_HEADER: Final[_Schema] = {
    "name": "X-Experience-API-Version",
    "in": "header",
    "required": True,
    "description": "Of xAPI: 1.0.x or 2.0.x.",
    "schema": {"type": "string", "pattern": r"^[12]\.0(\.|$)", "examples": ["1.0.3"]},
}
EXAMPLE: Final[_Schema] = {
    "id": "6f3c9c1e-0f0e-4c58-9d3b-0c5a9b1d2e3f",
    "timestamp": "2026-03-02T09:14:05Z",
    "actor": {"account": {"homePage": "https://lms.example.org", "name": "p-7f3a"}},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
    "object": {"id": "https://lms.example.org/items/i7"},
    "result": {"success": True, "score": {"scaled": 1.0}, "duration": "PT4M12S"},
}
