"""Keeps classes of volume attributes that volumes or claims name (upstream: pkg/controller/volume/vacprotection)."""

from __future__ import annotations

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree
from kcompat.client.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, ResourceType
from kcompat.controllers.controller import Context, controller, spec_of, status_of
from kcompat.controllers.protection import Protection

FINALIZER = "kubernetes.io/vac-protection"
CLASSES = ResourceType("storage.k8s.io", "v1", "volumeattributesclasses", "VolumeAttributesClass", namespaced=False)
USERS = "attributes-classes"
"""Index of volumes and of claims by the names of their classes."""


def classes_of(tree: Tree) -> list[str]:
    """The classes that a volume has, or a claim has, had or is to get."""
    status = status_of(tree)
    wanted = (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName")
    names = (spec_of(tree).get("volumeAttributesClassName"), status.get("currentVolumeAttributesClassName"), wanted)
    return [name for name in names if name]


@controller("volumeattributesclass-protection-controller")
class VolumeAttributesClassProtection:
    """Keys are names of classes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._protection = Protection(context.client, CLASSES, FINALIZER)
        self._classes = context.watch(CLASSES, self._class_changed)
        indexes = {USERS: classes_of}
        self._users = [context.watch(kind, self._user_changed, indexes) for kind in (PERSISTENT_VOLUMES, PERSISTENT_VOLUME_CLAIMS)]

    def _class_changed(self, old: Tree | None, new: Tree | None) -> None:
        if self._protection.concerns(new):
            self._context.enqueue(old, new)

    def _user_changed(self, old: Tree | None, new: Tree | None) -> None:
        for name in set(classes_of(old) if old is not None else ()) - set(classes_of(new) if new is not None else ()):
            self._context.queue.add(name)

    async def reconcile(self, key: str) -> None:
        tree = self._classes.get("", key)
        if tree is not None:
            await self._protection.settle(tree, used=any(users.by_index(USERS, meta.name(tree)) for users in self._users))
