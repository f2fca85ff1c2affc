"""Every YAML in configs/ composes, names things that exist, and gives them exactly what they take."""

import ast
import inspect
from pathlib import Path

import pytest

from architecture import sources
from composing import CONFIGS, composed, names

OF_WHOLE_RUNS = ("experiment", "scenario", "suite", "sweep")
GROUPS = sorted(path.name for path in CONFIGS.iterdir() if path.is_dir() and path.name not in OF_WHOLE_RUNS)
PARTS = [(group, name) for group in GROUPS for name in names(group)]
MODELS = [(group, name) for group, name in PARTS if group in ("tracer", "recommender", "policy", "simulator")]
EXPERIMENTS = names("experiment")
HYDRA_S = {"_target_", "_partial_", "_convert_", "_recursive_", "_args_"}


def roots():
    from lernpfad.run.schema import SCHEMAS

    return [name for name in SCHEMAS if (CONFIGS / f"{name}.yaml").exists()]


def whole(command, *words):
    """The config of a command with overrides, as Hydra composes it."""
    from hydra import compose, initialize_config_dir

    from lernpfad.run import resolvers, schema

    resolvers.register()
    schema.register()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        return compose(config_name=command, overrides=list(words))


def calls(config, where=""):
    """Every `_target_` in a composed config with its settings, and where it stands."""
    from omegaconf import OmegaConf

    plain = config if isinstance(config, (dict, list)) else OmegaConf.to_container(config, resolve=False)
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain)
    if isinstance(plain, dict) and "_target_" in plain:
        yield where or "at the top", plain["_target_"], plain
    for key, value in inner:
        if isinstance(value, (dict, list)):
            yield from calls(value, f"{where}.{key}" if where else str(key))


def mistakes(config):
    """What does not fit between the targets of a config and what it gives them."""
    from hydra.utils import get_object

    wrong = []
    for where, target, given in calls(config):
        parameters = inspect.signature(get_object(target)).parameters
        kinds = {one.kind for one in parameters.values()}
        keys = set(given) - HYDRA_S
        if inspect.Parameter.VAR_KEYWORD not in kinds and not keys <= set(parameters):
            wrong.append(f"{where}: {target} takes no {sorted(keys - set(parameters))}")
        needed = {name for name, one in parameters.items() if one.default is one.empty and one.kind not in (2, 4)}
        if not given.get("_partial_") and not needed <= keys:
            wrong.append(f"{where}: {target} needs {sorted(needed - keys)}")
    return wrong


def model_of(config):
    """The class that a YAML is about: the network of a neural model, else the target itself."""
    return config["network"]["_target_"] if "network" in config else config["_target_"]


@pytest.mark.parametrize(("group", "name"), PARTS, ids=[f"{group}-{name}" for group, name in PARTS])
def test_a_part_composes_and_fits_its_target(group, name):
    config = composed(group, name)
    assert "_target_" in config or any(calls(config))
    assert mistakes(config) == []


@pytest.mark.parametrize(("group", "name"), MODELS, ids=[f"{group}-{name}" for group, name in MODELS])
def test_stem_of_yaml_is_stem_of_file_is_class_in_lower_case(group, name):
    """A YAML may also be a variant of something (legalrandom is Legal of Random); then it must not take its name."""
    *_, module, kind = model_of(composed(group, name)).split(".")
    assert (module == name) == (kind.lower() == name)


@pytest.mark.parametrize("package", ["tracing", "collaborative"])
def test_every_model_has_a_yaml(package):
    """What has none would be held to no law."""
    group = {"tracing": "tracer", "collaborative": "recommender"}[package]
    targets = {model_of(composed(group, name)).rsplit(".", 1)[0] for name in names(group)}
    every = [one for one in sources(CONFIGS.parent / "src") if one.package == package]
    files = [one for one in every if one.fits or one.walks]
    assert files
    extended = {ast.unparse(base).split(".")[-1] for one in every for kind in one.classes for base in kind.bases}
    # what others are built upon (PFA and Best-LR on CountRegression) is held to the laws through them
    assert {one.module for one in files if not extended & {kind.name for kind in one.classes}} <= targets


@pytest.mark.parametrize("command", roots())
def test_a_command_composes_with_its_defaults(command):
    assert mistakes(whole(command)) == []


@pytest.mark.parametrize("name", names("tracer"))
def test_train_composes_with_every_tracer(name):
    config = whole("train", f"tracer={name}")
    assert model_of(config.tracer) == model_of(composed("tracer", name))
    assert mistakes(config) == []


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_composes_with_a_command(name):
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    wrong = {}
    for command in roots():  # most are trainings, which come first
        try:
            wrong[command] = mistakes(whole(command, f"experiment={name}"))
        except (HydraException, OmegaConfBaseException) as problem:
            wrong[command] = [str(problem)]
        if not wrong[command]:
            return
    pytest.fail(f"no command takes experiment={name}: {wrong}")


def test_no_yaml_is_left_out():
    """Every file in configs/ is one of the above, or the base that the commands share."""
    known = {Path(group) / f"{name}.yaml" for group in (*GROUPS, *OF_WHOLE_RUNS) for name in names(group)}
    known |= {Path(f"{name}.yaml") for name in (*roots(), "base", "serve")}
    assert {path.relative_to(CONFIGS) for path in CONFIGS.rglob("*.yaml")} <= known


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"_target_": "lernpfad.tracing.itemmean.ItemMean", "smooth": 1}, "takes no ['smooth']"),
        ({"inner": [{"_target_": "lernpfad.policy.combine.Legal"}]}, "inner.0: lernpfad.policy.combine.Legal needs"),
    ],
)
def test_a_setting_that_does_not_fit_is_seen(fault, words):
    assert [words in line for line in mistakes(fault)] == [True]


def test_a_target_that_does_not_exist_is_seen():
    with pytest.raises(ImportError, match="Skat"):
        mistakes({"_target_": "lernpfad.tracing.itemmean.Skat"})


@pytest.mark.parametrize("tracer", ["stack", "calibrated"])
def test_a_member_is_another_tracer_by_an_override(tracer):
    """As the header of the YAML says."""
    config = whole("train", f"tracer={tracer}", "tracer@tracer.members.dkt=elo")
    assert config.tracer.members.dkt._target_ == "lernpfad.tracing.elo.Elo"


def test_a_stack_takes_one_more_member():
    config = whole("train", "tracer=stack", "+tracer@tracer.members.elo=elo")
    assert list(config.tracer.members) == ["bkt", "dkt", "elo"]
