"""Asks CSI drivers, by VolumeAttachments, to attach volumes to the nodes whose pods use them, and to detach them when none does any more
(upstream: pkg/controller/volume/attachdetach, pkg/volume/csi/csi_attacher.go).

Only CSI volumes are attached in Kubernetes today. Whether a driver's volumes are attached at all its CSIDriver says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import STRATEGIC_MERGE_PATCH
from kcompat.client.events import NORMAL, WARNING
from kcompat.client.interface import Tree
from kcompat.client.resources import CSI_DRIVERS, NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, VOLUME_ATTACHMENTS
from kcompat.controllers import pods as podutil
from kcompat.controllers.controller import Context, controller, spec_of, status_of

MANAGED = "volumes.kubernetes.io/controller-managed-attach-detach"
"""Annotation of nodes whose kubelet leaves attaching to this controller."""
FORCED_SECONDS = 360.0
"""A volume that its node still uses is detached after this long all the same (upstream: MaxWaitForUnmountDuration)."""
CLAIM_USERS = "users of claims"
ATTACHED_TO = "node"
"""Index of attachments."""


@dataclass(frozen=True, slots=True)
class Attachable:
    """A CSI volume that a pod uses."""

    volume: str
    driver: str
    handle: str
    shared: bool

    def attachment(self, node: str) -> str:
        """The name of its VolumeAttachment (upstream: getAttachmentName)."""
        return f"csi-{sha256(f'{self.handle}{self.driver}{node}'.encode()).hexdigest()}"

    @property
    def unique_name(self) -> str:
        """As nodes name it in their status."""
        return f"kubernetes.io/csi/{self.driver}^{self.handle}"


def claim_names(pod: Tree) -> Iterator[str]:
    for volume in spec_of(pod).get("volumes") or ():
        if claim := volume.get("persistentVolumeClaim"):
            yield claim["claimName"]
        elif volume.get("ephemeral"):
            yield f"{meta.name(pod)}-{volume['name']}"


def attachable(volume: Tree) -> Attachable | None:
    source = spec_of(volume).get("csi")
    if not source:
        return None
    modes = spec_of(volume).get("accessModes") or ()
    shared = not modes or any(mode in ("ReadWriteMany", "ReadOnlyMany") for mode in modes)
    return Attachable(meta.name(volume), source["driver"], source["volumeHandle"], shared)


def in_use_message(pod: Tree, users: Iterable[Tree]) -> str:
    """Why a volume cannot be attached yet, told to the owner of one pod: names of others' pods are not theirs to know."""
    mine = sorted(meta.name(user) for user in users if meta.namespace(user) == meta.namespace(pod))
    others = sum(meta.namespace(user) != meta.namespace(pod) for user in users)
    if not mine and not others:
        return "Volume is already exclusively attached to one node, waiting on detach before it can be attached to another node"
    if not mine:
        return f"Volume is already used by {others} pod(s) in different namespaces"
    told = f"Volume is already used by pod(s) {', '.join(mine)}"
    return f"{told} and {others} pod(s) in different namespaces" if others else told


def _attached_to(attachment: Tree) -> list[str]:
    return [spec_of(attachment).get("nodeName", "")]


def _claim_keys(pod: Tree) -> list[str]:
    return [f"{meta.namespace(pod)}/{name}" for name in claim_names(pod)]


@controller("persistentvolume-attach-detach-controller", account="attachdetach-controller", workers=4)
class AttachDetachController:
    """Keys are names of nodes."""

    def __init__(self, context: Context) -> None:
        self._context, self._queue = context, context.queue
        self._client, self._nodes_client = context.client.of(VOLUME_ATTACHMENTS), context.client.of(NODES)
        self._unused_since: dict[str, float] = {}
        """When an attachment was first found to be of no use, in the clock's monotonic seconds."""
        self._told: set[str] = set()
        """Attachments whose success was told."""
        self._claims = context.watch(PERSISTENT_VOLUME_CLAIMS, self._claim_changed)
        self._volumes, self._drivers = context.watch(PERSISTENT_VOLUMES), context.watch(CSI_DRIVERS)
        self._nodes = context.watch(NODES, self._node_changed)
        self._attachments = context.watch(VOLUME_ATTACHMENTS, self._attachment_changed, {ATTACHED_TO: _attached_to})
        self._pods = context.watch(PODS, self._pod_changed, {podutil.NODE: podutil.nodes_of, CLAIM_USERS: _claim_keys})

    # -- what happened -------------------------------------------------------------------------------------------------

    def _pod_changed(self, old: Tree | None, new: Tree | None) -> None:
        pod = new if new is not None else old
        if pod is None or not podutil.node_name(pod) or not any(True for _ in claim_names(pod)):
            return
        same = old is not None and new is not None and podutil.node_name(old) and podutil.is_terminal(old) == podutil.is_terminal(new)
        if not same:
            self._queue.add(podutil.node_name(pod))

    def _claim_changed(self, _old: Tree | None, new: Tree | None) -> None:
        if new is not None and spec_of(new).get("volumeName"):
            for pod in self._pods.by_index(CLAIM_USERS, meta.key(new)):
                if podutil.node_name(pod):
                    self._queue.add(podutil.node_name(pod))

    def _node_changed(self, old: Tree | None, new: Tree | None) -> None:
        node = new if new is not None else old
        before, after = (status_of(tree).get("volumesInUse") if tree is not None else None for tree in (old, new))
        if node is not None and (new is None or before != after):
            self._queue.add(meta.name(node))

    def _attachment_changed(self, old: Tree | None, new: Tree | None) -> None:
        attachment = new if new is not None else old
        assert attachment is not None
        self._queue.add(spec_of(attachment).get("nodeName", ""))
        if new is None:  # another node may wait for the volume
            self._told.discard(meta.name(attachment))
            for node in self._waiting_for(attachment):
                self._queue.add(node)

    def _waiting_for(self, attachment: Tree) -> set[str]:
        volume = self._volumes.get("", (spec_of(attachment).get("source") or {}).get("persistentVolumeName") or "")
        reference = spec_of(volume).get("claimRef") or {} if volume is not None else {}
        users = self._pods.by_index(CLAIM_USERS, f"{reference.get('namespace')}/{reference.get('name')}")
        return {podutil.node_name(pod) for pod in users if podutil.node_name(pod)}

    # -- what is to be done --------------------------------------------------------------------------------------------

    async def reconcile(self, key: str) -> float | None:
        wanted = self._wanted(key)
        again = await self._detach(key, wanted)
        for name, (volume, pods) in wanted.items():
            attachment = self._attachments.by_key(name)
            if attachment is None:
                await self._attach(key, volume, pods)
            elif status_of(attachment).get("attached") and name not in self._told:
                self._told.add(name)
                self._tell(pods, NORMAL, "SuccessfulAttachVolume", f'AttachVolume.Attach succeeded for volume "{volume.volume}" ')
        await self._write_status(key, [volume for volume, _ in wanted.values()])
        return again

    def _wanted(self, node: str) -> dict[str, tuple[Attachable, list[Tree]]]:
        """Volumes of the node's pods, with those pods, by the name of their attachment."""
        tree = self._nodes.get("", node)
        if tree is None or meta.annotations(tree).get(MANAGED) != "true":
            return {}
        wanted: dict[str, tuple[Attachable, list[Tree]]] = {}
        for pod in self._pods.by_index(podutil.NODE, node):
            for volume in self._volumes_of(pod):
                wanted.setdefault(volume.attachment(node), (volume, []))[1].append(pod)
        return wanted

    def _volumes_of(self, pod: Tree) -> Iterator[Attachable]:
        if podutil.is_terminal(pod):
            return
        for name in claim_names(pod):
            claim = self._claims.get(meta.namespace(pod), name)
            if claim is None or status_of(claim).get("phase") != "Bound":
                continue
            volume = self._volumes.get("", spec_of(claim).get("volumeName", ""))
            found = attachable(volume) if volume is not None else None
            if found is not None and self._is_attached(found.driver):
                yield found

    def _is_attached(self, driver: str) -> bool:
        tree = self._drivers.get("", driver)
        return tree is None or spec_of(tree).get("attachRequired") is not False

    async def _attach(self, node: str, volume: Attachable, pods: list[Tree]) -> None:
        if not volume.shared and (elsewhere := self._elsewhere(node, volume)):
            users = [user for other in elsewhere for user in self._pods.by_index(podutil.NODE, other) if volume in self._volumes_of(user)]
            for pod in pods:
                told = f'Waiting for detach for volume "{volume.volume}" {in_use_message(pod, users)}'
                self._tell([pod], WARNING, "FailedAttachVolume", told)
            return
        spec = {"attacher": volume.driver, "nodeName": node, "source": {"persistentVolumeName": volume.volume}}
        try:
            await self._client.create({"metadata": {"name": volume.attachment(node)}, "spec": spec})
        except StatusError as error:
            if error.reason != "AlreadyExists":
                self._tell(pods, WARNING, "FailedAttachVolume", f'AttachVolume.Attach failed for volume "{volume.volume}" : {error}')
                raise

    def _elsewhere(self, node: str, volume: Attachable) -> list[str]:
        """Other nodes that have the volume."""
        others = (meta.name(other) for other in self._nodes if meta.name(other) != node)
        return [other for other in others if self._attachments.by_key(volume.attachment(other)) is not None]

    async def _detach(self, node: str, wanted: Iterable[str]) -> float | None:
        """Deletes what no pod needs, when the node has let go of it. Seconds to look again, None: when something happens."""
        kept, again = set(wanted), None
        for attachment in list(self._attachments.by_index(ATTACHED_TO, node)):
            name, volume = meta.name(attachment), self._own(attachment, node)
            if name in kept or volume is None or meta.is_being_deleted(attachment):
                self._unused_since.pop(name, None)
                continue
            now = self._context.clock.monotonic()
            left = self._unused_since.setdefault(name, now) + FORCED_SECONDS - now
            if left > 0 and self._is_in_use(node, volume):
                again = left
                continue
            self._unused_since.pop(name, None)
            await self._delete(name)
        return again

    def _own(self, attachment: Tree, node: str) -> Attachable | None:
        """The volume of an attachment that was made here."""
        source = spec_of(attachment).get("source") or {}
        volume = self._volumes.get("", source.get("persistentVolumeName") or "")
        found = attachable(volume) if volume is not None else None
        return found if found is not None and found.attachment(node) == meta.name(attachment) else None

    def _is_in_use(self, node: str, volume: Attachable) -> bool:
        tree = self._nodes.get("", node)
        return tree is not None and volume.unique_name in (status_of(tree).get("volumesInUse") or ())

    async def _delete(self, name: str) -> None:
        try:
            await self._client.delete(name)
        except StatusError as error:
            if error.code != 404:
                raise

    async def _write_status(self, node: str, wanted: Iterable[Attachable]) -> None:
        """Kubelets mount what their node's status says is attached."""
        tree = self._nodes.get("", node)
        if tree is None or meta.annotations(tree).get(MANAGED) != "true":
            return
        there = (volume for volume in wanted if self._is_there(node, volume))
        attached = [{"name": volume.unique_name, "devicePath": ""} for volume in sorted(there, key=lambda volume: volume.unique_name)]
        if attached != [{"devicePath": "", **each} for each in status_of(tree).get("volumesAttached") or ()]:
            body = {"status": {"volumesAttached": attached or None}}
            await self._nodes_client.patch_status(node, body, content_type=STRATEGIC_MERGE_PATCH)

    def _is_there(self, node: str, volume: Attachable) -> bool:
        attachment = self._attachments.by_key(volume.attachment(node))
        return attachment is not None and bool(status_of(attachment).get("attached"))

    def _tell(self, pods: Iterable[Tree], kind: str, reason: str, message: str) -> None:
        for pod in pods:
            self._context.recorder.event(pod, kind, reason, message, resource=PODS)
