"""Why a container of a simulated pod cannot start: its image is not to be had, or its mounts make no sense. Pure. Called by pod_machine.py.

Answers pkg/kubelet/images/image_manager.go and kubelet_pods.go: makeMounts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from kcompat.nodes.environment import MissingValue, environment, expand

Tree = Mapping[str, Any]
CONFIG_ERROR = "CreateContainerConfigError"
PULL_ERROR, PULL_BACKOFF = "ErrImagePull", "ImagePullBackOff"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """As in the container's waiting state."""

    reason: str
    message: str


def missing_image(image: str, missing: Sequence[str]) -> Obstacle | None:
    """missing: patterns of images that no registry has."""
    if not any(fnmatchcase(image, pattern) for pattern in missing):
        return None
    return Obstacle(PULL_ERROR, f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found')


def backing_off(image: str, pulled: Obstacle) -> Obstacle:
    return Obstacle(PULL_BACKOFF, f'Back-off pulling image "{image}": {PULL_ERROR}: {pulled.message}')


def bad_mount(pod: Tree, container: Tree) -> Obstacle | None:
    """The first subPath that leads nowhere or out of its volume."""
    values: dict[str, str] | None = None
    for mount in container.get("volumeMounts") or ():
        path = mount.get("subPath") or ""
        if mount.get("subPathExpr"):
            values = environment(pod, container) if values is None else values
            try:
                path = expand(mount["subPathExpr"], values, strict=True)
            except MissingValue as error:
                return Obstacle(CONFIG_ERROR, str(error))
        if (problem := _path_problem(path)) is not None:
            return Obstacle(CONFIG_ERROR, problem)
    return None


def _path_problem(path: str) -> str | None:
    if path.startswith("/"):
        return f"error SubPath `{path}` must not be an absolute path"
    if ".." in path.split("/"):
        return f"unable to provision SubPath `{path}`: must not contain '..'"
    return None
