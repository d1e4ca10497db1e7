"""Lists: the resourceVersion × match table, pages and continue tokens. Called by `api/verbs/list.py` and deletecollection.

Upstream: apimachinery meta/internalversion/validation, apiserver storage/{cacher/delegator,etcd3/store,continue}.go.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kcompat.apimachinery import errors
from kcompat.apimachinery.field import FieldError, Path, forbidden, not_supported
from kcompat.apimachinery.selectors import ALL_FIELDS, EVERYTHING, FieldSelector, LabelSelector
from kcompat.registry import continue_tokens
from kcompat.registry.store import Store
from kcompat.storage.entries import Entry, Past
from kcompat.storage.indexes import Term
from kcompat.storage.interface import Compacted, FutureRevision, Revision
from kcompat.storage.watch_cache import ResourceCache
from kcompat.storage.watcher import Concern

EXACT, NOT_OLDER_THAN = "Exact", "NotOlderThan"
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
    if found:
        raise errors.invalid("meta.k8s.io", "ListOptions", "", found)


def parse_revision(text: str) -> Revision:
    """A resourceVersion parameter as a number; "" is 0. Raises Invalid."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or int(text) >= 1 << 64:
        raise errors.bad_request(f'invalid resource version: resourceVersion: Invalid value: "{text}": {_parse_error(text)}')
    return int(text)


def _parse_error(text: str) -> str:
    kind = "value out of range" if text.isascii() and text.isdigit() else "invalid syntax"
    return f'strconv.ParseUint: parsing "{text}": {kind}'


async def list_objects(store: Store, namespace: str, options: ListOptions) -> Listed:
    """One page. Raises Expired (410), BadRequest, Timeout (a resourceVersion from the future)."""
    validate_options(options)
    scope = store.scope(namespace)
    if options.resource_version == "0" and not store.resource.ttl:
        options = replace(options, limit=0)  # served from upstream's watch cache, which then does not page; Events are not in it
    if options.continue_token:
        return await _continued(store, scope, options)
    revision = parse_revision(options.resource_version)
    exact = options.match == EXACT or (options.limit > 0 and revision > 0 and not options.match)
    if exact:
        return await _at(store, scope, None, revision, options)
    if options.resource_version == "":
        cache = await store.fresh()
    else:
        cache = await store.entries()
        await wait_for_revision(store, revision)
    return _page(cache, store, scope, None, store.cache.revision, options)


async def wait_for_revision(store: Store, revision: Revision) -> None:
    """Until the cache is not older than revision; as upstream, a future revision times out after 3 s."""
    try:
        await store.cache.wait_for(revision, 3)
    except TimeoutError:
        current = store.cache.revision
        error = errors.timeout(f"Too large resource version: {revision}, current: {current}", 1)
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        error.details = {"causes": [cause], **(error.details or {})}
        raise error from None


async def _continued(store: Store, scope: str, options: ListOptions) -> Listed:
    if options.resource_version not in ("", "0"):
        raise errors.bad_request("specifying resource version is not allowed when using continue")
    start, revision = continue_tokens.decode(options.continue_token, scope)
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
        return _first(entries, page.count, scope, revision)
    return _cut(entries, entries[-1].key if entries else "", scope, revision, options)


def _expired(store: Store, scope: str, start: str | None) -> errors.StatusError:
    if start is None:
        return errors.expired("The resourceVersion for the provided list is too old.")
    error = errors.expired(EXPIRED_CONTINUE)
    error.list_metadata = {"continue": continue_tokens.encode(start, scope, -1)}
    return error


def _page(
    cache: ResourceCache, store: Store, scope: str, start: str | None, revision: Revision, options: ListOptions, past: Past | None = None
) -> Listed:
    """A page of what the cache has, or had in the `past`."""
    if options.limit > 0 and not options.selective:
        return _first(*cache.page(scope, start, options.limit, past or {}), scope, revision)
    if past:
        entries, _ = cache.page(scope, start, sys.maxsize, past)
        return _cut(entries, entries[-1].key if entries else "", scope, revision, options)
    return _cut(candidates(cache, scope, options, start), cache.last(scope), scope, revision, options)


def candidates(cache: ResourceCache, scope: str, options: ListOptions, start: str | None = None) -> Sequence[Entry]:
    """The entries the selectors can match, from start on: one by name, those of an index, or all."""
    if not options.selective:
        return cache.scan(scope, start)
    everywhere = cache.layout.namespaced and scope == cache.layout.prefix
    if everywhere and (namespace := options.fields.requires_exact_match("metadata.namespace")):
        scope, everywhere = f"{scope}{namespace}/", False
    name = options.fields.requires_exact_match("metadata.name")
    if name is not None and not everywhere:
        entry = cache.get(scope + name)
        return [entry] if entry is not None and (start is None or entry.key >= start) else []
    return cache.candidates(scope, options.terms, start)


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


def _first(page: Sequence[Entry], count: int, scope: str, revision: Revision) -> Listed:
    """The first page of `count` entries, none of which is left out."""
    remaining = count - len(page)
    if not remaining:
        return Listed(page, revision)
    return Listed(page, revision, continue_tokens.encode(page[-1].key + "\0", scope, revision), remaining)


def _cut(entries: Sequence[Entry], last: str, scope: str, revision: Revision, options: ListOptions) -> Listed:
    """A page of the entries. Behind a full one there is more as soon as there is any object, selected or not: upstream looks no further.
    `last`: the last object's key."""
    selected = [entry for entry in entries if options.matches(entry)] if options.selective else entries
    limit = options.limit
    if limit <= 0 or len(selected) < limit or selected[limit - 1].key == last:
        return Listed(selected, revision)
    page = selected[:limit]
    return Listed(page, revision, continue_tokens.encode(page[-1].key + "\0", scope, revision))
