"""Champion and challenger are compared only where both were measured alike, whatever part a gate looks at."""

import copy
import json
import shutil

import pytest
from omegaconf import OmegaConf

from lernpfad.run import conditions, promote, store
from run.released import MATRIX, MEASURED, OTHERS, Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """One store for all tests here; each uses a model name of its own."""
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def promoted(lernpfad, shop, capsys):
    """`lernpfad promote` of the challenger of that name: exit code and what was said on stderr."""

    def run(name, *words):
        capsys.readouterr()
        code = lernpfad("promote", f"name={name}", "why=try", *words, *shop.words)
        return code, capsys.readouterr().err

    return run


def changed(part, **other):
    """How everything was measured, but one part."""
    every = copy.deepcopy(MEASURED)
    every[part] |= other
    return every


@pytest.mark.parametrize(
    ("part", "other", "gates", "said", "remedy"),
    [
        (
            "tracer",
            {"data_hash": "cd" * 6},
            "gate auc",
            "data_hash is cdcdcdcdcdcd, the champion's abababababab",
            "train",
        ),
        (
            "recommender",
            {"test": "9 learners"},
            "gate ndcg",
            "test is 9 learners, the champion's 16 learners, ",
            "train",
        ),
        (
            *("recommender", {"ranking": {"history": 0.9, "targets": "all", "mask_seen": True, "ties": "middle"}}),
            *("gate ndcg", "ranking.history is 0.9, the champion's 0.5", "train both on"),
        ),
        (
            "closed_loop",
            {"world": "Corporate 9"},
            "gate closed_loop",
            "world is Corporate 9, the champion's ",
            "evaluate",
        ),
        ("closed_loop", {"weeks": 52}, "gate closed_loop", "weeks is 52, the champion's 26", "evaluate both in"),
        ("worst_world", {"worlds": {"main": "0123"}}, "gate worst_world", "worlds.fast is None, the champion's", "run"),
        ("worst_world", {"oracles": "none"}, "gate worst_world", "oracles is none, the champion's Oracle 0123", "run"),
    ],
)
def test_a_better_figure_that_was_measured_otherwise_is_refused(shop, promoted, part, other, gates, said, remedy):
    name = f"apart-{part}-{'-'.join(other)}"
    shop.registered(name, others=OTHERS)
    shop.registered(name, auc=0.9, others=OTHERS, measured=changed(part, **other))
    code, line = promoted(name)
    assert code == 2
    start = f"lernpfad: version 2 of '{name}' is not promoted over version 1: {gates}: "
    assert line.startswith(f"{start}{part} was not measured alike ({said}")
    assert f"); {remedy}" in line
    assert line.endswith("and export again; or say across_data=true\n")
    assert line.count("\n") == 1
    assert shop.aliases(name) == {"champion": "1", "challenger": "2"}


def test_the_same_conditions_are_compared_and_others_if_one_says_so(shop, promoted, monkeypatch):
    shop.registered("alike", others=OTHERS)
    shop.registered("alike", others=OTHERS)
    assert promoted("alike")[0] == 0
    shop.registered("alike", auc=0.6, others=OTHERS, measured=changed("closed_loop", seed=1))
    told = []
    monkeypatch.setattr(promote.log, "warning", lambda line, *words: told.append(line % words))
    code, said = promoted("alike", "across_data=true")
    assert code == 2
    assert "tracer/auc is 0.6" in said  # the gates are still there
    assert told[0].startswith("compared all the same: gate closed_loop: closed_loop was not measured alike (seed is 1")
    assert promoted("alike", "across_data=true", "gates.auc.tolerance=0.2")[0] == 0
    assert shop.aliases("alike") == {"champion": "3"}


def test_only_the_gates_that_compare_something_need_it(shop, promoted):
    shop.registered("few")
    shop.registered("few", others=OTHERS, measured=changed("closed_loop", weeks=52))  # the champion has no such figure
    assert promoted("few")[0] == 0
    shop.registered("few", others=OTHERS)
    assert promoted("few", "~gates.closed_loop")[0] == 0


@pytest.mark.parametrize(
    ("measured", "lacks"),
    [
        (None, "; export it again, from a lernpfad train"),
        ({"tracer": None}, "; export it again, from a lernpfad train"),
        ({"tracer": {}}, "; export it again, from a lernpfad train"),
        ({"tracer": MEASURED["tracer"] | {"data": None, "data_hash": None}}, " (no data, data_hash); export it again"),
        ({"tracer": {"data": "planted", "split": "by learner"}}, " (no data_hash, test); export it again"),
    ],
)
def test_two_that_say_nothing_are_not_alike(shop, promoted, measured, lacks):
    name = f"silent-{len(list(shop.home.iterdir()))}"
    shop.registered(name, measured=measured)
    shop.registered(name, auc=0.9, measured=measured)
    code, said = promoted(name)
    assert code == 2
    assert f"gate auc: version 1 does not say how its tracer was measured{lacks}" in said
    assert said.count("\n") == 1
    assert promoted(name, "across_data=true")[0] == 0


def test_a_gate_of_a_part_that_nothing_records_wants_to_be_told(shop, promoted):
    for _ in range(2):
        shop.registered("own", others={"mine": {"cost": 1.0}})
    words = ("+gates.cost={metric: mine/cost, better: lower}",)
    code, said = promoted("own", *words)
    assert code == 2
    assert "gate cost: version 1 does not say how its mine was measured; or say across_data=true" in said
    assert promoted("own", *words, "across_data=true")[0] == 0


@pytest.fixture
def released(company, shop, capsys):
    """Export a bundle of the company as the new version of a name, and promote it: exit code and stderr."""

    def run(name, *words):
        folder = f"folder={shop.home}/{name}-{len(list(shop.home.iterdir()))}"
        with company.command() as lernpfad:
            assert lernpfad("export", *words, folder, f"register={name}", *shop.words) == 0
            capsys.readouterr()
            code = lernpfad("promote", f"name={name}", "why=try", *shop.words)
        return code, capsys.readouterr().err

    return run


def measured_of(company, evaluation):
    return json.loads(company.at("runs", evaluation, "evaluation.json").read_text())["measured"]


def test_a_challenger_of_an_easier_world_is_refused_and_one_of_the_same_is_not(company, released):
    with company.command() as lernpfad:
        words = ("evaluate", "tracking=none", "progress=false", "simulator=tiny", "learners=60", "past_weeks=3")
        models = ("models.tracer=runs/bkt", "models.recommender=runs/als", "weeks=3", "resamples=0")
        few = ("only=[random,debtperminute,oracle]", "simulator.growth=0.9")
        assert lernpfad(*words, *models, *few, "hydra.run.dir=runs/easier") == 0
    assert released("worlds", "evaluation=runs/evaluate")[0] == 2  # it is champion already
    assert released("worlds", "evaluation=runs/evaluate")[0] == 0
    code, said = released("worlds", "evaluation=runs/easier")
    before, now = measured_of(company, "evaluate"), measured_of(company, "easier")
    assert {name for name in now if now[name] != before[name]} == {"world"}
    assert code == 2
    different = f"world is {now['world']}, the champion's {before['world']}"
    assert f"gate closed_loop: closed_loop was not measured alike ({different}); evaluate both in" in said


def test_a_recommender_of_another_split_is_refused(company, released):
    with company.command() as lernpfad:
        words = ("train", "tracking=none", "tracer=null", "recommender=als", "resamples=0")
        assert lernpfad(*words, "data.split.seed=5", "hydra.run.dir=runs/als-elsewhere") == 0
    stack = ("models.tracer=runs/bkt", "policy=debtperminute")
    released("splits", *stack, "models.recommender=runs/als")
    code, said = released("splits", *stack, "models.recommender=runs/als-elsewhere")
    assert code == 2
    assert "gate ndcg: recommender was not measured alike (split is " in said
    assert "; test is " in said
    assert "gate auc" not in said  # the tracer is the same


def matrix(folder, share, measured):
    """A small matrix.csv with its record, if it has one."""
    folder.mkdir()
    names = ("per_hour", "low", "high", "normalised", "normalised_low", "normalised_high")
    rows = [",".join(("world", "policy", *names)), *(f"{world},mine{f',{share}' * 6}" for world in MATRIX["worlds"])]
    (folder / "matrix.csv").write_text("\n".join(rows) + "\n")
    if measured is not None:
        conditions.keep_matrix(folder / "matrix.csv", measured)
    return f"matrix={folder}/matrix.csv"


def test_a_matrix_of_fewer_worlds_or_without_its_record_is_refused(released, tmp_path):
    stack = ("models.tracer=runs/bkt", "policy=debtperminute", "matrix_policy=mine")
    released("matrices", *stack, matrix(tmp_path / "first", 0.5, MATRIX))
    code, said = released("matrices", *stack, matrix(tmp_path / "bare", 0.6, None))
    assert code == 2
    assert "gate worst_world: version 2 does not say how its worst_world was measured; export it again" in said
    code, said = released("matrices", *stack, matrix(tmp_path / "fewer", 0.9, MATRIX | {"worlds": {"main": "0123"}}))
    assert code == 2
    assert "gate worst_world: worst_world was not measured alike (worlds.fast is None, the champion's 4567)" in said
    assert released("matrices", *stack, matrix(tmp_path / "same", 0.6, MATRIX))[0] == 0


def test_a_run_that_kept_no_manifest_of_its_split_has_no_test_part(company, tmp_path):
    whole = conditions.of_model(store.load(company.at("runs", "als"), part="recommender"), ranks=True)
    assert None not in whole.values()
    assert set(whole["ranking"]) == {"history", "targets", "mask_seen", "ties"}
    shutil.copytree(company.at("runs", "als", "recommender"), tmp_path / "recommender")
    bare = conditions.of_model(store.load(tmp_path, part="recommender"), ranks=True)
    assert bare == whole | {"test": None, "ranking": None}


class Odd:
    """A world that cannot be told from others of its class."""

    def __init__(self, part):
        self.part = part or self


@pytest.mark.parametrize("part", [object(), None])
def test_a_world_without_content_of_its_own_is_nobodys(part):
    sizes = dict.fromkeys(("seed", "learners", "repeats", "past_weeks", "weeks", "rest"), 1)
    policies = {
        "reference": "none",
        "past_policy": {"_target_": "a.Past"},
        "policies": {"none": {"_target_": "a.None"}},
    }
    found = conditions.of_closed_loop(OmegaConf.create(sizes | policies), Odd(part))
    assert [name for name, value in found.items() if value is None] == ["world"]
