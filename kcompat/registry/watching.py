"""Watches: where they start, which events a selector lets through, bookmarks. Called by `api/verbs/watch.py` for
watches within the process, and by `fan_out.py` for those over a network.

Upstream: apiserver storage/cacher/{cacher,cache_watcher}.go, endpoints/handlers/get.go:ListResource, metav1 validation of list options.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from kcompat.apimachinery import errors
from kcompat.apimachinery.field import FieldError, Path, forbidden, not_supported
from kcompat.registry.listing import EXACT, NOT_OLDER_THAN, ListOptions, candidates, concern, revision_error, wait_for_revision
from kcompat.registry.store import Store
from kcompat.storage.entries import ADDED, DELETED, MODIFIED, CacheEvent, Entry
from kcompat.storage.interface import Compacted, Revision
from kcompat.storage.watch_cache import ResourceCache
from kcompat.storage.watcher import Dropped, Watcher

_BOOKMARK_SECONDS = 60.0
_LAST_BOOKMARK_SECONDS = 2.0
_MIN_TIMEOUT = 1800
_MOST_AT_ONCE = 500
"""Objects of the initial state encoded before the client has to read."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """Parsed watch parameters beyond those of a list. `timeout` is in seconds, 0: the server's choice, below 0: it is over at once."""

    list: ListOptions
    bookmarks: bool = False
    send_initial_events: bool | None = None
    timeout: float = 0


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as a watcher sees it. `event` is set when the shared line of the event can be sent as it is."""

    type: str
    entry: Entry
    event: CacheEvent | None = None


@dataclass(frozen=True, slots=True)
class Bookmark:
    revision: Revision
    initial_end: bool = False


Batch = Sequence[Happening | Bookmark]


def defaulted(options: WatchOptions) -> WatchOptions:
    """Watches from "" and "0" are as those that ask for initial events (upstream: SetListOptionsDefaults)."""
    if options.send_initial_events is not None or options.list.match or options.list.resource_version not in ("", "0"):
        return options
    return replace(options, send_initial_events=True, list=replace(options.list, match=NOT_OLDER_THAN))


def validate_options(options: WatchOptions) -> None:
    """Raises Invalid for combinations upstream refuses (ValidateListOptions for a watch)."""
    found: list[FieldError] = []
    match = options.list.match
    path = Path("resourceVersionMatch")
    if options.send_initial_events is not None:
        if match != NOT_OLDER_THAN:
            found.append(forbidden(path, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
    elif match:
        found.append(forbidden(path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
    if match not in ("", NOT_OLDER_THAN):
        found.append(not_supported(path, match, [NOT_OLDER_THAN]))
    if match and options.list.continue_token:
        found.append(forbidden(path, "resourceVersionMatch is forbidden when continue is provided"))
    if found:
        raise errors.invalid("meta.k8s.io", "ListOptions", "", found)


async def watch(store: Store, namespace: str, options: WatchOptions, *, trees: bool = False) -> AsyncIterator[Batch]:
    """Batches of what happens, from where the options say; `trees` for who will look at decoded objects. Raises before the first batch."""
    cache, initial, watcher = await start(store, store.scope(namespace), options)
    watcher.trees = trees
    return _follow(store, cache, watcher, initial, options)


Start = tuple[ResourceCache, list[Happening | Bookmark], Watcher]


async def start(store: Store, scope: str, options: WatchOptions) -> Start:
    """The first batch and a subscription that goes on from it. Raises Expired, Timeout."""
    requested = options.list.resource_version
    if requested in ("", "0") or options.send_initial_events:
        return await _from_state(store, scope, options, parse_revision(requested))
    return await _from_revision(store, scope, options, parse_revision(requested))


def parse_revision(text: str) -> Revision:
    """A resourceVersion parameter as a number; "" is 0. Raises InternalError, as upstream does where it is not a list."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or int(text) >= 1 << 64:
        raise errors.StatusError(500, "", revision_error(text))
    return int(text)


async def _from_state(store: Store, scope: str, options: WatchOptions, revision: Revision) -> Start:
    if options.timeout < 0 and options.list.resource_version == "":  # there is no time to ask what is newest
        raise errors.StatusError(500, "InternalError", "context deadline exceeded")
    cache = await (store.fresh() if options.list.resource_version == "" else store.entries())
    await wait_for_revision(store, revision, retry=1)
    watcher = cache.subscribe(scope, concern(cache, scope, options.list))
    if options.send_initial_events is False or options.timeout < 0:
        return cache, [], watcher
    selected = options.list
    entries = candidates(cache, scope, selected)
    happenings: list[Happening | Bookmark] = [
        Happening(ADDED, entry) for entry in entries if not selected.selective or selected.matches(entry)
    ]
    if options.send_initial_events and options.bookmarks:
        happenings.append(Bookmark(store.cache.revision, initial_end=True))
    return cache, happenings, watcher


async def _from_revision(store: Store, scope: str, options: WatchOptions, revision: Revision) -> Start:
    cache = await store.entries()
    about = concern(cache, scope, options.list)
    watcher = cache.subscribe_after(scope, revision, about)
    if watcher is not None:
        return cache, [], watcher
    try:
        events, watcher = await cache.replay(scope, revision, about)
    except (Compacted, TimeoutError):
        if store.resource.ttl:  # upstream asks etcd itself
            raise errors.expired("The resourceVersion for the provided watch is too old.") from None
        raise errors.expired(f"too old resource version: {revision} ({cache.history_start})") from None
    return cache, seen(cache, events, options.list), watcher


def seen(cache: ResourceCache, events: Sequence[CacheEvent], options: ListOptions) -> list[Happening | Bookmark]:
    """The events as one who watches with these selectors sees them: objects come into and go out of sight."""
    if not options.selective:
        return [Happening(event.type, event.entry, event) for event in events]
    happenings: list[Happening | Bookmark] = []
    for event in events:
        now = event.type != DELETED and options.matches(event.entry)
        before = event.previous is not None and options.matches(event.previous)
        if now:
            happenings.append(Happening(MODIFIED if before else ADDED, event.entry, event))
        elif before and event.type == DELETED:
            happenings.append(Happening(DELETED, event.entry, event))
        elif before and event.previous is not None:
            happenings.append(Happening(DELETED, cache.gone(event.previous, event.revision)))
    return happenings


def deadline(store: Store, options: WatchOptions, now: float) -> float:
    """When a watch that begins now ends; those that do not say get half an hour to an hour."""
    return now + (options.timeout or _MIN_TIMEOUT * (1 + store.identity.fraction()))


async def _follow(
    store: Store, cache: ResourceCache, watcher: Watcher, initial: list[Happening | Bookmark], options: WatchOptions
) -> AsyncIterator[Batch]:
    clock = store.clock
    until = deadline(store, options, clock.monotonic())
    bookmark_at = next_bookmark(clock.monotonic(), until) if options.bookmarks else math.inf
    try:
        for first in range(0, len(initial), _MOST_AT_ONCE):
            yield initial[first : first + _MOST_AT_ONCE]
        while (now := clock.monotonic()) < until:
            batch = seen(cache, await watcher.take(max(0.0, min(until, bookmark_at) - now)), options.list)
            if clock.monotonic() >= bookmark_at:
                batch.append(Bookmark(max(store.cache.revision, watcher.revision)))
                bookmark_at = next_bookmark(clock.monotonic(), until)
            if batch:
                yield batch
    except Dropped:
        return
    finally:
        cache.unsubscribe(watcher)


def next_bookmark(now: float, until: float) -> float:
    """One a minute, and one shortly before the watch ends."""
    last = until - _LAST_BOOKMARK_SECONDS
    return min(now + _BOOKMARK_SECONDS, last) if now < last else math.inf


__all__ = ["EXACT", "Bookmark", "Happening", "WatchOptions", "validate_options", "watch"]
