"""Resource lists, name → quantity: rounding, comparing and summing. Called by defaults, prepare and the validation of pods and quotas.

Answers component-helpers/resource/helpers.go and pkg/apis/core/helper/helpers.go. Quantities are their canonical texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kcompat.apimachinery import quantity
from kcompat.apimachinery.quantity import ZERO, Quantity
from kcompat.registry.declare import Tree

ResourceList = dict[str, str]
Quantities = dict[str, Quantity]


def round_up_to_milli(resources: ResourceList) -> None:
    """No resource is finer than a thousandth (SetDefaults_ResourceList)."""
    for name, value in resources.items():
        if value[-1:] in ("n", "u") or "e-" in value:
            resources[name] = str(quantity.parse(value).round_up(-3))


def parsed(resources: Mapping[str, str] | None) -> Quantities:
    return {name: quantity.parse(value) for name, value in (resources or {}).items()}


def same(left: Mapping[str, str] | None, right: Mapping[str, str] | None) -> bool:
    """Equal as amounts, whatever their texts (apiequality.Semantic.DeepEqual)."""
    if (left or {}) == (right or {}):
        return True
    return parsed(left) == parsed(right)


def requests_of(container: Tree) -> Mapping[str, str]:
    return (container.get("resources") or {}).get("requests") or {}


def limits_of(container: Tree) -> Mapping[str, str]:
    return (container.get("resources") or {}).get("limits") or {}


def is_restartable(container: Tree) -> bool:
    """A sidecar: an init container that is always restarted."""
    return container.get("restartPolicy") == "Always"


def aggregate(spec: Tree, member: str) -> Quantities:
    """What all containers need at once, at the worst moment of the pod's life (AggregateContainerRequests, …Limits).

    `member` is "requests" or "limits". Init containers run one after another, beside the sidecars started before them.
    """
    total: Quantities = {}
    for container in spec.get("containers") or ():
        _add(total, parsed((container.get("resources") or {}).get(member)))
    sidecars: Quantities = {}
    peak: Quantities = {}
    for container in spec.get("initContainers") or ():
        needs = parsed((container.get("resources") or {}).get(member))
        if is_restartable(container):
            _add(total, needs)
            _add(sidecars, needs)
            needs = dict(sidecars)
        else:
            _add(needs, sidecars)
        _raise_to(peak, needs)
    _raise_to(total, peak)
    return total


def _add(total: Quantities, more: Mapping[str, Quantity]) -> None:
    for name, value in more.items():
        total[name] = total[name] + value if name in total else value


def _raise_to(total: Quantities, least: Mapping[str, Quantity]) -> None:
    for name, value in least.items():
        if name not in total or value > total[name]:
            total[name] = value


def is_huge_page(name: str) -> bool:
    return name.startswith("hugepages-")


def is_native(name: str) -> bool:
    """Kubernetes' own resources: without a domain or in *kubernetes.io/."""
    return "/" not in name or "kubernetes.io/" in name


def is_overcommit_allowed(name: str) -> bool:
    return is_native(name) and not is_huge_page(name)


def is_extended(name: str) -> bool:
    """A resource of somebody else's domain (IsExtendedResourceName)."""
    from kcompat.apimachinery.names import is_label_key

    if is_native(name) or name.startswith("requests."):
        return False
    return not is_label_key("requests." + name)


def is_supported_at_pod_level(name: str) -> bool:
    return name in ("cpu", "memory") or is_huge_page(name)


def amount(resources: Mapping[str, str], name: str) -> Quantity:
    """The quantity of a resource, zero when absent."""
    return quantity.parse(resources[name]) if name in resources else ZERO


def qos_class(spec: Tree) -> str:
    """Guaranteed, Burstable or BestEffort (pkg/apis/core/helper/qos: ComputePodQOS)."""
    resources = spec.get("resources")
    if resources and _is_pod_level_set(resources):
        return _requirements_class(resources)
    classes = {_requirements_class(c.get("resources") or {}) for c in _long_lived(spec)}
    if not classes:
        return "BestEffort"
    return classes.pop() if len(classes) == 1 else "Burstable"


def _is_pod_level_set(resources: Tree) -> bool:
    return any(is_supported_at_pod_level(name) for member in ("requests", "limits") for name in resources.get(member) or ())


def _long_lived(spec: Tree) -> Iterable[Tree]:
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()


def _requirements_class(resources: Tree) -> str:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    if not requests and not limits:
        return "BestEffort"
    found = {_resource_class(amount(requests, name), amount(limits, name)) for name in ("cpu", "memory")}
    return found.pop() if len(found) == 1 else "Burstable"


def _resource_class(request: Quantity, limit: Quantity) -> str:
    if request != limit:
        return "Burstable"
    return "BestEffort" if request.is_zero else "Guaranteed"
