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
# # Knowledge tracing
#
# What does a learner know, and how sure are we? We take the log of a simulated company, fit tracers of four kinds on
# it, compare what they predict for people they never saw, look at one person's mastery over time, and at forgetting.
# The data are small, so that everything runs in a minute; the published protocols are in `experiments/tracing`.

# %%
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # progress bars are text here

import matplotlib.pyplot as plt
import numpy as np

from lernpfad.core import fold, mastery, trace
from lernpfad.evaluate.intervals import by_learner, paired_difference
from lernpfad.evaluate.metrics import reliability, tracing_metrics
from lernpfad.policy.random import Random
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.rollout import rollout
from lernpfad.tracing.bestlr import BestLR
from lernpfad.tracing.bkt import BKT
from lernpfad.tracing.calibrated import Calibrated
from lernpfad.tracing.elo import Elo
from lernpfad.tracing.irt import IRT
from lernpfad.tracing.stack import Stack

# %% [markdown]
# ## A log
# Learners are split, not answers: nobody is on two sides.

# %%
world = Corporate(seed=1)
past = rollout(Random(), world, learners=500, weeks=16, seed=1, name="random")
train, valid, test = (past.log.select(slice(*cut)) for cut in ((0, 300), (300, 380), (380, 500)))
print(f"{len(train):,} offers to {len(train.learners)} learners, {train.assessed.sum():,} answers")
print(f"{len(test.learners)} test learners with {test.assessed.sum():,} answers")

# %% [markdown]
# ## Four tracers, and a stack of them
# Each is fitted in its own way: EM, marginal likelihood, a pass of ratings, L-BFGS. The stack weighs them on the
# validation learners, by how much of a history there is.

# %%
tracers = {"BKT": BKT(), "IRT": IRT(), "Elo": Elo(), "Best-LR": BestLR()}
for tracer in tracers.values():
    tracer.fit(train, valid)
tracers["stack"] = Stack({"bkt": BKT(), "irt": IRT(), "elo": Elo(), "bestlr": BestLR()}).fit(train, valid)

rows, owner = test.assessed, test.owner
outcome = test.outcome[rows]
said = {name: trace(tracer, test)[rows] for name, tracer in tracers.items()}
for name, predicted in said.items():
    low, high = by_learner("auc", predicted, outcome, owner[rows], resamples=300)
    found = tracing_metrics(predicted, outcome)
    print(f"{name:8} AUC {found['auc']:.3f} [{low:.3f}, {high:.3f}]", end="  ")
    print(f"log loss {found['log_loss']:.4f}  ECE {found['ece']:.3f}")

# %% [markdown]
# Intervals overlap, because the learners differ more than the tracers do. What counts is the difference on the *same*
# learners:

# %%
lead = paired_difference("auc", said["stack"], said["BKT"], outcome, owner[rows], resamples=300)
print(f"stack over BKT: {lead.value:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}]")

# %% [markdown]
# What `trace` says of whole histories at once is just what a server would have said, answer by answer. That is a law,
# and it is why no tracer here can see the future:

# %%
few = test.select(slice(0, 5))
print("largest difference:", np.abs(trace(tracers["Best-LR"], few) - fold(tracers["Best-LR"], few)[1]).max())

# %% [markdown]
# ## When it says 80 %, is it 80 %?

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
sharpened = 1 / (1 + ((1 - said["BKT"]) / said["BKT"]) ** 2)
drawn = {"stack": said["stack"], "BKT, twice as sure": sharpened}
for axis, (title, predicted) in zip(axes, drawn.items(), strict=True):
    table = reliability(predicted, outcome)
    there = table.n > 20
    axis.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axis.plot(table.predicted[there], table.observed[there], "o-")
    axis.set(title=title, xlabel="predicted", xlim=(0, 1), ylim=(0, 1))
axes[0].set_ylabel("observed")
figure.tight_layout()
plt.show()

# %% [markdown]
# `Calibrated` puts any tracer right on the validation learners and is a tracer again:

# %%
calibrated = Calibrated({"bkt": BKT()}, method="platt").fit(train, valid)
found = tracing_metrics(trace(calibrated, test)[rows], outcome)
print(f"BKT calibrated: ECE {found['ece']:.3f}, AUC {found['auc']:.3f} (its order of predictions is kept)")

# %% [markdown]
# ## One learner
# The busiest test learner, her twelve most practised skills, after each tenth of her history.

# %%
who = int(np.argmax(test.lengths))
history = test.select([who])
item_skills = history.catalog.item_skills[history.item[history.accepted]]
practised = np.bincount(item_skills[item_skills >= 0], minlength=len(history.catalog.skills))
shown = np.sort(np.argsort(-practised)[:12])
known = []
for tenth in range(11):
    part = history.where(history.position < len(history) * tenth / 10)
    state, _ = fold(tracers["BKT"], part)
    known.append(mastery(tracers["BKT"], state, np.array([history.time[-1]]), catalog=history.catalog)[0, shown])
figure, axis = plt.subplots(figsize=(8, 3.6))
image = axis.imshow(np.array(known).T, aspect="auto", vmin=0, vmax=1, cmap="viridis")
axis.set_yticks(range(len(shown)), [str(history.catalog.skills[k]) for k in shown])
axis.set_xticks(range(11), [f"{10 * tenth} %" for tenth in range(11)])
axis.set(xlabel=f"share of her {len(history)} interactions", title="estimated mastery (BKT)")
figure.colorbar(image, label="P(success)")
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Forgetting
# BKT's fifth parameter is the chance to lose a skill between two answers. Where it is high, the skill has to be
# repeated.

# %%
bkt = tracers["BKT"]
order = np.argsort(-bkt.forget_)
for k in [*order[:3], *order[-3:]]:
    chances = {"learn": bkt.learn_, "forget": bkt.forget_, "guess": bkt.guess_, "slip": bkt.slip_}
    print(f"{history.catalog.skills[k]:12}", *(f"{name} {chance[k]:.3f} " for name, chance in chances.items()))
