"""The other side of neural.py: one of pyKT's models, trained by pyKT's own step on the same chunks.

python peer_pykt.py CODE CHUNKS.npz MODEL LEARNERS SECONDS        (in the peer's environment)
"""

import sys
import time

import numpy as np
import torch

code, path, name, learners, seconds = sys.argv[1:6]
sys.path.insert(0, code)
from pykt.models.init_model import init_model  # noqa: E402
from pykt.models.train_model import model_forward  # noqa: E402

LENGTH = 200
SIZES = {
    "dkt": {"emb_size": 200, "dropout": 0.1},
    "dkvmn": {"dim_s": 200, "size_m": 50, "dropout": 0.2},
    "sakt": {"seq_len": LENGTH, "emb_size": 256, "num_attn_heads": 8, "dropout": 0.2, "num_en": 1},
    "akt": {"d_model": 256, "n_blocks": 1, "dropout": 0.05, "d_ff": 256, "num_attn_heads": 8},
    "simplekt": {"d_model": 256, "n_blocks": 2, "dropout": 0.1, "d_ff": 256, "num_attn_heads": 8,
                 "final_fc_dim": 256, "final_fc_dim2": 256, "seq_len": LENGTH},
}  # fmt: skip


def batches(batch: int) -> object:
    data = np.load(path)
    offsets, lengths = data["offsets"], np.diff(data["offsets"])
    order = np.random.default_rng(0).permutation(len(lengths))
    for first in range(0, len(order) - batch, batch):
        skill, answer = np.full((batch, LENGTH), -1), np.full((batch, LENGTH), -1)
        for row, learner in enumerate(order[first : first + batch]):
            some = slice(offsets[learner], offsets[learner + 1])
            skill[row, : lengths[learner]], answer[row, : lengths[learner]] = data["item"][some], data["outcome"][some]
        c, r = torch.from_numpy(skill), torch.from_numpy(answer).float()
        there = (c[:, :-1] != -1) & (c[:, 1:] != -1)
        none = torch.zeros(batch, 0)
        yield {
            "qseqs": none, "tseqs": none, "shft_qseqs": none, "shft_tseqs": none,
            "cseqs": c[:, :-1] * there, "rseqs": r[:, :-1] * there,
            "shft_cseqs": c[:, 1:] * there, "shft_rseqs": r[:, 1:] * there,
            "masks": there, "smasks": there,
        }  # fmt: skip


model = init_model(name, SIZES[name], {"num_c": 100, "num_q": 0, "emb_path": ""}, "qid")
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
made = list(batches(int(learners)))
rows, begun, number = 0, 0.0, 0
while True:
    for batch in made:
        model.train()
        loss = model_forward(model, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        number += 1
        rows += int(batch["smasks"].sum())
        if number == 3:
            rows, begun = 0, time.perf_counter()
        if number > 3 and time.perf_counter() - begun > float(seconds):
            print(rows / (time.perf_counter() - begun))
            sys.exit()
