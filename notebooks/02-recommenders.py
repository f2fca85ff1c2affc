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
# # Recommenders
#
# What will a learner take up? We take the log of a simulated company, cut it at one date for everybody, fit
# recommenders of six kinds on what came before, and see how they rank what was taken after. Then we look at one
# learner, at somebody who joined this morning, at refusals, and at what goes to production.
#
# The data are small, so that everything runs in a minute. Which recommender for what is a page of its own,
# `docs/recommenders.md`; figures to quote are in `experiments/ranking`.

# %%
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")  # progress bars are text here

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from lernpfad.collaborative.als import ALS
from lernpfad.collaborative.content import Content
from lernpfad.collaborative.ease import EASE
from lernpfad.collaborative.itemknn import ItemKNN
from lernpfad.collaborative.markov import Markov
from lernpfad.collaborative.popularity import Popularity
from lernpfad.collaborative.sasrec import SASRec
from lernpfad.core import Recommender, Sequences, similar
from lernpfad.data.dataset import Dataset
from lernpfad.data.ranking_splits import ColdItems
from lernpfad.data.split import ByTime
from lernpfad.evaluate import ranking, ranking_slices, tables
from lernpfad.policy.logging import Logging
from lernpfad.serve.encoder import OnnxRecommender
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.rollout import rollout
from lernpfad.training import Fitting, NeuralRecommender

# %% [markdown]
# ## A log, cut in time
# The platform of this company offers courses, what is popular in a role, and now and then anything at all; people
# accept seven offers in ten. One date divides the log: nothing that is trained on is later than anything that is
# tested. A learner's earlier rows go along as her history.

# %%
world = Corporate(seed=1)
log = rollout(Logging(), world, learners=500, weeks=26, seed=1, name="logging").log
split = ByTime(test_quantile=0.9, valid_quantile=0.8)(Dataset("company", log))
print(
    f"{len(log):,} offers of {len(log.catalog)} items to {len(log.learners)} learners, {log.accepted.mean():.0%} taken"
)
print(f"trained on {len(split.train):,} rows; {(split.test_scored & split.test.accepted).sum():,} later takes to find")

# %% [markdown]
# ## Six recommenders
# They have one method, `score(histories, items)`: who is asked for need not have been there in training. The small
# SASRec is trained like any other neural model here; the others are counted, solved, or factorised.

# %%
network = partial(SASRec, width=32, inner=32, dropout=0.2, window=100, declined=True)
once = {"schedule": "onecycle", "max_epochs": 10, "patience": 10, "learning_rate": 0.005, "batch_rows": 1024}
fitting = Fitting(**once, accelerator="cpu", progress_bar=False)
models = {
    "popularity": Popularity(),
    "Markov": Markov(),
    "item-kNN": ItemKNN(),
    "EASE": EASE(),
    "ALS": ALS(factors=8),
    "SASRec": NeuralRecommender(network, fitting=fitting),
}
for model in models.values():
    model.fit(split.train, split.valid)

# %% [markdown]
# Every learner with something to be found is ranked the whole catalog, without what she had taken. NDCG@10 with its
# 95 % interval over learners, and the lead over popularity on the *same* learners. Five leads are five chances to be
# lucky; Holm's correction of the p value pays for that.

# %%
found = {
    name: ranking.evaluate(model, split.test, split.test_scored, train=split.train) for name, model in models.items()
}
leads = {row["recommender"]: row for row in ranking.leads(found, "popularity")}
rows = []
for name, result in found.items():
    value, low, high = result.interval("ndcg@10")
    row = {"recommender": name, "NDCG@10": f"{value:.3f}", "95 %": tables.interval(low, high, 3)}
    for metric in ("hr@10", "recall@10", "coverage@10", "gini@10"):
        row[metric] = f"{result.metrics[metric]:.3f}"
    lead = leads.get(name)
    row["lead over popularity, 95 %"] = (
        "" if lead is None else f"{lead['difference']:+.3f} [{lead['low']:+.3f}, {lead['high']:+.3f}]"
    )
    row["p (Holm)"] = "" if lead is None else f"{lead['holm']:.3f}"
    rows.append(row)
print(f"{len(found['EASE'].learners)} learners")
print(tables.text(rows))

# %% [markdown]
# Who leads here has learned two things at once: what a learner likes, and what this platform shows next. The log cannot
# tell one from the other. Whether a better figure here means better offers is asked in `experiments/ablation`.
#
# ## Accuracy and concentration
# Popularity shows everybody the same few items. How much of the catalog is in anybody's list of ten? (The Gini in the
# table says how unevenly: 0 would be all items alike.)

# %%
figure, axis = plt.subplots(figsize=(7, 4))
for name, result in found.items():
    value, low, high = result.interval("ndcg@10")
    share = result.metrics["coverage@10"]
    axis.errorbar(share, value, yerr=[[value - low], [high - value]], fmt="o", color="tab:blue", elinewidth=1)
    side = {"xytext": (-6, 5), "ha": "right"} if name == "Markov" else {"xytext": (6, 5)}
    axis.annotate(name, (share, value), textcoords="offset points", **side)
axis.set(xlabel="share of the catalog in any list of ten", ylabel="NDCG@10, 95 % over learners", xlim=(0, 1))
figure.tight_layout()
plt.show()

# %% [markdown]
# ## Whom, and for what, does it serve well?
# Left: the same learners and the same targets, but the models are shown only the last n rows of each history. Right:
# the targets by popularity; each fifth holds a fifth of all that was taken in training, from a few items to many.


# %%
@dataclass(frozen=True)
class LastRows:
    """A recommender that is shown only the last so many rows of every history."""

    model: Recommender
    rows: int

    def score(self, histories, items):
        """What the model makes of the ends of the histories."""
        back = np.repeat(histories.lengths, histories.lengths) - histories.position  # 1 for the last row
        return self.model.score(histories.where(back <= self.rows), items)


shown = (0, 1, 3, 10, 30, 100)
figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
for name in ("popularity", "Markov", "EASE", "SASRec"):
    cut = [ranking.evaluate(LastRows(models[name], rows), split.test, split.test_scored) for rows in shown]
    axes[0].plot([result.metrics["ndcg@10"] for result in cut], "o-", label=name)
    slices = {n: row for n, row in ranking_slices.by_popularity(found[name], resamples=0).items() if n != "never taken"}
    axes[1].plot([row["ndcg@10"] for row in slices.values()], "o-", label=name)
axes[0].set_xticks(range(len(shown)), [str(rows) for rows in shown])
axes[1].set_xticks(
    range(len(slices)), [f"{n.replace(' fifth', '')}\nn={row['n']}" for n, row in slices.items()], fontsize=8
)
axes[0].set(xlabel="rows of history that are shown", ylabel="NDCG@10")
axes[1].set_xlabel("fifth of the targets by popularity")
axes[1].legend()
figure.tight_layout()
plt.show()

# %% [markdown]
# One row of history is nearly all that helps Markov and SASRec here: the platform mostly goes on with the course of the
# day. EASE takes the history as a set and does not know which row was last, so a longer one is of no use to it.
#
# ## Items that nobody has taken yet
# A tenth of the items is taken out of training, and only these are to be found. Who learns from takers alone is blind
# to them. What an item trains is known on its first day.

# %%
cold = ColdItems(ByTime(test_quantile=0.9, valid_quantile=0.8), share=0.1)(Dataset("company", log))
for model in (Popularity(), EASE(), Content()):
    result = ranking.evaluate(model.fit(cold.train), cold.test, cold.test_scored, ks=(10, 50), train=cold.train)
    value, low, high = result.interval("ndcg@50")
    print(f"{type(model).__name__:10} NDCG@50 {value:.3f} [{low:.3f}, {high:.3f}], {len(result.learners)} learners")

# %% [markdown]
# ## One learner, and the neighbours of an item
# What she took last, what two recommenders would show her, and the items that are nearest to her last one. `lernpfad
# similar` prints such neighbours for any run or bundle.

# %%
catalog = log.catalog
items = np.arange(len(catalog))


def told(item: int) -> str:
    return f"{catalog.items[item]} ({', '.join(catalog.skills[k] for k in catalog.item_skills[item] if k >= 0)})"


visible = split.test.where(~split.test_scored)
who = int(np.argmax((visible.lengths > 30) & (visible.lengths < 60)))
history = visible.select([who])
took = history.item[history.accepted]
print(f"{history.learners[0]} took last:", *(told(item) for item in took[-4:]), sep="\n  ")
for name in ("EASE", "SASRec"):
    scores = models[name].score(history, items)[0].copy()
    scores[took] = -np.inf
    print(f"{name} would show:", *(told(item) for item in np.argsort(-scores)[:5]), sep="\n  ")

last = took[-1:]
for name in ("ALS", "Markov"):
    near = np.argsort(-similar(models[name], catalog, last)[0])[:4]
    print(f"nearest to {catalog.items[last[0]]} by {name}:", *(told(item) for item in near), sep="\n  ")

# %% [markdown]
# EASE does not know what came last, SASRec does: she is in the middle of a course, and the platform goes on with it.
# ALS compares the factors of items: which are taken by the same people. Markov has no such thing, so its neighbours are
# what it would offer to somebody who took this item and nothing else: what comes *next*.
#
# ## What a refusal says
# Three offers in ten were declined. ALS may hear that as "does not like it" (`declined=10`, its default), or take a
# refusal for an item that was never offered (`declined=1`):

# %%
deaf = ALS(factors=8, declined=1.0).fit(split.train)
result = ranking.evaluate(deaf, split.test, split.test_scored, train=split.train)
value, low, high = ranking.difference(found["ALS"], result, "ndcg@10")
print(f"ALS that hears refusals less one that does not: {value:+.4f} [{low:+.4f}, {high:+.4f}] NDCG@10")

# %% [markdown]
# To leave refusals out ranks better *here*, and it is easy to see why: whatever was declined had been offered, since
# the platform thought it suitable, and it will think so again. What is taken next is what was offered next. So a
# refusal tells of what is coming as well as of taste, and what it is worth is to be measured log by log.
#
# ## Somebody who joined this morning
# No row of hers was trained on, and none has to be. Before her first take she is shown what a model has for an empty
# history; with every take her list becomes her own. Nothing is fitted again.

# %%
she = history.where(history.accepted)
for taken in (0, 1, 3, 10):
    part = she.where(she.position < taken) if taken else Sequences.empty(catalog)
    lists = {name: np.argsort(-models[name].score(part, items)[0], kind="stable")[:10] for name in ("EASE", "SASRec")}
    popular = np.argsort(-models["popularity"].score(part, items)[0], kind="stable")[:10]
    shared = {name: len(np.intersect1d(mine, popular)) for name, mine in lists.items()}
    print(f"after {taken:2} takes, of ten items shown as many are the most popular ones: {shared}")

# %% [markdown]
# ## To production
# SASRec is exported as an ONNX graph that reads a history, and the vectors of the items. The twin runs on numpy and
# onnxruntime alone, and gives the same scores:

# %%
with tempfile.TemporaryDirectory() as folder:
    models["SASRec"].export(Path(folder))
    print({path.name: f"{path.stat().st_size / 1000:.0f} kB" for path in sorted(Path(folder).iterdir())})
    twin = OnnxRecommender(Path(folder))
    some = visible.select(slice(0, 100))
    apart = np.abs(twin.score(some, items) - models["SASRec"].score(some, items)).max()
    nobody = np.abs(
        twin.score(Sequences.empty(catalog), items) - models["SASRec"].score(Sequences.empty(catalog), items)
    ).max()
print("the same scores within 1e-4:", bool(max(apart, nobody) < 1e-4))
