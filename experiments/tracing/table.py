"""README.md of this folder from the runs in results/."""

from statistics import mean, stdev
from typing import Any

from lanes import HERE, MODELS, finished, runs

PUBLISHED: dict[tuple[str, str], tuple[str, float | None]] = {
    ("A", "bkt"): (".7019 (leap-kt, own split)", 0.700),
    ("A", "bkt-forgets"): (".7053 (leap-kt, own split)", 0.700),
    ("A", "dkt"): (".7271 ± .0005 (pyKT)", 0.725),
    ("A", "dktplus"): (".7285 (pyKT)", 0.725),
    ("A", "dkvmn"): (".7227 ± .0004 (pyKT)", 0.720),
    ("A", "deepirt"): (".7197 ± .0011 (leap-kt, own split)", 0.717),
    ("A", "sakt"): (".7114 ± .0003 (pyKT)", 0.708),
    ("A", "saint"): (".7026 (pyKT)", 0.700),
    ("A", "akt"): (".7281 ± .0004 (pyKT)", 0.725),
    ("A", "simplekt"): (".7248 (pyKT)", 0.720),
    ("A", "stablekt"): (".7201 ± .0012 (leap-kt, own split)", 0.717),
    ("B", "pfa"): (".72 (JEDM 2020)", 0.7074),
    ("B", "bestlr"): (".77 (JEDM 2020)", 0.7655),
    ("B", "dkt"): (".75 (JEDM 2020)", 0.75),
    ("B", "sakt"): (".75 (JEDM 2020)", 0.745),
    ("C", "pfa"): (".6233 ± .0032 (an independent fit)", 0.6213),
    ("C", "bestlr"): (".7154 ± .0024 (an independent fit)", 0.7134),
    ("C", "dkt-skills"): (".7263 ± .0054 (AKT 2020)", 0.720),
    ("C", "dkvmn"): (".7073 ± .0044 (AKT 2020)", 0.702),
    ("C", "sakt"): (".6569 ± .0027 (AKT 2020)", None),
    ("C", "akt"): (".7702 ± .0026 (AKT 2020)", 0.760),
}
"""Published AUC and our gate, by lane and model."""

CLASSICAL = ("itemmean", "bkt", "bkt-forgets", "elo", "irt", "pfa", "bestlr")
"""Models whose rounds are not epochs over all rows."""

TITLES = {
    "A": "Lane A: ASSISTments 2015, pyKT's folds, window AUC",
    "B": "Lane B: ASSISTments 2009 with item ids, JEDM 2020, AUC",
    "C": "Lane C: ASSISTments 2017 with item ids, AKT 2020, AUC",
}

PROTOCOL = {
    "A": """
Five folds of 3,055 learners and a fixed test set of 3,818. Chunks of 200 to train and to validate; every test answer
but a learner's first is scored once, from at most 199 earlier ones. Mean and sample deviation over the five folds. One
skill an answer and no item ids, so the item mean is the skill mean, and DKT reads skills only.""",
    "B": """
Fixed training and test learners; 20 % of the training learners, drawn by the seed, validate. Every test answer is
scored once, a learner's first included, from the whole history. Mean and sample deviation over five seeds, which draw
the validation learners, the initial weights and the batches; the item mean and BKT feel them only through the learners
that are left to train.""",
    "C": """
Five folds: fold k is tested, the next one validates, the other three train (1,023 learners). Chunks of 200, the last at
any length; every answer is scored, the first of a chunk included. Mean and sample deviation over five different test
sets, hence the larger spread.""",
}

HEAD = """# Tracers on published protocols

Made by `python experiments/tracing/lanes.py` from the runs in `results/` (a line each: settings, all metrics, seconds,
versions, data hash). AUC is pooled over the scored answers. Seconds are processor seconds of the whole fit on one
thread without a GPU, validation included. Speeds are rows a second: of the fit, for a neural model of one epoch with
its validation, else of the whole fit; and of the trace of the test histories. Settings are those of
`configs/tracer/<model>.yaml` and `configs/trainer/default.yaml`; what differs is in `lanes.py`. They were chosen on
validation learners.
"""

COLUMNS = "model|runs|scored|AUC|accuracy|log loss|RMSE|published AUC|gate|reached|fit, s|fit, rows/s|trace, rows/s"


def write() -> None:
    notes = HERE / "notes.md"
    parts = [HEAD, *(_lane(lane) for lane in MODELS), notes.read_text() if notes.exists() else ""]
    (HERE / "README.md").write_text("\n".join(parts))


def _lane(lane: str) -> str:
    done = finished(lane)
    found = {model: [done[run.key()] for run in runs(lane, model) if run.key() in done] for model in MODELS[lane]}
    lines = [f"## {TITLES[lane]}", PROTOCOL[lane], "", f"|{COLUMNS}|", "|---" * len(COLUMNS.split("|")) + "|"]
    lines += [_row(lane, model, some) for model, some in found.items() if some]
    return "\n".join([*lines, ""])


def _row(lane: str, model: str, found: list[dict[str, Any]]) -> str:
    published, gate = PUBLISHED.get((lane, model), ("", None))
    reached = "" if gate is None else "yes" if mean(line["test"]["auc"] for line in found) >= gate else "**no**"
    cells = [
        model,
        f"{len(found)}",
        f"{found[0]['test']['answers']:,}",
        *(_spread([line["test"][name] for line in found]) for name in ("auc", "accuracy", "log_loss", "rmse")),
        published,
        "" if gate is None else f"{gate:.3f}"[1:],
        reached,
        f"{mean(line['fit_processor_seconds'] for line in found):.2f}",
        _speed(
            [line["train_rows"] * (1 if line["model"] in CLASSICAL else line["epochs"]) for line in found], "fit", found
        ),
        _speed([line["test_rows"] for line in found], "trace", found),
    ]
    return f"|{'|'.join(cells)}|"


def _speed(rows: list[int], what: str, found: list[dict[str, Any]]) -> str:
    """Rows a second, to two digits."""
    speed = sum(rows) / sum(line[f"{what}_processor_seconds"] for line in found)
    digits = 10 ** max(len(str(int(speed))) - 2, 0)
    return f"{round(speed / digits) * digits:,}"


def _spread(values: list[float]) -> str:
    spread = stdev(values) if len(values) > 1 else 0.0
    return f"{mean(values):.4f} ± {spread:.4f}".replace("0.", ".")
