"""Scored in bulk is what is served, whatever the files, the chunks, the interruptions and the machine."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lernpfad.core import ConfigError, DataError, Sequences
from lernpfad.run import scoring
from lernpfad.run.histories import Chunk
from lernpfad.run.score import main, parse
from lernpfad.run.scoring import Scorer, Wanted
from lernpfad.serve.bundle import Bundle
from serve.stack import DAY, START, catalog, histories, posted
from serve.web import client, small_bundle

LEAN = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "pandas", "lightning", "hydra", "mlflow", "scipy", "sklearn", "ray"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
sys.path.insert(0, {tests!r})
from lernpfad.run.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("score"))


def columns(logs: Sequences) -> dict[str, Any]:
    known = np.where(logs.item >= 0, logs.item, 0)
    return {
        "learner": [str(logs.learners[j]) for j in logs.owner],
        "item": [str(one) for one in logs.catalog.items[known]],
        "time": logs.time,
        "accepted": logs.accepted,
        "outcome": logs.outcome,
        "minutes": logs.minutes.astype(float),
    }


def written(path: Path, logs: Sequences, *, group: int = 7, **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns(logs) | more), path, row_group_size=group)
    return path


def words(bundle: Bundle, folder: Path, **more: object) -> list[str]:
    given = {"bundle": bundle.folder, "learners": folder / "in" / "*.parquet", "out": folder / "out", "trust": "serve"}
    return [f"{name}={value}" for name, value in (given | more).items()]


def test_what_is_scored_is_what_is_served(bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows that end in the middle of a learner, chunks of three, an unknown item; against the service, one by one."""
    logs = histories(catalog(), learners=11, rows=9)
    strange = columns(logs)["item"]
    strange[4] = "unheard-of"
    written(tmp_path / "in" / "a.parquet", logs, item=strange, role=["engineer"] * 50 + [""] * 49)
    main(words(bundle, tmp_path, k=4, together=3, minutes=6, at=START + 60 * DAY))
    assert capsys.readouterr().out == f"{tmp_path / 'out' / 'a.parquet'}: 11 learners, scored\n"
    rows = pq.read_table(tmp_path / "out" / "a.parquet").to_pylist()
    with client(bundle) as web:
        for j in range(11):
            history = posted(logs, j)
            if j == 0:
                history[4]["item"] = "unheard-of"
            body = {"history": history, "k": 4, "minutes": 6.0, "at": START + 60 * DAY}
            role = {"role": "engineer"} if j < 5 else {}  # the role of her last row
            served = web.post("/v1/next-items", json=body | role).json()
            mine = [row for row in rows if row["learner"] == f"l{j}"]
            assert [row["item"] for row in mine] == [one["item"] for one in served["items"]]
            assert [row["place"] for row in mine] == list(range(len(mine)))
            for row, one in zip(mine, served["items"], strict=True):
                for name in ("propensity", "success", "debt_reduction", "affinity"):
                    assert row[name] == pytest.approx(one[name], rel=1e-6)
                assert (row["reason"], row["at"]) == (one["reason"], served["at"])
            assert mine[0]["debt"] == pytest.approx(served["debt"], rel=1e-6)


@pytest.mark.parametrize("group", [1, 10, 1_000])
@pytest.mark.parametrize("together", [1, 4, 64])
def test_neither_row_groups_nor_chunks_matter(bundle: Bundle, tmp_path: Path, group: int, together: int) -> None:
    logs = histories(catalog(), learners=9, rows=6, seed=2)
    found = {}
    for name, settings in (("mine", (group, together)), ("plain", (54, 9))):
        source = written(tmp_path / name / "x.parquet", logs, group=settings[0])
        Scorer(bundle, Wanted(together=settings[1])).score(source, tmp_path / f"{name}.parquet")
        found[name] = pq.read_table(tmp_path / f"{name}.parquet")
    assert found["mine"].num_rows == 45
    assert found["mine"].select(["learner", "item", "reason"]) == found["plain"].select(["learner", "item", "reason"])


def test_begun_again_it_goes_on(bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b", "c"):
        written(tmp_path / "in" / f"{name}.parquet", histories(catalog(), learners=3, seed=ord(name)))
    main(words(bundle, tmp_path))
    before = (tmp_path / "out" / "a.parquet").read_bytes()
    (tmp_path / "out" / "b.parquet").unlink()
    (tmp_path / "out" / "c.parquet").write_bytes(before[:-9])  # cut off
    capsys.readouterr()
    main(words(bundle, tmp_path))
    assert [line.split(", ")[1] for line in capsys.readouterr().out.splitlines()] == [
        "was there already",
        "scored",
        "scored",
    ]
    assert (tmp_path / "out" / "a.parquet").read_bytes() == before
    written(tmp_path / "in" / "b.parquet", histories(catalog(), learners=4, seed=9))
    main(words(bundle, tmp_path))
    assert [line.split(", ")[1] for line in capsys.readouterr().out.splitlines()][1] == "scored"
    main(words(bundle, tmp_path, k=2))
    assert "was there already" not in capsys.readouterr().out
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["a.parquet", "b.parquet", "c.parquet"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"time": [START, START - 1, START]}, r"row 1: time is before that of the row above"),
        ({"time": [START, float("nan"), START]}, r"row 1: time is no finite number"),
        ({"outcome": [1, 0, 2]}, r"row 2: outcome is not 1 \(correct\), 0 \(wrong\) or -1"),
        ({"accepted": [False, True, True]}, r"row 0: a declined offer has an outcome"),
        ({"learner": ["a", "b", "a"]}, r"rows of a learner do not follow each other"),
        ({"learner": ["a", None, "a"]}, r"column 'learner' has empty cells"),
        ({"time": ["now", "then", "never"]}, r"column 'time' holds no double"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_written(
    bundle: Bundle, tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    table = {"learner": ["a"] * 3, "item": ["i1"] * 3, "time": [START] * 3, "outcome": [1, 0, 1]}
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table(table | changed), tmp_path / "in" / "x.parquet")
    with pytest.raises(DataError, match=rf"x\.parquet.*{message}"):
        main(words(bundle, tmp_path))
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_no_table_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="is no Parquet file that can be read"):
        main(words(bundle, tmp_path))
    pq.write_table(pa.table({"learner": ["a"], "item": ["i1"]}), tmp_path / "in" / "x.parquet")
    with pytest.raises(DataError, match="no column 'time'"):
        main(words(bundle, tmp_path))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["bundle=b", "out=o"], "score needs learners="),
        (["budnle=b"], "no score setting named 'budnle'; did you mean 'bundle'?"),
        (["logs/b.parquet"], "quote a pattern"),
        (["k=0"], "k=0: expected a whole number from 1 to 1000"),
        (["minutes=-1"], "minutes=-1: expected a number that is not negative"),
        (["engine=rya"], "no engine named 'rya'; did you mean 'ray'?"),
    ],
)
def test_a_wrong_word_is_one_line(given: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(given)
    assert message in str(refused.value)


def test_files_that_would_be_one_output_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    for folder in ("x", "y"):
        written(tmp_path / "in" / folder / "a.parquet", histories(catalog(), learners=1))
    with pytest.raises(ConfigError, match=r"would both be written to a\.parquet; rename one"):
        main(words(bundle, tmp_path, learners=tmp_path / "in" / "**" / "*.parquet"))
    with pytest.raises(ConfigError, match=r"no role named 'analist'; did you mean 'analyst'\?"):
        main(words(bundle, tmp_path, learners=tmp_path / "in" / "x" / "*.parquet", role="analist"))


def test_what_is_read_is_never_written_over(bundle: Bundle, tmp_path: Path) -> None:
    source = tmp_path / "logs" / "a.parquet"
    written(source, histories(catalog(), learners=1))
    before = source.read_bytes()
    for out in (source.parent, source.parent / ".." / "logs"):
        with pytest.raises(ConfigError, match=r"holds a\.parquet, which is to be read; give a folder of its own"):
            main(words(bundle, tmp_path, learners=source.parent / "*.parquet", out=out))
    assert source.read_bytes() == before


def test_memory_does_not_grow_with_the_file(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held at once: the largest chunk and the rows that wait, for a file of 40 and of 400 learners."""
    monkeypatch.setattr(scoring, "_GROUP", 50)
    largest = {}
    for learners in (40, 400):
        source = written(tmp_path / f"{learners}.parquet", histories(catalog(), learners=learners, rows=5), group=100)
        scorer = Scorer(bundle, Wanted(together=8))
        held: list[int] = []
        rows = scorer.rows

        def seen(chunk: Chunk, rows: Any = rows, held: list[int] = held) -> Any:
            held.append(len(chunk.histories))
            return rows(chunk)

        monkeypatch.setattr(scorer, "rows", seen)
        scorer.score(source, tmp_path / f"out-{learners}.parquet")
        groups = pq.ParquetFile(tmp_path / f"out-{learners}.parquet").metadata
        largest[learners] = (max(held), max(groups.row_group(n).num_rows for n in range(groups.num_row_groups)))
    assert largest[40] == largest[400] == (40, 80)


def test_it_needs_nothing_beyond_serving_and_pyarrow(bundle: Bundle, tmp_path: Path) -> None:
    written(tmp_path / "in" / "a.parquet", histories(catalog(), learners=2))
    program = tmp_path / "program.py"
    program.write_text(LEAN.format(tests=str(Path(__file__).parents[1])))
    command = [sys.executable, str(program), "score", *words(bundle, tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(": 2 learners, scored\n")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.skipif(find_spec("ray") is None, reason="the extra 'ray' is not installed")
def test_spread_by_ray_the_results_are_the_same_to_the_last_byte(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))  # its processes load the bundle's classes too
    for name in ("a", "b", "c"):
        written(tmp_path / "in" / f"{name}.parquet", histories(catalog(), learners=5, seed=ord(name)))
    main(words(bundle, tmp_path))
    main(words(bundle, tmp_path, out=tmp_path / "spread", engine="ray"))
    for one in sorted((tmp_path / "out").iterdir()):
        assert (tmp_path / "spread" / one.name).read_bytes() == one.read_bytes()
