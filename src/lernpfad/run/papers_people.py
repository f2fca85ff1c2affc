"""What is agreed on with those concerned: features and log fields for a works agreement, and a DPIA to be completed."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lernpfad.evaluate import tables
from lernpfad.serve.card import INTENDED_USE
from lernpfad.serve.manifest import Manifest

SETTINGS: Final = {
    "controller": "who is responsible for the processing",
    "contact": "data protection officer",
    "legal_basis": "legal basis (GDPR Art. 6, 88)",
    "recipients": "who receives results",
    "retention_months": "months after which interactions are erased",
    "works_agreement": "works agreement (BetrVG s. 87(1) no. 6)",
}
"""What only the operator knows: settings of the section `papers`, and what they are."""

_NOT_DONE: Final = """* No export of a person's figures to HR roles; figures by group are of 5 people and more.
* No inference of emotions, no voice, no comparison of one employee with another.
* No text of learners is read by a model. What they write when they contest or skip an offer is kept for people.
* No decision on promotion, termination, pay or task allocation rests on an estimate.
"""

_RIGHTS: Final = """* Information (Art. 13): a reason with every offer; data_sheet.md, works_agreement.md.
* Access (Art. 15): `POST /v1/learners/profile` shows what is believed; `lernpfad serve decisions` writes \
interactions, offers and interventions, by pseudonym.
* Rectification (Art. 16): an interaction that was wrong is taken back by an xAPI statement `voided`, and the \
estimates follow.
* Erasure (Art. 17): `DELETE /v1/learners`, with a receipt; on PostgreSQL `lernpfad serve scrub` afterwards takes \
the bytes out of the pages. Backups are the operator's to expire. Models fitted before keep what they learned of \
everybody until they are fitted again, on a log without her (`lernpfad collect`).
* Objection, human intervention (Art. 21, 22): an offer can be declined, skipped or contested, a person can \
override it, and the fixed curriculum can take over from the models for everybody at once. All of it is logged.
"""


def works_agreement(manifest: Manifest, settings: Mapping[str, Any]) -> str:
    """Everything that goes in, comes out, and is stored, read off the code that does it."""
    from lernpfad.serve import oversight_routes, schema
    from lernpfad.serve import stored as kept

    inputs = {
        "interaction": kept.InteractionPost,
        "next items": kept.LearnerItemsRequest,
        "path": kept.LearnerPathRequest,
        "requirement": schema.PostedRequirement,
        "override, contest, skip": oversight_routes.InterventionPost,
        "switch to the curriculum": oversight_routes.SwitchPost,
    }
    outputs = {
        "recommended item": schema.NextItem,
        "step of a path": schema.PathStep,
        "skill": schema.SkillProfile,
        "next items": kept.LearnerItems,
    }
    return "\n".join(
        [
            "# Features and log fields, for a works agreement\n",
            f"Bundle written {manifest.written} by lernpfad {manifest.lernpfad}. Agreement: "
            f"{_given(settings, 'works_agreement')}.\n",
            "## What is read\n",
            tables.markdown(_fields(inputs)) + "\n",
            "From an xAPI statement: actor.account, verb, object.id, result.success, result.duration, timestamp, id "
            "and the decision that offered the item. Nothing else of it is kept.\n",
            "## What is computed and shown\n",
            tables.markdown(_fields(outputs)) + "\n",
            "## What is stored\n",
            tables.markdown([{"table": table, "columns": ", ".join(names)} for table, names in stored().items()])
            + "\n",
            "Ids of learners and interactions are stored as keyed hashes. The reasons of interventions are free text, "
            "kept as they were written. Erasure deletes rows, state, decisions, statements and interventions; a "
            "receipt (counts, a hash, the moment) stays. Nothing goes by its age alone: after the months agreed on, "
            "learners are erased by whoever operates the service. Logs and metrics of the process name no learner.\n",
            "## What is not done\n",
            _NOT_DONE,
        ]
    )


def dpia(manifest: Manifest, settings: Mapping[str, Any]) -> str:
    """A data protection impact assessment (GDPR Art. 35) as far as the configuration can fill it in."""
    facts = manifest.provenance
    known = [{"": what, "given": _given(settings, name)} for name, what in SETTINGS.items()]
    return "\n".join(
        [
            "# Data protection impact assessment\n",
            tables.markdown(known) + "\n",
            "## Processing and purpose\n",
            str(facts.get("intended_use") or INTENDED_USE) + "\n",
            f"Models fitted on `{facts.get('data')}` (hash `{manifest.data_hash}`); tables in service, see "
            f"works_agreement.md: {', '.join(stored())}.\n",
            "## Necessity and proportionality\n",
            "Only what a learner did with an item is read. Left to be assessed: why a milder means does not do.\n",
            "## Risks and measures\n",
            "See risk_register.md: its figures are those of this bundle. Left to be assessed: likelihood and damage.\n",
            "## Rights of those concerned\n",
            _RIGHTS,
            "## What is not done\n",
            _NOT_DONE,
        ]
    )


def stored() -> dict[str, list[str]]:
    """Columns of every table that a store has, by asking a new one."""
    from lernpfad.serve.sqlite import Sqlite
    from lernpfad.serve.tables import prepare

    with tempfile.TemporaryDirectory() as scratch:
        database = Sqlite(Path(scratch) / "empty.db")
        prepare(database)
        query = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
        rows = database.read(lambda on: on.execute(query).fetchall())
        database.close()
    tables_of: dict[str, list[str]] = {}
    for table, column in rows:
        if not str(table).startswith("sqlite_"):
            tables_of.setdefault(str(table), []).append(str(column))
    return tables_of


def _fields(kinds: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"part": part, "field": name, "what it is": str(one.description or "")}
        for part, kind in kinds.items()
        for name, one in kind.model_fields.items()
    ]


def _given(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name)
    return f"[to be filled in: {SETTINGS[name]}]" if value in (None, "") else str(value)
