"""Recorders of Events: telling users what components did, never in anybody's way.

`EventRecorder` writes core/v1 Events as the controllers do (upstream: client-go tools/record): repeated events are counted, similar ones
combined, floods cut off. `SeriesRecorder` writes events.k8s.io/v1 Events with series as the scheduler does (client-go tools/events).
Recording queues and returns; a queue that is full drops. Used by controllers, scheduler and nodes.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from kcompat.apimachinery import names
from kcompat.apimachinery.clock import Clock, Identity, SystemClock, parse_rfc3339, rfc3339, rfc3339_micro
from kcompat.apimachinery.errors import StatusError
from kcompat.client.backoff import fraction, jitter
from kcompat.client.client import STRATEGIC_MERGE_PATCH, Client
from kcompat.client.interface import Tree
from kcompat.client.resources import EVENTS, EVENTS_V1, ResourceType
from kcompat.client.tasks import end

log = logging.getLogger(__name__)

NORMAL = "Normal"
WARNING = "Warning"

MAX_QUEUED = 1000
MAX_TRIES = 12
RETRY_SECONDS = 10.0
CACHE_ENTRIES = 4096
SIMILAR_EVENTS = 10
SIMILAR_SECONDS = 600.0
BURST = 25
REFILL_PER_SECOND = 1 / 300
SERIES_SECONDS = 360.0
REFRESH_SECONDS = 1800.0

V = TypeVar("V")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Recent(Generic[V]):
    """The entries used last, CACHE_ENTRIES of them."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, ...], V] = OrderedDict()

    def get(self, key: tuple[str, ...]) -> V | None:
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key]

    def put(self, key: tuple[str, ...], value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > CACHE_ENTRIES:
            self._entries.popitem(last=False)


@dataclass(slots=True)
class _Similar:
    messages: set[str]
    last: float


@dataclass(slots=True)
class _Bucket:
    tokens: float
    last: float


@dataclass(frozen=True, slots=True)
class Correlated:
    """What to write: a new event, or a patch of the earlier one where its count is above 1."""

    event: Tree
    key: tuple[str, ...]
    patch: Tree | None


class Correlator:
    """Counts equal events, combines similar ones and drops floods (upstream: tools/record EventCorrelator). No I/O; now: seconds."""

    def __init__(self) -> None:
        self._similar: _Recent[_Similar] = _Recent()
        self._observed: _Recent[Tree] = _Recent()
        self._buckets: _Recent[_Bucket] = _Recent()

    def correlate(self, event: Tree, now: float) -> Correlated | None:
        """None: the event is dropped, its object had too many."""
        event, key = self._combine(event, now)
        earlier = self._observed.get(key)
        patch = None
        if earlier is not None:
            kept = {"name": earlier["metadata"]["name"], "namespace": earlier["metadata"]["namespace"]}
            event = {**event, "metadata": kept, "firstTimestamp": earlier["firstTimestamp"], "count": earlier["count"] + 1}
            patch = {field: event[field] for field in ("count", "lastTimestamp", "message")}
        self._observed.put(key, event)
        return Correlated(event, key, patch) if self._may_pass(event, now) else None

    def written(self, event: Tree) -> None:
        """The server's state of an event counts from now on (upstream: EventCorrelator.UpdateState)."""
        self._observed.put(_event_key(event), event)

    def _combine(self, event: Tree, now: float) -> tuple[Tree, tuple[str, ...]]:
        key = _similar_key(event)
        similar = self._similar.get(key)
        if similar is None or now - similar.last > SIMILAR_SECONDS:
            similar = _Similar(set(), now)
        similar.messages.add(event["message"])
        similar.last = now
        self._similar.put(key, similar)
        if len(similar.messages) < SIMILAR_EVENTS:
            return event, _event_key(event)
        similar.messages.pop()
        combined = {field: value for field, value in event.items() if field not in ("reportingComponent", "reportingInstance")}
        combined |= {"message": f"(combined from similar events): {event['message']}", "reportingComponent": "", "reportingInstance": ""}
        return combined, key

    def _may_pass(self, event: Tree, now: float) -> bool:
        key = (*_source(event), *_about(event), event["type"])
        bucket = self._buckets.get(key) or _Bucket(BURST, now)
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.last) * REFILL_PER_SECOND)
        bucket.last = now
        passes = bucket.tokens >= 1.0
        if passes:
            bucket.tokens -= 1.0
        self._buckets.put(key, bucket)
        return passes


def _source(event: Tree) -> tuple[str, str]:
    return event["source"].get("component", ""), event["source"].get("host", "")


def _about(event: Tree) -> tuple[str, ...]:
    involved = event["involvedObject"]
    return tuple(involved.get(field, "") for field in ("kind", "namespace", "name", "uid", "apiVersion"))


def _event_key(event: Tree) -> tuple[str, ...]:
    field_path = event["involvedObject"].get("fieldPath", "")
    return ("event", *_source(event), *_about(event), field_path, event["type"], event["reason"], event["message"])


def _similar_key(event: Tree) -> tuple[str, ...]:
    reporting = (event.get("reportingComponent", ""), event.get("reportingInstance", ""))
    return ("similar", *_source(event), *_about(event), event["type"], event["reason"], *reporting)


def reference(tree: Tree, resource: ResourceType | None = None) -> Tree:
    """The ObjectReference of an object; resource gives the kind of objects that came out of a list (upstream: reference.GetReference)."""
    metadata = tree["metadata"]
    found = {
        "kind": tree.get("kind") or (resource.kind if resource else ""),
        "namespace": metadata.get("namespace"),
        "name": metadata["name"],
        "uid": metadata.get("uid"),
        "apiVersion": tree.get("apiVersion") or (resource.api_version if resource else ""),
        "resourceVersion": metadata.get("resourceVersion"),
    }
    return {key: value for key, value in found.items() if value}


class _Names:
    """Names of events: `<object>.<nanoseconds in hex>`, never the same twice (upstream: tools/record/util.GenerateEventName)."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._last = 0

    def next(self, about: str, now: datetime) -> str:
        since = now - _EPOCH
        nanoseconds = (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000
        self._last = max(nanoseconds, self._last + 1)
        name = f"{about}.{self._last:x}"
        return self._identity.uid() if names.name_is_dns_subdomain(name) else name


class _Sink:
    """A bounded queue written out by one task, which starts with the first event."""

    def __init__(self, write: Callable[[Any], Any]) -> None:
        self._write = write
        self._queue: asyncio.Queue[Any] = asyncio.Queue(MAX_QUEUED)
        self._task: asyncio.Task[None] | None = None

    def put(self, item: Any) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="event recorder")
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            log.warning("too many queued events, dropped one")

    async def _run(self) -> None:
        while True:
            item = await self._queue.get()
            try:
                await self._write(item)
            except Exception:
                log.exception("unable to write an event")
            finally:
                self._queue.task_done()

    async def flush(self) -> None:
        """Waits until everything queued so far is written or given up."""
        await self._queue.join()

    async def stop(self) -> None:
        if self._task is not None:
            await end((self._task,))
            self._task = None


class EventRecorder:
    """Records core/v1 Events from one component."""

    def __init__(
        self, client: Client, component: str, *, host: str = "", clock: Clock | None = None, identity: Identity | None = None
    ) -> None:
        self._events = client.of(EVENTS)
        self._source = {"component": component} | ({"host": host} if host else {})
        self._clock = clock or SystemClock()
        self._identity = identity or Identity()
        self._names = _Names(self._identity)
        self._correlator = Correlator()
        self._sink = _Sink(self._write)

    def event(self, about: Tree, kind: str, reason: str, message: str, *, resource: ResourceType | None = None) -> None:
        """Records that something happened to `about`. kind: NORMAL or WARNING. Returns at once and never fails."""
        try:
            self._sink.put(self._make(reference(about, resource), kind, reason, message))
        except Exception:
            log.exception("unable to record an event")

    def _make(self, involved: Tree, kind: str, reason: str, message: str) -> Tree:
        now = self._clock.now()
        stamp = rfc3339(now)
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": self._names.next(involved["name"], now), "namespace": involved.get("namespace") or "default"},
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": self._source,
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": self._source["component"],
            "reportingInstance": self._source.get("host", ""),
        }

    async def _write(self, event: Tree) -> None:
        correlated = self._correlator.correlate(event, self._clock.monotonic())
        if correlated is None:
            return
        written = await _persist(lambda: self._send(correlated), self._identity)
        if written is not None:
            self._correlator.written({**correlated.event, "metadata": written["metadata"], "count": written.get("count", 1)})

    async def _send(self, correlated: Correlated) -> Tree:
        metadata = correlated.event["metadata"]
        if correlated.patch is not None:
            try:
                return await self._events.patch(
                    metadata["name"], correlated.patch, metadata["namespace"], content_type=STRATEGIC_MERGE_PATCH
                )
            except StatusError as error:
                if error.code != 404:
                    raise
        return await self._events.create(correlated.event)

    async def flush(self) -> None:
        await self._sink.flush()

    async def stop(self) -> None:
        await self._sink.stop()


async def _persist(send: Callable[[], Any], identity: Identity) -> Tree | None:
    """Tries again while the server cannot be reached; what it refuses is dropped (upstream: recordToSink, recordEvent)."""
    for tries in range(MAX_TRIES):
        try:
            written: Tree = await send()
            return written
        except StatusError as error:
            expected = error.reason == "AlreadyExists" or error.has_cause("NamespaceTerminating")
            log.log(logging.DEBUG if expected else logging.WARNING, "server rejected an event: %s", error)
            return None
        except (OSError, TimeoutError) as error:
            log.debug("unable to write an event, may retry: %s", error)
        await asyncio.sleep(RETRY_SECONDS * fraction(identity) if tries == 0 else RETRY_SECONDS)
    log.warning("unable to write an event: retry limit exceeded")
    return None


class SeriesRecorder:
    """Records events.k8s.io/v1 Events from one component: repeated events become a series, written at its start and its end."""

    def __init__(
        self, client: Client, component: str, *, host: str = "", clock: Clock | None = None, identity: Identity | None = None
    ) -> None:
        self._events = client.of(EVENTS_V1)
        self._component = component
        self._instance = f"{component}-{host or socket.gethostname()}"
        self._clock = clock or SystemClock()
        self._identity = identity or Identity()
        self._names = _Names(self._identity)
        self._cache: dict[tuple[Any, ...], Tree] = {}
        self._sink = _Sink(self._write)
        self._keeper: asyncio.Task[None] | None = None

    def event(
        self,
        regarding: Tree,
        kind: str,
        reason: str,
        action: str,
        note: str,
        *,
        related: Tree | None = None,
        resource: ResourceType | None = None,
    ) -> None:
        """Records what the component did (action) about `regarding`. Returns at once and never fails."""
        try:
            if self._keeper is None:
                self._keeper = asyncio.create_task(self._keep(), name="event series")
            self._sink.put(self._make(reference(regarding, resource), kind, reason, action, note, related))
        except Exception:
            log.exception("unable to record an event")

    def _make(self, regarding: Tree, kind: str, reason: str, action: str, note: str, related: Tree | None) -> Tree:
        now = self._clock.now()
        event: Tree = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": self._names.next(regarding["name"], now), "namespace": regarding.get("namespace") or "default"},
            "eventTime": rfc3339_micro(now),
            "reportingController": self._component,
            "reportingInstance": self._instance,
            "action": action,
            "reason": reason,
            "regarding": regarding,
            "note": note,
            "type": kind,
        }
        return event if related is None else {**event, "related": reference(related)}

    async def _write(self, event: Tree) -> None:
        key = _series_key(event)
        earlier = self._cache.get(key)
        if earlier is None:
            self._cache[key] = event
            await self._persist(event)
            return
        count = earlier["series"]["count"] + 1 if "series" in earlier else 2
        series = {**earlier, "series": {"count": count, "lastObservedTime": rfc3339_micro(self._clock.now())}}
        self._cache[key] = series
        if "series" not in earlier:  # later ones are only counted until the series is refreshed or ends
            await self._persist(series)

    async def _persist(self, event: Tree) -> None:
        await _persist(lambda: self._send(event), self._identity)

    async def _send(self, event: Tree) -> Tree:
        metadata = event["metadata"]
        if "series" in event:
            try:
                return await self._events.patch(
                    metadata["name"], {"series": event["series"]}, metadata["namespace"], content_type=STRATEGIC_MERGE_PATCH
                )
            except StatusError as error:
                if error.code != 404:
                    raise
        return await self._events.create(event)

    async def _keep(self) -> None:
        """Ends series that stopped, and renews the time to live of those that go on (upstream: StartRecordingToSink)."""
        waited = 0.0
        while True:
            await asyncio.sleep(jitter(self._identity, SERIES_SECONDS, 0.0))
            waited += SERIES_SECONDS
            await self._finish()
            if waited >= REFRESH_SECONDS:
                waited = 0.0
                for event in [event for event in self._cache.values() if "series" in event]:
                    await self._persist(event)

    async def _finish(self) -> None:
        now = self._clock.now()
        for key, event in list(self._cache.items()):
            last = event["series"]["lastObservedTime"] if "series" in event else event["eventTime"]
            if (now - parse_rfc3339(last)).total_seconds() <= SERIES_SECONDS:
                continue
            if "series" in event:
                await self._persist(event)
            self._cache.pop(key, None)

    async def flush(self) -> None:
        await self._sink.flush()

    async def stop(self) -> None:
        if self._keeper is not None:
            await end((self._keeper,))
            self._keeper = None
        await self._sink.stop()


def _series_key(event: Tree) -> tuple[Any, ...]:
    """Events that are the same but for when they happened and what the note says (upstream: tools/events getKey)."""
    about = tuple(sorted(event["regarding"].items())), tuple(sorted((event.get("related") or {}).items()))
    return (event["type"], event["action"], event["reason"], event["reportingController"], event["reportingInstance"], *about)


