"""`lernpfad world`: networks fitted on a log become the truth of a world."""

import json
from functools import partial

import pytest

from lernpfad.run.cli import main
from lernpfad.simulate import Corporate, ensemble, fingerprint
from lernpfad.simulate.neural import Neural
from run import worlds
from simulate.small import lived, world


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """The folder of two networks, fitted for an epoch on a tiny log."""
    home = tmp_path_factory.mktemp("world")
    words = [f"data.folder={worlds.written(home / 'log')}", f"folder={home / 'neural'}", f"runs={home / 'runs'}"]
    words += ["trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.progress_bar=false", "tracer.network.width=8"]
    assert main(["world", "data=logs", "tracking=none", *words]) == 0
    return home / "neural"


def test_the_folder_holds_two_different_networks_and_what_the_items_were_like(fitted):
    members, source = ensemble.read(fitted)
    assert len(members) == 2
    assert any((members[0][name] != members[1][name]).any() for name in members[0])
    assert source.skills == worlds.SKILLS
    assert len(source.right) == worlds.ITEMS
    assert ((source.right > 0) & (source.right < 1)).all()
    assert source.answers.sum() > 0
    facts = json.loads((fitted / ensemble.FACTS).read_text())
    assert all(0 < one < 1 for one in facts["test_auc"])
    assert {path.suffix for path in fitted.iterdir()} == {".npz", ".json"}


def test_people_live_in_it(fitted):
    of = world(psychology=partial(Neural, folder=fitted))
    assert isinstance(of, Corporate)
    done = lived(of)
    assert len(done.log) > 50
    assert ((done.mastery > 0) & (done.mastery < 1)).all()
    assert fingerprint(of) != fingerprint(world())


def test_another_tracer_makes_no_world(tmp_path, capsys):
    assert main(["world", "tracer=bkt", f"runs={tmp_path}", "tracking=none"]) == 2
    assert "a neural world is made of lernpfad.tracing.dkt.DKT alone; leave tracer=dkt" in capsys.readouterr().err


def test_a_world_has_members(tmp_path, capsys):
    assert main(["world", "members=0", f"runs={tmp_path}", "tracking=none"]) == 2
    assert "members is 0, expected at least 1" in capsys.readouterr().err
