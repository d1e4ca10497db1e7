"""Keeps claims that pods use, and says of bound claims whether any pod does (upstream: pkg/controller/volume/pvcprotection)."""

from __future__ import annotations

from collections.abc import Iterator

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import rfc3339
from kcompat.client.interface import Tree
from kcompat.client.resources import PERSISTENT_VOLUME_CLAIMS, PODS
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import Context, controller, spec_of, split_key, status_of
from kcompat.controllers.protection import Protection

FINALIZER = "kubernetes.io/pvc-protection"
CLAIMS = "claims"
"""Index of pods by namespace/name of the claims they name."""
_UNUSED = "Unused"


def claims_of(pod: Tree) -> Iterator[tuple[str, bool]]:
    """(name of a claim, is it made for this pod alone) of each volume that is one."""
    for volume in spec_of(pod).get("volumes") or ():
        if claim := volume.get("persistentVolumeClaim"):
            yield claim["claimName"], False
        elif volume.get("ephemeral"):
            yield f"{meta.name(pod)}-{volume['name']}", True


def claim_keys(pod: Tree) -> list[str]:
    return [f"{meta.namespace(pod)}/{name}" for name, _ in claims_of(pod)]


def names(pod: Tree, claim: Tree, *, ephemeral: bool = True) -> bool:
    """Does a volume of the pod stand for this very claim?"""
    return any(name == meta.name(claim) and (not own or (ephemeral and meta.is_controlled_by(claim, pod))) for name, own in claims_of(pod))


def keeps(pod: Tree, claim: Tree) -> bool:
    """May the claim not go because of the pod? A pod that is on no node has not begun to use it. Pure."""
    gone = meta.is_being_deleted(pod) and pod["metadata"].get("deletionGracePeriodSeconds") == 0
    return bool(podutil.node_name(pod)) and names(pod, claim, ephemeral=not gone)


def unused_condition(claim: Tree, used: bool, now: str) -> Tree | None:
    """The condition to write, None if it is there (upstream: updateUnusedCondition). Pure."""
    present = meta.find_condition(meta.conditions(claim), _UNUSED)
    status = "False" if used else "True"
    if present is not None and (present["status"] == "True") is (status == "True"):
        return None
    reason, message = (
        ("PodUsingPVC", "A pod is currently referencing this PVC")
        if used
        else ("NoPodsUsingPVC", "No pods are currently referencing this PVC")
    )
    return {"type": _UNUSED, "status": status, "lastTransitionTime": now, "reason": reason, "message": message}


@controller("persistentvolumeclaim-protection-controller", account="pvc-protection-controller")
class PersistentVolumeClaimProtection:
    """Keys are namespace/name of claims."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._claims_client = context.client.of(PERSISTENT_VOLUME_CLAIMS)
        self._pods_client = context.client.of(PODS)
        self._protection = Protection(context.client, PERSISTENT_VOLUME_CLAIMS, FINALIZER)
        self._claims = context.watch(PERSISTENT_VOLUME_CLAIMS, self._claim_changed)
        self._pods = context.watch(PODS, self._pod_changed, {CLAIMS: claim_keys})

    def _claim_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is not None and (self._protection.concerns(new) or meta.find_condition(meta.conditions(new), _UNUSED) is None):
            self._context.enqueue(old, new)

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        for pod in (old, new):
            for key in claim_keys(pod) if pod is not None else ():
                self._context.queue.add(key)

    async def reconcile(self, key: str) -> None:
        claim = self._claims.get(*split_key(key))
        if claim is None:
            return
        if not meta.is_being_deleted(claim) and status_of(claim).get("phase") == "Bound":
            claim = await self._report_use(key, claim)
        if self._protection.concerns(claim):
            await self._protection.settle(claim, used=await self._is_kept(key, claim))

    async def _report_use(self, key: str, claim: Tree) -> Tree:
        pods = self._pods.by_index(CLAIMS, key)
        used = any(not podutil.is_terminal(pod) and names(pod, claim) for pod in pods)
        condition = unused_condition(claim, used, rfc3339(self._context.clock.now()))
        if condition is None:
            return claim
        others = [item for item in meta.conditions(claim) if item["type"] != _UNUSED]
        return await self._claims_client.update_status({**claim, "status": {**status_of(claim), "conditions": [*others, condition]}})

    async def _is_kept(self, key: str, claim: Tree) -> bool:
        """Asks the server too before a claim goes: a pod may not be known here yet."""
        if any(keeps(pod, claim) for pod in self._pods.by_index(CLAIMS, key)):
            return True
        if not meta.is_being_deleted(claim):
            return False
        return any(keeps(pod, claim) for pod in (await self._pods_client.list(meta.namespace(claim)))["items"])
