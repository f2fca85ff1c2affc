"""`lernpfad evaluate data=... offpolicy=true`: what the policies would have earned on a log with propensities."""

import logging
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from lernpfad.core import (
    NOBODY,
    BoolArray,
    ConfigError,
    DataError,
    Experience,
    FloatArray,
    IntArray,
    Policy,
    Sequences,
    unknown_name,
)
from lernpfad.data.dataset import Dataset, Split
from lernpfad.evaluate.intervals import Estimate
from lernpfad.evaluate.offpolicy import Estimator, Logged, Ridge, clustered, cross_fitted, judged, of_offer, replay
from lernpfad.evaluate.offpolicy.replay import Replayed
from lernpfad.evaluate.offpolicy.standing import ESTIMATORS, USUAL, Standing
from lernpfad.evaluate.offpolicy.terms import averaged
from lernpfad.evaluate.results import label
from lernpfad.policy import spec
from lernpfad.run import compared, parts
from lernpfad.run.seeds import child
from lernpfad.run.stack import Models

log = logging.getLogger(__name__)

_WROTE: Final = "what wrote the log"
_FOLDS: Final = 5


def estimators(config: Any) -> dict[str, Estimator]:
    """The estimators that `offpolicy` asks for: none, the usual ones (`true`), or those named in a list."""
    asked = config.offpolicy
    if asked is None or asked is False:
        return {}
    names = list(USUAL) if asked is True else [asked] if isinstance(asked, str) else [str(one) for one in asked]
    for name in names:
        if name not in ESTIMATORS:
            raise ConfigError(unknown_name("estimator", name, ESTIMATORS))
    return {name: ESTIMATORS[name] for name in names}


def run(config: Any, models: Models, dataset: Dataset, split: Split) -> Standing:
    """Judge every configured policy on the test part of a log.

    ConfigError or DataError where the log cannot be replayed: no propensities, no whole histories, nobody with a role.
    """
    role = _roles(dataset, split.test)
    there = _judgeable(split, role)
    rows = _sampled(there, config.offpolicy_rows, seed=child(config.seed, "off-policy rows"))
    policies = _taught(config, models, dataset, split.train)
    fair = {label(name): one for name, one in policies.items() if not getattr(one, "sees_truth", False)}
    log.info("off-policy: %d policies on %d of %d offers", len(fair), rows.sum(), there.sum())
    found = replay(
        split.test,
        {**fair, _WROTE: parts.build(config, "past_policy")},
        judged=rows,
        roles=dataset.roles,
        role=role,
        tracer=models.tracer.model,
        recommender=models.affinity,
        features=of_offer,
    )
    support = _doubt(found)
    return Standing(
        reward=_earned(found.logged(_WROTE)),
        judgements=_judgements(config, found, list(fair), None if support else _WROTE),
        left_out={label(name): "sees the truth, which no log holds" for name in policies if label(name) not in fair},
        offers=int(rows.sum()),
        of=int(there.sum()),
        learners=int((found.log.lengths > 0).sum()),
        support=support,
    )


def _taught(config: Any, models: Models, dataset: Dataset, train: Sequences) -> dict[str, Policy]:
    """Every policy that is wanted; those that learn have learned from at most `log.learners` of the training part."""
    found: dict[str, Policy] = {name: parts.build(config, f"policies.{name}") for name in compared.names(config)}
    eager = [name for name, policy in found.items() if spec.learns(policy)]
    if not eager:
        return found
    role = _roles(dataset, train)
    who = np.arange(len(train.learners)) if role is None else np.flatnonzero(role != NOBODY)
    drawn = np.random.default_rng(child(config.seed, "off-policy lessons")).permutation(who)
    some = train.select(np.sort(drawn[: config.log.learners]))
    told = {"tracer": models.tracer.model, "recommender": models.affinity}
    experience = Experience(log=some, roles=dataset.roles, role=_roles(dataset, some), **told)
    for name in eager:
        log.info("%s learns from %d offers to %d people", name, len(some), len(some.learners))
        spec.learn(found[name], experience)
    return found


def _judgements(config: Any, found: Replayed, names: list[str], wrote: str | None) -> Mapping[str, Any]:
    """Every estimator on every policy; the reward model is fitted once, it depends on none of them."""
    wanted, model = estimators(config), _reward_model(found, seed=child(config.seed, "off-policy folds"))
    return {name: judged(wanted, found.logged(name, behaviour=wrote).with_model(model)) for name in names}


def _reward_model(found: Replayed, *, seed: int) -> FloatArray:
    logged = _of_those_with_offers(found.logged(_WROTE))
    if logged.learners < 2:
        raise DataError("off-policy: offers of one learner alone; a reward model needs others to learn from")
    return cross_fitted(Ridge, found.features, logged, folds=min(_FOLDS, logged.learners), seed=seed)


def _of_those_with_offers(logged: Logged) -> Logged:
    """Without learners of whom nothing is judged, so that no fold is empty; rows stay as they are."""
    return logged.select(np.flatnonzero(logged.lengths > 0))


def _earned(logged: Logged) -> Estimate:
    terms = averaged(logged.reward, logged.owner)
    return Estimate(terms.value, *clustered(terms))


def _doubt(found: Replayed) -> str:
    """Why the propensities of everything that could be offered are not known; "" if they are."""
    try:
        found.logged(_WROTE, behaviour=_WROTE)
    except DataError as problem:
        return f"{problem}; set past_policy to what wrote the log"
    return ""


def _roles(dataset: Dataset, test: Sequences) -> IntArray | None:
    """The role of each test learner, `[J]`; None where the data set has none."""
    role = dataset.learner.get("role")
    if dataset.roles is None or role is None:
        return None
    place = {str(name): number for number, name in enumerate(dataset.sequences.learners)}
    found: IntArray = np.asarray(role)[[place[str(name)] for name in test.learners]]
    return found


def _judgeable(split: Split, role: IntArray | None) -> BoolArray:
    """Scored offers of an item, with a propensity, to somebody who has a role if there are roles; `[N]`."""
    test = split.test
    propensity = test.extra.get("propensity")
    if propensity is None:
        raise DataError(
            "off-policy: the log has no column 'propensity'; log it with every offer (lernpfad simulate does, and a "
            "service does), or leave offpolicy out"
        )
    there = split.test_scored & (test.item >= 0) & ~np.isnan(np.asarray(propensity, dtype=np.float64))
    if role is not None:
        there &= (role != NOBODY)[test.owner]
    if not there.any():
        raise DataError("off-policy: no offer of the test part has a propensity and a learner with a role")
    return there


def _sampled(there: BoolArray, most: int, *, seed: int) -> BoolArray:
    """At most so many of the rows, drawn evenly: whole tables of candidates are kept for each."""
    rows = np.flatnonzero(there)
    if len(rows) <= most:
        return there
    chosen = np.zeros(len(there), dtype=bool)
    chosen[np.random.default_rng(seed).choice(rows, size=most, replace=False)] = True
    return chosen
