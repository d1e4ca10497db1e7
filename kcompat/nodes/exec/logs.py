"""What a simulated container has printed, as far as its program says so (programs.py). Called by remote.py.

Answers pkg/kubelet/kuberuntime/logs: ReadLogs.
"""

from __future__ import annotations

from datetime import timedelta

from kcompat.apimachinery.clock import Clock, parse_rfc3339, rfc3339_micro
from kcompat.apimachinery.remote_command import LogOptions
from kcompat.nodes.containers import Container


def lines(container: Container, options: LogOptions, clock: Clock, *, after: float | None = None) -> tuple[list[bytes], float]:
    """Lines as the options ask for them, and up to which second after the start they are; after: those until then are known."""
    state = container.last if options.previous else container.state
    ran = state.get("running") or state.get("terminated")
    if ran is None:
        return [], after or 0.0
    began = parse_rfc3339(ran["startedAt"])
    until = (parse_rfc3339(ran["finishedAt"]) if "finishedAt" in ran else clock.now()) - began
    seconds = until.total_seconds() + ("finishedAt" in ran)  # times in a status are whole seconds
    printed = container.script.printed(seconds, -1.0 if after is None else after)
    chosen = [(began + timedelta(seconds=at), text) for at, text in printed]
    if options.since_seconds is not None:
        chosen = [each for each in chosen if each[0] >= clock.now() - timedelta(seconds=options.since_seconds)]
    elif options.since_time:
        chosen = [each for each in chosen if each[0] >= parse_rfc3339(options.since_time)]
    if options.tail is not None and after is None:
        chosen = chosen[len(chosen) - min(options.tail, len(chosen)) :]
    return [(f"{rfc3339_micro(at)} {text}" if options.timestamps else text).encode() for at, text in chosen], seconds
