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
# # Policies: the watering can against the path
#
# The watering can gives everybody the same courses in the same order. A path gives everybody the next item that
# closes most of her gap for the minutes it takes. We let both teach the same people with the same luck, and a dozen
# other rules beside them, look at one learner's plan and its reasons, ask whether the gains are real or only
# believed, and try the same in other worlds.
#
# The company is small, so that everything runs in a minute; the figures to quote are in `experiments/robustness`.
# **Simulated, not observed.**

# %%
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # progress bars are text here

import numpy as np
from IPython.display import Image

from lernpfad.collaborative.als import ALS
from lernpfad.core import NextBest
from lernpfad.core.experience import Experience
from lernpfad.core.path import Sittings, path
from lernpfad.evaluate import closed_loop, figures, gallery, robustness_rows, tables
from lernpfad.evaluate.belief import GainWitness, belief_error, predicted_gains
from lernpfad.evaluate.lived import Lived
from lernpfad.evaluate.png import png
from lernpfad.evaluate.results import Results, label
from lernpfad.evaluate.robustness import robustness
from lernpfad.evaluate.style import BLUE, GREEN, MUTED, ORANGE, label_ends, styled
from lernpfad.policy import (
    ZPD,
    AffinityOnly,
    DebtPerMinute,
    GapGreedy,
    Hybrid,
    LearningProgress,
    Legal,
    Logging,
    MasteryThreshold,
    Memorize,
    Oracle,
    Planner,
    PopularInRole,
    Random,
    RoleCurriculum,
    SpacedRepetition,
    WateringCan,
)
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.oracle import OracleTracer
from lernpfad.simulate.rollout import history, rollout
from lernpfad.simulate.twostate import TwoState
from lernpfad.tracing.bkt import BKT

# %% [markdown]
# ## What the policies know
# A log of 200 people. From it a tracer (what do they know?) and a recommender (what do they take up?) are fitted; that
# is all that a policy is told, besides what the role requires. One prerequisite in five that it is shown is wrong.

# %%
SIZE = {"seed": 1, "skills": 40, "items": 400, "roles": 6, "cluster_size": 10, "skills_per_role": 10}
world = Corporate(**SIZE)
truth = OracleTracer(world)
past = rollout(Logging(), world, learners=200, weeks=12, seed=1, name="platform", tracer=truth)
tracer, recommender = BKT().fit(past.log), ALS(factors=8).fit(past.log)
popular = PopularInRole().fit(Experience(log=past.log, roles=world.roles, role=past.role))
print(f"fitted on {len(past.log):,} offers to {len(past.log.learners)} people")

# %% [markdown]
# ## New people, sixteen ways
# Fifty new people use the platform for four weeks. From there on they go every way: the same people, with the same
# minutes and the same luck. After twelve weeks nothing is offered for four weeks, so that one sees what lasts. The
# oracle sees the truth, and no real policy can.

# %%
policies = {
    "wateringcan": WateringCan(),
    "rolecurriculum": RoleCurriculum(),
    "random": Random(),
    "legalrandom": Legal(Random()),
    "popularinrole": popular,
    "affinityonly": AffinityOnly(),
    "masterythreshold": MasteryThreshold(),
    "zpd": ZPD(),
    "learningprogress": LearningProgress(),
    "spacedrepetition": SpacedRepetition(),
    "memorize": Memorize(),
    "gapgreedy": GapGreedy(),
    "hybrid": Hybrid(),
    "debtperminute": DebtPerMinute(),
    "planner": Planner(),
    "oracle": Oracle(),
}


def taught(world, names, *, learners, weeks, seed, rest=0):
    """The same people under each of some policies, from one common past."""
    truth = OracleTracer(world)
    same = {"learners": learners, "seed": seed}
    before = rollout(Logging(), world, weeks=4, name="platform", tracer=truth, **same)
    return {
        name: rollout(
            policies[name],
            world,
            weeks=weeks,
            rest=rest,
            name=name,
            tracer=truth if name == "oracle" else tracer,
            recommender=recommender,
            after=before,
            watched=learners,
            **same,
        )
        for name in names
    }


results = Results(
    rollouts=taught(world, policies, learners=50, weeks=12, seed=1001, rest=4),
    roles=world.roles,
    catalog=world.catalog,
)
drawn = gallery.gallery(results)
Image(png(drawn["debt"].figure), alt=drawn["debt"].alt)

# %% [markdown]
# What an hour of learning buys, with 95 % intervals over the same people. Whoever claims that one rule teaches
# better than another has to show that it does outside of these.

# %%
Image(png(drawn["policies"].figure), alt=drawn["policies"].alt)

# %%
print(closed_loop.table(results.policies[::-1]))

# %% [markdown]
# Fifty people cannot tell the upper rows of this table apart, and one world says nothing about others. Which rule is
# recommended is decided by the whole matrix: all worlds, twenty populations.
#
# ## One learner's year
# The same person, twice: 44 weeks of the watering can, and 44 weeks of the path. Of those who stayed and kept their
# role, she is the one for whom the difference between the two is the median. A dot says that the requirement of that
# week is met; these are true masteries.

# %%
year = taught(world, ("wateringcan", "debtperminute"), learners=24, weeks=44, seed=1002)
can, way = year.values()
ahead = can.debt[-1] - way.debt[-1]
there = np.flatnonzero(can.active[-1] & way.active[-1] & (way.role == way.before.role) & (way.debt[0] > 0.1))
who = int(there[np.argsort(ahead[there])[len(there) // 2]])
level, wanted = gallery.required(way, who, world.roles)
person, role = str(way.log.learners[who]), str(world.roles.names[way.role[who]])
known = {label(name): one.mastery[:, who][:, wanted] for name, one in year.items()}
skills = [str(world.catalog.skills[k]) for k in wanted]
for name, one in year.items():
    took = one.log.accepted & (one.log.owner == who)
    print(
        f"{label(name):16} {took.sum():3} items in {one.hours[:, who].sum():.1f} h, "
        f"debt {one.debt[0, who]:.0%} -> {one.debt[-1, who]:.0%}"
    )
figure = figures.mastery_over_time(known, level, skills, person=f"{person} ({role})")
Image(png(figure), alt=f"Mastery of {len(skills)} skills by week under both.")

# %% [markdown]
# ## Her path on the first day, and why
# The next five items for sittings of twelve minutes, with the debt that is expected after each, and reasons: counted
# from what decided, and said in a sentence, in English or in German. It is a plan, not a promise; with the next answer
# it is made anew.

# %%
best = NextBest(tracer=tracer, recommender=recommender, policy=DebtPerMinute())
mine = history(way.before).select([who])
situation = best.situation(
    mine,
    requirement=world.roles.at(way.before.role[[who]], np.array([way.start])),
    role=way.before.role[[who]],
    minutes_left=np.array([12.0]),
    at=np.array([way.start]),
)
plans = {
    lang: path(best.policy, situation, 5, sittings=Sittings(minutes=12), language=lang)[0] for lang in ("en", "de")
}
print(f"debt today, as believed: {plans['en'].debt:.1%}")
for english, german in zip(plans["en"].steps, plans["de"].steps, strict=True):
    item = english.item
    print(f"\n{item.item}, {item.minutes:.0f} min, sitting {english.sitting + 1}: debt {english.debt:.1%} after it")
    print(f"  {item.reason}\n  {german.item.reason}")

# %%
with styled():
    figure, (axes,) = figures.new(3.2)
    spent = [0.0] + [step.spent for step in plans["en"].steps]
    owed = 100 * np.array([plans["en"].debt] + [step.debt for step in plans["en"].steps])
    axes.plot(spent, owed, "o-", color=BLUE)
    for x, y, step in zip(spent[1:], owed[1:], plans["en"].steps, strict=True):
        axes.annotate(step.item.item, (x, y), xytext=(6, 4), textcoords="offset points", fontsize=9, color=MUTED)
    axes.set(xlabel="minutes of learning", ylabel="expected learning debt, %")
    axes.margins(x=0.12, y=0.15)
Image(png(figure), alt="Expected learning debt after each of five items.")

# %% [markdown]
# ## Believed and true
# A policy that follows a tracer could push the tracer instead of the learner. The world knows what every item that was
# taken really taught, on average. Each dot is a tenth of the items by what the tracer expected; on the grey line belief
# and truth agree.

# %%
believed = {}
for name in ("masterythreshold", "debtperminute", "wateringcan"):
    witness = GainWitness(world)
    before = results.rollouts[name].before
    done = rollout(
        policies[name],
        witness,
        learners=50,
        weeks=8,
        seed=1001,
        name=name,
        tracer=tracer,
        recommender=recommender,
        after=before,
    )
    believed[name] = predicted_gains(tracer, history(before), done.log), witness.gains(done.log), done.log.owner

with styled():
    figure, (axes,) = figures.new(3.8)
    ends = []
    for colour, (said, true, _) in zip((GREEN, BLUE, ORANGE), believed.values(), strict=True):
        there = ~np.isnan(said) & ~np.isnan(true)
        x, y = said[there], true[there]
        tenth = np.argsort(np.argsort(x, kind="stable")) * 10 // len(x)
        mean = [[100 * of[tenth == one].mean() for one in range(10)] for of in (x, y)]
        axes.plot(*mean, "o-", color=colour, linewidth=1.4, markersize=5)
        ends.append((mean[0][-1], mean[1][-1]))
    low, high = axes.get_xlim()
    axes.plot([0, high], [0, high], color=MUTED, linewidth=1, linestyle=(0, (5, 2)))
    axes.set(xlabel="gain in mastery that the tracer expected, points", ylabel="true gain, points")
    axes.set_ylim(*axes.get_ylim())
    label_ends(axes, ends, [label(name) for name in believed], (GREEN, BLUE, ORANGE), bold=[False, True, False])
Image(png(figure), alt="True against believed gain of items, by tenths, under three policies.")

# %%
rows = []
for name, (said, true, owner) in believed.items():
    error = belief_error(said, true, owner)
    rows.append(
        {
            "policy": label(name),
            "items": f"{error.items:,}",
            "believed less true": f"{100 * error.bias.value:+.2f} points",
            "true per believed gain": tables.number(error.slope.value),
            "95 %": tables.interval(error.slope.low, error.slope.high),
        }
    )
print(tables.text(rows))

# %% [markdown]
# On average an item teaches more than the tracer expects, and items differ far less than it thinks: a slope of 1 would
# be a belief to rely on. So the path trusts it by half (`trust`), and nothing is scored on what a tracer believes.
#
# ## Other worlds
# What was fitted in the main world is now used in others: skills that are learned in one go and never forgotten (S1),
# and a company in which only doing teaches (S6). 0 is the watering can, 1 the oracle of that world.

# %%
worlds = {
    "main": world,
    "S1 two states": Corporate(**SIZE, form_sd=0.0, psychology=TwoState),
    "S6 doing": Corporate(**SIZE, mode="doing"),
}
tried = ("wateringcan", "rolecurriculum", "legalrandom", "masterythreshold", "debtperminute", "oracle")
cells = {
    name: {
        policy: Lived.of(done, roles=there.roles, catalog=there.catalog)
        for policy, done in taught(there, tried, learners=40, weeks=8, seed=1003).items()
    }
    for name, there in worlds.items()
}
matrix = robustness(cells, resamples=500)
print(robustness_rows.verdict(matrix))
Image(png(robustness_rows.heat(matrix)), alt="Normalised scores, policies by worlds.")

# %% [markdown]
# Three worlds of one small company and forty people are a sketch. `lernpfad matrix` runs every policy in every world
# over twenty populations, and recommends the one with the best worst case; see `docs/robustness.md`.
