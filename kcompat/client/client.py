"""Typed-by-resource access to a cluster over any Transport. Used by informers, controllers, scheduler and nodes.

Bodies and answers are plain JSON trees and are never changed here. Failures are apimachinery.errors.StatusError, or ConnectionError.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from kcompat.apimachinery.errors import StatusError
from kcompat.client.interface import Transport, Tree, WatchEvent
from kcompat.client.resources import ResourceType

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

PAGE_SIZE = 500


class Client:
    """One identity's view of a cluster. field_manager names the writer in managedFields; "": the server derives it from the user agent."""

    def __init__(self, transport: Transport, field_manager: str = "") -> None:
        self.transport = transport
        self.field_manager = field_manager
        self._resources: dict[ResourceType, ResourceClient] = {}

    def resource(self, group: str, version: str, plural: str, kind: str = "") -> ResourceClient:
        """The client of a resource by its name; kind is filled into bodies that lack it."""
        return self.of(ResourceType(group, version, plural, kind))

    def of(self, resource: ResourceType) -> ResourceClient:
        found = self._resources.get(resource)
        if found is None:
            found = self._resources[resource] = ResourceClient(self.transport, resource, self.field_manager)
        return found

    def metadata_only(self) -> Client:
        """A client whose answers carry only metadata where the transport can ask for it; else this client."""
        reduce = getattr(self.transport, "metadata_only", None)
        return Client(reduce(), self.field_manager) if reduce is not None else self

    async def get_path(self, path: str, query: Mapping[str, str] | None = None) -> Tree:
        """GET of any path that answers JSON: discovery, /version."""
        return (await self.transport.request("GET", path, query=query)).tree

    async def close(self) -> None:
        await self.transport.close()


class ResourceClient:
    """The verbs of one resource. `namespace` "" means the cluster scope, or every namespace for list, watch and delete_collection."""

    def __init__(self, transport: Transport, resource: ResourceType, field_manager: str = "") -> None:
        self.type = resource
        self._transport = transport
        self._writes: dict[str, str] | None = {"fieldManager": field_manager} if field_manager else None

    async def get(self, name: str, namespace: str = "", *, subresource: str = "", resource_version: str = "") -> Tree:
        path = self.type.path(namespace, name, subresource)
        query = {"resourceVersion": resource_version} if resource_version else None
        return (await self._transport.request("GET", path, query=query)).tree

    async def list_page(self, namespace: str = "", **query: str) -> Tree:
        """One list request; query holds the API's own parameters (limit, continue, labelSelector, …), empty ones are left out."""
        sent = {key: value for key, value in query.items() if value}
        return (await self._transport.request("GET", self.type.path(namespace), query=sent)).tree

    async def list(
        self,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        page_size: int = PAGE_SIZE,
    ) -> Tree:
        """Everything, read in pages (page_size 0: in one). When a continue token expires half-way the rest is read at once in a
        fresh full list (upstream: client-go tools/pager.ListPager.list)."""
        query = {"labelSelector": label_selector, "fieldSelector": field_selector}
        limit = str(page_size) if page_size else ""
        page = await self.list_page(namespace, **query, limit=limit, resourceVersion=resource_version)
        if not page["metadata"].get("continue"):
            return page
        items = list(page.get("items") or ())
        while token := page["metadata"].get("continue"):
            try:
                page = await self.list_page(namespace, **query, limit=limit, **{"continue": token})
            except StatusError as error:
                if error.reason != "Expired":
                    raise
                return await self.list_page(namespace, **query, resourceVersion=resource_version)
            items.extend(page.get("items") or ())
        metadata = {key: value for key, value in page["metadata"].items() if key not in ("continue", "remainingItemCount")}
        return {**page, "metadata": metadata, "items": items}

    def watch(
        self,
        namespace: str = "",
        *,
        resource_version: str = "",
        label_selector: str = "",
        field_selector: str = "",
        timeout_seconds: int = 0,
        bookmarks: bool = True,
    ) -> AsyncIterator[WatchEvent]:
        query = {
            "resourceVersion": resource_version,
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "timeoutSeconds": str(timeout_seconds or ""),
            "allowWatchBookmarks": "true" if bookmarks else "",
        }
        return self._transport.watch(self.type.path(namespace), query={key: value for key, value in query.items() if value})

    async def create(self, body: Tree, namespace: str | None = None) -> Tree:
        """namespace None: the one in the body's metadata."""
        where = body["metadata"].get("namespace", "") if namespace is None else namespace
        return await self._write("POST", self.type.path(where), self._typed(body))

    async def update(self, body: Tree, subresource: str = "") -> Tree:
        """Replaces the object named in the body's metadata; with its resourceVersion this is a compare and swap."""
        metadata = body["metadata"]
        path = self.type.path(metadata.get("namespace", ""), metadata["name"], subresource)
        return await self._write("PUT", path, self._typed(body))

    async def update_status(self, body: Tree) -> Tree:
        return await self.update(body, "status")

    async def patch(
        self, name: str, body: Any, namespace: str = "", *, content_type: str = MERGE_PATCH, subresource: str = "", force: bool = False
    ) -> Tree:
        """force only means something to an apply patch."""
        query = {**(self._writes or {}), "force": "true"} if force else self._writes
        path = self.type.path(namespace, name, subresource)
        return (await self._transport.request("PATCH", path, query=query, body=body, content_type=content_type)).tree

    async def patch_status(self, name: str, body: Any, namespace: str = "", *, content_type: str = MERGE_PATCH) -> Tree:
        return await self.patch(name, body, namespace, content_type=content_type, subresource="status")

    async def delete(
        self, name: str, namespace: str = "", *, uid: str = "", resource_version: str = "", propagation: str = "", grace: int | None = None
    ) -> Tree:
        """propagation: Background, Foreground, Orphan or "" (the default); uid and resource_version: preconditions; grace: seconds."""
        path = self.type.path(namespace, name)
        return (await self._transport.request("DELETE", path, body=_delete_options(uid, resource_version, propagation, grace))).tree

    async def delete_collection(
        self, namespace: str = "", *, label_selector: str = "", field_selector: str = "", propagation: str = "", grace: int | None = None
    ) -> Tree:
        selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
        query = {key: value for key, value in selectors.items() if value}
        body = _delete_options("", "", propagation, grace)
        return (await self._transport.request("DELETE", self.type.path(namespace), query=query, body=body)).tree

    async def post(self, name: str, subresource: str, body: Tree, namespace: str = "") -> Tree:
        """Creates a subresource: binding, eviction, token."""
        return await self._write("POST", self.type.path(namespace, name, subresource), body)

    async def put(self, name: str, subresource: str, body: Tree, namespace: str = "") -> Tree:
        """Replaces a subresource that is an object of its own or of the parent's kind: scale, finalize, approval."""
        return await self._write("PUT", self.type.path(namespace, name, subresource), body)

    async def bind(self, name: str, namespace: str, node: str, uid: str = "") -> Tree:
        """Assigns a pod to a node; uid guards against a pod of the same name created since."""
        metadata = {"name": name, "namespace": namespace} | ({"uid": uid} if uid else {})
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": {"apiVersion": "v1", "kind": "Node", "name": node}}
        return await self.post(name, "binding", body, namespace)

    async def evict(self, name: str, namespace: str, *, grace: int | None = None) -> Tree:
        body: Tree = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
        if grace is not None:
            body["deleteOptions"] = {"gracePeriodSeconds": grace}
        return await self.post(name, "eviction", body, namespace)

    def _typed(self, body: Tree) -> Tree:
        if "kind" in body or not self.type.kind:
            return body
        return {"apiVersion": self.type.api_version, "kind": self.type.kind, **body}

    async def _write(self, method: str, path: str, body: Tree) -> Tree:
        return (await self._transport.request(method, path, query=self._writes, body=body)).tree


def _delete_options(uid: str, resource_version: str, propagation: str, grace: int | None) -> Tree:
    body: Tree = {"apiVersion": "v1", "kind": "DeleteOptions"}
    if uid or resource_version:
        expected = {"uid": uid, "resourceVersion": resource_version}
        body["preconditions"] = {key: value for key, value in expected.items() if value}
    if propagation:
        body["propagationPolicy"] = propagation
    if grace is not None:
        body["gracePeriodSeconds"] = grace
    return body
