"""An encoder as a recommender: numpy at the boundary, torch inside."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from lernpfad.core import Array, FloatArray, IntArray, Sequences
from lernpfad.core.events import Seen, inner_products, last_events
from lernpfad.training.batches import Buckets
from lernpfad.training.encoder import MakesEncoder
from lernpfad.training.fitting import Fitting
from lernpfad.training.losses import CrossEntropy, NextItemLoss
from lernpfad.training.model import NeuralModel
from lernpfad.training.nextitem import NextItem, known

_ROWS = 32_768


class NeuralRecommender(NeuralModel):
    """Any encoder of `training.encoder` as a `Recommender`.

    network: makes the encoder once the catalog is known. loss: what it is trained with. fitting: how. judges: how many
    of the validation learners are asked after each epoch, at most; to score them all may cost as much as to train.
    An item that was not there at `fit` scores like the mean of those that were.
    Learned besides the weights: how many items there are, `item_count_`.
    """

    item_count_: Array

    def __init__(
        self,
        network: MakesEncoder,
        loss: NextItemLoss | None = None,
        fitting: Fitting | None = None,
        judges: int = 2000,
    ) -> None:
        super().__init__(network, fitting)
        self.loss = loss or CrossEntropy()
        self.judges = judges

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Train until NDCG@10 of what the validation learners took later stops growing.

        Without `valid`, of the last takes of a share of the learners set aside.
        """
        with torch.random.fork_rng():  # built only to be asked what it reads
            network = self.network(items=len(train.catalog))
        seen = Seen(len(train.catalog), window=network.window, declined=network.declined)
        self._fitted(NextItem(self.loss, seen, self.judges), train, valid)
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Inner product of history and item, `[learners, items]`, float32."""
        return inner_products(self.encoded(histories), self.vectors(), items)

    def encoded(self, histories: Sequences) -> FloatArray:
        """What is known of each learner, `[learners, D]`, float32."""
        network = self.built()
        seen = Seen(int(self.item_count_[0]), window=network.window, declined=network.declined)
        found = np.empty((len(histories.learners), self.vectors().shape[1]), dtype=np.float32)
        with torch.inference_mode():
            for learners in Buckets(np.minimum(histories.lengths, seen.window), _ROWS):
                item, taken = last_events(histories, learners, seen)
                found[learners] = known(network, torch.from_numpy(item), torch.from_numpy(taken)).numpy()
        return found

    def vectors(self) -> FloatArray:
        """The items as the encoder sees them, `[I, D]`, float32."""
        with torch.inference_mode():
            vectors: FloatArray = self.built().vectors().numpy()
        return vectors

    def export(self, folder: Path) -> None:
        """Write the ONNX graph and the item vectors that production runs on; see `training.export`."""
        from lernpfad.training.export import write_encoder

        write_encoder(self.built(), folder)

    def _of_catalog(self, train: Sequences) -> None:
        self.item_count_ = np.array([len(train.catalog)])

    def _arguments(self) -> dict[str, Any]:
        return {"items": int(self.item_count_[0])}
