"""Finds, takes and binds volumes for pods whose claims wait for them. Used by plugins/volume_binding.py.

What is found is kept for the pod (`take`) over what the informers know, until they know it too, so that the next pod is not given the
same volume. Answers plugins/volumebinding/binder.go and assume_cache.go; in-tree volumes are not translated to CSI.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kcompat.apimachinery import meta, volumes
from kcompat.apimachinery.quantity import from_json
from kcompat.apimachinery.selectors import SelectorError, from_label_selector
from kcompat.client.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, ResourceType
from kcompat.scheduler.framework import Listers, Writer
from kcompat.scheduler.pod_volumes import all_claims
from kcompat.scheduler.snapshot import NodeInfo

Tree = dict[str, Any]

POLL_SECONDS = 0.05
NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
BIND_CONFLICT = "node(s) didn't find available persistent volumes to bind"
NOT_ENOUGH_SPACE = "node(s) did not have enough free storage"
VOLUME_MISSING = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"


class BindingError(Exception):
    """Why volumes cannot be found or bound now; the text is upstream's."""


@dataclass(slots=True)
class Claims:
    """A pod's claims: bound, to be bound by the controller at once, and waiting for the pod's node."""

    bound: list[Tree] = field(default_factory=list)
    immediate: list[Tree] = field(default_factory=list)
    delayed: list[Tree] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Provision:
    """A claim whose volume is to be made for a node; capacity: bytes there are, None where nobody says."""

    claim: Tree
    capacity: int | None = None


@dataclass(slots=True)
class PodVolumes:
    """What a node has for a pod: (volume, claim) to bind, and claims to provision."""

    bindings: list[tuple[Tree, Tree]] = field(default_factory=list)
    provisions: list[Provision] = field(default_factory=list)


class Assumed:
    """Objects as they will be, over the informers' view. One is dropped when the informer has another version than it was made from."""

    def __init__(self, listers: Listers, resource: ResourceType) -> None:
        self._listers, self._type = listers, resource
        self._trees: dict[str, tuple[Tree, str]] = {}

    def known(self, key: str) -> Tree | None:
        """What the informer has."""
        namespace, _, name = key.rpartition("/")
        return self._listers.get(self._type.group, self._type.plural, namespace, name)

    def get(self, key: str) -> Tree | None:
        return self._over(key, self.known(key))

    def list(self) -> Iterable[Tree]:
        for tree in self._listers.list(self._type.group, self._type.plural):
            yield self._over(meta.key(tree), tree) or tree

    def _over(self, key: str, known: Tree | None) -> Tree | None:
        assumed = self._trees.get(key)
        if assumed is None:
            return known
        if known is None or meta.resource_version(known) != assumed[1]:
            del self._trees[key]
            return known
        return assumed[0]

    def assume(self, tree: Tree) -> None:
        known = self.known(meta.key(tree))
        if known is not None:
            self._trees[meta.key(tree)] = (tree, meta.resource_version(known))

    def restore(self, tree: Tree) -> None:
        self._trees.pop(meta.key(tree), None)


class VolumeBinder:
    def __init__(self, listers: Listers, writer: Writer | None, timeout: float) -> None:
        self._listers, self._writer, self._timeout = listers, writer, timeout
        self._claims = Assumed(listers, PERSISTENT_VOLUME_CLAIMS)
        self._volumes = Assumed(listers, PERSISTENT_VOLUMES)

    # -- finding -------------------------------------------------------------------------------------------------------

    def claims_of(self, pod: Tree) -> Claims:
        found = Claims()
        for name, _ in all_claims(pod):
            claim = self._claims.get(f"{meta.namespace(pod)}/{name}")
            if claim is None:
                raise BindingError(f'error getting PVC "{meta.namespace(pod)}/{name}": could not find v1.PersistentVolumeClaim "{name}"')
            if volumes.is_bound(claim):
                found.bound.append(claim)
            elif not claim["spec"].get("volumeName") and self._waits(claim):
                found.delayed.append(claim)
            else:
                found.immediate.append(claim)
        return found

    def _class(self, claim: Tree) -> Tree | None:
        name = volumes.class_of(claim)
        return self._listers.get("storage.k8s.io", "storageclasses", "", name) if name else None

    def _waits(self, claim: Tree) -> bool:
        storage_class = self._class(claim)
        return storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"

    def find(self, claims: Claims, node: NodeInfo) -> tuple[PodVolumes, list[str]]:
        """What the node has for the claims, and why it does not do (FindPodVolumes)."""
        found, reasons = PodVolumes(), []
        affinity_fits, all_there = self._check_bound(claims.bound, node)
        matched, enough = self._find_delayed(claims.delayed, node, found) if claims.delayed else (True, True)
        for fits, reason in ((affinity_fits, NODE_CONFLICT), (matched, BIND_CONFLICT), (enough, NOT_ENOUGH_SPACE), (all_there, VOLUME_MISSING)):
            if not fits:
                reasons.append(reason)
        return found, reasons

    def _check_bound(self, claims: Iterable[Tree], node: NodeInfo) -> tuple[bool, bool]:
        """(the node reaches every volume, all are there)"""
        for claim in claims:
            volume = self._volumes.get(claim["spec"]["volumeName"])
            if volume is None:
                return True, False
            if not volumes.reaches(volume, node.name, node.labels):
                return False, True
        return True, True

    def _find_delayed(self, claims: Iterable[Tree], node: NodeInfo, found: PodVolumes) -> tuple[bool, bool]:
        """(all claims find a volume or a provisioner, there is room for those)"""
        unmatched: list[Tree] = []
        for claim in sorted(claims, key=volumes.requested):
            selected = meta.annotations(claim).get(volumes.SELECTED_NODE)
            if selected is not None:
                if selected != node.name:
                    return False, True
                unmatched.append(claim)
            elif (volume := self._match(claim, node, found)) is not None:
                found.bindings.append((volume, claim))
            else:
                unmatched.append(claim)
        return self._provision(unmatched, node, found)

    def _match(self, claim: Tree, node: NodeInfo, found: PodVolumes) -> Tree | None:
        taken = {meta.name(volume) for volume, _ in found.bindings}
        return volumes.find_for_node(claim, self._volumes.list(), lambda volume: volumes.reaches(volume, node.name, node.labels), taken)

    def _provision(self, claims: Iterable[Tree], node: NodeInfo, found: PodVolumes) -> tuple[bool, bool]:
        for claim in claims:
            storage_class = self._class(claim)
            if storage_class is None:
                raise BindingError(f'failed to find storage class "{volumes.class_of(claim)}"')
            if storage_class.get("provisioner") in (None, "", volumes.NO_PROVISIONER):
                return False, True
            if not volumes.topology_matches(storage_class.get("allowedTopologies") or (), node.labels):
                return False, True
            enough, capacity = self._capacity(storage_class, claim, node)
            if not enough:
                return True, False
            found.provisions.append(Provision(claim, capacity))
        return True, True

    def _capacity(self, storage_class: Tree, claim: Tree, node: NodeInfo) -> tuple[bool, int | None]:
        """Whether the provisioner has room near the node, for drivers that tell (hasEnoughCapacity)."""
        driver = self._listers.get("storage.k8s.io", "csidrivers", "", storage_class["provisioner"])
        if driver is None or not (driver.get("spec") or {}).get("storageCapacity"):
            return True, None
        wanted = volumes.requested(claim).value()
        for capacity in self._listers.list("storage.k8s.io", "csistoragecapacities"):
            limit = volume_limit(capacity)
            fits = limit is not None and limit >= wanted and capacity.get("storageClassName") == meta.name(storage_class)
            if fits and _reaches(capacity, node.labels):
                return True, from_json(capacity["capacity"]).value() if capacity.get("capacity") else 0
        return False, None

    # -- taking and giving back ----------------------------------------------------------------------------------------

    def take(self, found: PodVolumes, node_name: str) -> PodVolumes:
        """What is found, as it is to be written, kept from other pods (AssumePodVolumes)."""
        taken = PodVolumes()
        for volume, claim in found.bindings:
            bound = volumes.bound_volume(volume, claim)
            self._volumes.assume(bound)
            taken.bindings.append((bound, claim))
        for provision in found.provisions:
            selected = meta.with_annotations(provision.claim, {volumes.SELECTED_NODE: node_name})
            self._claims.assume(selected)
            taken.provisions.append(Provision(selected, provision.capacity))
        return taken

    def give_back(self, taken: PodVolumes) -> None:
        for volume, _ in taken.bindings:
            self._volumes.restore(volume)
        for provision in taken.provisions:
            self._claims.restore(provision.claim)

    # -- binding -------------------------------------------------------------------------------------------------------

    async def bind(self, taken: PodVolumes, node: NodeInfo | None, node_name: str) -> None:
        """Writes volumes and claims, and waits until the controller has bound them all. Raises BindingError, StatusError, OSError."""
        assert self._writer is not None
        for volume, _ in taken.bindings:
            await self._writer.update(PERSISTENT_VOLUMES, volume)
        for provision in taken.provisions:
            await self._writer.update(PERSISTENT_VOLUME_CLAIMS, provision.claim)
        labels = node.labels if node is not None else {}
        try:
            async with asyncio.timeout(self._timeout):
                while not self._is_done(taken, node_name, labels):  # noqa: ASYNC110 -- informers tell many things; these are a few reads
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise BindingError("binding volumes: context deadline exceeded") from None

    def _is_done(self, taken: PodVolumes, node_name: str, labels: Mapping[str, str]) -> bool:
        """(checkBindings) Only what informers know counts here."""
        done = [self._is_bound(volume, claim, node_name, labels) for volume, claim in taken.bindings]
        done += [self._is_provisioned(provision.claim, node_name, labels) for provision in taken.provisions]
        return all(done)

    def _is_bound(self, written: Tree, claim: Tree, node_name: str, labels: Mapping[str, str]) -> bool:
        volume = self._volumes.known(meta.name(written))
        present = self._claims.known(meta.key(claim))
        if volume is None or present is None:
            missing = f'persistentvolume "{meta.name(written)}"' if volume is None else f'persistentvolumeclaim "{meta.name(claim)}"'
            raise BindingError(f"binding volumes: failed to check binding: {missing} not found")
        if meta.resource_version(volume) == meta.resource_version(written):
            return False  # the informer has not seen our write
        if not volumes.reaches(volume, node_name, labels):
            raise BindingError(f'binding volumes: pv "{meta.name(volume)}" node affinity doesn\'t match node "{node_name}": no matching NodeSelectorTerms')
        if not (volume["spec"].get("claimRef") or {}).get("uid"):
            raise BindingError(f'binding volumes: ClaimRef got reset for pv "{meta.name(volume)}"')
        return volumes.is_bound(present)

    def _is_provisioned(self, written: Tree, node_name: str, labels: Mapping[str, str]) -> bool:
        claim, name = self._claims.known(meta.key(written)), meta.name(written)
        if claim is None:
            raise BindingError(f'binding volumes: failed to check provisioning pvc: persistentvolumeclaim "{name}" not found')
        if meta.resource_version(claim) == meta.resource_version(written):
            return False
        if meta.annotations(claim).get(volumes.SELECTED_NODE) != node_name:
            raise BindingError(f'binding volumes: provisioning failed for PVC "{name}"')
        volume_name = claim["spec"].get("volumeName")
        volume = self._volumes.known(volume_name) if volume_name else None
        if volume is not None and not volumes.reaches(volume, node_name, labels):
            raise BindingError(f'binding volumes: pv "{volume_name}" node affinity doesn\'t match node "{node_name}": no matching NodeSelectorTerms')
        return volumes.is_bound(claim) and volume is not None


def volume_limit(capacity: Tree) -> int | None:
    """The largest volume there is room for, in bytes."""
    stated = capacity.get("maximumVolumeSize") or capacity.get("capacity")
    return from_json(stated).value() if stated is not None else None


def _reaches(capacity: Tree, labels: Mapping[str, str]) -> bool:
    if capacity.get("nodeTopology") is None:
        return False
    try:
        return from_label_selector(capacity["nodeTopology"]).matches(labels)
    except SelectorError:
        return False
