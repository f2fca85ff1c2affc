"""The risk register: what can go wrong, what this bundle's figures say of it, and what is done about it."""

from lernpfad.evaluate import tables
from lernpfad.run.figures_of import by_group, figure, row_tables
from lernpfad.run.gates import number
from lernpfad.run.groups import spread
from lernpfad.serve.manifest import Manifest

_NOT_MEASURED = "not measured"


def register(manifest: Manifest) -> str:
    """A row for each risk: AI Act, Art. 9. The operator assesses likelihood and damage in the place of use."""
    rows = [
        {"risk": risk, "figures of this bundle": figures, "what is done": done, "assessed by operator": ""}
        for risk, figures, done in _risks(manifest)
    ]
    told = "Figures are those of manifest.json. The last column is for the operator: likelihood, damage, residual risk."
    return f"# Risk register\n\n{told}\n\n{tables.markdown(rows)}\n"


def _risks(manifest: Manifest) -> list[tuple[str, str, str]]:
    return [
        ("Mastery is estimated wrongly", _accuracy(manifest), "Calibration in the model card; gates before promotion"),
        ("Some groups are served worse", _widest(manifest), "Bias audit in the data sheet; look before each release"),
        ("The policy fails where the world differs", _worst(manifest), "Robustness matrix; rollback to the champion"),
        ("Scores are used to judge people", "no figure", "Intended use; groups of 5 and more; works agreement"),
        ("A learner is identified", "no figure", "Ids as keyed hashes; erasure with receipt; no id in logs"),
        ("Learners stop deciding", _acceptance(manifest), "Reasons shown; decline, skip, contest, override"),
        ("The model or its service fails", "no figure", "The fixed curriculum decides, by itself or by the switch"),
        ("A decision cannot be explained later", "no figure", "Append-only decision log; lernpfad serve replay"),
        ("A changed bundle is served", "sha256 of every file", "The loader refuses it and names the file"),
        ("A smaller precision changes answers", _precision(manifest), "Measured; refused beyond the allowed loss"),
        (
            "The data no longer fit",
            f"data hash {str(manifest.data_hash)[:12]}",
            "No alarm of its own: watch fallbacks and acceptance; lernpfad collect, retrain; gates before promotion",
        ),
    ]


def _accuracy(manifest: Manifest) -> str:
    found = {name: number(manifest.metrics, f"tracer/{name}") for name in ("auc", "ece")}
    return ", ".join(f"{name} {figure(value)}" for name, value in found.items() if value is not None) or _NOT_MEASURED


def _widest(manifest: Manifest) -> str:
    spreads = {name: spread(rows, "auc") for name, rows in by_group(manifest).items()}
    known = {name: of for name, of in spreads.items() if of is not None}
    if not known:
        return _NOT_MEASURED
    name = min(known, key=lambda one: known[one]["ratio"])
    least, most = (figure(known[name][end]) for end in ("least", "most"))
    return f"AUC {least} to {most} by {name}"


def _worst(manifest: Manifest) -> str:
    rows = [row for row in row_tables(manifest.metrics).get("robustness", []) if row["normalised"] is not None]
    if not rows:
        return _NOT_MEASURED
    worst = min(rows, key=lambda row: float(row["normalised"]))
    return f"{figure(worst['normalised'])} of the oracle in {worst['world']}"


def _acceptance(manifest: Manifest) -> str:
    found = number(manifest.metrics, "closed_loop/acceptance")
    return _NOT_MEASURED if found is None else f"{figure(found)} of offers accepted in simulation"


def _precision(manifest: Manifest) -> str:
    parts = {part: of["precision"] for part, of in manifest.models.items() if "precision" in of}
    lost = [f"{name} {figure(value)} lost" for of in parts.values() for name, value in of["lost"].items()]
    return ", ".join(lost) or "float32 throughout"
