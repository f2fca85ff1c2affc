"""A policy that learned from a log is exported with what it learned, as arrays, and serves what was judged."""

import json

import numpy as np
import pytest

from lernpfad.core import BundleError
from lernpfad.policy import Explore, LinUCB
from lernpfad.policy.features import NAMES
from lernpfad.serve import bundle
from serve.stack import START, TRUST, catalog, fitted, histories, roles, written


def learned():
    bandit = LinUCB(alpha=0.2)
    rng = np.random.default_rng(0)
    bandit.theta_, bandit.spread_ = rng.normal(size=len(NAMES)), 0.1 * np.eye(len(NAMES))
    return Explore(bandit, 0.1)


def test_a_learned_policy_comes_back_as_it_was(tmp_path):
    policy = learned()
    folder = written(tmp_path / "bundle", fitted(policy=policy))
    back = bundle.load(folder, trust=TRUST).next_best
    np.testing.assert_array_equal(back.policy.policy.theta_, policy.policy.theta_)
    log = histories(catalog(), seed=3)
    role = np.zeros(len(log.learners), dtype=int)
    now = back.situation(log, requirement=roles().at(role, START), role=role)
    np.testing.assert_array_equal(back.policy.propensities(now), policy.propensities(now))


def test_another_array_is_found_out(tmp_path):
    """Whoever puts other numbers there, even with checksums that fit, meets the one in the description."""
    folder = written(tmp_path / "bundle", fitted(policy=learned()))
    manifest = folder / "manifest.json"
    facts = json.loads(manifest.read_text())
    facts["models"]["policy"]["policy"]["learned"] = "0" * 16
    manifest.write_text(json.dumps(facts))
    with pytest.raises(
        BundleError, match=r"LinUCB was learned, .* not those that it was described with|checksum|manifest"
    ):
        bundle.load(folder, trust=TRUST)
