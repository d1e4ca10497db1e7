"""pods/log: from the kubelet, or from a simulated node of this process; a container that waits has upstream's error.

Upstream: pkg/registry/core/pod/strategy.go:LogLocation, pkg/kubelet/kubelet_pods.go:validateContainerLogStatus.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from kcompat.api import negotiate, parameters, respond, streaming, websocket
from kcompat.api.kubelets import Location, chosen_container, location_of
from kcompat.api.request import Answer, Query, Request, Response, StreamResponse, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid
from kcompat.apimachinery.remote_command import LogOptions, Refused
from kcompat.apimachinery.selectors import ALL_FIELDS
from kcompat.registry import watching
from kcompat.registry.listing import ListOptions
from kcompat.registry.watching import Happening, WatchOptions

_TEXT = "text/plain"
_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


async def get(request: Request, scope: Scope) -> Answer:
    query = request.query
    negotiate.check_route(request.headers.get("Accept", ""), (_TEXT, *negotiate.SUPPORTED))
    respond.output(request, transforms=False)
    check_options(query, scope.name)
    pod = (await scope.store.get(scope.namespace, scope.name)).peek()
    container = chosen_container(pod, query.get("container"))
    node_name = pod["spec"].get("nodeName", "")
    if not node_name:
        return Response(204, b"", "")
    location = await location_of(scope, node_name)
    options = _options(query)
    if location.simulated is None and not location.is_simulated:
        return await _from_kubelet(request, scope, location, pod, container)
    check_status(pod, container, previous=options.previous)
    if location.simulated is None:  # in another process: what its containers print cannot be had
        chunks = _until_over(scope, container) if options.follow else _nothing()
    else:
        try:
            chunks = location.simulated.log(pod, container, options)
        except Refused as refusal:
            raise errors.generic(refusal.code, "GET", "", "pods/log", scope.name, str(refusal)) from None
    if websocket.is_requested(request.headers):
        return streaming.plain(request, chunks)
    if options.follow and not request.local:
        return StreamResponse(chunks, content_type=_TEXT)
    return Response(200, b"".join([chunk async for chunk in chunks]), _TEXT)


def _options(query: Query) -> LogOptions:
    flags = {name: parameters.boolean(query, name) or False for name in ("follow", "previous", "timestamps")}
    tail, limit, since = (parameters.integer(query, key) for key in ("tailLines", "limitBytes", "sinceSeconds"))
    return LogOptions(**flags, tail=tail, limit=limit, since_seconds=since, since_time=query.get("sinceTime"))


async def _from_kubelet(request: Request, scope: Scope, location: Location, pod: Tree, container: str) -> Answer:
    """The log as a real kubelet gives it (strategy.go:LogLocation)."""
    from kcompat.api import proxying

    query = [(name, "true") for name in ("follow", "previous", "timestamps") if parameters.boolean(request.query, name)]
    query += [(name, request.query.get(name)) for name in ("sinceSeconds", "sinceTime", "tailLines", "limitBytes") if request.query.get(name)]
    query.sort()
    path = f"/containerLogs/{pod['metadata']['namespace']}/{pod['metadata']['name']}/{container}"
    return await proxying.fetch(request, proxying.kubelet(scope, location), path, query)


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


def check_options(query: Query, name: str) -> None:
    """Raises BadRequest for what cannot be read, Invalid for what makes no sense (upstream: ValidatePodLogOptions)."""
    found: list[FieldError] = []
    if since_time := query.get("sinceTime"):
        try:
            parse_rfc3339(since_time)
        except ValueError as error:
            raise errors.bad_request(str(error)) from None
    tail, limit, since = (parameters.integer(query, key) for key in ("tailLines", "limitBytes", "sinceSeconds"))
    if tail is not None and tail < 0:
        found.append(invalid(Path("tailLines"), tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        found.append(invalid(Path("limitBytes"), limit, "must be greater than 0"))
    if since is not None and query.get("sinceTime"):
        found.append(forbidden(Path("[]"), "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif since is not None and since < 1:
        found.append(invalid(Path("sinceSeconds"), since, "must be greater than 0"))
    if query.get("stream"):  # the gate PodLogsQuerySplitStreams is off
        found.append(forbidden(Path("stream"), "may not be specified"))
    if found:
        raise errors.invalid("", "PodLogOptions", name, found)


def check_status(pod: Tree, container: str, *, previous: bool) -> None:
    """Raises BadRequest with the kubelet's text for a container that has no log yet."""
    subject = f'container "{container}" in pod "{pod["metadata"]["name"]}"'
    status = next((s for kind in _STATUSES for s in pod["status"].get(kind) or () if s["name"] == container), None)
    if status is None:
        raise errors.bad_request(f"{subject} is not available")
    state = status.get("state") or {}
    if previous:
        if not (status.get("lastState") or {}).get("terminated"):
            raise errors.bad_request(f'previous terminated {subject} not found')
        return
    if "running" not in state and "terminated" not in state:
        reason = (state.get("waiting") or {}).get("reason", "")
        raise errors.bad_request(f"{subject} is waiting to start: {reason}" if reason else f"{subject} is waiting to start - no logs yet")


async def _until_over(scope: Scope, container: str) -> AsyncIterator[bytes]:
    """Says nothing until the container ends or its pod is gone."""
    options = WatchOptions(ListOptions(fields=parameters.with_name(ALL_FIELDS, scope.name)))
    async for batch in await watching.watch(scope.store, scope.namespace, options):
        for happening in batch:
            if isinstance(happening, Happening) and (happening.type == "DELETED" or _is_over(happening.entry.peek(), container)):
                return
    yield b""


def _is_over(pod: Tree, container: str) -> bool:
    statuses = [s for kind in _STATUSES for s in pod["status"].get(kind) or () if s["name"] == container]
    return bool(statuses) and "terminated" in (statuses[0].get("state") or {})
