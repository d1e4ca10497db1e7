"""Makes the ResourceClaims that pods ask for by template, and gives claims back when nobody uses them (upstream: pkg/controller/resourceclaim).

Pods that share claims through a PodGroup are alpha upstream and not handled. Claims made for a pod carry its name of them as annotation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import APPLY_PATCH, Client
from kcompat.client.interface import Tree
from kcompat.client.resources import PODS, ResourceType
from kcompat.client.store import OWNER, owner_uids
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import Context, controller, spec_of, status_of

RESOURCE_CLAIMS = ResourceType("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim")
RESOURCE_CLAIM_TEMPLATES = ResourceType("resource.k8s.io", "v1", "resourceclaimtemplates", "ResourceClaimTemplate")
FINALIZER = "resource.kubernetes.io/delete-protection"
ANNOTATION = "resource.kubernetes.io/pod-claim-name"
FIELD_MANAGER = "ResourceClaimController"
MAX_BASE = 57
"""Characters before the generated part of a name."""
MAX_RESERVED = 256
CLAIM_USERS, TEMPLATE_USERS = "claim users", "template users"
_POD, _CLAIM = "pod", "claim"


def claim_name(pod: Tree, entry: Any) -> str | None:
    """The claim behind an entry of spec.resourceClaims; "" where none is needed; None: it is not made yet (upstream: resourceclaim.Name)."""
    if entry.get("resourceClaimName"):
        return str(entry["resourceClaimName"])
    for status in status_of(pod).get("resourceClaimStatuses") or ():
        if status["name"] == entry["name"]:
            return status.get("resourceClaimName") or ""
    return None


def entries(pod: Tree) -> list[Any]:
    return list(spec_of(pod).get("resourceClaims") or ())


def names_of_claims(pod: Tree) -> list[str]:
    extended = (status_of(pod).get("extendedResourceClaimStatus") or {}).get("resourceClaimName")
    found = [claim_name(pod, entry) for entry in entries(pod)]
    return [name for name in [*found, extended] if name]


def generate_name(pod: str, entry: str) -> str:
    """Both names are shortened, each in proportion."""
    whole = f"{pod}-{entry}-"
    if len(whole) <= MAX_BASE:
        return whole
    return f"{pod[: len(pod) * MAX_BASE // len(whole)]}-{entry[: len(entry) * MAX_BASE // len(whole)]}"


def new_claim(pod: Tree, entry: Any, template: Tree) -> Tree:
    """Pure."""
    spec = spec_of(template)
    asked = spec.get("metadata") or {}
    owner = {"apiVersion": "v1", "kind": "Pod", "name": meta.name(pod), "uid": meta.uid(pod), "controller": True}
    metadata = {
        "generateName": generate_name(meta.name(pod), entry["name"]),
        "namespace": meta.namespace(pod),
        "ownerReferences": [owner],
        "annotations": {**(asked.get("annotations") or {}), ANNOTATION: entry["name"]},
        **({"labels": asked["labels"]} if asked.get("labels") else {}),
    }
    return {"metadata": metadata, "spec": spec["spec"]}


def is_done(pod: Tree) -> bool:
    """None of its containers runs or will."""
    return podutil.is_terminal(pod) or (meta.is_being_deleted(pod) and not podutil.node_name(pod))


def reserved(claim: Tree) -> list[Any]:
    return list(status_of(claim).get("reservedFor") or ())


def is_pod(consumer: Any) -> bool:
    return not consumer.get("apiGroup") and consumer.get("resource") == "pods"


def owning_pod(claim: Tree) -> tuple[str, str] | None:
    """Name and uid of the pod that a claim was made for."""
    owner = meta.controller_of(claim)
    if owner is None or (owner["apiVersion"], owner["kind"]) != ("v1", "Pod"):
        return None
    return owner["name"], owner["uid"]


def _claim_keys(pod: Tree) -> list[str]:
    return [f"{meta.namespace(pod)}/{name}" for name in names_of_claims(pod)]


def _template_keys(pod: Tree) -> list[str]:
    return [f"{meta.namespace(pod)}/{entry['resourceClaimTemplateName']}" for entry in entries(pod) if entry.get("resourceClaimTemplateName")]


@controller("resourceclaim-controller", account="resource-claim-controller", component="resource_claim", workers=50)
class ResourceClaimController:
    """Keys are `pod/namespace/name` and `claim/namespace/name`."""

    def __init__(self, context: Context) -> None:
        self._context, self._queue = context, context.queue
        self._claims_client, self._pods_client = context.client.of(RESOURCE_CLAIMS), context.client.of(PODS)
        self._made: dict[tuple[str, str], str] = {}
        """Names of the claims made by (uid of the pod, entry), which informers may not know yet."""
        self._applying = Client(context.client.transport, FIELD_MANAGER).of(PODS)
        self._pods = context.watch(PODS, self._pod_changed, {CLAIM_USERS: _claim_keys, TEMPLATE_USERS: _template_keys})
        self._claims = context.watch(RESOURCE_CLAIMS, self._claim_changed, {OWNER: owner_uids})
        self._templates = context.watch(RESOURCE_CLAIM_TEMPLATES, self._template_changed)

    # -- what happened -------------------------------------------------------------------------------------------------

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        pod = new if new is not None else old
        if pod is None or not (entries(pod) or status_of(pod).get("extendedResourceClaimStatus")):
            return
        if new is None:
            for entry in entries(pod):
                self._made.pop((meta.uid(pod), entry["name"]), None)
        if new is None or is_done(new):
            for name in names_of_claims(pod):
                self._queue.add(f"{_CLAIM}/{meta.namespace(pod)}/{name}")
        if new is not None and self._needs_work(new):
            self._queue.add(f"{_POD}/{meta.key(new)}")

    def _claim_changed(self, old: Tree | None, new: Tree | None) -> None:
        claim = new if new is not None else old
        if claim is None:
            return
        if new is not None:
            self._queue.add(f"{_CLAIM}/{meta.key(new)}")
        self._enqueue(self._pods.by_index(CLAIM_USERS, meta.key(claim)))

    def _template_changed(self, _old: Tree | None, new: Tree | None) -> None:
        if new is not None:
            self._enqueue(self._pods.by_index(TEMPLATE_USERS, meta.key(new)))

    def _enqueue(self, pods: Iterable[Tree]) -> None:
        for pod in pods:
            if self._needs_work(pod):
                self._queue.add(f"{_POD}/{meta.key(pod)}")

    def _needs_work(self, pod: Tree) -> bool:
        """Whether a claim is to be made, or reserved for a pod that somebody put on a node (upstream: podNeedsWork)."""
        return not meta.is_being_deleted(pod) and any(self._entry_needs_work(pod, entry) for entry in entries(pod))

    def _entry_needs_work(self, pod: Tree, entry: Any) -> bool:
        name = claim_name(pod, entry)
        if name is None:
            return True
        claim = self._claims.get(meta.namespace(pod), name) if name else None
        if claim is None:
            return bool(name) and bool(entry.get("resourceClaimTemplateName"))
        return bool(podutil.node_name(pod)) and self._can_be_reserved(claim, pod)

    @staticmethod
    def _can_be_reserved(claim: Tree, pod: Tree) -> bool:
        there = reserved(claim)
        mine = any(is_pod(consumer) and consumer.get("uid") == meta.uid(pod) for consumer in there)
        return bool(status_of(claim).get("allocation")) and not mine and len(there) < MAX_RESERVED

    # -- what is to be done --------------------------------------------------------------------------------------------

    async def reconcile(self, key: str) -> None:
        what, namespace, name = key.split("/")
        if what == _POD:
            await self._sync_pod(namespace, name)
        else:
            await self._sync_claim(namespace, name)

    async def _sync_pod(self, namespace: str, name: str) -> None:
        pod = self._pods.get(namespace, name)
        if pod is None or meta.is_being_deleted(pod):
            return
        made: dict[str, str] = {}
        for entry in entries(pod):
            try:
                if claim := await self._ensure(pod, entry):
                    made[entry["name"]] = claim
            except StatusError as error:
                told = f"PodResourceClaim {entry['name']}: {error}"
                self._context.recorder.event(pod, "Warning", "FailedResourceClaimCreation", told, resource=PODS)
                raise
        if made:
            await self._record(pod, made)
        if podutil.node_name(pod):
            await self._reserve(pod)

    async def _ensure(self, pod: Tree, entry: Any) -> str | None:
        """The name of the claim that was made, or made before and not recorded; None: nothing is to be recorded."""
        name, template_name = claim_name(pod, entry), entry.get("resourceClaimTemplateName")
        if name == "" or not template_name:
            return None
        if name and (claim := self._claims.get(meta.namespace(pod), name)) is not None and meta.is_controlled_by(claim, pod):
            return None
        for claim in self._claims.owned_by(meta.uid(pod)):
            if meta.annotations(claim).get(ANNOTATION) == entry["name"]:
                return meta.name(claim)
        if name is None and (made := self._made.get((meta.uid(pod), entry["name"]))):
            return made
        template = self._templates.get(meta.namespace(pod), template_name)
        if template is None:
            missing = f'resourceclaimtemplate.resource.k8s.io "{template_name}" not found'
            raise StatusError(404, "NotFound", f'resource claim template "{template_name}": {missing}')
        try:
            created = await self._claims_client.create(new_claim(pod, entry, template))
        except StatusError as error:
            raise StatusError(error.code, error.reason, f"create ResourceClaim : {error}", error.details) from error
        self._made[meta.uid(pod), entry["name"]] = meta.name(created)
        return meta.name(created)

    async def _record(self, pod: Tree, made: dict[str, str]) -> None:
        before = {each["name"]: each.get("resourceClaimName") for each in status_of(pod).get("resourceClaimStatuses") or ()}
        names = {name: claim for name, claim in {**before, **made}.items() if claim}
        statuses = [{"name": name, "resourceClaimName": names[name]} for name in sorted(names)]
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": meta.name(pod), "namespace": meta.namespace(pod)},
            "status": {"resourceClaimStatuses": statuses},
        }
        await self._applying.patch(
            meta.name(pod), body, meta.namespace(pod), content_type=APPLY_PATCH, subresource="status", force=True
        )

    async def _reserve(self, pod: Tree) -> None:
        """For a pod that came to its node without the scheduler."""
        for entry in entries(pod):
            name = claim_name(pod, entry)
            claim = self._claims.get(meta.namespace(pod), name) if name else None
            if claim is not None and self._can_be_reserved(claim, pod):
                consumer = {"resource": "pods", "name": meta.name(pod), "uid": meta.uid(pod)}
                await self._claims_client.update_status({**claim, "status": {**status_of(claim), "reservedFor": [*reserved(claim), consumer]}})

    async def _sync_claim(self, namespace: str, name: str) -> None:
        claim = self._claims.get(namespace, name)
        if claim is None:
            return
        before = reserved(claim)
        remaining = [consumer for consumer in before if not is_pod(consumer) or await self._is_used_by(namespace, consumer)]
        if len(remaining) < len(before):
            claim = await self._release(claim, remaining)
        elif FINALIZER in meta.finalizers(claim) and meta.is_being_deleted(claim) and not remaining:
            claim = await self._release(claim, [])
        if not remaining:
            await self._delete_unused(claim)

    async def _is_used_by(self, namespace: str, consumer: Any) -> bool:
        pod = self._pods.get(namespace, consumer["name"])
        if pod is None:  # it may be younger than what is known here
            try:
                pod = await self._pods_client.get(consumer["name"], namespace)
            except StatusError as error:
                if error.code != 404:
                    raise
                return False
            return bool(meta.uid(pod) == consumer.get("uid"))
        return meta.uid(pod) == consumer.get("uid") and not is_done(pod)

    async def _release(self, claim: Tree, remaining: list[Any]) -> Tree:
        """Without any user the scheduler's allocation is taken back, and with it the finalizer that guards it."""
        status = {**status_of(claim), "reservedFor": remaining}
        if not remaining and FINALIZER in meta.finalizers(claim):
            status.pop("allocation", None)
        if status != {"reservedFor": [], **status_of(claim)}:
            claim = await self._claims_client.update_status({**claim, "status": status})
        if FINALIZER in meta.finalizers(claim) and not status_of(claim).get("allocation"):
            claim = await self._claims_client.update(meta.without_finalizer(claim, FINALIZER))
        return claim

    async def _delete_unused(self, claim: Tree) -> None:
        """A claim made for a pod that has ended; garbage collection would wait for the pod to go."""
        owner = owning_pod(claim)
        pod = self._pods.get(meta.namespace(claim), owner[0]) if owner else None
        if owner is None or pod is None or meta.is_being_deleted(claim) or (meta.uid(pod) == owner[1] and not is_done(pod)):
            return
        try:
            await self._claims_client.delete(meta.name(claim), meta.namespace(claim))
        except StatusError as error:
            if error.code != 404:
                raise
