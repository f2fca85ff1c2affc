"""The other side of sasrec.py: RecTools' SASRecModel, fitted by its own `fit` on the same takes.

python peer_sasrec.py LOG.npz LOSS STEPS        (in the peer's environment)
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
import torch
from pytorch_lightning import Callback, Trainer
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel

WARM, BATCH = 3, 128
path, loss, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
warnings.simplefilter("ignore")
torch.set_num_threads(1)


class Clock(Callback):
    """Processor seconds and takes of the steps after the first few."""

    rows, begun = 0, 0.0

    def on_train_batch_end(self, trainer, module, outputs, batch, index):
        if trainer.global_step == WARM:
            self.rows, self.begun = 0, time.process_time()
        elif trainer.global_step > WARM:
            self.rows += int((batch["y"] != 0).sum())
            self.seconds = time.process_time() - self.begun


def trainer():
    return Trainer(
        max_steps=WARM + steps, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[Clock()],
    )  # fmt: skip


log = np.load(path)
order = pd.Timestamp("2000-01-01") + pd.to_timedelta(np.arange(len(log["item"])), unit="s")
frame = pd.DataFrame(
    {Columns.User: log["owner"], Columns.Item: log["item"], Columns.Weight: 1, Columns.Datetime: order}
)
model = SASRecModel(
    n_blocks=2, n_heads=1, n_factors=64, session_max_len=200, dropout_rate=0.2, batch_size=BATCH, loss=loss,
    n_negatives=1, lr=1e-3, get_trainer_func=trainer,
)  # fmt: skip
model.fit(Dataset.construct(frame))
clock = next(one for one in model.fit_trainer.callbacks if isinstance(one, Clock))  # the trainer was copied
print(json.dumps(clock.rows / clock.seconds))
