"""The documents of a bundle say the figures of the run, list what is really stored, and mark what is left open."""

import re
import sqlite3
from contextlib import closing

import pytest

from composing import CONFIGS
from lernpfad.core import ConfigError
from lernpfad.run import judged, papers_people
from lernpfad.run.papers import papers
from lernpfad.serve.bundle import load
from lernpfad.serve.card import INTENDED_USE
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Store
from lernpfad.serve.tables import LEARNER_TABLES
from serve.stack import TRUST, written

COLUMNS = ("learners", "answers", "auc", "accuracy", "log_loss", "ece", "true_positive_rate")
METRICS = {
    "tracer": {"auc": 0.7312, "ece": 0.0214, "log_loss": 0.5513},
    "closed_loop": {"per_hour": 0.0412, "acceptance": 0.613},
    "by role": [
        {"group": "analyst"} | dict(zip(COLUMNS, (12, 340, 0.7021, 0.68, 0.57, 0.031, 0.81), strict=True)),
        {"group": "engineer"} | dict(zip(COLUMNS, (9, 250, 0.7634, 0.71, 0.52, 0.028, 0.86), strict=True)),
    ],
    "calibration": [{"predicted from": 0.6, "to": 0.8, "answers": 210, "predicted": 0.7044, "correct": 0.6921}],
    "robustness": [
        {"world": "main", "per_hour": 0.028, "low": 0.012, "high": 0.052, "normalised": 0.6201},
        {"world": "fast", "per_hour": 0.027, "low": 0.013, "high": 0.049, "normalised": 0.3719},
    ],
}
PROVENANCE = {
    "data": "corporate",
    "data_hash": "ab" * 32,
    "split": "by learner",
    "parts": {"train": {"learners": 34, "rows": 2563}, "test": {"learners": 16, "rows": 1088}},
    "commit": "0123abc",
    "run": "77",
    "versions": {"numpy": "2.4.6"},
    "limits": "Simulated people only.",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("papers") / "bundle"
    settings = {"controller": "Example AG", "retention_months": 24, "legal_basis": None}
    return written(place, metrics=METRICS, provenance=PROVENANCE, papers=papers(settings))


def text(folder, name):
    return (folder / "documents" / f"{name}.md").read_text(encoding="utf-8")


def rows_of(page):
    """Every line of every table, as its cells."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]


def numbers(value):
    if isinstance(value, dict):
        return [one for inner in value.values() for one in numbers(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in numbers(inner)]
    return [value] if isinstance(value, float) else []


def test_the_documents_are_files_of_the_bundle(folder):
    names = {name for name in load(folder, trust=TRUST).manifest.files if name.startswith("documents/")}
    expected = ("data_sheet", "dpia", "risk_register", "technical_file", "works_agreement")
    assert names == {f"documents/{name}.md" for name in expected}


@pytest.mark.parametrize("page", ["model_card.md", "documents/technical_file.md"])
def test_every_figure_of_the_run_is_in_the_card_and_in_the_technical_file(folder, page):
    cells = {cell for row in rows_of((folder / page).read_text(encoding="utf-8")) for cell in row}
    assert len(numbers(METRICS)) == 27
    assert {f"{one:.4g}" for one in numbers(METRICS)} <= cells


def test_the_data_sheet_audits_the_groups(folder):
    rows = rows_of(text(folder, "data_sheet"))
    assert ["analyst", "12", "340", "0.7021", "0.68", "0.57", "0.031", "0.81"] in rows
    assert ["auc", "0.7021", "0.7634", f"{0.7021 / 0.7634:.4g}"] in rows
    assert ["train", "34", "2563"] in rows
    assert "ab" * 32 in text(folder, "data_sheet")


def test_the_risk_register_names_the_worst(folder):
    register = text(folder, "risk_register")
    assert "AUC 0.7021 to 0.7634 by role" in register
    assert "0.3719 of the oracle in fast" in register
    assert "auc 0.7312, ece 0.0214" in register
    assert "0.613 of offers accepted" in register


def test_the_works_agreement_lists_what_a_store_really_has(folder, tmp_path):
    database = Sqlite(tmp_path / "learners.db")
    Store(database)
    database.close()
    with closing(sqlite3.connect(tmp_path / "learners.db")) as found:
        there = {table: [row[1] for row in found.execute(f"PRAGMA table_info({table})")] for table in LEARNER_TABLES}
    listed = {row[0]: row[1].split(", ") for row in rows_of(text(folder, "works_agreement")) if len(row) == 2}
    assert {table: listed[table] for table in there} == there
    assert papers_people.stored().keys() == listed.keys() - {"table", ":--"}


def test_the_works_agreement_lists_every_field_that_can_be_posted_and_answered(folder):
    from lernpfad.serve import schema

    fields = {row[1] for row in rows_of(text(folder, "works_agreement")) if len(row) == 3}
    assert {*schema.PostedInteraction.model_fields, *schema.Wanted.model_fields} <= fields
    assert {*schema.NextItem.model_fields, *schema.SkillProfile.model_fields} <= fields


def test_the_dpia_is_filled_from_the_config_and_says_what_is_left(folder):
    dpia = text(folder, "dpia")
    assert "Example AG" in dpia
    assert ["months after which interactions are erased", "24"] in rows_of(dpia)
    assert len(re.findall(r"\[to be filled in: ", dpia)) == len(papers_people.SETTINGS) - 2
    assert INTENDED_USE in dpia


def test_the_documents_name_the_oversight_that_the_service_has(folder):
    """Each address and command that they name is there, and each way of oversight is named."""
    from lernpfad.run.cli import COMMANDS
    from lernpfad.serve import commands
    from lernpfad.serve.oversight import CONTEST, OVERRIDE, SKIP

    told = "\n".join(text(folder, name) for name in ("technical_file", "dpia", "works_agreement", "risk_register"))
    for way in (OVERRIDE, CONTEST, SKIP, "curriculum", "receipt", "append-only"):
        assert way in text(folder, "technical_file"), way
    named = re.findall(r"lernpfad (serve )?([a-z]+)", told)
    assert {name for serve, name in named if serve} >= {"decisions", "replay", "scrub"}
    for serve, name in named:
        assert name in (commands.COMMANDS if serve else COMMANDS), name
    assert "the fixed curriculum can take over" in text(folder, "dpia")
    assert "The fixed curriculum decides" in text(folder, "risk_register")


def test_the_works_agreement_does_not_hide_that_people_write(folder):
    agreement = text(folder, "works_agreement")
    assert [
        "override, contest, skip",
        "reason",
        "Why, in words. Kept with the decision, and erased with the learner.",
    ] in (rows_of(agreement))
    assert "free text, kept as they were written" in agreement
    assert "no text" not in agreement.lower().replace("no text of learners is read by a model", "")


def test_what_was_not_measured_is_said(tmp_path):
    """Without a matrix the card and the technical file say that nobody knows, and the use that is not meant stays."""
    metrics = {name: value for name, value in METRICS.items() if name != "robustness"}
    facts = PROVENANCE | {"intended_use": "For nurses."}
    written(tmp_path / "bundle", metrics=metrics, provenance=facts, papers=papers({}))
    for name in ("model_card.md", "documents/technical_file.md"):
        page = (tmp_path / "bundle" / name).read_text(encoding="utf-8")
        assert "Not measured: how the policy does in worlds other than" in page
        assert "For nurses." in page
        assert INTENDED_USE in page
    assert "Not measured" not in text_of_measured(tmp_path)


def text_of_measured(tmp_path):
    written(tmp_path / "measured", metrics=METRICS, provenance=PROVENANCE, papers=papers({}))
    return (tmp_path / "measured" / "model_card.md").read_text(encoding="utf-8")


CSV = """world,policy,normalised,per_hour,low,high,normalised_low,normalised_high,p
main,debtperminute,0.62,0.028,0.0127,0.052,0.39,0.82,0.04
main,random,0.1,0.01,0.0,0.02,0.0,0.2,
fast,debtperminute,,0.027,0.013,0.049,,,
"""


def test_the_robustness_rows_are_those_of_the_matrix(tmp_path):
    (tmp_path / "matrix.csv").write_text(CSV)
    rows = judged.robustness(tmp_path / "matrix.csv", "debtperminute")
    assert [row["world"] for row in rows] == ["main", "fast"]
    assert (rows[0]["normalised"], rows[0]["per_hour"], rows[0]["high"]) == (0.62, 0.028, 0.052)
    assert rows[1]["normalised"] is None


def test_the_worst_world_is_a_number_that_a_gate_can_name(tmp_path, company):
    """`promote` has a gate for it: a challenger that is worse where it does worst is refused."""
    from omegaconf import OmegaConf

    from lernpfad.run import store
    from lernpfad.run.gates import Gate, refusals
    from lernpfad.run.stack import Models

    (tmp_path / "matrix.csv").write_text(CSV.replace("main,random,0.1", "hard,debtperminute,0.4"))
    models = Models(store.load(company.at("runs", "bkt"), part="tracer"), None)
    found = judged.tables(models, matrix=str(tmp_path / "matrix.csv"), policy="debtperminute")
    assert found["worst_world"] == {"normalised": 0.4}
    gate = Gate(**OmegaConf.load(CONFIGS / "promote.yaml").gates.worst_world)
    [said] = refusals([gate], found, {"worst_world": {"normalised": 0.3}})
    assert said == "worst_world/normalised is 0.3, the champion's 0.4, allowed is 0.02 worse"


@pytest.mark.parametrize(
    ("content", "policy", "line"),
    [
        (CSV, "debtperminut", r"no policy named 'debtperminut'; did you mean 'debtperminute'"),
        ("world,policy\nmain,x\n", "x", "has no column 'per_hour'"),
        ("", "x", "has no column 'world'"),
        (None, "x", "matrix: no file at"),
    ],
)
def test_another_table_than_a_matrix_is_refused(tmp_path, content, policy, line):
    if content is not None:
        (tmp_path / "matrix.csv").write_text(content)
    with pytest.raises(ConfigError, match=line):
        judged.robustness(tmp_path / "matrix.csv", policy)
