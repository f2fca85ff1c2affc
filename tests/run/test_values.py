"""Values of the right type that mean nothing, small sizes, and combinations that are rare: one line, or a result."""

import errno
import json

import pytest

from lernpfad.run import train
from lernpfad.run.explain import explain
from lernpfad.run.record import Record

TINY = ("simulator=tiny", "tracking=none", "weeks=2", "past_weeks=3", "resamples=20")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["simulate", "simulator=tiny", "format=xml"], "no format named 'xml'; there are: csv, parquet"),
        (["simulate", "simulator=tiny", "seed=-1"], "seed is -1, expected at least 0"),
        (["train", "resamples=-1"], "resamples is -1, expected at least 0"),
        (["train", "ranking_history=1"], "ranking_history is 1.0, expected a share between 0 and 1"),
        (["evaluate", "repeats=0", "models.tracer=x"], "repeats is 0, expected at least 1"),
    ],
)
def test_a_value_without_a_meaning_is_refused_before_anything_is_computed(lernpfad, capsys, words, line):
    assert lernpfad(*words, "tracking=none") == 2
    assert capsys.readouterr().err == f"lernpfad: {line}\n"


def test_a_place_that_cannot_be_written_is_one_line(lernpfad, capsys, tmp_path):
    (tmp_path / "taken").write_text("")
    assert lernpfad("train", "tracking=none", f"runs={tmp_path}/taken") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"lernpfad: cannot use '{tmp_path}/taken/train/")
    assert said.count("\n") == 1


def test_a_target_whose_own_import_fails_names_what_is_missing(lernpfad, capsys, tmp_path, monkeypatch, tiny_log):
    (tmp_path / "mine_that_lacks.py").write_text("import not_there")
    monkeypatch.syspath_prepend(tmp_path)
    words = ("train", "data=logs", f"data.folder={tiny_log}", "tracking=none")
    assert lernpfad(*words, "tracer._target_=mine_that_lacks.Tracer") == 2
    assert capsys.readouterr().err.rstrip().endswith("mend its _target_, or install what it imports: not_there")
    assert lernpfad(*words, "tracer._target_=nowhere.Tracer") == 2
    assert capsys.readouterr().err.rstrip().endswith("mend its _target_")


def test_what_the_system_refuses_is_one_line_and_what_we_did_wrong_is_not():
    full = OSError(errno.ENOSPC, "No space left on device", "/runs/model")
    assert explain(full, "train", []) == "cannot use '/runs/model': No space left on device"
    assert explain(FileNotFoundError(errno.ENOENT, "No such file", "/runs/model"), "train", []) is None


def test_nothing_but_an_oracle_has_no_winner(company, capsys):
    with company.command() as lernpfad:
        words = ("models.tracer=runs/bkt", "only=[oracle]", "reference=oracle", "hydra.run.dir=runs/oracle")
        assert lernpfad("evaluate", *TINY, "learners=20", *words) == 0
        found = json.loads(company.at("runs", "oracle", "evaluation.json").read_text())
        assert [row["policy"] for row in found["policies"]] == ["oracle"]
        capsys.readouterr()
        assert lernpfad("export", "tracking=none", "evaluation=runs/oracle") == 2
        assert "no policy to export" in capsys.readouterr().err


def test_an_evaluation_without_a_recommender_is_exported(company):
    with company.command() as lernpfad:
        words = ("models.tracer=runs/bkt", "only=[debtperminute]", "hydra.run.dir=runs/alone")
        assert lernpfad("evaluate", *TINY, "learners=20", *words) == 0
        assert lernpfad("export", "tracking=none", "evaluation=runs/alone", "folder=runs/alone/bundle") == 0
        manifest = json.loads(company.at("runs", "alone", "bundle", "manifest.json").read_text())
    assert set(manifest["models"]) == {"tracer", "policy"}
    assert manifest["metrics"]["closed_loop"]["policy"] in ("debtperminute", "wateringcan")


def test_a_bundle_does_not_show_the_numbers_of_another_policy(company):
    with company.command() as lernpfad:
        words = ("evaluation=runs/evaluate", "policy=legalrandom", "folder=runs/other", "tracking=none")
        assert lernpfad("export", *words) == 0
        manifest = json.loads(company.at("runs", "other", "manifest.json").read_text())
    assert "closed_loop" not in manifest["metrics"]
    assert "auc" in manifest["metrics"]["tracer"]


def test_very_few_histories_are_evaluated_too(company):
    with company.command() as lernpfad:
        words = ("models.tracer=runs/bkt", "only=[random]", "past_weeks=1", "hydra.run.dir=runs/few")
        assert lernpfad("evaluate", *TINY, *words, "learners=5") == 0
        assert company.at("runs", "few", "report.html").is_file()


def test_a_run_that_goes_on_has_the_epochs_from_before(tmp_path):
    place = tmp_path / "tracer_epochs.json"
    first = train.Heard.before(Record(), place)
    for epoch in range(3):
        first(epoch, {"train/loss": 1.0 - epoch / 10})
    later = train.Heard.before(Record(), place)  # stopped within epoch 2, which is done again
    later(2, {"train/loss": 0.5})
    later(3, {"train/loss": 0.4})
    assert [one["train/loss"] for one in later.epochs] == [1.0, 0.9, 0.5, 0.4]
    afresh = train.Heard.before(Record(), place)
    afresh(0, {"train/loss": 2.0})
    assert afresh.epochs == [{"train/loss": 2.0}]


def test_a_resumed_run_keeps_its_learning_curve(lernpfad, tiny_log, tmp_path):
    small = ("tracer=dkt", "trainer=fast", "tracer.network.width=4", "tracer.network.item_width=2")
    words = ("train", "data=logs", f"data.folder={tiny_log}", "resamples=0", "tracking=none", *small)
    assert lernpfad(*words, "trainer.max_epochs=2", "hydra.run.dir=runs/a") == 0
    assert lernpfad(*words, "trainer.max_epochs=3", "resume=runs/a") == 0
    facts = json.loads((tmp_path / "runs" / "a" / "tracer" / "model.json").read_text())["facts"]
    assert len(facts["epochs"]) == 3
