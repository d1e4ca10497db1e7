"""Asks the three metrics APIs, which aggregated servers bring (upstream: pkg/controller/podautoscaler/metrics/client.go, k8s.io/metrics).

Failures are CannotCompute, in upstream's words. Values are thousandths. Called by `controller.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kcompat.apimachinery import duration, meta
from kcompat.apimachinery.clock import parse_rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.quantity import from_json
from kcompat.client.client import Client
from kcompat.client.interface import Tree
from kcompat.client.resources import ResourceType
from kcompat.controllers.horizontal_pod_autoscaler.calculate import CannotCompute, Sample

_WINDOW = 60.0
_CUSTOM_VERSIONS = ("v1beta2", "v1beta1")
_UNSERVED = {404: "the server could not find the requested resource", 503: "the server is currently unable to handle the request"}
"""What client-go says of a path that nobody serves, whatever was answered."""

ResourceOf = Callable[[str, str], Any]
"""(apiVersion, kind) to an awaitable ResourceType or None."""


class Metrics:
    """What is measured of pods, objects and the world outside."""

    def __init__(self, client: Client, resource_of: ResourceOf) -> None:
        self._client, self._resource_of = client, resource_of

    async def of_resource(self, resource: str, namespace: str, selector: str, container: str) -> dict[str, Sample]:
        """metrics.k8s.io: use of a resource by pod, of one container if it is named."""
        path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"
        items = await self._items(path, {"labelSelector": selector}, "resource", "get pods.metrics.k8s.io")
        found = ((meta.name(item), _use(item, resource, container), item) for item in items)
        return {pod: _sample(item, use, _seconds(item.get("window"))) for pod, use, item in found if use is not None}

    async def of_pods(self, metric: str, namespace: str, selector: str, metric_selector: str) -> dict[str, Sample]:
        """custom.metrics.k8s.io: a metric by pod."""
        path = f"/apis/custom.metrics.k8s.io/{await self._custom_version()}/namespaces/{namespace}/pods/*/{metric}"
        query = {"labelSelector": selector, "metricLabelSelector": metric_selector}
        items = await self._items(path, query, "custom", f"get pods.custom.metrics.k8s.io *{metric}")
        return {item["describedObject"]["name"]: _sample(item, _value(item), float(item.get("windowSeconds") or _WINDOW)) for item in items}

    async def of_object(self, metric: str, namespace: str, described: Tree, metric_selector: str) -> int:
        """custom.metrics.k8s.io: a metric of one object."""
        version, kind, name = await self._custom_version(), described["kind"], described["name"]
        if kind == "Namespace" and "/" not in described.get("apiVersion", ""):
            path = f"namespaces/{namespace}/metrics/{metric}"
        else:
            path = f"namespaces/{namespace}/{await self._qualified(described)}/{name}/{metric}"
        whole = f"/apis/custom.metrics.k8s.io/{version}/{path}"
        items = await self._items(whole, {"metricLabelSelector": metric_selector}, "custom", f"get {kind.lower()}s.custom.metrics.k8s.io {name}", 0)
        if len(items) != 1:
            told = f"the custom metrics API server returned {len(items)} results when we asked for exactly one"
            raise CannotCompute(f"unable to fetch metrics from custom metrics API: {told}")
        return _value(items[0])

    async def external(self, metric: str, namespace: str, selector: str) -> list[int]:
        """external.metrics.k8s.io: all values of a metric."""
        path = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{metric}"
        items = await self._items(path, {"labelSelector": selector}, "external", f"get {metric}.external.metrics.k8s.io")
        return [_value(item) for item in items]

    async def _qualified(self, described: Tree) -> str:
        """`deployments.apps`, as upstream writes a resource into the path."""
        api_version, kind = described.get("apiVersion", ""), described["kind"]
        resource: ResourceType | None = await self._resource_of(api_version, kind)
        if resource is None:
            group = api_version.rpartition("/")[0]
            told = f'unable to map kind {f"{kind}.{group}" if group else kind} to resource: no matches for kind "{kind}" in group "{group}"'
            raise CannotCompute(f"unable to fetch metrics from custom metrics API: {told}")
        return f"{resource.plural}.{resource.group}" if resource.group else resource.plural

    async def _custom_version(self) -> str:
        try:
            groups = await self._client.get_path("/apis")
        except (StatusError, OSError) as error:
            raise CannotCompute(f"unable to fetch metrics from custom metrics API: {error}") from error
        served = [group for group in groups.get("groups") or () if group["name"] == "custom.metrics.k8s.io"]
        versions = [version["version"] for group in served for version in group["versions"] if version["version"] in _CUSTOM_VERSIONS]
        if not versions:
            told = "no custom metrics API (custom.metrics.k8s.io) registered"
            raise CannotCompute(f"unable to fetch metrics from custom metrics API: {told}")
        return str(versions[0])

    async def _items(self, path: str, query: Mapping[str, str], api: str, request: str, least: int = 1) -> list[Any]:
        try:
            answer = await self._client.get_path(path, {key: value for key, value in query.items() if value})
        except StatusError as error:
            told = f"{_UNSERVED[error.code]} ({request})" if error.code in _UNSERVED and not _is_about_an_object(error) else str(error)
            raise CannotCompute(f"unable to fetch metrics from {api} metrics API: {told}") from error
        except OSError as error:
            raise CannotCompute(f"unable to fetch metrics from {api} metrics API: {error}") from error
        items = list(answer.get("items") or ())
        if len(items) < least:
            raise CannotCompute(f"no metrics returned from {api} metrics API")
        return items


def _is_about_an_object(error: StatusError) -> bool:
    return bool((error.details or {}).get("name"))


def _use(item: Tree, resource: str, container: str) -> int | None:
    """Of one container, or of all in sum; None when one does not say."""
    named = [each for each in item.get("containers") or () if container in ("", each["name"])]
    amounts = [(each.get("usage") or {}).get(resource) for each in named]
    if not amounts or None in amounts:
        return None
    return sum(from_json(amount).milli_value() for amount in amounts)


def _value(item: Tree) -> int:
    return from_json(item.get("value")).milli_value()


def _sample(item: Tree, value: int, window: float) -> Sample:
    return Sample(value, parse_rfc3339(item["timestamp"]), window)


def _seconds(window: str | None) -> float:
    return duration.parse(window) / 1e9 if window else 0.0
