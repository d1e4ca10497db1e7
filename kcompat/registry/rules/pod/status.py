"""What a pod's status may become. Called by the Rules of pods.

Answers pkg/apis/core/validation/validation.go:ValidatePodStatusUpdate and what it calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from kcompat.apimachinery import field, meta, names, quantity
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.ip import is_ipv4, is_ipv6, validate_ip_legacy
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod import resource_list
from kcompat.registry.rules.pod.checks import dns_label, dns_subdomain, invalid_each, qualified_name
from kcompat.registry.rules.pod.go_form import go_list
from kcompat.registry.rules.pod.options import NEW_POD, for_update
from kcompat.registry.rules.pod.update import annotation_changes

STATUS: Final = Path("status")
_SYSTEM_CONDITIONS: Final = ("PodScheduled", "Ready", "Initialized")
_HEALTH: Final = ("Healthy", "Unhealthy", "Unknown")
_MAX_HEALTH_MESSAGE: Final = 1024
_STATUSES: Final = {"containerStatuses": "containers", "initContainerStatuses": "initContainers", "ephemeralContainerStatuses": ""}
_NOT_NEGATIVE: Final = "must be a non-negative integer"


def updated_status(new: Tree, old: Tree) -> list[FieldError]:
    """An update of a pod's status, its ObjectMeta excepted."""
    errors = annotation_changes(new, old, NEW_POD)
    if errors:
        errors = annotation_changes(new, old, for_update(old["spec"], old.get("metadata"), is_pod=True))
    status, before, spec = new.get("status") or {}, old.get("status") or {}, new["spec"]
    errors += _conditions(status.get("conditions") or ())
    errors += _nomination(status, before, old["spec"])
    if (observed := status.get("observedGeneration") or 0) < 0:
        errors.append(field.invalid(STATUS.child("observedGeneration"), observed, _NOT_NEGATIVE))
    if (quality := status.get("qosClass") or "") != (before.get("qosClass") or ""):
        errors.append(field.invalid(STATUS.child("qosClass"), quality, "field is immutable"))
    for name, containers in _STATUSES.items():
        spec_of_restarts = old["spec"] if containers else None
        errors += _transitions(status.get(name) or (), before.get(name) or (), spec_of_restarts, containers, STATUS.child(name))
    errors += _claims(status, spec)
    errors += _addresses(status, before, "podIPs", "podIP") + _addresses(status, before, "hostIPs", "hostIP")
    return errors + _container_statuses(status, spec)


def _conditions(conditions: Sequence[Tree]) -> list[FieldError]:
    """validatePodConditions."""
    errors: list[FieldError] = []
    at = STATUS.child("conditions")
    for index, condition in enumerate(conditions):
        if (observed := condition.get("observedGeneration") or 0) < 0:
            errors.append(field.invalid(at.index(index).child("observedGeneration"), observed, _NOT_NEGATIVE))
        if (kind := condition.get("type") or "") not in _SYSTEM_CONDITIONS:
            errors += qualified_name(kind, at.index(index).child("Type"))
    return errors


def _nomination(status: Tree, before: Tree, old_spec: Tree) -> list[FieldError]:
    node, at = status.get("nominatedNodeName") or "", STATUS.child("nominatedNodeName")
    if not node or node == (before.get("nominatedNodeName") or ""):
        return []
    errors = [*dns_subdomain(node, at)]
    if old_spec.get("nodeName"):
        errors.append(field.forbidden(at, "may not be set on pods that are already bound to a node"))
    return errors


def _transitions(new: Sequence[Tree], old: Sequence[Tree], spec: Tree | None, containers: str, at: Path) -> list[FieldError]:
    """Containers that ended and do not restart stay ended (ValidateContainerStateTransition). No spec: none restarts."""
    ended = [(index, status) for index, status in enumerate(old) if (status.get("state") or {}).get("terminated") is not None]
    if not ended or (spec is not None and _all_may_restart(spec)):
        return []
    errors: list[FieldError] = []
    running = {status.get("name") for status in new if (status.get("state") or {}).get("terminated") is None}
    for index, status in ended:
        name, code = status.get("name"), status["state"]["terminated"].get("exitCode") or 0
        if name not in running:
            continue
        container = next((c for c in (spec or {}).get(containers) or () if c.get("name") == name), None)
        if spec is None or container is None or not _should_restart(container, spec, code):
            errors.append(field.forbidden(at.index(index).child("state"), "may not be transitioned to non-terminated state"))
    return errors


def _all_may_restart(spec: Tree) -> bool:
    """Does one container's end restart all of them (podutil.AllContainersCouldRestart)?"""
    every = (c for name in ("containers", "initContainers") for c in spec.get(name) or ())
    return any(rule.get("action") == "RestartAllContainers" for c in every for rule in c.get("restartPolicyRules") or ())


def _should_restart(container: Tree, spec: Tree, exit_code: int) -> bool:
    """The first rule that matches decides, else the container's policy, else the pod's (podutil.ContainerShouldRestart)."""
    for rule in container.get("restartPolicyRules") or ():
        codes = rule.get("exitCodes") or {}
        matches = (exit_code in (codes.get("values") or ())) == (codes.get("operator") == "In")
        if rule.get("exitCodes") is not None and matches and rule.get("action") in ("Restart", "RestartAllContainers"):
            return True
    policy = container.get("restartPolicy") or spec.get("restartPolicy")
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def _claims(status: Tree, spec: Tree) -> list[FieldError]:
    """resourceClaimStatuses and extendedResourceClaimStatus."""
    errors: list[FieldError] = []
    known, seen = {claim.get("name") for claim in spec.get("resourceClaims") or ()}, set[str]()
    for index, claim in enumerate(status.get("resourceClaimStatuses") or ()):
        at, name = STATUS.child("resourceClaimStatuses").index(index), claim.get("name") or ""
        if name not in known:
            errors.append(field.invalid(at.child("name"), name, "must match the name of an entry in `spec.resourceClaims`"))
        if name in seen:
            errors.append(field.duplicate(at.child("name"), name))
        seen.add(name)
        if (made := claim.get("resourceClaimName")) is not None:
            errors += dns_subdomain(made, at.child("resourceClaimName"))
    if (extended := status.get("extendedResourceClaimStatus")) is not None:
        errors += _extended_claim(extended, spec, STATUS.child("extendedResourceClaimStatus"))
    return errors


def _extended_claim(extended: Tree, spec: Tree, at: Path) -> list[FieldError]:
    """validatePodExtendedResourceClaimStatus."""
    containers = {c.get("name"): c for name in ("initContainers", "containers") for c in spec.get(name) or ()}
    mappings, here = extended.get("requestMappings") or (), at.child("requestMappings")
    errors = [] if mappings else [field.required(here, "at least one request mapping is required")]
    seen: set[tuple[str, ...]] = set()
    in_spec = "spec.initContainers.{0} or spec.containers.{0}"
    for index, mapping in enumerate(mappings):
        members = ("containerName", "resourceName", "requestName")
        key = tuple(mapping.get(member) or "" for member in members)
        container = containers.get(key[0])
        if container is None:
            detail = "must match the name of an entry in " + in_spec.format("name")
            errors.append(field.invalid(here.index(index).child("containerName"), key[0], detail))
        elif key[1] not in resource_list.requests_of(container):
            detail = "must match the extended resource name of an entry in " + in_spec.format("resources.requests")
            errors.append(field.invalid(here.index(index).child("resourceName"), key[1], detail))
        errors += dns_label(key[2], at.child("requestName"))
        if key in seen:
            errors += [field.duplicate(here.index(index).child(member), value) for member, value in zip(members, key, strict=True)]
        seen.add(key)
    if not (name := extended.get("resourceClaimName") or ""):
        return [*errors, field.required(at.child("resourceClaimName"))]
    return [*errors, *dns_subdomain(name, at.child("resourceClaimName"))]


def _addresses(status: Tree, before: Tree, plural: str, singular: str) -> list[FieldError]:
    """At most one address of each family, the first as in the singular field (validatePodIPs, validateHostIPs).

    Defaults keep podIP and podIPs in step.
    """
    at, items = STATUS.child(plural), status.get(plural) or []
    addresses = [item.get("ip") or "" for item in items]
    known = [item.get("ip") or "" for item in before.get(plural) or ()]
    errors: list[FieldError] = []
    if plural == "hostIPs" and items and (status.get(singular) or "") != addresses[0]:
        errors.append(field.invalid(at.index(0).child("ip"), addresses[0], "must be equal to `hostIP`"))
    for index, address in enumerate(addresses):
        errors += validate_ip_legacy(at.index(index), address, known)
    if len(addresses) > 1:
        errors += _dual_stack(addresses, items, plural, at)
    if plural == "podIPs" and bool(status.get(singular)) != bool(items):
        errors.append(field.invalid(at, _shown(items, plural), "podIP and podIPs must either both be set or both be unset"))
    return errors


def _shown(items: Sequence[Tree], plural: str) -> Any:
    return go_list(items, "core/v1.PodIP" if plural == "podIPs" else "core/v1.HostIP")


def _dual_stack(addresses: list[str], items: Sequence[Tree], plural: str, at: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    bad = next(((i, a) for i, a in enumerate(addresses) if not (is_ipv4(a) or is_ipv6(a))), None)
    if bad is not None:
        errors.append(field.internal(at, f"failed to check for dual stack with error:invalid IP[{bad[0]}]: {bad[1]}"))
    both = bad is None and any(map(is_ipv4, addresses)) and any(map(is_ipv6, addresses))
    if not both or len(addresses) > 2:
        errors.append(field.invalid(at, _shown(items, plural), "may specify no more than one IP for each IP family"))
    return errors


def _container_statuses(status: Tree, spec: Tree) -> list[FieldError]:
    errors: list[FieldError] = []
    lists = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    system = (spec.get("os") or {}).get("name") or "linux"
    for name in lists:
        for index, container in enumerate(status.get(name) or ()):
            if (user := container.get("user")) is not None:
                errors += _user(user, system, STATUS.child(name).index(index).child("user", "linux"))
    for name, containers in zip(lists, ("containers", "initContainers"), strict=False):
        for index, container in enumerate(status.get(name) or ()):
            if container.get("allocatedResourcesStatus"):
                own = next((c for c in spec.get(containers) or () if c.get("name") == container.get("name")), None)
                errors += _allocated(container, own, status, STATUS.child(name).index(index).child("allocatedResourcesStatus"))
    for index, container in enumerate(status.get(lists[2]) or ()):
        if container.get("allocatedResourcesStatus"):
            at = STATUS.child(lists[2]).index(index).child("allocatedResourcesStatus")
            errors.append(field.forbidden(at, "must not be specified in container status"))
    return errors


def _user(user: Tree, system: str, at: Path) -> list[FieldError]:
    """validateContainerStatusUsers."""
    linux = user.get("linux")
    if linux is None:
        return []
    if system == "windows":
        return [field.forbidden(at, "cannot be set for a windows pod")]
    errors: list[FieldError] = []
    if not 0 <= (uid := linux.get("uid") or 0) < 2**32:
        errors.append(field.invalid(at.child("uid"), uid, names.inclusive_range(0, 2**32 - 1)))
    group = linux.get("gid") or 0
    errors += invalid_each(at.child("gid"), group, names.is_valid_group_id(group))
    for index, group in enumerate(linux.get("supplementalGroups") or ()):
        errors += invalid_each(at.child("supplementalGroups").index(index), group, names.is_valid_group_id(group))
    return errors


def _allocated(container: Tree, own: Tree | None, status: Tree, at: Path) -> list[FieldError]:
    """validateContainerStatusAllocatedResourcesStatus."""
    errors: list[FieldError] = []
    for index, resource in enumerate(container["allocatedResourcesStatus"]):
        here, name = at.index(index), resource.get("name") or ""
        if own is not None and (detail := _not_allocatable(name, own, status)):
            errors.append(field.invalid(here.child("name"), name, detail))
        seen: set[str] = set()
        for k, device in enumerate(resource.get("resources") or ()):
            errors += _health(device, here.child("resources").index(k))
            if (identity := device.get("resourceID") or "") in seen:
                errors.append(field.duplicate(here.child("resources").index(k).child("resourceID"), identity))
            seen.add(identity)
    return errors


def _not_allocatable(name: str, container: Tree, status: Tree) -> str:
    """Why a container cannot have been given this resource, "" if it can."""
    if not name.startswith("claim:"):
        return "" if name in resource_list.requests_of(container) else "must match one of the container's resource requests"
    for claim in (container.get("resources") or {}).get("claims") or ():
        request = claim.get("request")
        if name == f"claim:{claim.get('name') or ''}" + (f"/{request}" if request else ""):
            return ""
    if _is_extended_claim(name.removeprefix("claim:"), container, status.get("extendedResourceClaimStatus")):
        return ""
    return (
        "must match one of the container's resource claims as 'claim:<claimName>/<requestName>' when container.resources.claims[*].request "
        "is set or 'claim:<claimName>' when it is empty"
    )


def _is_extended_claim(reference: str, container: Tree, extended: Tree | None) -> bool:
    claim, _, request = reference.partition("/")
    if not extended or not claim or not request or claim != extended.get("resourceClaimName"):
        return False
    requests = resource_list.requests_of(container)
    return any(
        mapping.get("containerName") == container.get("name") and mapping.get("requestName") == request
        and not quantity.parse(requests.get(mapping.get("resourceName") or "", "0")).is_zero
        for mapping in extended.get("requestMappings") or ()
    )


def _health(device: Tree, at: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if (health := device.get("health") or "") not in _HEALTH:
        errors.append(field.not_supported(at.child("health"), health, _HEALTH))
    message = device.get("message")
    if message == "":
        errors.append(field.required(at.child("message"), "must be non-empty if specified"))
    elif message is not None and names.byte_length(message) > _MAX_HEALTH_MESSAGE:
        errors.append(field.too_long(at.child("message"), _MAX_HEALTH_MESSAGE))
    return errors


def address_fields(pod: Tree) -> list[tuple[Path, str]]:
    """Every address in a status with its path, for warnings."""
    return [
        (STATUS.child(name).index(index).child("ip"), item.get("ip") or "")
        for name in ("podIPs", "hostIPs") for index, item in enumerate(meta.get(pod, ("status", name), ()))
    ]
