"""pods/log. Simulated containers print nothing: a running or finished one has an empty log, a waiting one upstream's error.

Upstream: pkg/registry/core/pod/strategy.go:LogLocation, pkg/kubelet/kubelet_pods.go:validateContainerLogStatus.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from kcompat.api import parameters
from kcompat.api.actions.unreachable import no_kubelet
from kcompat.api.request import Answer, Query, Request, Response, StreamResponse, Tree
from kcompat.api.scope import Scope
from kcompat.apimachinery import errors
from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid, not_supported
from kcompat.apimachinery.selectors import ALL_FIELDS
from kcompat.apimachinery.simulation import is_simulated
from kcompat.registry import watching
from kcompat.registry.listing import ListOptions
from kcompat.registry.watching import Happening, WatchOptions

_TEXT = "text/plain"
_STREAMS = ("All", "Stderr", "Stdout")
_SPECS = ("initContainers", "containers", "ephemeralContainers")
_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")


async def get(request: Request, scope: Scope) -> Answer:
    check_options(request.query, scope.name)
    pod = (await scope.store.get(scope.namespace, scope.name)).peek()
    container = chosen_container(pod, request.query.get("container"))
    node_name = pod["spec"].get("nodeName", "")
    if not node_name:
        return Response(200, b"", _TEXT)
    await _check_node(scope, node_name)
    check_status(pod, container, previous=parameters.boolean(request.query, "previous") or False)
    if parameters.boolean(request.query, "follow") and not request.local:
        return StreamResponse(_until_over(scope, container), content_type=_TEXT)
    return Response(200, b"", _TEXT)


def check_options(query: Query, name: str) -> None:
    """Raises Invalid (upstream: ValidatePodLogOptions)."""
    found: list[FieldError] = []
    tail, limit, since = (parameters.integer(query, key) for key in ("tailLines", "limitBytes", "sinceSeconds"))
    if tail is not None and tail < 0:
        found.append(invalid(Path("tailLines"), tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        found.append(invalid(Path("limitBytes"), limit, "must be greater than 0"))
    if since is not None and query.get("sinceTime"):
        found.append(forbidden(Path(""), "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif since is not None and since < 1:
        found.append(invalid(Path("sinceSeconds"), since, "must be greater than 0"))
    stream = query.get("stream") or "All"
    if stream not in _STREAMS:
        found.append(not_supported(Path("stream"), stream, _STREAMS))
    if stream != "All" and tail is not None:
        found.append(forbidden(Path(""), "`tailLines` and specific `stream` are mutually exclusive for now"))
    if found:
        raise errors.invalid("", "PodLogOptions", name, found)


def chosen_container(pod: Tree, wanted: str) -> str:
    """The container asked for, or the only one. Raises BadRequest (upstream: validateContainer)."""
    name = pod["metadata"]["name"]
    names = {kind: [c["name"] for c in pod["spec"].get(kind) or ()] for kind in _SPECS}
    if wanted:
        if not any(wanted in of_kind for of_kind in names.values()):
            raise errors.bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(names["containers"]) == 1:
        only: str = names["containers"][0]
        return only
    if not names["containers"]:
        raise errors.bad_request(f"a container name must be specified for pod {name}")
    message = f"a container name must be specified for pod {name}, choose one of: [{' '.join(names['containers'])}]"
    if names["initContainers"]:
        message += f" or one of the init containers: [{' '.join(names['initContainers'])}]"
    if names["ephemeralContainers"]:
        message += f" or one of the ephemeral containers: [{' '.join(names['ephemeralContainers'])}]"
    raise errors.bad_request(message)


async def _check_node(scope: Scope, name: str) -> None:
    """Raises NotFound for an absent node, InternalError for one whose kubelet would have to be asked."""
    nodes = scope.services.catalog.get("", "v1", "nodes")
    assert nodes is not None
    node = (await scope.services.stores(nodes).get("", name)).peek()
    if not is_simulated(node):
        raise no_kubelet(scope, name)


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
