"""AppArmor profiles: the deprecated annotations and the fields that took their place. Called by prepare, validation and warnings.

Answers pkg/registry/core/pod/strategy.go:applyAppArmorVersionSkew and pkg/api/pod/util.go:ApparmorFieldForAnnotation.
"""

from __future__ import annotations

from typing import Final

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
    """Annotations of a new pod that have no field beside them and say something of their own; before `sync_apparmor`."""
    spec = pod["spec"]
    if (spec.get("os") or {}).get("name") == "windows":
        return []
    of_pod = (spec.get("securityContext") or {}).get("appArmorProfile")
    texts = []
    for container, annotation in containers_with_annotation(pod):
        if (container.get("securityContext") or {}).get("appArmorProfile") is not None:
            continue
        profile = profile_of(annotation)
        if profile is None or not _is_valid(profile) or profile != of_pod:
            texts.append(deprecation(f"metadata.annotations[{ANNOTATION}{container.get('name') or ''}]"))
    return texts


def deprecation(place: object) -> str:
    return f'{place}: deprecated since v1.30; use the "appArmorProfile" field instead'
