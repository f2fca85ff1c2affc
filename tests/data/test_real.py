"""The published logs, by the numbers that their protocols state. Skipped where the logs are not at hand."""

import time
from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import Array, LawBroken
from lernpfad.core.laws.data import check_sequences
from lernpfad.data import Dataset, Split
from lernpfad.data.build import prepare
from lernpfad.data.sources import akt, itemsequence, jedm, pykt
from lernpfad.data.split import ByLearner, ByTime, LeaveLastOut, Published
from lernpfad.data.windows import Windowed, chunks

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def assist2015(real_data: Path) -> Dataset:
    return pykt.read(real_data / "pykt_assist2015")


@pytest.fixture(scope="module")
def assist09(real_data: Path) -> Dataset:
    return jedm.read(real_data / "jedm_assistments09")


@pytest.mark.slow
def test_every_configured_source_has_the_checksums_it_states(real_data: Path, configs: Path) -> None:
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    sizes = {}
    for file in sorted((configs / "data").glob("*.yaml")):
        config = OmegaConf.load(file)
        config.root = str(real_data)
        if not config.source.get("sha256"):
            continue
        composed = OmegaConf.create({"data": config})
        dataset, _ = prepare(instantiate(composed.data.source), instantiate(composed.data.split))
        assert file.stem.startswith(dataset.name)  # assist17_by_time is assist17, divided otherwise
        check_sequences(dataset.sequences, name=file.stem)
        sizes[file.stem] = (len(dataset.sequences.learners), len(dataset.sequences))
    assert sizes == {
        "akt2009": (4_151, 274_590),
        "akt2017": (1_705, 941_502),
        "assist09": (3_114, 278_336),
        "assist17": (342, 90_586),
        "assist17_by_time": (342, 90_586),
        "assist2015": (19_093, 682_797),
        "fsrs_josh": (1, 12_580),
        "ml1m": (6_040, 999_602),
        "mooccubex": (97_722, 1_182_745),
        "mooccubex_last": (97_722, 1_182_745),
        "mooccubex_last_published": (97_722, 1_182_745),
        "mooccubex_strong": (97_722, 1_182_745),
    }


def test_assist2015_is_as_published(assist2015: Dataset) -> None:
    logs, fold = assist2015.sequences, assist2015.learner["fold"]
    assert np.bincount(fold + 1).tolist() == [3_818, 3_055, 3_055, 3_055, 3_055, 3_055]
    assert len(logs.select(fold >= 0)) == 544_339
    assert len(logs.select(fold < 0)) == 138_458
    assert len(assist2015.catalog) == len(assist2015.catalog.skills) == 100
    assert round(float(logs.select(fold >= 0).outcome.mean()), 3) == 0.733
    assert round(float(logs.select(fold < 0).outcome.mean()), 4) == 0.7305


def test_assist2015_is_read_fast(real_data: Path) -> None:
    start = time.process_time()
    pykt.read(real_data / "pykt_assist2015")
    assert time.process_time() - start < 3


def test_assist2015_windows_are_those_of_the_protocol(assist2015: Dataset) -> None:
    logs, fold = assist2015.sequences, assist2015.learner["fold"]
    learned = logs.select(fold >= 0)
    cut = chunks(learned)
    assert (len(cut.learners), len(learned) - len(cut)) == (15_426, 8)
    sliding = Windowed(Published(fold=0))(assist2015)
    assert (len(sliding.test.learners), int(sliding.test_scored.sum())) == (6_102, 134_640)
    chunk = Windowed(Published(fold=0), test="chunk")(assist2015)
    assert (len(chunk.test.learners), int(chunk.test_scored.sum())) == (3_866, 134_592)
    assert len(sliding.train.learners) + len(sliding.valid.learners) == 15_426
    scored = np.stack([sliding.test.extra[name][sliding.test_scored] for name in ("learner", "position")])
    assert len(np.unique(scored, axis=1).T) == 134_640
    assert scored[1].min() == 1


def test_assist09_is_as_published(assist09: Dataset) -> None:
    part = assist09.learner["part"]
    assert (part == "train").sum() == 2_491
    assert len(assist09.sequences.select(part == "train")) == 220_070
    assert (len(assist09.catalog), len(assist09.catalog.skills)) == (17_708, 123)
    assert assist09.catalog.item_skills.shape[1] == 4
    assert round((assist09.catalog.item_skills >= 0).sum() / len(assist09.catalog), 2) == 1.20
    assert len({tuple(row) for row in assist09.catalog.item_skills.tolist()}) == 149


def test_assist09_scores_every_test_answer(assist09: Dataset) -> None:
    split = Published()(assist09)
    assert int(split.test_scored.sum()) == len(split.test) == 58_266
    unseen = ~np.isin(split.test.item, assist09.sequences.select(assist09.learner["part"] == "train").item)
    assert len(np.unique(split.test.item[unseen])) == 369
    windowed = Windowed(Published(), score_first=True)(assist09)
    assert int(windowed.test_scored.sum()) == 58_266


def test_assist17_by_time_is_as_stated(real_data: Path) -> None:
    dataset = jedm.read(real_data / "jedm_assistments17_single_attempt")
    split = ByTime(test_quantile=0.8, valid_quantile=0.8)(dataset)
    assert (len(split.train), int(split.test_scored.sum())) == (72_469, 18_117)
    assert len(split.test.learners) == 188
    assert len(set(split.test.learners.tolist()) - set(split.train.learners.tolist())) == 2
    unseen = ~np.isin(split.test.item[split.test_scored], split.train.item)
    assert round(float(unseen.mean()), 3) == 0.064


def test_akt2017_scores_the_published_fifths(real_data: Path) -> None:
    dataset = akt.read(real_data / "akt_assist2017_pid", expanded=True)
    sizes = []
    for fold in range(1, 6):
        split = Windowed(Published(fold=fold), minimum=1, score_first=True, test="chunk")(dataset)
        assert len(np.unique(split.train.extra["learner"])) == 1_023
        sizes.append(int(split.test_scored.sum()))
    assert sizes == [204_110, 192_064, 179_427, 183_373, 182_528]
    assert round(float(dataset.sequences.outcome.mean()), 4) == 0.3726
    assert (len(dataset.catalog), len(dataset.catalog.skills)) == (3_162, 102)


def test_akt2009_collapses_to_its_answers(real_data: Path) -> None:
    folder = real_data / "akt_assist2009_pid"
    answers, rows = akt.read(folder), akt.read(folder, expanded=True)
    tested = answers.learner["fold"] > 0
    assert (tested.sum(), (~tested).sum()) == (4_150, 1)
    kept = answers.sequences.select(tested)
    assert len(kept) == 274_561
    assert len(rows.sequences.select(tested)) == 325_589
    skills = (answers.catalog.item_skills >= 0).sum(axis=1)[kept.item]
    assert round(float((skills > 1).mean()), 3) == 0.170
    assert round(float(skills.mean()), 2) == 1.19
    with pytest.raises(LawBroken, match="come as one row per skill"):
        check_sequences(rows.sequences)
    split = Published(fold=1)(answers)
    assert (len(split.train.learners), len(split.test)) == (2_491, 52_003)


def popularity_hits(split: Split, *, at: int) -> float:
    """HR@k of popularity, everything seen masked, ties at mid-rank: a check on the split by a published number."""
    counts = np.bincount(split.train.item, minlength=len(split.train.catalog)).astype(float)
    history, target = split.test.where(~split.test_scored), split.test.item[split.test_scored]
    ranks = np.empty(len(target))
    for j, one in enumerate(target):
        score: Array = counts.copy()
        score[history.item[history.offsets[j] : history.offsets[j + 1]]] = -1
        ranks[j] = 1 + (score > counts[one]).sum() + ((score == counts[one]).sum() - 1) / 2
    return float((ranks <= at).mean())


def test_mooccubex_leave_last_out_gives_the_published_popularity(real_data: Path) -> None:
    dataset = itemsequence.read(real_data / "mooccubex-enrolments", "sequences.txt")
    assert len(dataset.catalog) == 3_321
    _, split = prepare(dataset, LeaveLastOut(validate=False, sample=10_000))
    assert len(split.train) == 1_182_745 - 97_722
    assert round(popularity_hits(split, at=10), 4) == 0.0621
    assert round(popularity_hits(split, at=20), 4) == 0.1031


def test_ml1m_leave_last_out_gives_the_published_popularity(real_data: Path) -> None:
    dataset = itemsequence.read(real_data / "ml-1m-sasrec", "ml-1m.txt")
    assert len(dataset.catalog) == 3_416
    _, split = prepare(dataset, LeaveLastOut())
    assert len(split.test.learners) == 6_040
    assert round(popularity_hits(split, at=10), 4) == 0.0369


def test_house_split_holds_out_a_fifth_of_the_learners(assist2015: Dataset) -> None:
    _, split = prepare(assist2015, ByLearner())
    shares = [
        len(part.learners) / len(assist2015.sequences.learners) for part in (split.train, split.valid, split.test)
    ]
    np.testing.assert_allclose(shares, [0.64, 0.16, 0.20], atol=0.01)
