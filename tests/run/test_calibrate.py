"""`lernpfad calibrate`: what it computes from given statistics, and the command on a tiny world."""

import json

import pytest

from lernpfad.run import calibration_page
from lernpfad.simulate.calibration import OBSERVED, ON_THE_DAY, USUALLY, Column, result
from lernpfad.simulate.gates import GATES
from lernpfad.simulate.publiclogs import PUBLIC_LOGS

FACTS = {"world": "w", "command": "lernpfad calibrate", "policy": "p", "learners": "2", "weeks": "1", "seeds": "0 1"}
SPANISH, STATICS = dict(PUBLIC_LOGS["Spanish"]), dict(PUBLIC_LOGS["Statics 2011"])
CURVE = {f"correct at opportunity {k}": 0.5 for k in range(1, 9)}
STEPS = [
    {ON_THE_DAY: 0.80, USUALLY: 0.75, "DKT": 0.70, "item mean": 0.65},
    {ON_THE_DAY: 0.78, USUALLY: 0.74, "DKT": 0.60, "item mean": 0.64},
]


def column(**changes):
    return Column("a", [SPANISH | CURVE, STATICS | CURVE | changes], STEPS)


def test_a_gate_passes_if_every_seed_does():
    assert all(column().passed.values())
    toy = column(correct=0.95)
    assert [name for name, passed in toy.passed.items() if not passed] == ["correct"]
    assert result([column(), toy], {})["failed"] == ["correct (a)"]


def test_headroom_is_over_the_best_tracer_of_each_seed():
    found = column().headroom
    assert found[f"{ON_THE_DAY} minus best tracer"] == pytest.approx([0.10, 0.14])
    assert found[f"{USUALLY} minus best tracer"] == pytest.approx([0.05, 0.10])
    assert Column("b", [SPANISH]).headroom == {}


def test_the_page_says_which_gates_fail_and_carries_every_figure():
    columns = [column(correct=0.95)]
    text = calibration_page.markdown(columns, {"mine": SPANISH | CURVE}, FACTS)
    assert f"a: {len(GATES) - 1} of {len(GATES)} gates passed, failed: correct." in text
    assert "| correct | 0.851 (0.751 to 0.950) | 0.751 | 0.63 to 0.79 | fail |" in text
    assert "| true probability on the day minus best tracer | 0.120 (0.100 to 0.140) | 0.02 to 0.06 | fail |" in text
    page, drawn = calibration_page.page(columns, {}, FACTS)
    assert set(drawn) == {"gates", "curve", "ladder"}
    assert page.html().count("<svg") == 3
    assert "http" not in page.html().split("</style>")[1].replace("http://www.w3.org/", "")


WORDS = ("calibrate", "simulator=tiny", "learners=40", "weeks=4", "tracking=none", "hydra.run.dir=out", "seeds=[0,1]")


def test_the_command_writes_numbers_table_and_page(lernpfad, tmp_path):
    words = ("blocks=[.5]", "~tracers.dkt", "~tracers.bkt", "~tracers.elo")
    assert lernpfad(*WORDS, *words) == 0
    found = json.loads((tmp_path / "out" / "calibration.json").read_text())
    (one,) = found["columns"]
    assert one["name"] == "block 0.5"
    assert len(one["statistics"]) == len(one["ladder"]) == 2
    assert set(one["ladder"][0]) == {ON_THE_DAY, USUALLY, OBSERVED, "item mean"}
    assert one["ladder"][0][ON_THE_DAY] > one["ladder"][0]["item mean"]
    assert one["statistics"][0] != one["statistics"][1]
    assert "<svg" in (tmp_path / "out" / "report.html").read_text()
    assert (tmp_path / "out" / "calibration.md").read_text().startswith("# Calibration of the world tiny")


def test_a_strict_command_ends_with_the_gates_that_fail(lernpfad, tmp_path, capsys):
    words = ("ladder=false", "blocks=[.75]", "strict=true")
    assert lernpfad(*WORDS, *words) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("lernpfad: ")
    assert "gates failed: " in said
    assert "Gini of skills (block 0.75)" in said
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_policy_without_block_rate_is_told(lernpfad, capsys):
    assert lernpfad(*WORDS, "policy=random", "ladder=false") == 2
    assert "policy random has no block rate to set; give blocks=null" in capsys.readouterr().err
    assert lernpfad(*WORDS, "policy=random", "ladder=false", "blocks=null") == 0


def test_seeds_name_populations(lernpfad, capsys):
    assert lernpfad("calibrate", "seeds=[]") == 2
    assert "seeds is [], expected populations named by numbers from 0" in capsys.readouterr().err


def test_a_log_beside_them_is_measured(lernpfad, tmp_path, tiny_log):
    words = ("ladder=false", "blocks=null", "data=logs", "data.name=tiny", f"data.folder={tiny_log}")
    assert lernpfad(*WORDS, *words) == 0
    found = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert found["beside"]["tiny"]["answers"] == 1200
