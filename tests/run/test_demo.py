"""The demo from an empty folder: stages, summary, and a second time when nothing has changed."""

import pytest
import yaml

from lernpfad.run import demo

SMALLER = {
    "learners: 1000, weeks: 26": "learners: 60, weeks: 5",
    "learners: 200\n      past_weeks: 8\n      weeks: 16": "learners: 30\n      past_weeks: 2\n      weeks: 2",
    "simulator=corporate": "simulator=tiny",
    "max_epochs=8": "max_epochs=1",
}


@pytest.mark.slow
def test_the_demo_ends_with_what_it_promises_and_skips_what_has_not_changed(lernpfad, tmp_path, capfd):
    demo.prepare(tmp_path)
    stages = (tmp_path / "dvc.yaml").read_text()
    for full, small in SMALLER.items():
        assert full in stages
        stages = stages.replace(full, small)
    (tmp_path / "dvc.yaml").write_text(stages)
    assert lernpfad("demo") == 0
    first = capfd.readouterr().out
    table = [line.split()[0] for line in first[first.index("Which policy") :].splitlines() if line[:1].isalpha()]
    assert {"wateringcan", "rolecurriculum", "debtperminute", "oracle"} <= set(table)
    assert "95 % interval" in first
    assert "next items for learner-" in first
    assert "Her path at 8 minutes a sitting; learning debt now" in first
    assert "Ausgewählt" in first
    for place in ("MLflow run", "runs/demo/evaluate/report.html", "runs/demo/bundle, version"):
        assert place in first
    assert (tmp_path / "runs" / "demo" / "evaluate" / "report.html").is_file()

    assert lernpfad("demo") == 0
    second = capfd.readouterr().out
    assert second.count("didn't change, skipping") == 6
    assert "Running stage" not in second
    assert second[second.index("Which policy") :] == first[first.index("Which policy") :]


def test_outside_of_a_checkout_a_stage_depends_on_files_and_not_on_what_python_caches(tmp_path):
    demo.prepare(tmp_path)
    spec = yaml.safe_load((tmp_path / "dvc.yaml").read_text())
    sources = {one for stage in spec["stages"].values() for one in stage.get("do", stage)["deps"] if "sources" in one}
    assert "${sources}/tracing/bkt_kernels.py" in sources
    assert all(one.endswith(".py") for one in sources)


def test_another_pipeline_is_left_alone(lernpfad, tmp_path, capsys):
    (tmp_path / "dvc.yaml").write_text("stages: {mine: {cmd: 'true'}}\n")
    assert lernpfad("demo") == 2
    assert "holds another pipeline; run lernpfad demo in an empty folder" in capsys.readouterr().err
    assert not (tmp_path / ".dvc").exists()


def test_a_stage_that_fails_is_said_in_the_end(lernpfad, tmp_path, capfd):
    (tmp_path / "dvc.yaml").write_text("stages: {mine: {cmd: 'lernpfad simulate weeks=x'}}\n")
    assert lernpfad("demo") == 2
    said = capfd.readouterr().err
    assert "Error merging override weeks=x" in said
    assert said.rstrip().endswith("lernpfad: a stage of the demo failed; its own message is above")
    assert "Traceback" not in said
