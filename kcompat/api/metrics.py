"""/metrics: counters under upstream's names, kept as plain numbers and written as text when scraped. Called by `api/pipeline.py`."""

from __future__ import annotations

import os
import resource as usage
from bisect import bisect_left

from kcompat.api.request import Request

_BUCKETS = (0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0)
Labels = tuple[str, str, str, str, str, str]


class Metrics:
    """Requests by verb, group, version, resource, subresource and scope; durations of those that are not long-running."""

    def __init__(self) -> None:
        self._totals: dict[tuple[Labels, int], int] = {}
        self._durations: dict[Labels, list[float]] = {}

    def observe(self, request: Request, code: int, seconds: float) -> None:
        info = request.info
        scope = "resource" if info.name else "namespace" if info.namespace else "cluster" if info.resource_request else ""
        labels = (info.verb.upper(), info.group, info.version, info.resource, info.subresource, scope)
        key = (labels, code)
        self._totals[key] = self._totals.get(key, 0) + 1
        if info.verb == "watch":
            return
        histogram = self._durations.get(labels)
        if histogram is None:
            histogram = self._durations[labels] = [0.0] * (len(_BUCKETS) + 3)
        histogram[bisect_left(_BUCKETS, seconds)] += 1
        histogram[-2] += seconds
        histogram[-1] += 1

    def text(self) -> bytes:
        """The Prometheus text format."""
        lines = ["# TYPE apiserver_request_total counter"]
        for (labels, code), count in self._totals.items():
            lines.append(f'apiserver_request_total{{code="{code}",{_written(labels)}}} {count}')
        lines.append("# TYPE apiserver_request_duration_seconds histogram")
        for labels, histogram in self._durations.items():
            lines.extend(_histogram("apiserver_request_duration_seconds", _written(labels), histogram))
        used = usage.getrusage(usage.RUSAGE_SELF)
        lines += ["# TYPE process_cpu_seconds_total counter", f"process_cpu_seconds_total {used.ru_utime + used.ru_stime:.2f}"]
        lines += ["# TYPE process_resident_memory_bytes gauge", f"process_resident_memory_bytes {resident()}"]
        return ("\n".join(lines) + "\n").encode()


def _written(labels: Labels) -> str:
    verb, group, version, resource, subresource, scope = labels
    return f'verb="{verb}",group="{group}",version="{version}",resource="{resource}",subresource="{subresource}",scope="{scope}"'


def _histogram(name: str, labels: str, histogram: list[float]) -> list[str]:
    lines, total = [], 0
    for bound, count in zip(_BUCKETS, histogram, strict=False):
        total += int(count)
        lines.append(f'{name}_bucket{{{labels},le="{bound:g}"}} {total}')
    count = int(histogram[-1])
    return [*lines, f'{name}_bucket{{{labels},le="+Inf"}} {count}', f"{name}_sum{{{labels}}} {histogram[-2]:.6f}", f"{name}_count{{{labels}}} {count}"]


def resident() -> int:
    """Resident memory of this process in bytes; 0 where the platform does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


METRICS = Metrics()
