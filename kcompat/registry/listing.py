"""Lists: the resourceVersion × match table, pages and continue tokens. Called by `api/verbs/list.py` and deletecollection.

Upstream: apimachinery meta/internalversion/validation, apiserver storage/{cacher/delegator,etcd3/store,continue}.go.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kcompat.apimachinery import errors
from kcompat.apimachinery.field import FieldError, Path, forbidden, not_supported
from kcompat.apimachinery.names import is_dns1123_label, is_path_segment_name
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.selectors import ALL_FIELDS, EVERYTHING, FieldSelector, LabelSelector
from kcompat.registry import continue_tokens
from kcompat.registry.store import Store
from kcompat.storage.entries import Entry, Layout, Past
from kcompat.storage.indexes import Term
from kcompat.storage.interface import Compacted, FutureRevision, Revision
from kcompat.storage.watch_cache import ResourceCache
from kcompat.storage.watcher import Concern

EXACT, NOT_OLDER_THAN = "Exact", "NotOlderThan"
_UNCACHED_SECONDS = 0.1
_EQUAL = ("=", "==", "in")
_IN_KEYS = ("metadata.name", "metadata.namespace")
"""Fields by which objects are found without an index."""
EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token "
    "results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in "
    "the list."
)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Parsed list parameters."""

    labels: LabelSelector = EVERYTHING
    fields: FieldSelector = ALL_FIELDS
    limit: int = 0
    continue_token: str = ""
    resource_version: str = ""
    match: str = ""
    initial_events: bool = False
    """sendInitialEvents was given, which only a watch may."""

    @property
    def selective(self) -> bool:
        return not (self.labels.empty and self.fields.empty)

    @property
    def terms(self) -> list[Term]:
        """What an object must have to match, as indexes know it."""
        labels = [Term("label", one.key, one.values[0]) for one in self.labels.requirements if one.operator in _EQUAL and len(one.values) == 1]
        fields = [Term("field", one.field, one.value) for one in self.fields.requirements if one.operator == "=" and one.field not in _IN_KEYS]
        return labels + fields

    def matches(self, entry: Entry) -> bool:
        return (self.labels.empty or self.labels.matches(entry.labels)) and (self.fields.empty or self.fields.matches(entry.fields))


@dataclass(slots=True)
class Listed:
    """A page. `remaining` is None when unknown (selectors) or when this is the last page."""

    entries: Sequence[Entry]
    revision: Revision
    continue_token: str = ""
    remaining: int | None = None
    extra: dict[str, str] = field(default_factory=dict)


def validate_options(options: ListOptions) -> None:
    """Raises Invalid for combinations upstream refuses (ValidateListOptions)."""
    path = Path("resourceVersionMatch")
    found: list[FieldError] = []
    if options.match:
        if not options.resource_version:
            found.append(forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        if options.continue_token:
            found.append(forbidden(path, "resourceVersionMatch is forbidden when continue is provided"))
        if options.match not in (EXACT, NOT_OLDER_THAN):
            found.append(not_supported(path, options.match, [EXACT, NOT_OLDER_THAN, ""]))
        if options.match == EXACT and options.resource_version == "0":
            found.append(forbidden(path, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    if options.initial_events:
        found.append(forbidden(Path("sendInitialEvents"), "sendInitialEvents is forbidden for list"))
    if found:
        raise errors.invalid("meta.k8s.io", "ListOptions", "", found)


def parse_revision(text: str) -> Revision:
    """A resourceVersion parameter as a number; "" is 0. Raises Invalid."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or int(text) >= 1 << 64:
        raise errors.bad_request(f"invalid resource version: {revision_error(text)}")
    return int(text)


def revision_error(text: str) -> str:
    """Go's words for a resourceVersion that is no number, or none of 64 bits."""
    kind = "value out of range" if text.isascii() and text.isdigit() else "invalid syntax"
    return f"resourceVersion: Invalid value: {quote(text)}: strconv.ParseUint: parsing {quote(text)}: {kind}"


async def list_objects(store: Store, namespace: str, options: ListOptions) -> Listed:
    """One page. Raises Expired (410), BadRequest, Timeout (a resourceVersion from the future)."""
    validate_options(options)
    scope = store.scope(namespace)
    if options.resource_version == "0" and not store.resource.ttl:
        options = replace(options, limit=0)  # served from upstream's watch cache, which then does not page; Events are not in it
    if options.continue_token:
        return await _continued(store, scope, options)
    revision = parse_revision(options.resource_version)
    if options.match == EXACT or (options.limit > 0 and revision > 0 and not options.match and not _is_single(store, scope, options)):
        return await _at(store, scope, None, revision, options)
    if options.resource_version == "":
        cache = await store.fresh()
    else:
        cache = await store.entries()
        await wait_for_revision(store, revision)
    return _page(cache, store, scope, None, store.cache.revision, options)


def _is_single(store: Store, scope: str, options: ListOptions) -> bool:
    """Whether one object can match: it is then read as it is now, unless told `Exact` (upstream: storage.ValidateListOptions)."""
    return options.selective and _narrowed(store.layout, scope, options)[1] is not None


async def wait_for_revision(store: Store, revision: Revision, *, retry: int = 0) -> None:
    """Until the cache is not older than revision; as upstream, a future revision times out after 3 s.

    What upstream keeps out of its watch cache (Events) it looks up at once, and names no seconds after which to retry, but for a watch.
    """
    uncached = bool(store.resource.ttl)
    try:
        await store.cache.wait_for(revision, _UNCACHED_SECONDS if uncached else 3)
    except TimeoutError:
        current = store.cache.revision
        error = errors.timeout(f"Too large resource version: {revision}, current: {current}", retry if uncached else 1)
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        error.details = {"causes": [cause], **(error.details or {})}
        raise error from None


async def _continued(store: Store, scope: str, options: ListOptions) -> Listed:
    start, revision = continue_tokens.decode(options.continue_token, scope)
    if options.resource_version not in ("", "0"):
        raise errors.bad_request("specifying resource version is not allowed when using continue")
    if revision < 0:
        cache = await store.fresh()
        return _page(cache, store, scope, start, store.cache.revision, options)
    return await _at(store, scope, start, revision, options)


async def _at(store: Store, scope: str, start: str | None, revision: Revision, options: ListOptions) -> Listed:
    """A page as of exactly this revision: from the cache while nothing changed since, else from the backend's history."""
    cache = await store.entries()
    backend = store.cache.backend
    limit = options.limit if options.limit > 0 and not options.selective else None
    try:
        if revision < store.cache.revision:
            await backend.get(scope, at=revision)  # raises Compacted: a revision that others can no longer read is not read here either
        if revision <= store.cache.revision and (past := cache.past(revision)) is not None:
            return _page(cache, store, scope, start, revision, options, past)
        page = await backend.range(scope, at=revision, start=start, limit=limit)
    except FutureRevision:
        await wait_for_revision(store, revision)
        return await _at(store, scope, start, revision, options)
    except Compacted as compacted:
        raise _expired(store, scope, start) from compacted
    entries = [cache.entry(item) for item in page.items]
    if limit is not None:
        return _first(store, entries, page.count, scope, revision)
    return _cut(store, entries, entries[-1].key if entries else "", scope, revision, options)


def _expired(store: Store, scope: str, start: str | None) -> errors.StatusError:
    if start is None:
        return errors.expired("The resourceVersion for the provided list is too old.")
    error = errors.expired(EXPIRED_CONTINUE)
    error.list_metadata = {"continue": continue_tokens.encode(start, scope, -1, "")}
    return error


def _page(
    cache: ResourceCache, store: Store, scope: str, start: str | None, revision: Revision, options: ListOptions, past: Past | None = None
) -> Listed:
    """A page of what the cache has, or had in the `past`."""
    if options.limit > 0 and not options.selective:
        return _first(store, *cache.page(scope, start, options.limit, past or {}), scope, revision)
    inner, name = (scope, None) if options.continue_token else _narrowed(cache.layout, scope, options)
    if name is not None:
        entry = (past or {}).get(inner + name, cache.get(inner + name))
        return Listed([entry] if entry is not None and options.matches(entry) else [], revision)
    if past:
        entries, _ = cache.page(inner, start, sys.maxsize, past)
        return _cut(store, entries, entries[-1].key if entries else "", scope, revision, options)
    indexed = options.limit > 0 and not options.continue_token
    last = _last(cache, inner, options) if indexed else cache.last(inner)
    return _cut(store, cache.candidates(inner, options.terms, start), last, scope, revision, options)


def _narrowed(layout: Layout, scope: str, options: ListOptions) -> tuple[str, str | None]:
    """Where to look: under which prefix, and for which name only (upstream: registry/store.go:ListPredicate)."""
    everywhere = layout.namespaced and scope == layout.prefix
    namespace = options.fields.requires_exact_match("metadata.namespace") if everywhere else None
    if namespace is not None and not is_dns1123_label(namespace):
        scope, everywhere = f"{scope}{namespace}/", False
    name = None if everywhere else options.fields.requires_exact_match("metadata.name")
    return scope, name if name and not is_path_segment_name(name) else None


def _last(cache: ResourceCache, scope: str, options: ListOptions) -> str:
    """The last key that upstream looks at: of an index if the resource declares one, else of all."""
    for name in cache.layout.indexes:
        if (value := options.fields.requires_exact_match(name)) is not None:
            found = cache.candidates(scope, [Term("field", name, value)])
            return next((entry.key for entry in reversed(found) if entry.fields.get(name, "") == value), "")
    return cache.last(scope)


def candidates(cache: ResourceCache, scope: str, options: ListOptions) -> Sequence[Entry]:
    """The entries the selectors can match: one by name, those of an index, or all."""
    if not options.selective:
        return cache.scan(scope)
    scope, name = _narrowed(cache.layout, scope, options)
    if name is not None:
        entry = cache.get(scope + name)
        return [entry] if entry is not None else []
    return cache.candidates(scope, options.terms)


def concern(cache: ResourceCache, scope: str, options: ListOptions) -> Concern:
    """The narrowest that holds every event the selectors can let through."""
    name = options.fields.requires_exact_match("metadata.name")
    if name is not None and (scope != cache.layout.prefix or not cache.layout.namespaced):
        return scope + name
    for field_name in cache.layout.indexes:
        value = options.fields.requires_exact_match(field_name)
        if value is not None:
            return field_name, value
    return scope


def _first(store: Store, page: Sequence[Entry], count: int, scope: str, revision: Revision) -> Listed:
    """The first page of `count` entries, none of which is left out."""
    remaining = count - len(page)
    if not remaining:
        return Listed(page, revision)
    return Listed(page, revision, _behind(store, page[-1], scope, revision), remaining)


def _cut(store: Store, entries: Sequence[Entry], last: str, scope: str, revision: Revision, options: ListOptions) -> Listed:
    """A page of the entries. Behind a full one there is more as soon as there is any object, selected or not: upstream looks no further.
    `last`: the last object's key."""
    selected = [entry for entry in entries if options.matches(entry)] if options.selective else entries
    limit = options.limit
    if limit <= 0 or len(selected) < limit or selected[limit - 1].key == last:
        return Listed(selected, revision)
    page = selected[:limit]
    return Listed(page, revision, _behind(store, page[-1], scope, revision))


def _behind(store: Store, entry: Entry, scope: str, revision: Revision) -> str:
    """The token that goes on behind an entry."""
    return continue_tokens.encode(entry.key + "\0", scope, revision, "" if store.resource.ttl else "/")
