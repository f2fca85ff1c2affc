"""What this process did, in numbers, as Prometheus reads them (text format 0.0.4). No label names a learner."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper edges of the histogram of latencies; 5 ms and 15 ms are what is promised."""
GONE_AWAY: Final = 499
"""The status under which a request is counted whose client went away before the answer, as in nginx."""
COUNTED: Final = {
    "lernpfad_requests_total": "Requests, by path of the document, method and status (4xx: refused, 499: had gone).",
    "lernpfad_decisions_total": "Decisions about what is next, by who decided: the policy or the fixed curriculum.",
    "lernpfad_fallbacks_total": "Decisions of the curriculum because the model of the policy raised.",
    "lernpfad_unanswered_total": "Profiles that were not answered because the model raised.",
    "lernpfad_interactions_total": "Interactions posted, by whether they were new or repeated.",
    "lernpfad_interventions_total": "Overrides, contests and skips.",
    "lernpfad_states_rebuilt_total": "States walked anew from the first interaction on.",
    "lernpfad_store_errors_total": "Times that the store could not do its work, by kind.",
}
_METHODS: Final = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS")
_LATENCY: Final = "lernpfad_request_seconds"

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counters and one histogram of latencies; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, dict[Labels, float]] = {name: defaultdict(float) for name in COUNTED}
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = defaultdict(float)

    def count(self, what: str, amount: float = 1.0, /, **labels: str) -> None:
        """Add to a counter of `COUNTED`, named without `lernpfad_` and `_total`."""
        with self._lock:
            self._counts[f"lernpfad_{what}_total"][tuple(labels.items())] += amount

    def took(self, path: str, seconds: float) -> None:
        """Put a request's latency into the histogram."""
        with self._lock:
            buckets = self._buckets.setdefault(path, [0] * (len(SECONDS) + 1))
            buckets[next((n for n, edge in enumerate(SECONDS) if seconds <= edge), len(SECONDS))] += 1
            self._seconds[path] += seconds

    def text(self, info: Mapping[str, str], *, gauges: Mapping[str, float]) -> str:
        """The exposition. info: labels of `lernpfad_bundle_info`. gauges: values of this moment by name."""
        with self._lock:
            lines = [*self._counters(), *self._histogram()]
        lines += ["# TYPE lernpfad_bundle_info gauge", _line("lernpfad_bundle_info", tuple(info.items()), 1)]
        for name, value in (dict(gauges) | _resident()).items():
            lines += [f"# TYPE {name} gauge", _line(name, (), value)]
        return "\n".join(lines) + "\n"

    def _counters(self) -> Iterator[str]:
        for name, series in self._counts.items():
            yield from (f"# HELP {name} {COUNTED[name]}", f"# TYPE {name} counter")
            yield from (_line(name, labels, value) for labels, value in sorted(series.items()))

    def _histogram(self) -> Iterator[str]:
        yield from (f"# HELP {_LATENCY} Seconds to the end of the answer.", f"# TYPE {_LATENCY} histogram")
        for path, buckets in sorted(self._buckets.items()):
            below = 0
            for edge, inside in zip((*SECONDS, float("inf")), buckets, strict=True):
                below += inside
                yield _line(f"{_LATENCY}_bucket", (("path", path), ("le", f"{edge:g}".replace("inf", "+Inf"))), below)
            yield _line(f"{_LATENCY}_sum", (("path", path),), self._seconds[path])
            yield _line(f"{_LATENCY}_count", (("path", path),), below)


class Measured:
    """ASGI middleware that counts and times every request under the path of the document, never the address."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on and look at the clock."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), GONE_AWAY

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, told)
        except Exception:
            status = 500  # which is what is answered outside of this
            raise
        finally:
            path = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self.metrics.count("requests", path=path, method=method, status=str(status))
            self.metrics.took(path, time.perf_counter() - began)


def _line(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
    return f"{name}{{{inside}}} {value:.17g}" if inside else f"{name} {value:.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _resident() -> dict[str, float]:
    try:
        with open("/proc/self/statm", encoding="ascii") as told:
            pages = int(told.read().split()[1])
    except OSError:  # no such file where the kernel is no Linux
        return {}
    return {"process_resident_memory_bytes": float(pages * os.sysconf("SC_PAGE_SIZE"))}
