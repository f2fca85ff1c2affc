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
# # The whole path, in small
#
# A company of simulated learners lives through a logging policy. From its log we learn what they know (a tracer) and
# what they take up (a recommender). A policy that sees only these estimates then teaches new learners, and is compared
# with the watering can and with an oracle on the same people with the same luck.
#
# Everything here is small, so that it runs in a minute; `make demo` is the same in full.

# %%
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # progress bars are text here

from IPython.display import Image, display

from lernpfad.collaborative.als import ALS
from lernpfad.core import NextBest, recommend, trace
from lernpfad.evaluate import closed_loop, gallery
from lernpfad.evaluate.metrics import tracing_metrics
from lernpfad.evaluate.png import png
from lernpfad.evaluate.results import Results, TracerScores
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.policy.oracle import Oracle
from lernpfad.policy.random import Random
from lernpfad.policy.wateringcan import WateringCan
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.oracle import OracleTracer
from lernpfad.simulate.rollout import rollout
from lernpfad.tracing.bkt import BKT
from lernpfad.tracing.itemmean import ItemMean

# %% [markdown]
# ## A world, and its log

# %%
world = Corporate(seed=1)
past = rollout(Random(), world, learners=400, weeks=12, seed=1, name="random")
train, test = past.log.select(slice(0, 300)), past.log.select(slice(300, 400))
print(
    f"{len(train):,} offers to {len(train.learners)} learners, {train.accepted.mean():.0%} accepted, "
    f"{(train.outcome[train.assessed] == 1).mean():.0%} of the answers correct"
)

# %% [markdown]
# ## What do they know?
# A tracer predicts every answer from the learner's earlier ones. These learners were not in the training log.

# %%
tracers = {"itemmean": ItemMean().fit(train), "bkt": BKT().fit(train)}
scores = {name: TracerScores.of(test, trace(tracer, test), test.assessed) for name, tracer in tracers.items()}
for name, score in scores.items():
    print(name, {metric: round(value, 4) for metric, value in tracing_metrics(score.predicted, score.outcome).items()})

# %% [markdown]
# ## What comes next for one of them?

# %%
best = NextBest(tracer=tracers["bkt"], recommender=ALS().fit(train), policy=DebtPerMinute())
situation = best.situation(test.select([0]), requirement=world.roles.at(past.role[[300]], test.time.max()))
for item in recommend(best.policy, situation, k=3)[0]:
    print(f"{item.item}: {item.reason}")

# %% [markdown]
# ## Does it teach?
# New people, who begin with eight weeks under the old policy and then go three ways. The truth is looked at by the
# evaluation alone, and by the oracle, which no real policy can be.

# %%
before = rollout(Random(), world, learners=100, weeks=8, seed=2, name="random")
tried = {
    "wateringcan": (WateringCan(), best.tracer),
    "debtperminute": (DebtPerMinute(), best.tracer),
    "oracle": (Oracle(), OracleTracer(world)),
}
rollouts = {
    name: rollout(
        policy,
        world,
        learners=100,
        weeks=12,
        seed=2,
        name=name,
        tracer=tracer,
        recommender=best.recommender,
        after=before,
    )
    for name, (policy, tracer) in tried.items()
}
results = Results(rollouts=rollouts, roles=world.roles, catalog=world.catalog, tracers=scores)
print(closed_loop.table(results.policies))

# %%
for name, drawn in gallery.gallery(results).items():
    if name in ("policies", "debt"):
        display(Image(png(drawn.figure), alt=drawn.alt))
