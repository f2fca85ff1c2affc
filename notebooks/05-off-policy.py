# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Off-policy: what would another policy have achieved?
#
# A platform has a log of what it offered, with which probability, and what came of it. Can that log say what another
# policy would have achieved, without a trial? Sometimes. Here the world is simulated, so the true answer is known, and
# each estimate stands beside it. We see when it can be trusted, when it is refused and why, and why nobody should
# choose a policy by it alone.
#
# What is estimated is the reward of an offer: 1 if it was accepted and answered correctly. It is *not* learning debt.
# **Simulated, not observed.**

# %%
import numpy as np
from IPython.display import Image

from lernpfad.core import Sequences
from lernpfad.evaluate import closed_loop, figures, tables
from lernpfad.evaluate.intervals import Estimate
from lernpfad.evaluate.offpolicy import Ridge, clustered, cross_fitted, judged, of_offer, replay, right
from lernpfad.evaluate.offpolicy.standing import ESTIMATORS, Standing, beside_the_log
from lernpfad.evaluate.offpolicy.terms import averaged
from lernpfad.evaluate.png import png
from lernpfad.evaluate.style import BLUE, INK, MUTED, ORANGE, styled
from lernpfad.policy import DebtPerMinute, Explore, Legal, Logging, Mix, Random, RoleCurriculum, WateringCan
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.rollout import history, rollout
from lernpfad.tracing.bkt import BKT

# %% [markdown]
# ## A log with propensities
# A small company: 8 skills, 40 items. A tenth of the platform's offers are drawn evenly: this is the exploration that
# off-policy evaluation lives on. Two weeks of past, and then the first offer of the third week of each of 800 people.

# %%
world = Corporate(skills=8, items=40, roles=3, cluster_size=4, skills_per_role=5, minutes=24.0)
wrote = Explore(Logging(block=0.35), 0.1)
tracer = BKT().fit(rollout(wrote, world, learners=400, weeks=3, seed=900, name="logging").log)


def past_of(*, learners, seed):
    """Two weeks of some people under the platform's policy."""
    return rollout(wrote, world, learners=learners, weeks=2, seed=seed, tracer=tracer, name="platform")


def week(policy, past):
    """Their third week under a policy; an offer a sitting, of which the first one counts."""
    told = {"tracer": tracer, "name": "week", "after": past}
    return rollout(policy, world, learners=0, weeks=1, seed=past.seeds, max_slots=1, **told)


def first(log: Sequences, since: int):
    """The first offer of every learner from some week on, `[N]`."""
    rows = np.flatnonzero(log.extra["week"] >= since)
    chosen = np.zeros(len(log), dtype=bool)
    chosen[rows[np.unique(log.owner[rows], return_index=True)[1]]] = True
    return chosen


def written(policies, *, learners, seed):
    """A log of first offers beside what each policy would have done there; with a reward model fitted on others."""
    lived = week(wrote, past_of(learners=learners, seed=seed))
    log = history(lived)
    asked = {"roles": world.roles, "role": lived.role, "tracer": tracer, "features": of_offer}
    found = replay(log, policies, judged=first(log, 2), **asked)
    made = {name: found.logged(name, behaviour="platform") for name in policies}
    there = np.flatnonzero(made["platform"].lengths > 0)
    model = cross_fitted(Ridge, found.features, made["platform"].select(there))
    return {name: one.select(there).with_model(model) for name, one in made.items()}


candidates = {
    "platform": wrote,
    "half role curriculum": Mix((wrote, RoleCurriculum()), (0.5, 0.5)),
    "half debt per minute": Mix((wrote, DebtPerMinute()), (0.5, 0.5)),
    "legal random": Legal(Random()),
    "debt per minute": DebtPerMinute(),
}
logs = written(candidates, learners=800, seed=1)
log = logs["platform"]
print(f"{len(log)} offers, {log.reward.mean():.1%} accepted and right")
print(f"propensity of what was offered: median {np.median(log.logged):.3f}, smallest {log.logged.min():.4f}")

# %% [markdown]
# ## Estimates beside the truth
# The truth: 4,000 other people from the same world are really led by each policy. Every estimator sees only the log of
# the platform. *DR* weighs what was logged and fills the rest with a model, *SNIPS* only weighs, *DM* is the model
# alone.

# %%
crowd = past_of(learners=4000, seed=500)
truth = {}
for name, policy in candidates.items():
    came = week(policy, crowd).log
    truth[name] = right(came)[first(came, 0)].mean()

asked = {name: ESTIMATORS[name] for name in ("DR", "SNIPS", "DM")}
own = averaged(log.reward, log.owner)
standing = Standing(
    reward=Estimate(own.value, *clustered(own)),
    judgements={name: judged(asked, one) for name, one in logs.items() if name != "platform"},
    left_out={},
    offers=len(log),
    of=len(log),
    learners=log.learners,
    support="",
)
rows = [
    {"policy": row["policy"], "estimator": row["estimator"], "true value": tables.number(truth[row["policy"]], 3)} | row
    for row in standing.rows()
]
print(tables.text(rows))

# %%
figure = beside_the_log(standing)
axes = figure.axes[0]
with styled():
    place = len(rows)
    for name in standing.judgements:
        height = [place - 0.6, place - len(asked) - 0.4]
        axes.plot([truth[name]] * 2, height, color=ORANGE, linewidth=2.2)
        place -= len(asked)
    axes.set_xlabel("reward per offer; orange: the truth; grey: what the log itself earned")
Image(png(figure), alt="Estimates of four policies with intervals beside their true values.")

# %% [markdown]
# ## Diagnostics, and a refusal
# One policy is refused by the estimators that weigh, and this is why. The others come with warnings:

# %%
print("\n".join(f"* {line}" for line in standing.remarks()))

# %% [markdown]
# A weight says how much more often the policy would make an offer than the platform did. Near the log, weights are
# around 1. For a policy that is far away a few offers carry everything, and most of the log is silent.

# %%
with styled():
    figure, (axes,) = figures.new(3.6)
    for name, colour in (("half role curriculum", BLUE), ("half debt per minute", INK), ("debt per minute", ORANGE)):
        heavy = np.sort(logs[name].weight)[::-1]
        share = 100 * np.concatenate([[0.0], np.cumsum(heavy) / heavy.sum()])
        axes.plot(np.linspace(0, 100, len(share)), share, color=colour, label=name)
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1, linestyle=(0, (5, 2)))
    axes.set(xlabel="% of the offers, heaviest first", ylabel="% of all weight")
    axes.legend(frameon=False, loc="lower right")
Image(png(figure), alt="Share of the weight that the heaviest offers carry, for three policies.")

# %% [markdown]
# The model alone has an answer to everything, and a narrow interval, which does not know how wrong the model is.
#
# ## Does the interval keep its word?
# Eleven more logs, each of 800 other people. A 95 % interval should hold the truth in about 95 of 100; eleven can show
# only who is far off. `experiments/offpolicy` has the long series.

# %%
some = {name: candidates[name] for name in ("platform", "half role curriculum", "legal random")}
series = [written(some, learners=800, seed=seed) for seed in range(10, 21)]
target = "half role curriculum"
with styled():
    figure, panels = figures.new(3.4, columns=3, sharex=True, sharey=True)
    for axes, (name, estimator) in zip(panels, asked.items(), strict=True):
        held = 0
        for place, one in enumerate(series):
            made = judged({name: estimator}, one[target])[name]
            good = made.low <= truth[target] <= made.high
            held += good
            axes.plot([made.low, made.high], [place, place], color=BLUE if good else ORANGE, linewidth=2.6, alpha=0.6)
            axes.plot(made.value, place, "o", color=BLUE if good else ORANGE, markersize=4)
        axes.axvline(truth[target], color=INK, linewidth=1.2)
        axes.set(title=f"{name}: {held} of {len(series)}", xlabel="reward per offer", yticks=[])
        axes.grid(visible=False)
Image(png(figure), alt="Intervals of eleven logs by three estimators, and the true value.")

# %% [markdown]
# ## Why never to choose by it alone
# First, luck. Had we kept the platform or taken the new policy, whichever had the better estimate, how often would that
# have been right? Here for legal random, which is a little worse than the platform.

# %%
for name, estimator in asked.items():
    made = [judged({name: estimator}, one["legal random"])[name] for one in series]
    refused = sum(one.refused is not None for one in made)
    fooled = sum(one.value > own["platform"].reward.mean() for one, own in zip(made, series, strict=True))
    sure = sum(one.low > own["platform"].reward.mean() for one, own in zip(made, series, strict=True))
    print(f"{name:6} better than the log in {fooled} of {len(made)}, surely so in {sure}, refused in {refused}")
print(f"true values: platform {truth['platform']:.3f}, legal random {truth['legal random']:.3f}")

# %% [markdown]
# Second, and worse: the reward is not the goal. An offer that is accepted and right may be right because she knew it
# all along. What the same policies do to the learning debt is known in closed loop alone:

# %%
led = {
    "wateringcan": WateringCan(),
    "role curriculum": RoleCurriculum(),
    "debt per minute": DebtPerMinute(),
    "platform": wrote,
    "legal random": Legal(Random()),
}
before = past_of(learners=150, seed=600)
done = {
    name: rollout(policy, world, learners=0, weeks=8, seed=600, tracer=tracer, name=name, after=before)
    for name, policy in led.items()
}
compared = {one.policy: one for one in closed_loop.compare(done, reference="wateringcan", oracle=None)}
rows = [
    {
        "policy": name,
        "right per offer": tables.number(right(one.log).mean(), 3),
        "debt-weeks avoided per 100 h": tables.number(100 * compared[name].per_hour, 1),
        "95 %": tables.interval(100 * compared[name].low, 100 * compared[name].high, 1),
    }
    for name, one in done.items()
]
print(tables.text(sorted(rows, key=lambda row: row["right per offer"], reverse=True)))

# %% [markdown]
# The rewards differ by two hundredths, the debt by all there is. So a log can rule out what is clearly worse, and
# say how sure that is. Before a policy teaches people it is judged in closed loop, on the truth of several worlds;
# afterwards in a canary release with its propensities logged.
#
# `lernpfad evaluate data=... offpolicy=true` gives these tables for a log of your own; `docs/offpolicy.md` says which
# estimator when.
