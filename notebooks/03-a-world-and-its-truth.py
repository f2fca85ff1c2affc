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
# # A world and its truth
#
# No log tells what people know. In a simulated world it is known, to the evaluation and to nobody else. We look at
# one learner's truth beside what a tracer believes, at how skills fade and how use at work holds them, at why the
# learning debt of a company moves, at whether its log looks like logs of real people, and at the same person in a
# world with other laws.
#
# The company is small, so that everything runs in a minute. **Everything here is simulated, nothing was observed**:
# no corporate learning log is public.

# %%
import numpy as np
from IPython.display import Image

from lernpfad.core import fold, mastery
from lernpfad.evaluate import calibration_figures, figures, return_figures, returns, tables
from lernpfad.evaluate.books import Bookkeeper
from lernpfad.evaluate.gallery import required
from lernpfad.evaluate.png import png
from lernpfad.evaluate.style import BLUE, GREEN, INK, ORANGE, label_ends, styled, whole_numbers
from lernpfad.policy.logging import Logging
from lernpfad.simulate import fingerprint, gates
from lernpfad.simulate.calendar import WEEK
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.oracle import OracleTracer
from lernpfad.simulate.publiclogs import PUBLIC_LOGS
from lernpfad.simulate.rollout import rollout
from lernpfad.simulate.twostate import TwoState
from lernpfad.tracing.bkt import BKT
from lernpfad.tracing.das3h import DAS3H

# %% [markdown]
# ## A company, and half a year of its log
# Twenty skills with prerequisites among them, 150 items, four roles. People have 24 minutes a week on average. The
# platform mostly goes on with the course of the day, offers what is popular, and now and then anything at all. In
# week 13 a third of the roles will ask for a tool that nobody asked for before.

# %%
SIZE = {"seed": 1, "skills": 20, "items": 150, "roles": 4, "cluster_size": 5, "skills_per_role": 6, "shock": True}
PEOPLE, WEEKS = 150, 26
world = Corporate(**SIZE)


def lived(world, *, seed=1, **settings):
    """Half a year of everybody under the platform's policy, with everybody's true mastery kept."""
    asked = {"learners": PEOPLE, "weeks": WEEKS, "name": "platform", "watched": PEOPLE} | settings
    return rollout(Logging(block=0.75), world, seed=seed, tracer=OracleTracer(world), **asked)


keeper = Bookkeeper(world.roles, world.catalog)
past = lived(world, observers=[keeper])
log = past.log
print(f"world {fingerprint(world)}: {len(log):,} offers to {PEOPLE} people in {WEEKS} weeks")
print(f"{log.accepted.mean():.0%} accepted, {(log.outcome[log.assessed] == 1).mean():.0%} of the answers correct")
print(f"{1 - past.active[-1].mean():.0%} stopped using the platform")

# %% [markdown]
# ## One learner: the truth, and what two tracers believe
# The tracers are fitted on a hundred others. They see her answers, and nothing else. A dot says that the requirement
# of that week is met, or believed to be.

# %%
others = log.select(np.arange(50, PEOPLE))
tracers = {"BKT": BKT().fit(others), "DAS3H": DAS3H().fit(others)}


def believed(tracer, histories, *, start=past.start, weeks=WEEKS):
    """What a tracer believes of everybody on every Monday, `[weeks + 1, L, K]`."""
    mondays = start + WEEK * np.arange(weeks + 1)
    known = []
    for at in mondays:
        state, _ = fold(tracer, histories.where(histories.time < at))
        known.append(mastery(tracer, state, np.full(len(histories.learners), at), catalog=histories.catalog))
    return np.array(known)


students = log.select(np.arange(50))
belief = {name: believed(tracer, students) for name, tracer in tracers.items()}
answers = np.bincount(log.owner, weights=log.assessed, minlength=PEOPLE)[:50]
stayed = past.active[-1, :50] & (past.debt[0, :50] > 0.2)
who = int(np.argmax(np.where(stayed, answers, 0)))
level, wanted = required(past, who, world.roles)
shown = {"true": past.mastery[:, who][:, wanted]}
shown |= {f"{name} believes": known[:, who][:, wanted] for name, known in belief.items()}
person, skills = str(log.learners[who]), [str(world.catalog.skills[k]) for k in wanted]
Image(png(figures.mastery_over_time(shown, level, skills, person=person)))

# %% [markdown]
# A tracer starts from the average and has to get to know her. What she never tried it cannot know. Over all fifty and
# all skills that their roles ask for:

# %%
asked = world.roles.at(past.role[:50], past.start + WEEKS * WEEK).weight > 0
rows = []
for week in (0, 4, 12, 26):
    true = past.mastery[week, :50][asked]
    row = {"week": str(week)}
    for name, known in belief.items():
        said = known[week][asked]
        row[f"{name}: off by"] = f"{np.abs(said - true).mean():.3f}"
        row[f"{name}: too high by"] = f"{(said - true).mean():+.3f}"
        row[f"{name}: correlation"] = tables.number(np.corrcoef(said, true)[0, 1] if said.std() > 1e-9 else np.nan)
    rows.append(row)
print(tables.text(rows))

# %% [markdown]
# So whatever is decided by a tracer is decided on a rough picture, and a policy that looks good by a tracer's own
# belief may only have pushed the belief. That is why policies are judged on the truth.
#
# ## Forgetting, and use at work
# The company learns for half a year, then nothing is offered for another half. How much of what was gained in skills
# that were trained is still there? The same people, in four worlds that differ in how fast memory fades (`kappa`) and
# in whether skills are used at work.

# %%
worlds = {
    "used at work": {},
    "not used": {"job_use": 0.0},
    "not used, memory three times as good": {"job_use": 0.0, "kappa": 9.0},
    "not used, memory three times as bad": {"job_use": 0.0, "kappa": 0.9},
}
kept = {}
for name, changes in worlds.items():
    done = lived(Corporate(**SIZE, **changes), rest=26)
    took = done.log.accepted
    trained = np.zeros(done.mastery.shape[1:], dtype=bool)
    for column in done.log.catalog.item_skills.T:
        there = took & (column[done.log.item] >= 0)
        trained[done.log.owner[there], column[done.log.item[there]]] = True
    gain = (done.mastery - done.mastery[0]).clip(0.0)
    kept[name] = 100 * gain[WEEKS:, trained].mean(axis=1) / gain[WEEKS, trained].mean()

with styled():
    figure, (axes,) = figures.new(3.6)
    weeks, colours = np.arange(27), (BLUE, ORANGE, GREEN, INK)
    for colour, share in zip(colours, kept.values(), strict=True):
        axes.plot(weeks, share, color=colour)
    axes.set(xlabel="weeks without any training", ylabel="% of the gain in mastery that is left", ylim=(70, 101))
    whole_numbers(axes)
    ends = [(26.0, float(share[-1])) for share in kept.values()]
    label_ends(axes, ends, list(kept), colours, bold=[True, False, False, False])
Image(png(figure))

# %% [markdown]
# In this company use at work holds more than the best of the three memories does. Nobody knows how fast skills really
# fade at work, so the memory of the main world is a choice, and the worlds S3 of the
# robustness matrix are the same company with the two other ones.
#
# ## Why the learning debt moves
# Debt is what the roles ask for and people lack, weighted, as a share of all that is asked for. Every week is taken
# apart exactly: debt comes from role moves, from roles that ask for more, and from forgetting; learning pays it off.
# Learning is all learning, on the job too. The new tool is the brown bar.

# %%
account = returns.Account.of("platform", keeper.books(), log, past.hours)
everybody = ~np.isnan(account.books.debt).any(axis=0)
weekly = returns.by_week(account, everybody)
figures_of = returns.key_figures(account, everybody)
print(f"debt {figures_of['debt_start']:.1%} at the start, {figures_of['debt_end']:.1%} after {WEEKS} weeks")
print(f"learning pays off {figures_of['service_ratio']:.2f} times what comes on top; below 1 the debt grows")
Image(png(return_figures.why_debt_moves(weekly)))

# %% [markdown]
# ## Does its log look like the logs of people?
# Thirteen statistics of this company's log among those of five public logs of pupils, students and hobby learners. The
# grey bands are the range of the real logs, widened by a quarter on each side. With short blocks of the same course
# (35 %) the log is less like a course, and better for off-policy estimates (notebook 05).

# %%
loose = rollout(
    Logging(block=0.35),
    world,
    learners=PEOPLE,
    weeks=WEEKS,
    seed=1,
    name="platform",
    tracer=OracleTracer(world),
)
found = {"blocks 75 %": [gates.of_log(log)], "blocks 35 %": [gates.of_log(loose.log)]}
for name, (statistics,) in found.items():
    inside = gates.inside(statistics)
    failed = [f"{gate} ({statistics[gate]:.2f})" for gate, passed in inside.items() if not passed]
    print(f"{name}: {sum(inside.values())} of {len(inside)} inside; outside: {', '.join(failed) or 'none'}")
Image(png(calibration_figures.strips(gates.GATES, PUBLIC_LOGS, found, {})))

# %% [markdown]
# The people of this small company give wrong answers a little too often, so it would not pass. To be inside says "not
# obviously wrong", and no more. `lernpfad calibrate` does this for the frozen worlds, over
# several populations, with the ladder of how well anybody can predict; see `docs/calibration.md`.
#
# ## The same person under other laws
# In world S1 a skill is known or not, it is learned in one go and never forgotten: what the most used tracer, BKT,
# assumes. Company, items, roles, and how able people are at the beginning are the same.

# %%
clicks = Corporate(**SIZE, form_sd=0.0, psychology=TwoState)
twin = lived(clicks)
both = {"main world": past.mastery[:, who][:, wanted], "world S1": twin.mastery[:, who][:, wanted]}
print(f"debt of everybody after {WEEKS} weeks: main world {past.debt[-1].mean():.1%}, S1 {twin.debt[-1].mean():.1%}")
Image(png(figures.mastery_over_time(both, level, skills, person=person)))

# %% [markdown]
# A policy that is good in one of them need not be good in the other; notebook 04 has a small matrix of worlds, and
# `lernpfad matrix` the whole one.
