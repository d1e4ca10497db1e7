"""Containers, init containers and ephemeral containers. Called by spec.

Answers pkg/apis/core/validation/validation.go:validateContainers, validateInitContainers, validateEphemeralContainers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kcompat.apimachinery import field, names
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.schema import types
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod import environment, probes
from kcompat.registry.rules.pod.checks import NONE, NOWHERE, Errors, dns_label, invalid_each, member_of, one_of, relative_path
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.pod.options import Options
from kcompat.registry.rules.pod.resource_list import is_restartable
from kcompat.registry.rules.pod.resources import container_requirements
from kcompat.registry.rules.pod.security import container_security_context

_PROTOCOLS: Final = ("SCTP", "TCP", "UDP")
_MESSAGE_POLICIES: Final = ("File", "FallbackToLogsOnError")
PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_PROPAGATIONS: Final = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE: Final = ("Disabled", "Enabled", "IfPossible")
_RESIZE_POLICIES: Final = ("NotRequired", "RestartContainer")
_ONLY_FOR_SERVING: Final = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_COMMON_OF_MOUNTS: Final = frozenset(("name", "mountPath", "readOnly"))
_EPHEMERAL: Final = frozenset((
    "name", "image", "command", "args", "workingDir", "envFrom", "env", "volumeMounts", "volumeDevices", "terminationMessagePath",
    "terminationMessagePolicy", "imagePullPolicy", "securityContext", "stdin", "stdinOnce", "tty", "targetContainerName",
))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the containers of one pod spec are checked against."""

    spec: Tree
    volumes: Mapping[str, Tree]
    """The valid volumes by name."""
    claims: frozenset[str]
    host_users: bool
    options: Options

    @property
    def grace_period(self) -> int | None:
        period: int | None = self.spec.get("terminationGracePeriodSeconds")
        return period


def regular(containers: Sequence[Tree], around: Surroundings, at: Path) -> list[FieldError]:
    """validateContainers."""
    if not containers:
        return [field.required(at)]
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, container in enumerate(containers):
        here = at.index(index)
        errors += common(container, around, here)
        if (name := container.get("name") or "") in seen:
            errors.append(field.duplicate(here.child("name"), name))
        seen.add(name)
        if (hooks := container.get("lifecycle")) is not None:
            errors += probes.lifecycle(hooks, around.grace_period, here.child("lifecycle"))
        errors += probes.probes(container, around.grace_period, here)
        errors += probes.restart_policy(container, here)
    return errors + host_port_conflicts(containers, at)


def init(containers: Sequence[Tree], around: Surroundings, at: Path) -> list[FieldError]:
    """validateInitContainers."""
    errors: list[FieldError] = []
    seen = {container.get("name") or "" for container in around.spec.get("containers") or ()}
    for index, container in enumerate(containers):
        here = at.index(index)
        errors += common(container, around, here)
        errors += probes.init_restart_policy(container, here)
        name = container.get("name") or ""
        if name in seen:
            errors.append(field.duplicate(here.child("name"), name))
        elif name:
            seen.add(name)
        errors += host_port_conflicts((container,), at)
        errors += _serving(container, around, here)
        if not is_restartable(container) and not around.options.allow_restart_of_init_containers_on_resize:
            errors += _no_restart_on_resize(container, here)
    return errors


def _serving(container: Tree, around: Surroundings, at: Path) -> list[FieldError]:
    """Only what keeps running can be probed."""
    if not is_restartable(container):
        detail = "may not be set for init containers without restartPolicy=Always"
        return [field.forbidden(at.child(name), detail) for name in _ONLY_FOR_SERVING if container.get(name) is not None]
    errors: list[FieldError] = []
    if (hooks := container.get("lifecycle")) is not None:
        errors += probes.lifecycle(hooks, around.grace_period, at.child("lifecycle"))
    return errors + probes.probes(container, around.grace_period, at)


def _no_restart_on_resize(container: Tree, at: Path) -> list[FieldError]:
    detail = "must not be set to 'RestartContainer' for non-sidecar initContainers"
    return [
        field.invalid(at.child("resizePolicy").index(index).child("restartPolicy"), "RestartContainer", detail)
        for index, policy in enumerate(container.get("resizePolicy") or ()) if policy.get("restartPolicy") == "RestartContainer"
    ]


def ephemeral(containers: Sequence[Tree], around: Surroundings, at: Path) -> list[FieldError]:
    """validateEphemeralContainers."""
    errors: list[FieldError] = []
    others = {c.get("name") or "" for name in ("containers", "initContainers") for c in around.spec.get(name) or ()}
    seen = set(others)
    for index, container in enumerate(containers):
        here = at.index(index)
        errors += common(container, around, here)
        errors += only_for_pods((container,), at, first=index)
        if (name := container.get("name") or "") in seen:
            errors.append(field.duplicate(here.child("name"), name))
        seen.add(name)
        if (target := container.get("targetContainerName")) and target not in others:
            errors.append(field.not_found(here.child("targetContainerName"), target))
        errors += _allowed_in_ephemeral(container, here)
    return errors


def _allowed_in_ephemeral(container: Tree, at: Path) -> list[FieldError]:
    detail = "cannot be set for an Ephemeral Container"
    members = types.named("core/v1.EphemeralContainerCommon").fields
    errors = [
        field.forbidden(at.child(_lower_first(member.go)), detail)
        for name, member in members.items() if name not in _EPHEMERAL and _is_set(name, container.get(name))
    ]
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        for name in ("subPath", "subPathExpr"):
            if mount.get(name):
                errors.append(field.forbidden(at.child("volumeMounts").index(index).child(name), detail))
    return errors


def _is_set(name: str, value: Any) -> bool:
    """Not Go's zero value: what is a pointer there is set when it is there at all."""
    return bool(value) if name in ("ports", "resizePolicy", "resources", "restartPolicyRules") else value is not None


def _lower_first(name: str) -> str:
    return name[0].lower() + name[1:]


def only_for_pods(containers: Iterable[Tree], at: Path, *more: str, first: int = 0) -> list[FieldError]:
    """What templates may say and pods may not (validateContainersOnlyForPod). `more` leads from `at` to the list."""
    errors: list[FieldError] = []
    for index, container in enumerate(containers, first):
        image = container.get("image") or ""
        if image != image.strip():
            errors.append(field.invalid(at.child(*more).index(index).child("image"), image, "must not have leading or trailing whitespace"))
    return errors


def common(container: Tree, around: Surroundings, at: Path) -> list[FieldError]:
    """What holds for every kind of container (validateContainerCommon)."""
    errors: list[FieldError] = []
    name = container.get("name")
    if not name:
        errors.append(field.required(at.child("name")))
    elif messages := names.is_dns1123_label(name):
        errors += invalid_each(at.child("name"), name, messages)
    if not container.get("image"):
        errors.append(field.required(at.child("image")))
    errors += member_of(container, "terminationMessagePolicy", at, _MESSAGE_POLICIES)
    if ports := container.get("ports"):
        errors += _ports(ports, at.child("ports"))
    if env := container.get("env"):
        errors += environment.variables(env, at.child("env"))
    if env_from := container.get("envFrom"):
        errors += environment.sources(env_from, at.child("envFrom"))
    mounts, devices = container.get("volumeMounts") or (), container.get("volumeDevices") or ()
    if mounts:
        errors += _mounts(mounts, devices, container, around, at.child("volumeMounts"))
    if devices:
        errors += _devices(devices, mounts, around, at.child("volumeDevices"))
    errors += member_of(container, "imagePullPolicy", at, PULL_POLICIES)
    if resources := container.get("resources"):
        errors += container_requirements(resources, around.claims, at.child("resources"), around.options)
    if policies := container.get("resizePolicy"):
        errors += _resize_policies(policies, around.spec.get("restartPolicy"), at.child("resizePolicy"))
    if context := container.get("securityContext"):
        errors += container_security_context(context, at.child("securityContext"), around.host_users, around.options)
    return errors


def _ports(ports: Sequence[Tree], at: Path) -> list[FieldError]:
    """validateContainerPorts."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, port in enumerate(ports):
        if _is_plain(port):
            continue
        here = at.index(index)
        if name := port.get("name"):
            if messages := names.is_valid_port_name(name):
                errors += invalid_each(here.child("name"), name, messages)
            elif name in seen:
                errors.append(field.duplicate(here.child("name"), name))
            seen.add(name)
        number, host = port.get("containerPort") or 0, port.get("hostPort") or 0
        if not number:
            errors.append(field.required(here.child("containerPort")))
        elif not 1 <= number <= 65535:
            errors += invalid_each(here.child("containerPort"), number, names.is_valid_port_number(number))
        if host and not 1 <= host <= 65535:
            errors += invalid_each(here.child("hostPort"), host, names.is_valid_port_number(host))
        errors += member_of(port, "protocol", here, _PROTOCOLS)
    return errors


def _is_plain(port: Tree) -> bool:
    """The port as most are, without a name or a port of the host."""
    return port.keys() == {"containerPort", "protocol"} and 1 <= port["containerPort"] <= 65535 and port["protocol"] in _PROTOCOLS


def host_port_conflicts(containers: Sequence[Tree], at: Path) -> list[FieldError]:
    """No two containers on the same port of the host (checkHostPortConflicts)."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for i, container in enumerate(containers):
        for j, port in enumerate(container.get("ports") or ()):
            if not (host := port.get("hostPort")):
                continue
            key = f"{port.get('protocol') or ''}/{port.get('hostIP') or ''}/{host}"
            if key in seen:
                errors.append(field.duplicate(at.index(i).child("ports").index(j).child("hostPort"), key))
            seen.add(key)
    return errors


def _mounts(mounts: Sequence[Tree], devices: Sequence[Tree], container: Tree, around: Surroundings, at: Path) -> list[FieldError]:
    """ValidateVolumeMounts. Some of upstream's paths lack the index, so do ours."""
    errors: list[FieldError] = []
    points: set[str] = set()
    by_device = {device.get("name") or "": device.get("devicePath") or "" for device in devices}
    for index, mount in enumerate(mounts):
        name, point = mount.get("name") or "", mount.get("mountPath") or ""
        if name in around.volumes and point and point not in points and not devices and mount.keys() <= _COMMON_OF_MOUNTS:
            points.add(point)
            continue
        here = at.index(index)
        if not name:
            errors.append(field.required(here.child("name")))
        if name not in around.volumes:
            errors.append(field.not_found(here.child("name"), name))
        if not point:
            errors.append(field.required(here.child("mountPath")))
        if point in points:
            errors.append(field.invalid(here.child("mountPath"), point, "must be unique"))
        points.add(point)
        if name in by_device:
            errors.append(field.invalid(here.child("name"), name, "must not already exist in volumeDevices"))
        if point in by_device.values():
            errors.append(field.invalid(here.child("mountPath"), point, "must not already exist as a path in volumeDevices"))
        if mount.keys() - _COMMON_OF_MOUNTS:
            errors += _mount_options(mount, container, here, at)
    return errors


def _mount_options(mount: Tree, container: Tree, here: Path, at: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    path, expression = mount.get("subPath") or "", mount.get("subPathExpr") or ""
    if path:
        errors += relative_path(path, at, "subPath")
    if expression:
        if path:
            errors.append(field.invalid(here.child("subPathExpr"), expression, "subPathExpr and subPath are mutually exclusive"))
        errors += relative_path(expression, at, "subPathExpr")
    if (propagation := mount.get("mountPropagation")) is not None:
        errors += _propagation(propagation, container, at.child("mountPropagation"))
    if (recursive := mount.get("recursiveReadOnly")) is not None:
        errors += _recursive(recursive, mount, at.child("recursiveReadOnly"))
    return errors


def _propagation(propagation: str, container: Tree, at: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if propagation not in _PROPAGATIONS:
        errors.append(field.not_supported(at, propagation, _PROPAGATIONS))
    if propagation == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
        errors.append(field.forbidden(at, "Bidirectional mount propagation is available only to privileged containers"))
    return errors


def _recursive(recursive: str, mount: Tree, at: Path) -> list[FieldError]:
    if recursive == "Disabled":
        return []
    if recursive not in _RECURSIVE:
        return [field.not_supported(at, recursive, _RECURSIVE)]
    errors: list[FieldError] = []
    if not mount.get("readOnly"):
        errors.append(field.forbidden(at, "may only be specified when readOnly is true"))
    if mount.get("mountPropagation") not in (None, "None"):
        errors.append(field.forbidden(at, "may only be specified when mountPropagation is None or not specified"))
    return errors


def _devices(devices: Sequence[Tree], mounts: Sequence[Tree], around: Surroundings, at: Path) -> list[FieldError]:
    """ValidateVolumeDevices."""
    errors: list[FieldError] = []
    by_mount = {mount.get("name") or "": mount.get("mountPath") or "" for mount in mounts}
    seen_names: set[str] = set()
    seen_paths: set[str] = set()
    for index, device in enumerate(devices):
        name, path = device.get("name") or "", device.get("devicePath") or ""
        at_name, at_path = at.index(index).child("name"), at.index(index).child("devicePath")
        errors += _device_name(name, seen_names, around, at_name)
        if not path:
            errors.append(field.required(at_path))
        if path in seen_paths:
            errors.append(field.invalid(at_path, path, "must be unique"))
        if ".." in path.split("/"):
            errors.append(field.invalid(at_path, path, "can not contain backsteps ('..')"))
        else:
            seen_paths.add(path)
        if name in by_mount:
            errors.append(field.invalid(at_name, name, "must not already exist in volumeMounts"))
        if path in by_mount.values():
            errors.append(field.invalid(at_path, path, "must not already exist as a path in volumeMounts"))
        if name:
            seen_names.add(name)
    return errors


def _device_name(name: str, seen: set[str], around: Surroundings, at: Path) -> Errors:
    errors = [] if name else [field.required(at)]
    if name in seen:
        errors.append(field.invalid(at, name, "must be unique"))
    volume = around.volumes.get(name)
    if volume is None:
        errors.append(field.not_found(at, name))
    elif volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
        detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
        errors.append(field.invalid(at, name, detail))
    return errors or NONE


def _resize_policies(policies: Sequence[dict[str, Any]], pod_restart_policy: str | None, at: Path) -> list[FieldError]:
    """validateResizePolicy."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, policy in enumerate(policies):
        resource, restart = policy.get("resourceName") or "", policy.get("restartPolicy") or ""
        if resource in seen:
            errors.append(field.duplicate(at.index(index), resource))
        seen.add(resource)
        errors += one_of(resource, at, ("cpu", "memory"))
        errors += one_of(restart, at, _RESIZE_POLICIES)
        if pod_restart_policy == "Never" and restart != "NotRequired":
            errors.append(field.invalid(at, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
    return errors


def resource_claims(spec: Tree, is_mirror: bool, at: Path) -> list[FieldError]:
    """spec.resourceClaims (validatePodResourceClaims). `is_mirror`: a static pod's mirror."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, claim in enumerate(spec.get("resourceClaims") or ()):
        if is_mirror:
            errors.append(field.forbidden(NOWHERE, "static pods do not support resource claims"))
        else:
            errors += _resource_claim(claim, seen, at.index(index))
    return errors


def _resource_claim(claim: Tree, seen: set[str], at: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    name = claim.get("name") or ""
    if not name:
        errors.append(field.required(at.child("name")))
    elif name in seen:
        errors.append(field.duplicate(at.child("name"), name))
    else:
        errors += dns_label(name, at.child("name"))
        seen.add(name)
    found = [member for member in ("resourceClaimName", "resourceClaimTemplateName") if claim.get(member) is not None]
    if len(found) != 1:
        some = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
        none = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
        errors.append(field.invalid(at, go_form(claim, "core/v1.PodResourceClaim"), some if found else none))
    for member in found:
        errors += invalid_each(at.child(member), claim[member], names.is_dns1123_subdomain(claim[member]))
    return errors
