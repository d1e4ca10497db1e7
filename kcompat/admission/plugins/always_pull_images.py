"""Pods pull their images anew: nobody runs one they could not pull themselves (upstream: plugin/pkg/admission/alwayspullimages)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kcompat.admission.denial import failure, forbidden
from kcompat.admission.interface import CREATE, UPDATE, Attributes, MutatingPlugin, Tree, ValidatingPlugin, on
from kcompat.apimachinery import field
from kcompat.apimachinery.field import Path, aggregate

ALWAYS = "Always"


class AlwaysPullImages(MutatingPlugin, ValidatingPlugin):
    name = "AlwaysPullImages"
    handles = on(CREATE, UPDATE)
    resources = ("pods",)
    enabled_by_default = False

    async def admit(self, attributes: Attributes) -> None:
        if attributes.object is None or not _has_new_images(attributes):
            return
        for _, holder, name in _policies(attributes.object.get("spec") or {}):
            holder[name] = ALWAYS

    async def validate(self, attributes: Attributes) -> None:
        if attributes.object is None or not _has_new_images(attributes):
            return
        wrong = [(path, holder.get(name) or "") for path, holder, name in _policies(attributes.object.get("spec") or {})]
        problems = [forbidden(attributes, field.not_supported(path, policy, [ALWAYS])) for path, policy in wrong if policy != ALWAYS]
        if problems:
            raise failure(aggregate(problems))


def _policies(spec: Tree) -> Iterator[tuple[Path, Tree, str]]:
    """Path, holder and field name of every pull policy."""
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(kind) or ()):
            yield Path("spec", kind).index(index).child("imagePullPolicy"), container, "imagePullPolicy"
    for index, volume in enumerate(spec.get("volumes") or ()):
        if (image := volume.get("image")) is not None:
            yield Path("spec", "volumes").index(index).child("image", "pullPolicy"), image, "pullPolicy"


def _has_new_images(attributes: Attributes) -> bool:
    return attributes.operation == CREATE or not _images(attributes.object or {}) <= _images(attributes.old_object or {})


def _images(pod: Mapping[str, Any]) -> set[str]:
    spec = pod.get("spec") or {}
    kinds = ("initContainers", "containers", "ephemeralContainers")
    return {container.get("image", "") for kind in kinds for container in spec.get(kind) or ()}
