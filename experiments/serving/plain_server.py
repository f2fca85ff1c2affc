"""What one writes without lernpfad: FastAPI, a PyTorch DKT, the whole history and every item in each request.

    python experiments/serving/plain_server.py FOLDER PORT

FOLDER holds weights.safetensors and catalog.json, see `latency_bundles.plain_files`. It answers with the k items of the
highest predicted success that were not taken yet: no affinity, requirement, debt, prerequisites or reasons, so it
does less than the server that it is compared with.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from safetensors.torch import load_file

from lernpfad.tracing.dkt import DKT
from lernpfad.training.network import Batch


class Row(BaseModel):
    item: str
    outcome: str
    minutes: float
    time: float


class Asked(BaseModel):
    history: list[Row]
    role: str
    k: int = 5


def create_app(folder: Path) -> FastAPI:
    facts = json.loads((folder / "catalog.json").read_text())
    names: list[str] = facts["items"]
    index = {name: n for n, name in enumerate(names)}
    network = DKT(items=len(names), skills=facts["skills"], item_skills=np.array(facts["item_skills"]))
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    network.eval()
    app = FastAPI()

    @app.get("/ready")
    def ready() -> dict[str, bool]:
        return {"ready": True}

    @app.post("/next-items")
    def next_items(asked: Asked) -> dict[str, Any]:
        item = torch.tensor([[index[row.item] for row in asked.history]])
        outcome = torch.tensor([[int(row.outcome == "correct") for row in asked.history]])
        candidates = torch.arange(len(names))[None]
        before = torch.full_like(candidates, item.shape[1])
        unused = torch.zeros(candidates.shape)
        with torch.inference_mode():
            logits = network(Batch(item, outcome, candidates, before, unused, unused > 0))[0]
            logits[item[0]] = -torch.inf
            best = torch.topk(torch.sigmoid(logits), asked.k)
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return {"items": [{"item": names[n], "success": success} for n, success in pairs]}

    return app


if __name__ == "__main__":
    torch.set_num_threads(1)
    uvicorn.run(create_app(Path(sys.argv[1])), port=int(sys.argv[2]), log_level="warning")
