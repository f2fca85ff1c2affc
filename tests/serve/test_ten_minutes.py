"""The way from an experiment to production, as the page about serving shows it, in a shell as a newcomer would."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lernpfad.collaborative.popularity import Popularity
from lernpfad.core import NextBest
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.tracing.bkt import BKT
from serve.stack import catalog, histories, roles, written

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What `lernpfad demo` leaves behind, small: a bundle and the logs, with the ids of the demo."""
    from dataclasses import replace

    items = replace(catalog(), items=np.array([f"item-{i:04d}" for i in range(24)]))
    logs = histories(items)
    stack = NextBest(BKT(starts=1, max_iterations=3), Popularity(), DebtPerMinute()).fit(logs)
    named = replace(roles(), names=np.array(["role-01", "role-02"]))
    written(tmp_path / "runs" / "demo" / "bundle", stack, catalog=items, roles=named, trust=())
    (tmp_path / "data" / "demo").mkdir(parents=True)
    owner, item = [str(logs.learners[j]) for j in logs.owner], [str(items.items[i]) for i in logs.item]
    table = pa.table(
        {"learner": owner, "item": item, "time": logs.time, "outcome": logs.outcome, "accepted": logs.accepted}
    )
    pq.write_table(table, tmp_path / "data" / "demo" / "interactions.parquet")
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "lernpfad"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lernpfad "$@"\n')
    command.chmod(0o755)
    return tmp_path


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_each_command_works(folder: Path) -> None:
    section = PAGE.split("## From experiment to production in ten minutes")[1].split("\n## ")[0]
    serving, after = re.findall(r"```bash\n(.*?)```", section, flags=re.S)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    script = "set -e; trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n" + (serving + after).replace(
        "8000", port
    ).replace("kill $! && wait", "kill $! && wait || true")
    path = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=os.environ | path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    said = done.stdout
    assert done.returncode == 0, said + done.stderr + (folder / "serve.log").read_text()
    assert '["6f3c9c1e-0f0e-4c58-9d3b-0c5a9b1d2e3f"]' in said
    assert said.count('"decided_by":"policy"') == said.count('"decided_by":"curriculum"') == 1
    assert 'lernpfad_decisions_total{by="curriculum"} 1' in said
    assert "2 the same, 0 differ, 0 of other bundles" in said
    assert "interactions.parquet: 20 learners, scored" in said
    assert len((folder / "offers.jsonl").read_text().splitlines()) == 6
