"""The ConfigMaps, Secrets and trust bundles that a pod cannot start without. Called by simulated.py before a pod's containers start.

What is asked for is pure (`volumes_of`, `variables_of`); `References` looks it up with the node's own rights and remembers what was there
for a while, so that a thousand pods with the same ConfigMap ask once. Answers pkg/kubelet/volumemanager and kubelet_pods.go:
makeEnvironmentVariables.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import Client
from kcompat.client.resources import CONFIG_MAPS, SECRETS, ResourceType

Tree = Mapping[str, Any]

TRUST_BUNDLES = ResourceType("certificates.k8s.io", "v1", "clustertrustbundles", "ClusterTrustBundle", namespaced=False)
REMEMBERED = 60.0
"""Seconds for which an object that was there is taken to be there still."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An object that must be there, with these keys. user: the volume or the container that needs it."""

    kind: ResourceType
    name: str
    user: str
    keys: tuple[str, ...] = ()
    selector: tuple[tuple[str, str], ...] = ()
    """Of trust bundles: any that is found this way will do."""

    def missing(self) -> str:
        what = self.kind.kind.lower()
        return f'{what} "{self.name}" not found' if self.name else f"no {what} matches"

    def missing_key(self, key: str, namespace: str, *, variable: bool) -> str:
        if variable:
            return f"couldn't find key {key} in {self.kind.kind} {namespace}/{self.name}"
        if self.kind == SECRETS:
            return f"references non-existent secret key: {key}"
        return f"configmap references non-existent config key: {key}"


def volumes_of(pod: Tree) -> list[Reference]:
    """What the pod's volumes are made of; what is optional is left out."""
    return [found for volume in pod["spec"].get("volumes") or () for found in _of_volume(volume)]


def _of_volume(volume: Tree) -> Iterator[Reference]:
    name = volume["name"]
    yield from _of_source(name, volume.get("configMap"), CONFIG_MAPS, "name")
    yield from _of_source(name, volume.get("secret"), SECRETS, "secretName")
    for source in (volume.get("projected") or {}).get("sources") or ():
        yield from _of_source(name, source.get("configMap"), CONFIG_MAPS, "name")
        yield from _of_source(name, source.get("secret"), SECRETS, "name")
        bundle = source.get("clusterTrustBundle")
        if bundle is not None and not bundle.get("optional"):
            yield Reference(TRUST_BUNDLES, bundle.get("name") or "", name, selector=_bundle_selector(bundle))


def _of_source(user: str, source: Tree | None, kind: ResourceType, name: str) -> Iterator[Reference]:
    if source is not None and not source.get("optional") and source.get(name):
        yield Reference(kind, source[name], user, tuple(item["key"] for item in source.get("items") or ()))


def _bundle_selector(bundle: Tree) -> tuple[tuple[str, str], ...]:
    if bundle.get("name"):
        return ()
    labels = ",".join(f"{key}={value}" for key, value in sorted(((bundle.get("labelSelector") or {}).get("matchLabels") or {}).items()))
    query = {"fieldSelector": f"spec.signerName={bundle.get('signerName') or ''}", "labelSelector": labels}
    return tuple((key, value) for key, value in query.items() if value)


def variables_of(pod: Tree) -> list[Reference]:
    """What the containers' environments are made of; what is optional is left out."""
    containers = [*(pod["spec"].get("initContainers") or ()), *(pod["spec"].get("containers") or ())]
    return [found for container in containers for found in _of_container(container)]


def _of_container(container: Tree) -> Iterator[Reference]:
    for source in container.get("envFrom") or ():
        yield from _of_source(container["name"], source.get("configMapRef"), CONFIG_MAPS, "name")
        yield from _of_source(container["name"], source.get("secretRef"), SECRETS, "name")
    for variable in container.get("env") or ():
        source = variable.get("valueFrom") or {}
        for kind, chosen in ((CONFIG_MAPS, source.get("configMapKeyRef")), (SECRETS, source.get("secretKeyRef"))):
            if chosen is not None and not chosen.get("optional"):
                yield Reference(kind, chosen["name"], container["name"], (chosen["key"],))


class References:
    """Shared by all nodes of the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, ResourceType, str], tuple[float, frozenset[str]]] = {}

    def are_known(self, pod: Tree) -> bool:
        """Was everything there a moment ago? Then nothing needs to be asked."""
        namespace, now = meta.namespace(pod), self._clock.monotonic()
        for wanted in (*volumes_of(pod), *variables_of(pod)):
            until, keys = self._known.get((namespace, wanted.kind, wanted.name), (-math.inf, frozenset()))
            if until < now or not keys.issuperset(wanted.keys):
                return False
        return True

    async def missing_volumes(self, client: Client, pod: Tree) -> dict[str, str]:
        """What is wrong, by volume."""
        return await self._problems(client, pod, volumes_of(pod), variable=False)

    async def missing_variables(self, client: Client, pod: Tree) -> dict[str, str]:
        """What is wrong, by container."""
        return await self._problems(client, pod, variables_of(pod), variable=True)

    async def _problems(self, client: Client, pod: Tree, wanted: list[Reference], *, variable: bool) -> dict[str, str]:
        found: dict[str, str] = {}
        for reference in wanted:
            problem = await self._problem(client, meta.namespace(pod), reference, variable=variable)
            if problem is not None:
                found.setdefault(reference.user, problem)
        return found

    async def _problem(self, client: Client, namespace: str, wanted: Reference, *, variable: bool) -> str | None:
        keys = await self._keys(client, namespace, wanted)
        if keys is None:
            return wanted.missing()
        absent = next((key for key in wanted.keys if key not in keys), None)
        return None if absent is None else wanted.missing_key(absent, namespace, variable=variable)

    async def _keys(self, client: Client, namespace: str, wanted: Reference) -> frozenset[str] | None:
        """The keys of its data; None: there is no such object. Raises StatusError and ConnectionError."""
        if wanted.selector:
            listed = await client.get_path(wanted.kind.path(), dict(wanted.selector))
            return frozenset() if listed.get("items") else None
        try:
            tree = await client.of(wanted.kind).get(wanted.name, namespace if wanted.kind.namespaced else "")
        except StatusError as error:
            if error.code != 404:
                raise
            return None
        keys = frozenset((*(tree.get("data") or ()), *(tree.get("binaryData") or ())))
        self._known[(namespace, wanted.kind, wanted.name)] = (self._clock.monotonic() + REMEMBERED, keys)
        return keys
