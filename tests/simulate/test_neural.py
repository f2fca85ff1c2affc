"""World S5: the folded networks say what the networks say, and items have the counterparts of the rule."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from composing import neural_world
from lernpfad.core import CORRECT, NOT_ASSESSED, WRONG, Catalog, ConfigError, Interactions
from lernpfad.simulate import Corporate, ensemble
from lernpfad.simulate.calendar import START
from lernpfad.simulate.counterparts import counterparts
from lernpfad.simulate.ensemble import Counterparts, Member, Source
from lernpfad.simulate.knowledge import ease
from lernpfad.simulate.neural import Neural
from simulate.small import people, world

LEARNERS = 20
NOW = np.full(LEARNERS, START)


def of_networks(**changes: int) -> Corporate:
    return world(form_sd=0.0, psychology=partial(Neural, folder=neural_world(), **changes))


def seen(item: np.ndarray, outcome: int) -> Interactions:
    one = np.ones(len(item))
    return Interactions(item, np.full(len(item), outcome, dtype=np.int8), one.astype(bool), one, START * one)


@pytest.mark.parametrize("inputs", ["both", "skills", "items"])
def test_a_folded_network_says_what_the_network_says(inputs: str) -> None:
    """The tables of numpy against DKT in torch, over a few answers, for items of one and two skills and of none."""
    torch = pytest.importorskip("torch")
    from lernpfad.tracing.dkt import DKT

    torch.manual_seed(0)
    skills = np.array([[0, -1], [1, 2], [2, -1], [-1, -1]])
    network = DKT(items=4, skills=3, item_skills=skills, inputs=inputs, width=6, item_width=5).eval()
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    weights = {name: one.detach().numpy() for name, one in network.named_parameters()}
    member = Member.of(weights, Counterparts(np.arange(4), skills))
    state, hidden, cell = network.start(1), np.zeros((1, 6)), np.zeros((1, 6))
    for item, outcome in ((0, 1), (1, 0), (3, 1), (2, 1), (1, 1)):
        with torch.inference_mode():
            state = network.step(state, torch.tensor([item]), torch.tensor([outcome]))
            asked = network.score(state, torch.arange(4)[None]).numpy()
        hidden, cell = member.step(member.entry[[item], [outcome]] + hidden @ member.own, cell)
        np.testing.assert_allclose(hidden @ member.weight.T + member.bias, asked, rtol=1e-4, atol=1e-5)
    light = member.light()
    assert light.weight.dtype == np.float32


def test_counterparts_by_hand() -> None:
    """Skill b has most items and gets real skill 1, which has most answers; easy items become easy real ones."""
    catalog = Catalog.of(["i0", "i1", "i2", "i3"], ["a", "b"], [[1], [1], [0], [1, 0]])
    traits = world().traits
    hard = np.array([2.0, -1.0, 0.0, 0.5], dtype=np.float32)
    traits = replace(traits, skill_level=np.zeros(2, dtype=np.float32), difficulty=hard)
    source = Source(
        skills=3,
        item_skills=np.array([[1], [1], [1], [0], [1]]),
        answers=np.array([50, 40, 30, 60, 9]),
        right=np.array([0.5, 0.9, 0.1, 0.7, 0.95]),
    )
    found = counterparts(catalog, traits, source)
    assert found.item.tolist() == [2, 1, 3, 0]
    assert found.skills.tolist() == [[1, -1], [1, -1], [0, -1], [1, 0]]


def test_counterparts_keep_the_order_of_difficulty() -> None:
    of = world()
    _, source = ensemble.read(neural_world())
    found = counterparts(of.catalog, of.traits, source)
    easy = ease(of.catalog, of.traits)
    for skill in range(len(of.catalog.skills)):
        mine = np.flatnonzero(of.catalog.item_skills[:, 0] == skill)
        right = source.right[found.item[mine[np.argsort(-easy[mine])]]]
        assert (np.diff(right) <= 0).all()
        assert len(set(found.skills[mine, 0])) == 1


def test_success_and_mastery_are_means_over_the_members() -> None:
    of = of_networks()
    state = people(of, LEARNERS)
    hidden = state.mind["hidden"]
    items = np.broadcast_to(np.arange(40), (LEARNERS, 40))
    members = of._psychology.members
    each = [1 / (1 + np.exp(-(hidden[:, e] @ m.weight.T + m.bias))) for e, m in enumerate(members)]
    np.testing.assert_allclose(of.success(state, items, NOW), np.mean(each, axis=0), rtol=1e-9)
    single = int(np.argmin(of.catalog.incidence.sum(axis=0)))
    mine = np.flatnonzero(of.catalog.incidence[:, single])
    if len(mine) <= 8:
        low, high = np.mean(each, axis=0)[:, mine].min(axis=1), np.mean(each, axis=0)[:, mine].max(axis=1)
        known = of.mastery(state, NOW)[:, single]
        assert ((known >= low - 1e-9) & (known <= high + 1e-9)).all()


def test_people_differ_before_anything_is_taught_and_their_past_makes_it() -> None:
    assert np.ptp(of_networks(past=0).mastery(people(of_networks(past=0), LEARNERS), NOW), axis=0).max() == 0.0
    state = people(of_networks(), LEARNERS)
    assert of_networks().mastery(state, NOW).std(axis=0).min() > 0.01


def test_an_answer_moves_every_member_and_a_text_none() -> None:
    of = of_networks()
    state = people(of, LEARNERS)
    for outcome in (WRONG, CORRECT):
        after = of.learn(state, seen(np.zeros(LEARNERS, dtype=int), outcome))
        assert (np.abs(after.mind["hidden"] - state.mind["hidden"]).sum(axis=-1) > 0).all()
    text = np.full(LEARNERS, int(np.flatnonzero(~of.catalog.assessed)[0]))
    np.testing.assert_array_equal(of.learn(state, seen(text, NOT_ASSESSED)).mind["hidden"], state.mind["hidden"])


def test_a_world_that_nobody_fitted_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no neural world in .*; fit one with lernpfad world data=assist09 folder="):
        Corporate(psychology=partial(Neural, folder=tmp_path))


def test_a_log_without_skills_makes_no_world(tmp_path: Path) -> None:
    of, (members, source) = world(), ensemble.read(neural_world())
    ensemble.write(tmp_path, members, replace(source, item_skills=np.full((60, 1), -1)))
    with pytest.raises(ConfigError, match="a log whose items have no skills"):
        Neural(of.catalog, of.traits, folder=tmp_path)


def test_an_ensemble_has_members(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least one member; set members=2"):
        ensemble.write(tmp_path, [], ensemble.read(neural_world())[1])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    members, source = ensemble.read(neural_world())
    again, same = ensemble.read(ensemble.write(tmp_path / "deep" / "world", members, source, facts={"data": "x"}))
    for one, other in zip(members, again, strict=True):
        assert one.keys() == other.keys()
        for name, weight in one.items():
            np.testing.assert_array_equal(weight, other[name])
    np.testing.assert_array_equal(source.right, same.right)
