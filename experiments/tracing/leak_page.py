"""leak.md and leak.png from the runs in leak.jsonl; called by leak.py."""

from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from leak import HERE, MODELS, finished, runs

from lernpfad.evaluate.figures import new
from lernpfad.evaluate.style import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = 1
"""The fold of the table and of the figure."""

HEAD = """# What expanded rows do to the AUC

    python experiments/tracing/leak.py

ASSISTments 2009 as AKT's files have it: one row an answer *and skill*, so that an answer to an item of two skills is
two neighbouring rows with the same item and the same outcome. Of all steps from a learner's row to her next one,
{rows} repeat item and outcome; once every answer is one row, {answers} do. Each model is fitted twice with the same
settings (`MODELS` in `leak.py`; nothing was chosen here): on expanded rows, and on answers. Fold {fold}: the
same {learners} learners are tested, the same validate, the same train; whole histories, every row scored once.
Brackets: 95 %, bootstrap of 1,000 over learners, paired for differences. Seed 0. Two cores, no GPU, one thread a fit.
The runs are in `leak.jsonl`; [docs/leaks.md](../../docs/leaks.md) says what to make of it.

![AUC on expanded rows and on answers](leak.png)
"""

FORMS = {
    False: """
## All skills of the item on every row

What `data=akt2009 data.source.expanded=true` reads: {expanded:,} expanded rows, {answers:,} answers.
""",
    True: """
## Each row with its own skill alone

How others read these files. For models that know skills and no items; the answers keep all their skills.
""",
}

HEADER = "model|AUC, expanded rows|AUC, answers|gap|AUC, first rows|AUC, later rows|first rows less answers|gap, folds"

NOTES = """
First rows are the {first:,} rows that begin an answer: the very answers of the third column, predicted by the model
that was fitted on expanded rows. The other {later:,}, the later rows, repeat the answer above under a further skill.
Where every row bears all skills, the rows of an answer are alike, and what the model says of the first is what late
mean fusion gives when the history of every row ends before the answer.

* "Copy the row above" is the item mean, but for an item twice in a row the outcome that it just had. It learns nothing,
  and beats the AUC of every model on answers but DKT's.
* The leak sits in the later rows. On the first ones no model that was fitted on expanded rows is better than the same
  model fitted on answers, and all but SAKT are worse.
* SAKT looks at earlier rows by what is in them, and its question does not know its own place: the row above is nothing
  special to it, and it gains little.
* BKT with all skills on every row puts its guess and slip at their bound: over the skills that share an item with
  another one the medians are {guess} and {slip}, and {honest_guess} and {honest_slip} on answers.
* PFA and BKT know skills alone. Where each row has its own, they cannot tell that an answer is repeated, and gain
  nothing. DKT on skills alone can learn which skill follows which within an answer. AKT's paper (arXiv 2007.12324) has
  .8170 ± .0043 for it on the expanded rows of these files.
* An independent sparse logistic regression found .8238 (Best-LR) on the expanded rows of this fold and .7661 on its
  answers, and .7076 (PFA, own skill) and .7092.

`gap, folds`: mean and sample deviation of the gap over the five folds; empty where one fold alone was run. Bold: the
interval leaves out 0.
"""


def write() -> None:
    done = finished()
    lines = {run.model: done[run.key()] for run in runs() if run.fold == SHOWN and run.key() in done}
    gaps = {
        model: [done[run.key()]["gap"]["auc"] for run in runs() if run.model == model and run.key() in done]
        for model in lines
    }
    if "bkt" not in lines:
        print("no page yet: it wants BKT on fold 1")
        return
    one = lines["bkt"]
    shares = {
        "rows": f"{100 * one['repeated'][0]:.1f} %",
        "answers": f"{100 * one['repeated'][1]:.2f} %".removeprefix("0"),
    }
    parts = [HEAD.format(fold=SHOWN, learners=one["learners"], **shares)]
    for own, title in FORMS.items():
        parts += [title.format(expanded=one["expanded"]["rows"], answers=one["answers"]["rows"])]
        parts += [f"|{HEADER}|", "|---" * len(HEADER.split("|")) + "|"]
        parts += [_row(model, line, gaps[model]) for model, line in lines.items() if MODELS[model].own == own]
    (guess, slip), (honest_guess, honest_slip) = lines["bkt"]["guess_and_slip"]
    doubts = {"guess": guess, "slip": slip, "honest_guess": honest_guess, "honest_slip": honest_slip}
    doubts = {name: _short(value, 2) for name, value in doubts.items()}
    parts += [NOTES.format(first=one["first"]["rows"], later=one["later"]["rows"], **doubts)]
    (HERE / "leak.md").write_text("\n".join(parts))
    drawn(lines).savefig(HERE / "leak.png", dpi=160)


def _row(model: str, line: dict[str, Any], gaps: list[float]) -> str:
    cells = [MODELS[model].label, *(_cell(line[name]) for name in ("expanded", "answers"))]
    cells += [_difference(line["gap"])]
    cells += [_cell(line[name]) for name in ("first", "later")]
    cells += [_difference(line["first_less_answers"])]
    cells += [f"{mean(gaps):+.4f} ± {stdev(gaps):.4f}" if len(gaps) == 5 else ""]
    return f"|{'|'.join(cells)}|".replace("0.", ".")


def _cell(of: dict[str, float]) -> str:
    return f"{of['auc']:.4f} [{of['low']:.4f}, {of['high']:.4f}]"


def _difference(of: dict[str, float]) -> str:
    """Bold where the interval leaves out 0."""
    value = f"{of['auc']:+.4f}"
    if of["low"] > 0 or of["high"] < 0:
        value = f"**{value}**"
    return f"{value} [{of['low']:+.4f}, {of['high']:+.4f}]"


def drawn(lines: dict[str, dict[str, Any]]) -> "Figure":
    """Expanded rows against answers, and by kind of row; a model a line, one form of expanded rows below the other."""
    groups = [[model for model in lines if MODELS[model].own == own] for own in FORMS]
    places, place = {}, 0.0
    for group in groups:
        place -= 1.0  # room for the group's title
        for model in group:
            places[model] = place
            place -= 1.0
    with styled():
        figure, (left, right) = new(1.3 + 0.31 * -place, columns=2, sharey=True, gridspec_kw={"width_ratios": [5, 3]})
        for model, y in places.items():
            _pair(left, lines[model], [("answers", BLUE), ("expanded", ORANGE)], y)
            _pair(right, lines[model], [("first", GREEN), ("later", PURPLE)], y)
            _gap(left, lines[model]["gap"], y)
        left.text(1, -0.2, "gap", transform=left.get_yaxis_transform(), color=MUTED, fontsize=9, ha="right")
        for title, group in zip(
            ("all skills of the item on every row", "its own skill on every row"), groups, strict=True
        ):
            left.text(
                0.01, places[group[0]] + 0.8, title, transform=left.get_yaxis_transform(), color=MUTED, fontsize=9
            )
        left.set_yticks(list(places.values()), [MODELS[model].label for model in places], color=INK)
        left.set_ylim(place + 0.3, 0.5)
        left.set_xlim(0.64, 0.9)
        right.set_xlim(0.57, 1.09)
        left.set_title("Same model, same learners: AUC")
        right.set_title("AUC by kind of expanded row")
        for axes in (left, right):
            axes.grid(visible=True, axis="x")
            axes.grid(visible=False, axis="y")
            axes.spines["left"].set_visible(False)
            axes.xaxis.set_major_formatter(lambda value, _: _short(value, 2))
        left.set_xticks([0.65, 0.7, 0.75, 0.8, 0.85])
        right.set_xticks([0.6, 0.7, 0.8, 0.9, 1.0])
        _key(left, [("one row an answer", BLUE), ("one row an answer and skill", ORANGE)])
        _key(right, [("first of its answer", GREEN), ("later", PURPLE)])
    return figure


def _pair(axes: "Axes", line: dict[str, Any], ends: list[tuple[str, str]], y: float) -> None:
    """Two AUCs with their intervals and a line between them, each with its value on the outer side."""
    values = [line[name] for name, _ in ends]
    axes.plot([one["auc"] for one in values], [y, y], color=MUTED, linewidth=1.2, zorder=1)
    lower = min(values, key=lambda one: one["auc"])
    for one, (_, colour) in zip(values, ends, strict=True):
        axes.plot([one["low"], one["high"]], [y, y], color=colour, linewidth=3.2, alpha=0.3, zorder=2)
        axes.plot([one["auc"]], [y], "o", color=colour, markersize=6, zorder=3)
        axes.annotate(
            _short(one["auc"], 3),
            (min(v["low"] for v in values) if one is lower else max(v["high"] for v in values), y),
            xytext=(-5 if one is lower else 5, 0),
            textcoords="offset points",
            ha="right" if one is lower else "left",
            va="center",
            fontsize=8,
            color=colour,
        )


def _gap(axes: "Axes", gap: dict[str, float], y: float) -> None:
    """The difference at the right edge; grey where its interval holds 0."""
    sure = gap["low"] > 0 or gap["high"] < 0
    sign = "+" if gap["auc"] > 0 else "−"
    axes.annotate(
        sign + _short(abs(gap["auc"]), 3),
        (1, y),
        xycoords=axes.get_yaxis_transform(),
        ha="right",
        va="center",
        fontsize=9,
        color=INK if sure else MUTED,
        fontweight="bold" if sure else "normal",
    )


def _short(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".removeprefix("0")


def _key(axes: "Axes", entries: list[tuple[str, str]]) -> None:
    """Which colour is what, below the axes."""
    from matplotlib.lines import Line2D

    marks = [Line2D([], [], color=colour, marker="o", linewidth=0, markersize=6) for _, colour in entries]
    box = axes.legend(
        marks,
        [label for label, _ in entries],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.09),
        ncols=2,
        frameon=False,
        handletextpad=0.1,
        columnspacing=1.2,
        fontsize=9,
    )
    for text, (_, colour) in zip(box.get_texts(), entries, strict=True):
        text.set_color(colour)
