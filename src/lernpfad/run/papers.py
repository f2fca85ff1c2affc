"""The documents beside a model card: data sheet, technical file, risk register, works agreement, DPIA.

Not legal advice. Every figure in them is read off the manifest, so they say what the run found. What only the operator
knows is taken from the config, or marked as left to be filled in.
"""

from collections.abc import Mapping
from typing import Any, Final

from lernpfad.core import Catalog, Roles
from lernpfad.evaluate import tables
from lernpfad.run import papers_people, papers_risk
from lernpfad.run.figures_of import by_group, flat, row_tables, shown
from lernpfad.run.groups import FEWEST, spread
from lernpfad.serve.bundle import Papers
from lernpfad.serve.card import NO_ROBUSTNESS, intended_use, text_limits
from lernpfad.serve.manifest import Manifest

FOLDER: Final = "documents"
_AUDITED: Final = ("auc", "ece", "true_positive_rate")

_OVERSIGHT: Final = """An offer is a proposal with its reason; the learner accepts or declines it, and declining is \
no disadvantage. With a store, `lernpfad serve` also has:

* skip and contest: a learner passes an offer over, or objects to it in her own words; `POST /v1/learners/skip`, \
`contest`;
* override: a person chooses another item than the one offered; `POST /v1/learners/override`;
* the switch: `PUT /v1/curriculum` (key for `admin`), from the next answer on in every replica, and \
`decide=curriculum` at the start: the fixed curriculum of the role decides, without any model;
* the same curriculum answers by itself where a model raises; `lernpfad_fallbacks_total` counts it.

Whatever the curriculum decided says so, and has no estimates. An earlier champion comes back with `lernpfad \
rollback`.
"""

_RECORDS: Final = """Every offer is logged before it is answered, append-only: hash of the history, candidates, \
items with propensity and reason, versions of bundle and policy. Overrides, contests, skips and every switching are \
logged with who (the id of the key), when and why. `lernpfad serve replay` makes each decision of a bundle again \
and compares. Erasure removes a learner's interactions, decisions, interventions, statements and state, and leaves \
a receipt of counts and a hash.
"""


def papers(settings: Mapping[str, Any]) -> Papers:
    """What writes the documents of a bundle. settings: the section `papers` of the config."""

    def written(manifest: Manifest, catalog: Catalog, roles: Roles | None) -> dict[str, str]:
        texts = {
            "data_sheet.md": data_sheet(manifest, catalog, roles),
            "technical_file.md": technical_file(manifest, catalog, roles),
            "risk_register.md": papers_risk.register(manifest),
            "works_agreement.md": papers_people.works_agreement(manifest, settings),
            "dpia.md": papers_people.dpia(manifest, settings),
        }
        return {f"{FOLDER}/{name}": text for name, text in texts.items()}

    return written


def data_sheet(manifest: Manifest, catalog: Catalog, roles: Roles | None) -> str:
    """What the models were fitted and tested on, and how they do by group."""
    facts = manifest.provenance
    parts = [{"part": name, **of} for name, of in (facts.get("parts") or {}).items()]
    return "\n".join(
        [
            "# Data sheet\n",
            f"Data set `{facts.get('data')}`, content hash `{manifest.data_hash}`, divided {facts.get('split')}.\n",
            f"{len(catalog)} items, {len(catalog.skills)} skills, {0 if roles is None else len(roles.names)} roles.\n",
            "## Parts\n",
            tables.markdown(parts) or "The run kept no sizes.",
            "\n## What a row is\n",
            "One offered item and what came of it: a pseudonymous learner, item, accepted or declined, outcome "
            "(correct, wrong, not assessed), minutes, and when. No name, no address, no text that a learner wrote, "
            "no sign of emotion.\n",
            "## Bias audit\n",
            f"Test answers by group. Groups of fewer than {FEWEST} learners are not shown: they are among the others, "
            "together with the smallest shown group where the others would be too few. True-positive rate: share of "
            "correct answers that were predicted as such at .5.\n",
            *_audit(manifest),
        ]
    )


def _audit(manifest: Manifest) -> list[str]:
    lines = []
    for name, rows in by_group(manifest).items():
        lines += [f"### {name[0].upper()}{name[1:]}\n", tables.markdown(shown(rows)), ""]
        found = {metric: spread(rows, metric) for metric in _AUDITED}
        some = [{"metric": metric, **of} for metric, of in found.items() if of is not None]
        lines += [tables.markdown(shown(some)), ""] if some else []
    return lines or ["No table: the run kept no test predictions, or there is one group alone.\n"]


def technical_file(manifest: Manifest, catalog: Catalog, roles: Roles | None) -> str:
    """What an AI Act technical file asks of the system itself; the operator adds what surrounds it."""
    facts = manifest.provenance
    models = [
        {
            "part": part,
            "class": str(of["class"]),
            "precision": (of.get("precision") or {}).get("precision", "as fitted"),
        }
        for part, of in sorted(manifest.models.items())
    ]
    numbers = [{"metric": name, "value": value} for name, value in flat(manifest.metrics)]
    named = [{"library": name, "version": one} for name, one in (facts.get("versions") or {}).items()]
    return "\n".join(
        [
            "# Technical file\n",
            "## Purpose\n",
            *(line + "\n" for line in intended_use(manifest) if line),
            "## What it is made of\n",
            tables.markdown(models) + "\n",
            f"Commit {facts.get('commit')}, run {facts.get('run')}, written {manifest.written} by lernpfad "
            f"{manifest.lernpfad}. Arrays and ONNX graphs, no pickle; every file is listed with its sha256 in "
            "manifest.json and checked when it is loaded.\n",
            tables.markdown(named) + "\n",
            "## Accuracy\n",
            tables.markdown(shown(numbers)) + "\n",
            *[
                line
                for name, rows in row_tables(manifest.metrics).items()
                for line in (f"### {name}\n", tables.markdown(shown(rows)) + "\n")
            ],
            *([] if manifest.metrics.get("robustness") else ["### robustness\n", NO_ROBUSTNESS + "\n"]),
            "## Human oversight\n",
            _OVERSIGHT,
            "## Records\n",
            _RECORDS,
            "## Known limits\n",
            *text_limits(manifest),
            "",
        ]
    )
