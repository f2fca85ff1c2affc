"""What Prometheus reads: right numbers under the document's paths, in its format, and nobody's id."""

import logging
import re
from pathlib import Path

import pytest

from lernpfad.serve.metrics import Metrics
from lernpfad.serve.sqlite import Sqlite
from serve.stack import START
from serve.web import client, small_bundle

WHO = "lea-17@example.org"
SAMPLE = re.compile(r'[a-z_]+(\{[a-z_]+="(?:[^"\\\n]|\\.)*"(,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? [0-9.e+-]+')


def test_the_exposition_by_hand() -> None:
    metrics = Metrics()
    for seconds in (0.0004, 0.004, 0.004, 99.0):
        metrics.took("/v1/profile", seconds)
    metrics.count("decisions", by="policy")
    metrics.count("decisions", 2, by="policy")
    lines = metrics.text({"version": 'a"b\\'}, gauges={"lernpfad_curriculum": 1.0}).splitlines()
    assert 'lernpfad_decisions_total{by="policy"} 3' in lines
    assert 'lernpfad_bundle_info{version="a\\"b\\\\"} 1' in lines
    assert "lernpfad_curriculum 1" in lines
    buckets = [one for one in lines if one.startswith("lernpfad_request_seconds_bucket")]
    assert buckets[0] == 'lernpfad_request_seconds_bucket{path="/v1/profile",le="0.001"} 1'
    assert buckets[2] == 'lernpfad_request_seconds_bucket{path="/v1/profile",le="0.005"} 3'
    assert buckets[-1] == 'lernpfad_request_seconds_bucket{path="/v1/profile",le="+Inf"} 4'
    assert 'lernpfad_request_seconds_count{path="/v1/profile"} 4' in lines
    [total] = [one for one in lines if one.startswith("lernpfad_request_seconds_sum")]
    assert float(total.split()[1]) == pytest.approx(99.0084)


def test_what_happened_is_counted_and_nobody_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    row = {"learner": WHO, "id": "1", "item": "i1", "time": START}
    database = Sqlite(tmp_path / "l.db")
    with client(small_bundle(tmp_path), database=database, keyed=False) as web, caplog.at_level(logging.DEBUG):
        for body in (row, row, row | {"item": "i2"}):
            web.post("/v1/learners/interactions", json=body)
        web.post("/v1/learners/next-items", json={"learner": WHO})
        web.post("/v1/learners/interactions", json=row | {"id": "0", "time": START - 1})
        web.post("/v1/learners/profile", json={"learner": WHO})  # a row came late: her state is walked anew
        web.get(f"/v1/{WHO}")
        web.request("LOOK", f"/v1/{WHO}")
        web.post("/v1/next-items", content=b"x" * 2_000_000)
        database.path.rename(tmp_path / "away.db")
        web.post("/v1/learners/interactions", json=row)
        text = web.get("/metrics").text
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in samples)
    for expected in (
        'lernpfad_requests_total{path="/v1/learners/interactions",method="POST",status="200"} 3',
        'lernpfad_requests_total{path="/v1/learners/interactions",method="POST",status="409"} 1',
        'lernpfad_requests_total{path="other",method="GET",status="404"} 1',
        'lernpfad_requests_total{path="other",method="other",status="404"} 1',
        'lernpfad_requests_total{path="other",method="POST",status="413"} 1',
        'lernpfad_interactions_total{came="new"} 2',
        'lernpfad_interactions_total{came="repeated"} 1',
        'lernpfad_decisions_total{by="policy"} 1',
        "lernpfad_states_rebuilt_total 1",
        'lernpfad_store_errors_total{kind="gone"} 1',
        "lernpfad_curriculum 0",
    ):
        assert expected in samples, expected
    assert any(line.startswith("process_resident_memory_bytes ") for line in samples)
    for told in (text, "".join(one.getMessage() for one in caplog.records if one.name.startswith("lernpfad"))):
        assert "lea-17" not in told


def test_metrics_are_there_without_a_store(tmp_path: Path) -> None:
    with client(small_bundle(tmp_path)) as web:
        response = web.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'tracer="Recency",policy="DebtPerMinute"} 1' in response.text
