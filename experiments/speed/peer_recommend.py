"""The other side of recommend.py: RecTools' or LensKit's own batch `recommend`, fitted on the same log.

python peer_recommend.py LIBRARY LOG.npz MODEL        (in the library's environment)

Says its version, and then, for every number of learners that it is told, how many processor seconds they took.
"""

import logging
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd

K, NEIGHBOURS, FACTORS = 10, 100, 64
RIDGE = 100.0


def rectools(log: pd.DataFrame, model: str) -> object:
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import TFIDFRecommender
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import EASEModel, ImplicitALSWrapperModel, ImplicitItemKNNWrapperModel

    made = {
        "als": lambda: ImplicitALSWrapperModel(AlternatingLeastSquares(FACTORS, iterations=1, num_threads=1)),
        "itemknn": lambda: ImplicitItemKNNWrapperModel(TFIDFRecommender(K=NEIGHBOURS + 1, num_threads=1)),
        "ease": lambda: EASEModel(RIDGE, recommend_n_threads=1, recommend_use_gpu_ranking=False),
    }
    named = log.rename(columns={"user": Columns.User, "item": Columns.Item})
    data = Dataset.construct(named.assign(**{Columns.Weight: 1.0, Columns.Datetime: pd.Timestamp("2000-01-01")}))
    fitted = made[model]().fit(data)
    return lambda learners: fitted.recommend(learners, data, k=K, filter_viewed=True)


def lenskit(log: pd.DataFrame, model: str) -> object:
    from lenskit.als import ImplicitMFScorer
    from lenskit.batch import recommend
    from lenskit.data import from_interactions_df
    from lenskit.knn import EASEScorer, ItemKNNScorer
    from lenskit.pipeline import topn_pipeline

    made = {
        "als": lambda: ImplicitMFScorer(embedding_size=FACTORS, epochs=1),
        "itemknn": lambda: ItemKNNScorer(save_nbrs=NEIGHBOURS, max_nbrs=NEIGHBOURS, feedback="implicit"),
        "ease": lambda: EASEScorer(regularization=RIDGE),
    }
    logging.disable()
    fitted = topn_pipeline(made[model](), n=K)
    fitted.train(from_interactions_df(log, user_col="user", item_col="item"))
    return lambda learners: recommend(fitted, learners, n=K, n_jobs=1)


def main() -> None:
    warnings.simplefilter("ignore")
    library, path, model = sys.argv[1:]
    log = np.load(path)
    recommend = {"rectools": rectools, "lenskit": lenskit}[library](
        pd.DataFrame({"user": log["owner"], "item": log["item"]}), model
    )
    print(version(library), flush=True)
    for line in sys.stdin:
        learners = log["asked"][: int(line)]
        begun = time.process_time()
        recommend(learners)
        print(time.process_time() - begun, flush=True)


if __name__ == "__main__":
    main()
