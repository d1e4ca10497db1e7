"""Keeps the conditions of APIServices and CustomResourceDefinitions: whether their server can be found, whether their names are free.

Run by `cluster.py`. Upstream: kube-aggregator pkg/controllers/status/remote, apiextensions-apiserver pkg/controller/{status,finalizer}. Requests
are not passed on to other servers yet, and custom resources not served: an APIService never becomes available by its service alone, and a
definition stays at installing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, rfc3339
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.field import aggregate
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.reader import Reader
from kcompat.client.client import Client
from kcompat.client.resources import API_SERVICES, CUSTOM_RESOURCE_DEFINITIONS, ENDPOINT_SLICES, SERVICES, ResourceType

log = logging.getLogger(__name__)

Tree = Mapping[str, Any]
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
_SERVICE_NAME = "kubernetes.io/service-name"


class Registrations:
    """One task for both kinds: they change rarely."""

    def __init__(self, reader: Reader, client: Client, clock: Clock) -> None:
        self._reader, self._client, self._clock = reader, client, clock
        self._due: asyncio.Queue[None] = asyncio.Queue(1)
        self._remote = False

    async def run(self) -> None:
        """Ends when cancelled."""
        for type in (API_SERVICES, CUSTOM_RESOURCE_DEFINITIONS):
            await self._all(type)
            self._reader.on_change(type.group, type.plural, self._changed)
        for type in (SERVICES, ENDPOINT_SLICES):
            self._reader.on_change(type.group, type.plural, self._server_changed)
        self._wake()
        while True:
            await self._due.get()
            await self._settle(API_SERVICES, self._api_service)
            await self._settle(CUSTOM_RESOURCE_DEFINITIONS, self._definition)

    def _changed(self, old: Tree | None, new: Tree | None) -> None:
        self._wake()

    def _server_changed(self, old: Tree | None, new: Tree | None) -> None:
        if self._remote:
            self._wake()

    def _wake(self) -> None:
        if self._due.empty():
            self._due.put_nowait(None)

    async def _all(self, type: ResourceType) -> list[Tree]:
        return list(await self._reader.list(type.group, type.plural))

    async def _settle(self, type: ResourceType, wanted: Callable[[Tree, Iterable[Tree]], Any]) -> None:
        """Brings each object's status to what it should be; who was overtaken is looked at again."""
        everything = await self._all(type)
        for tree in everything:
            changed = await wanted(tree, everything)
            if changed is not None:
                try:
                    await self._client.of(type).update_status(changed)
                except StatusError as error:
                    if error.reason not in ("NotFound", "Conflict"):
                        log.warning("%s %s: %s", type.plural, meta.name(tree), error.message)

    async def _api_service(self, tree: Tree, everything: Iterable[Tree]) -> Tree | None:
        service = tree["spec"].get("service")
        if service is None:
            return None
        self._remote = True
        found = await self._reader.get("", SERVICES.plural, service.get("namespace", ""), service.get("name", ""))
        slices = [
            each for each in await self._reader.list(ENDPOINT_SLICES.group, ENDPOINT_SLICES.plural, service.get("namespace", ""))
            if meta.labels(each).get(_SERVICE_NAME) == service.get("name")
        ]  # fmt: skip
        reason, message = unavailable(service, found, slices)
        condition = {"type": "Available", "status": "False", "reason": reason, "message": message}
        return _with_conditions(tree, [condition], rfc3339(self._clock.now()))

    async def _definition(self, tree: Tree, everything: Iterable[Tree]) -> Tree | None:
        now = rfc3339(self._clock.now())
        if meta.is_being_deleted(tree):
            return _cleaned(tree, now)
        if tree["spec"]["names"] == (tree.get("status") or {}).get("acceptedNames"):
            return None
        others = [each for each in everything if each["spec"]["group"] == tree["spec"]["group"] and meta.uid(each) != meta.uid(tree)]
        names, problem = accepted_names(tree, others)
        status = {**(tree.get("status") or {}), "acceptedNames": names}
        return _with_conditions({**tree, "status": status}, _naming(tree, problem), now, before=tree)


def unavailable(service: Tree, found: Tree | None, slices: Iterable[Tree]) -> tuple[str, str]:
    """(reason, message) why the server of an APIService cannot be asked."""
    what = f"service/{service.get('name', '')} in {quote(service.get('namespace', ''))}"
    if found is None:
        return "ServiceNotFound", f"{what} is not present"
    if found["spec"].get("type", "ClusterIP") == "ClusterIP":
        port = next((port for port in found["spec"].get("ports") or () if port["port"] == service["port"]), None)
        if port is None:
            return "ServicePortError", f"{what} is not listening on port {service['port']}"
        slices = list(slices)
        if not slices:
            return "EndpointsNotFound", f"cannot find endpointslices for {what}"
        name = port.get("name", "")
        if not any(_serves(each, name) for each in slices):
            return "MissingEndpoints", f"endpointslices for {what} have no addresses with port name {quote(name)}"
    return "FailedDiscoveryCheck", "this server does not pass requests on to other API servers"


def _serves(endpoints: Tree, port: str) -> bool:
    ready = any((each.get("conditions") or {}).get("ready", True) for each in endpoints.get("endpoints") or ())
    return ready and any(each.get("name") == port and each.get("port") is not None for each in endpoints.get("ports") or ())


def accepted_names(tree: Tree, others: Iterable[Tree]) -> tuple[Tree, tuple[str, str]]:
    """The names that a definition gets, and (reason, message) of the last one it does not get; ("", "") if it gets all."""
    taken = [(each.get("status") or {}).get("acceptedNames") or {} for each in others]
    resources = {name for names in taken for name in (names.get("plural"), names.get("singular"), *(names.get("shortNames") or ())) if name}
    kinds = {name for names in taken for name in (names.get("kind"), names.get("listKind")) if name}
    wanted, got = tree["spec"]["names"], {**((tree.get("status") or {}).get("acceptedNames") or {})}
    problem = ("", "")
    for member, used in (("plural", resources), ("singular", resources), ("shortNames", resources), ("kind", kinds), ("listKind", kinds)):
        listed = wanted.get(member) or []
        asked, own = (listed, got.get(member) or []) if member == "shortNames" else ([wanted.get(member)], [got.get(member)])
        if clashes := [f"{quote(name)} is already in use" for name in asked if name not in own and name in used]:
            problem = (f"{member[0].upper()}{member[1:]}Conflict", aggregate(clashes))
        elif member in wanted:
            got[member] = wanted[member]
        else:
            got.pop(member, None)
    got.pop("categories", None)
    return got | ({"categories": wanted["categories"]} if wanted.get("categories") else {}), problem


def _naming(tree: Tree, problem: tuple[str, str]) -> list[Tree]:
    reason, message = problem
    accepted = {"type": "NamesAccepted", "status": "False", "reason": reason, "message": message}
    if not reason:
        accepted |= {"status": "True", "reason": "NoConflicts", "message": "no conflicts found"}
    established = meta.find_condition(meta.conditions(tree), "Established")
    if established is not None and established["status"] == "True":
        return [accepted]
    state = ("NotAccepted", "not all names are accepted") if reason else ("Installing", "the initial names have been accepted")
    return [accepted, {"type": "Established", "status": "False", "reason": state[0], "message": state[1]}]


def _cleaned(tree: Tree, now: str) -> Tree | None:
    """A definition without the finalizer that waits for its objects, of which there are none."""
    finalizers = tree["metadata"].get("finalizers") or []
    if CLEANUP not in finalizers:
        return None
    rest = [name for name in finalizers if name != CLEANUP]
    done = {"type": "Terminating", "status": "False", "reason": "InstanceDeletionCompleted", "message": "removed all instances"}
    metadata = {**tree["metadata"], "finalizers": rest}
    return _with_conditions({**tree, "metadata": metadata}, [done], now, before=tree)


def _with_conditions(tree: Tree, conditions: Iterable[Tree], now: str, before: Tree | None = None) -> Tree | None:
    """The object with these conditions; None when it has them, and is otherwise as `before`."""
    status = tree.get("status") or {}
    result = status.get("conditions") or []
    for condition in conditions:
        result = list(meta.set_condition(result, condition, now))
    changed = {**tree, "status": {**status, "conditions": result}}
    return None if changed == (before or tree) else changed
