"""Which faults an old object already has, so that updates may keep them. Called by options.

Answers the second half of pkg/api/pod/util.go:GetValidationOptionsFromPodSpecAndMeta.
"""

from __future__ import annotations

from kcompat.apimachinery import quantity
from kcompat.apimachinery.field import ROOT
from kcompat.apimachinery.validation import validate_label_selector
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod import resource_list, scheduling
from kcompat.registry.rules.pod.checks import containers_of, local_path
from kcompat.registry.rules.pod.options import Options
from kcompat.registry.rules.pod.resources import is_divisible
from kcompat.registry.rules.pod.security import host_sysctl
from kcompat.registry.rules.pod.spec import DELETION_COST, is_deletion_cost


def tolerated(spec: Tree, metadata: Tree, is_pod: bool) -> Options:
    """Options for updates of an object with this spec and metadata."""
    annotations = metadata.get("annotations") or {}
    in_user_namespace = spec.get("hostUsers") is False
    constraints = spec.get("topologySpreadConstraints") or ()
    return Options(
        is_pod=is_pod,
        allow_invalid_deletion_cost=not is_deletion_cost(annotations.get(DELETION_COST, "0")),
        allow_invalid_label_values_in_selector=_has_invalid_affinity_selector(spec),
        allow_invalid_label_values_in_required_node_affinity=_has_invalid_node_affinity(spec),
        allow_invalid_spread_selector=any(validate_label_selector(c.get("labelSelector"), ROOT) for c in constraints),
        allow_indivisible_huge_pages=_has_indivisible_huge_pages(spec),
        allow_non_local_token_path=_has_non_local_token_path(spec),
        allow_namespaced_sysctls=_has_host_sysctl(spec),
        allow_empty_image_reference=any(v.get("image") is not None and not v["image"].get("reference") for v in spec.get("volumes") or ()),
        allow_sys_admin_without_escalation=any(_adds_sys_admin(c.get("securityContext")) for c in containers_of(spec)),
        allow_devices_in_user_namespace=in_user_namespace and any(c.get("volumeDevices") for c in containers_of(spec)),
        allow_user_namespace_with_host_network=in_user_namespace and bool(spec.get("hostNetwork")),
        allow_comparison_tolerations=any(t.get("operator") in ("Lt", "Gt") for t in spec.get("tolerations") or ()),
        allow_restart_of_init_containers_on_resize=_restarts_init_containers(spec),
        old_spread_keys_are_invalid=any(scheduling.match_label_keys({**c, "mismatchLabelKeys": ()}, ROOT) for c in constraints),
    )


def _has_invalid_affinity_selector(spec: Tree) -> bool:
    affinity = spec.get("affinity") or {}
    terms: list[Tree] = []
    for name in ("podAffinity", "podAntiAffinity"):
        pods = affinity.get(name) or {}
        terms += pods.get(scheduling.REQUIRED) or []
        terms += [weighted.get("podAffinityTerm") or {} for weighted in pods.get(scheduling.PREFERRED) or ()]
    return any(scheduling.pod_term_selectors(term, ROOT) for term in terms)


def _has_invalid_node_affinity(spec: Tree) -> bool:
    from kcompat.apimachinery.names import is_label_value

    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(scheduling.REQUIRED) or {}
    expressions = (e for term in required.get("nodeSelectorTerms") or () for e in term.get("matchExpressions") or ())
    return any(is_label_value(value) for expression in expressions for value in expression.get("values") or ())


def _has_indivisible_huge_pages(spec: Tree) -> bool:
    lists = [spec.get("overhead") or {}]
    for container in containers_of(spec):
        lists += [dict(resource_list.requests_of(container)), dict(resource_list.limits_of(container))]
    return any(
        resource_list.is_huge_page(name) and not is_divisible(name, quantity.parse(value)) for each in lists for name, value in each.items()
    )


def _has_non_local_token_path(spec: Tree) -> bool:
    sources = (s for v in spec.get("volumes") or () for s in (v.get("projected") or {}).get("sources") or ())
    return any(local_path(token.get("path") or "", ROOT) for s in sources if (token := s.get("serviceAccountToken")) is not None)


def _has_host_sysctl(spec: Tree) -> bool:
    sysctls = (spec.get("securityContext") or {}).get("sysctls") or ()
    return any(host_sysctl(sysctl.get("name") or "", spec, ROOT) for sysctl in sysctls)


def _adds_sys_admin(context: Tree | None) -> bool:
    if not context or context.get("allowPrivilegeEscalation"):
        return False
    return "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ())


def _restarts_init_containers(spec: Tree) -> bool:
    return any(
        policy.get("restartPolicy") == "RestartContainer"
        for container in spec.get("initContainers") or () if not resource_list.is_restartable(container)
        for policy in container.get("resizePolicy") or ()
    )
