"""How the command ends: 0, one line and 2 for a mistake, one line and 130 after Ctrl-C, else a traceback."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lernpfad import __version__
from lernpfad.core import DataError
from lernpfad.run import cli


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What went to stderr, which must be a single line."""
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    assert "Traceback" not in said
    return said.strip()


def test_help_names_every_command(lernpfad, capsys):
    assert lernpfad("--help") == 0
    said = capsys.readouterr().out
    assert all(f"\n  {command} " in said for command in cli.COMMANDS)


def test_it_is_a_module_too(tmp_path):
    command = [sys.executable, "-m", "lernpfad", "trian"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == cli.REFUSED
    assert done.stderr == "lernpfad: no command named 'trian'; did you mean 'train'?\n"


def test_version(lernpfad, capsys):
    assert lernpfad("--version") == 0
    assert capsys.readouterr().out == f"lernpfad {__version__}\n"


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_a_command_whose_extra_is_not_installed_names_the_extra(lernpfad, capsys, monkeypatch, command):
    for module in cli.MARKS.values():
        monkeypatch.setitem(sys.modules, module, None)  # as if it were not there
    assert lernpfad(command) == 2
    extra = {"serve": "serve", "score": "batch"}.get(command, "research")
    line = f"lernpfad: {command} needs the extra '{extra}', not installed here: pip install 'lernpfad[{extra}]'"
    assert one_line(capsys) == line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["trian"], "lernpfad: no command named 'trian'; did you mean 'train'?"),
        (["train", "tracer=bkd"], "lernpfad: no tracer named 'bkd'; did you mean 'bkt'?"),
        (["train", "data=assist2105"], "lernpfad: no data named 'assist2105'; did you mean 'assist2015'?"),
        (["train", "sede=1"], "lernpfad: no setting of train named 'sede'; did you mean 'seed'?"),
        (["train", "tracr=bkt"], "lernpfad: no setting of train named 'tracr'; did you mean 'tracer'?"),
        (
            ["train", "tracer=bkt", "tracer.tolerence=1"],
            "lernpfad: no setting of train named 'tracer.tolerence'; did you mean 'tracer.tolerance'?",
        ),
        (
            ["train", "tracer=dkt", "tracer.network={width: 8, depth: 2}"],
            "lernpfad: 'tracer.network' has no 'depth'; a new one is added with +tracer.network.depth=...",
        ),
        (["train", "hydra.foo=1"], "lernpfad: Could not override 'hydra.foo'."),
        (["train", "--mutlirun"], "lernpfad: unrecognized arguments: --mutlirun; see lernpfad --help"),
        (["train", "seed=["], "lernpfad: cannot read 'seed=[': no viable alternative at input '['"),
        (["train", "tracer=null"], "lernpfad: nothing to train: choose tracer=..., recommender=... or both"),
        (["train", "data=logs", "data.folder=/nowhere"], "lernpfad: no data set at '/nowhere'; see data/README.md"),
        (
            ["train", "data=assist2015", "data.root=/nowhere"],
            "lernpfad: data.root '/nowhere' has no pykt_assist2015; see data/README.md, "
            "or set data.root or LERNPFAD_DATA to where it is",
        ),
        (["train", "--experimental-rerun", "x.pkl"], "lernpfad: --experimental-rerun loads a pickle"),
        (["train", "resume=runs/older"], "lernpfad: no run folder at 'runs/older': the folder 'runs' does not exist"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(lernpfad, capsys, words, line):
    assert lernpfad(*words) == cli.REFUSED
    assert one_line(capsys).startswith(line)


@pytest.mark.parametrize(
    "word",
    [
        "tracking.uri=https://me:hunter2@mlflow.example.org",
        "+tracking.uri=postgresql://me:hunter2@host/mlflow",
        "tracking.uri='postgresql://host/mlflow?user=me&password=hunter2'",
    ],
)
def test_a_password_is_refused_before_anything_is_written(lernpfad, capsys, tmp_path, monkeypatch, word):
    monkeypatch.chdir(tmp_path)
    assert lernpfad("train", "tracer=bkt", word) == cli.REFUSED
    said = one_line(capsys)
    assert said.startswith("lernpfad: tracking.uri holds a password, and settings are written down; give it in MLFLOW")
    assert "hunter2" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_password_from_the_environment_is_refused_as_well(lernpfad, capsys, tmp_path, monkeypatch, tiny_log):
    """Hydra's dump keeps the name of the variable; ours would hold what is in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ELSEWHERE", "postgresql://me:hunter2@host/mlflow")
    data = ("data=logs", f"data.folder={tiny_log}", "hydra.run.dir=run")
    assert lernpfad("train", "tracer=itemmean", *data, "tracking.uri=${oc.env:ELSEWHERE}") == cli.REFUSED
    assert "tracking.uri holds a password" in one_line(capsys)
    assert not [one for one in tmp_path.rglob("*") if one.is_file() and b"hunter2" in one.read_bytes()]


def test_a_value_of_the_wrong_type_is_named(lernpfad, capsys):
    assert lernpfad("train", "seed=many") == cli.REFUSED
    assert "seed=many" in one_line(capsys)


def test_a_mistake_ends_a_multirun(lernpfad, capsys):
    assert lernpfad("train", "data=logs", "data.folder=/nowhere", "seed=1,2", "-m") == cli.REFUSED
    said = capsys.readouterr()
    assert said.err == "lernpfad: no data set at '/nowhere'; see data/README.md\n"
    assert "#1" not in said.out


def test_a_mistake_inside_a_constructor_is_one_line_too(lernpfad, capsys, tiny_log):
    words = ["train", "data=logs", f"data.folder={tiny_log}", "data.split.folds=1", "tracking=none"]
    assert lernpfad(*words) == cli.REFUSED
    assert one_line(capsys).startswith("lernpfad: ByLearner: fold 0 of 1")


def test_a_target_that_is_not_there_and_an_argument_that_is_not_taken(lernpfad, capsys, tiny_log):
    words = ["train", "data=logs", f"data.folder={tiny_log}", "tracking=none"]
    assert lernpfad(*words, "tracer._target_=lernpfad.tracing.bkt.BKD") == cli.REFUSED
    assert "tracer: nothing to import at 'lernpfad.tracing.bkt.BKD'" in one_line(capsys)
    assert lernpfad(*words, "+tracer.width=3") == cli.REFUSED
    assert "tracer: BKT got an unexpected keyword argument 'width'" in one_line(capsys)


def test_ctrl_c_is_one_line_and_130(monkeypatch, capsys):
    def interrupted(words):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_dispatch", interrupted)
    assert cli.main(["train"]) == cli.INTERRUPTED
    assert one_line(capsys) == "lernpfad: interrupted"


def test_lightning_turning_ctrl_c_into_an_exit_changes_nothing(monkeypatch, capsys):
    def interrupted(words):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            sys.exit(1)

    monkeypatch.setattr(cli, "_dispatch", interrupted)
    assert cli.main(["train"]) == cli.INTERRUPTED
    assert one_line(capsys) == "lernpfad: interrupted"


def test_what_nobody_foresaw_keeps_its_traceback(lernpfad, tiny_log, monkeypatch):
    from lernpfad.run import measure

    monkeypatch.setattr(measure, "tracing", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lernpfad("train", "data=logs", f"data.folder={tiny_log}", "tracking=none")


def test_an_error_on_purpose_from_anywhere_is_one_line(lernpfad, tiny_log, monkeypatch, capsys):
    from lernpfad.run import measure

    def refuse(*_):
        raise DataError("row 7: no such thing")

    monkeypatch.setattr(measure, "tracing", refuse)
    assert lernpfad("train", "data=logs", f"data.folder={tiny_log}", "tracking=none") == cli.REFUSED
    assert one_line(capsys) == "lernpfad: row 7: no such thing"


def test_hydra_shows_its_config_and_help_as_its_users_know(lernpfad, capsys, tmp_path: Path):
    assert lernpfad("train", "tracer=itemmean", "--cfg", "job") == 0
    assert "_target_: lernpfad.tracing.itemmean.ItemMean" in capsys.readouterr().out
    with pytest.raises(SystemExit) as end:
        lernpfad("train", "--help")
    assert end.value.code == 0
    assert re.search(r"^tracer: .*\bbkt, ", capsys.readouterr().out, re.MULTILINE)
    assert not list(tmp_path.iterdir())


def test_another_config_folder_adds_its_choices(lernpfad, capsys, tmp_path: Path):
    (tmp_path / "mine" / "tracer").mkdir(parents=True)
    (tmp_path / "mine" / "tracer" / "own.yaml").write_text("_target_: lernpfad.tracing.itemmean.ItemMean\n")
    assert lernpfad("train", "tracer=own", "--config-dir", "mine", "--cfg", "job", "-p", "tracer") == 0
    assert "_target_: lernpfad.tracing.itemmean.ItemMean" in capsys.readouterr().out
    assert lernpfad("train", "tracer=onw", "--config-dir", "mine") == cli.REFUSED
    assert one_line(capsys) == "lernpfad: no tracer named 'onw'; did you mean 'own'?"
