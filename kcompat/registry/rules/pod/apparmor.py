"""AppArmor profiles: the deprecated annotations and the fields that took their place. Called by prepare, validation and warnings.

Answers pkg/registry/core/pod/strategy.go:applyAppArmorVersionSkew and pkg/api/pod/util.go:ApparmorFieldForAnnotation.
"""

from __future__ import annotations

from typing import Final

import orjson

from kcompat.apimachinery import meta
from kcompat.registry.declare import Tree

ANNOTATION: Final = "container.apparmor.security.beta.kubernetes.io/"
"""Followed by a container's name."""

RUNTIME_DEFAULT: Final = "runtime/default"
UNCONFINED: Final = "unconfined"
LOCALHOST: Final = "localhost/"
MAX_LOCALHOST_PROFILE: Final = 4095


def profile_of(annotation: str) -> Tree | None:
    """The profile an annotation stands for, None for what is not understood."""
    if annotation == UNCONFINED:
        return {"type": "Unconfined"}
    if annotation == RUNTIME_DEFAULT:
        return {"type": "RuntimeDefault"}
    name = annotation.removeprefix(LOCALHOST)
    return {"type": "Localhost", "localhostProfile": name} if name and name != annotation else None


def _is_valid(profile: Tree) -> bool:
    name = profile.get("localhostProfile")
    return name is None or (name.strip() == name and 0 < len(name.encode()) <= MAX_LOCALHOST_PROFILE)


def containers_with_annotation(pod: Tree) -> list[tuple[Tree, str]]:
    """Containers, of all three kinds, that have the deprecated annotation and its value."""
    annotations = meta.annotations(pod)
    if not any(key.startswith(ANNOTATION) for key in annotations):
        return []
    spec = pod["spec"]
    every = (c for name in ("initContainers", "containers", "ephemeralContainers") for c in spec.get(name) or ())
    return [(c, annotations[key]) for c in every if (key := ANNOTATION + (c.get("name") or "")) in annotations]


def sync_apparmor(pod: Tree) -> None:
    """Copies annotations to the fields that are not set, except where the pod's own profile says the same."""
    spec = pod["spec"]
    if (spec.get("os") or {}).get("name") == "windows":
        return
    for container, annotation in containers_with_annotation(pod):
        context = container.get("securityContext")
        if (context or {}).get("appArmorProfile") is not None:
            continue
        profile = profile_of(annotation)
        if profile and _is_valid(profile) and profile != (spec.get("securityContext") or {}).get("appArmorProfile"):
            container["securityContext"] = {**(context or {}), "appArmorProfile": profile}


def annotation_warnings(pod: Tree) -> list[str]:
    """Annotations of a new pod that had no field beside them and said something of their own."""
    spec = pod["spec"]
    if (spec.get("os") or {}).get("name") == "windows":
        return []
    texts = []
    for container, annotation in containers_with_annotation(pod):
        profile = (container.get("securityContext") or {}).get("appArmorProfile")
        derived = profile_of(annotation)
        unknown = profile is None and not (derived and _is_valid(derived))
        if unknown or (profile is not None and profile == derived and not _is_owned(pod, container)):
            texts.append(deprecation(f"metadata.annotations[{ANNOTATION}{container.get('name') or ''}]"))
    return texts


def _is_owned(pod: Tree, container: Tree) -> bool:
    """Did a client set the profile? What creation copies from an annotation has no field manager."""
    key = "k:" + orjson.dumps({"name": container.get("name")}).decode()
    lists = ("f:initContainers", "f:containers", "f:ephemeralContainers")
    return any(
        meta.get(entry, ("fieldsV1", "f:spec", name, key, "f:securityContext", "f:appArmorProfile")) is not None
        for entry in meta.metadata(pod).get("managedFields") or () for name in lists
    )


def deprecation(place: object) -> str:
    return f'{place}: deprecated since v1.30; use the "appArmorProfile" field instead'
