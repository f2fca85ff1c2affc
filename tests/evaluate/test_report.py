import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from evaluate.handmade import catalog, log, roles, rollout
from lernpfad.core import Rollout
from lernpfad.evaluate import figures, gallery, ranking
from lernpfad.evaluate.dashboard import standard, verdict
from lernpfad.evaluate.report import Report
from lernpfad.evaluate.results import Results, TracerScores
from lernpfad.evaluate.style import BLUE, ORANGE

LEARNERS, WEEKS = 30, 5


class Page(HTMLParser):
    """Every start tag with its attributes, and whether all of them were closed."""

    VOID = ("meta", "br", "path", "use", "rect", "image")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def world(policy: str, gain: float, seed: int) -> Rollout:
    rng = np.random.default_rng(seed)
    start = np.random.default_rng(9).uniform(0.4, 0.6, LEARNERS)
    fall = np.cumsum(rng.normal(gain, 0.01, (LEARNERS, WEEKS)), axis=1)
    mastery = np.clip(rng.uniform(0, 1, (1, 3, 2)) + 0.05 * np.arange(WEEKS + 1)[:, None, None], 0, 1)
    return rollout(
        np.concatenate([start[:, None], start[:, None] - fall], axis=1),
        np.ones((LEARNERS, WEEKS)),
        policy=policy,
        mastery=mastery,
        watched=np.arange(3),
    )


def everything() -> Results:
    rng = np.random.default_rng(0)
    p = rng.random(40 * 20)
    histories = log([[(int(rng.integers(7)), int(rng.random() < p[20 * j + n])) for n in range(20)] for j in range(40)])
    scored = np.ones(len(histories), dtype=bool)

    class Flat:
        def fit(self, train: object, valid: object = None) -> "Flat":
            return self

        def score(self, histories: object, items: np.ndarray) -> np.ndarray:
            return np.tile(-items.astype(float), (len(histories.learners), 1))  # type: ignore[attr-defined]

    later = histories.position >= 3
    return Results(
        rollouts={
            "wateringcan": world("wateringcan", 0.0, 1),
            "rolecurriculum": world("rolecurriculum", 0.02, 2),
            "debtperminute": world("debtperminute", 0.04, 3),
            "oracle": world("oracle", 0.06, 4),
        },
        roles=roles(),
        catalog=catalog(),
        tracers={"bkt": TracerScores.of(histories, p, scored), "<b>": TracerScores.of(histories, 1 - p, scored)},
        recommenders={"popularity": ranking.evaluate(Flat(), histories, later, ks=(5, 10))},
        training={"dkt": [{"train/loss": 0.7 - 0.01 * e, "valid/auc": 0.6 + 0.01 * e} for e in range(4)]},
        provenance={"command": "lernpfad evaluate", "configuration": "seed: 1\nname: x"},
        resamples=100,
    )


@pytest.fixture(scope="module")
def results() -> Results:
    return everything()


@pytest.fixture(scope="module")
def page(results: Results) -> str:
    return standard(results, title="Report & proof", subtitle="of < 5 weeks").html()


def test_the_page_is_well_formed_and_asks_nothing_of_the_network(page: str) -> None:
    tags = Page(page)
    assert tags.open == []
    assert not {"script", "link", "iframe"} & {tag for tag, _ in tags.tags}
    links = [value for _, one in tags.tags for key, value in one.items() if key in ("src", "href", "xlink:href")]
    assert links
    assert all(value and value.startswith(("#", "data:")) for value in links)
    assert not re.search(r"url\((?!#)", page)


def test_every_figure_is_described_and_captioned(page: str, results: Results) -> None:
    drawn = [one for tag, one in Page(page).tags if tag == "svg"]
    assert len(drawn) == len(gallery.gallery(results)) == 7
    assert all(one["role"] == "img" and len(one["aria-label"] or "") > 30 for one in drawn)
    assert page.count("<figcaption>") == len(drawn)


def test_no_identifier_is_used_twice_and_none_is_missing(page: str) -> None:
    own = re.findall(r' id="([^"]+)"', page)
    assert len(own) == len(set(own))
    assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', page)) <= set(own)


def test_colours_of_figures_follow_the_page(page: str) -> None:
    body = page.split("</style>", 1)[1]
    assert "var(--blue)" in body
    assert "var(--ink)" in body
    assert BLUE not in body
    assert "prefers-color-scheme: dark" in page


def test_what_is_written_is_escaped(page: str) -> None:
    assert "Report &amp; proof" in page
    assert "of &lt; 5 weeks" in page
    assert "<b></th>" not in page
    assert "&lt;b&gt;" in page


def test_the_same_results_give_the_same_bytes(results: Results, page: str) -> None:
    assert standard(results, title="Report & proof", subtitle="of < 5 weeks").html() == page


def test_the_verdict_claims_what_the_intervals_allow(results: Results) -> None:
    text = verdict(results)
    assert text.startswith("Compared with the watering can, debt per minute avoids ")
    assert "it beats role curriculum outside" in text
    twins = dict.fromkeys(("debtperminute", "rolecurriculum"), results.rollouts["debtperminute"])
    level = verdict(Results(rollouts={"wateringcan": results.rollouts["wateringcan"], **twins}, resamples=50))
    assert "It cannot be told apart from role curriculum." in level
    assert "beats" not in level
    nothing = {name: results.rollouts[name] for name in ("wateringcan", "oracle")}
    assert verdict(Results(rollouts=nothing, resamples=50)) == "No policy could be compared."


def test_a_policy_that_is_worse_than_the_reference_is_not_praised() -> None:
    worse = Results(rollouts={"wateringcan": world("w", 0.05, 1), "random": world("r", 0.0, 2)}, resamples=50)
    assert "is worse: it avoids -" in verdict(worse)
    same = Results(rollouts={"wateringcan": world("w", 0.05, 1), "random": world("r", 0.05, 1)}, resamples=50)
    assert "is not surely better: it avoids 0.00" in verdict(same)


def test_sections_without_results_are_left_out(results: Results) -> None:
    assert "<h2>" not in standard(Results()).html()
    only = standard(Results(tracers=results.tracers, resamples=20)).html()
    assert "The tracers" in only
    assert "debt-weeks" not in only
    alone = standard(Results(rollouts={"wateringcan": world("w", 0.0, 1)}, resamples=20)).html()
    assert "<svg" not in alone


def test_a_report_is_written_from_top_to_bottom(tmp_path: Path) -> None:
    figure = figures.scores(
        ["a"], np.ones(1), np.zeros(1), np.full(1, 2.0), colours=[ORANGE], unit="hours", zero="none"
    )
    report = Report("Title").heading("One").text("two").table([{"x": "1", "y": "2"}], caption="c", strong=["1"])
    path = (
        report.table([], caption="nothing")
        .figure(figure, caption="f", alt="described")
        .facts({"k": 1})
        .write(tmp_path / "new" / "report.html")
    )
    text = path.read_text(encoding="utf-8")
    places = [text.index(part) for part in ("One", "two", '<tr class="strong">', "described", "<dt>k</dt>")]
    assert places == sorted(places)
    assert "nothing" not in text


def test_the_typical_learner_stayed_and_fell_by_the_median() -> None:
    debt = [[0.5, 0.1], [0.5, 0.4], [0.5, 0.3], [0.5, 0.2]]
    run = rollout(debt, [[1.0]] * 4, active=[[0, 1, 1, 1]], watched=np.arange(4), mastery=np.zeros((2, 4, 2)))
    assert gallery.typical(run) == 2
    gone = rollout(debt, [[1.0]] * 4, active=[[0, 0, 0, 0]], watched=np.arange(4), mastery=np.zeros((2, 4, 2)))
    assert gallery.typical(gone) == 2


def test_requirements_of_the_heat_map_come_most_wanted_first() -> None:
    run = rollout([[0.5, 0.4]], [[1.0]], watched=np.asarray([0]), mastery=np.zeros((2, 1, 2)))
    level, skills = gallery.required(run, 0, roles(level=(0.4, 0.9), weight=(1.0, 1.0)))
    assert skills.tolist() == [1, 0]
    assert level.tolist() == [[0.9, 0.4]] * 2
    assert gallery.required(run, 0, roles(level=(0.4, 0.9), weight=(1.0, 0.0)))[1].tolist() == [0]


def test_the_band_of_a_mean_narrows_with_learners() -> None:
    rng = np.random.default_rng(0)
    few, many = (figures.mean_band(rng.normal(size=(3, n))) for n in (20, 2000))
    assert (few[1] - few[0] > 5 * (many[1] - many[0])).all()


def test_training_curves_mark_the_best_validation_epoch() -> None:
    epochs = [{"valid/auc": v, "valid/loss": w} for v, w in ((0.6, 0.7), (0.8, 0.5), (0.7, 0.6))]
    figure = figures.training_curves({"dkt": epochs}, {"dkt": BLUE})
    marks = [line.get_xdata().tolist() for axes in figure.axes for line in axes.lines if line.get_marker() == "o"]
    assert marks == [[2], [2]]
