"""What validation lets through because the old object already has it. Called by every rule set with a pod spec.

Answers pkg/api/pod/util.go:GetValidationOptionsFromPodSpecAndMeta with the default feature gates of 1.37.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kcompat.registry.declare import Tree


@dataclass(frozen=True, slots=True)
class Options:
    """The defaults are those for a new object."""

    is_pod: bool = False
    """A Pod, not a pod spec inside another kind."""
    allow_invalid_deletion_cost: bool = False
    allow_invalid_label_values_in_selector: bool = False
    allow_invalid_label_values_in_required_node_affinity: bool = False
    allow_invalid_spread_selector: bool = False
    allow_indivisible_huge_pages: bool = False
    allow_non_local_token_path: bool = False
    allow_namespaced_sysctls: bool = False
    allow_empty_image_reference: bool = False
    allow_sys_admin_without_escalation: bool = False
    allow_devices_in_user_namespace: bool = False
    allow_user_namespace_with_host_network: bool = False
    allow_comparison_tolerations: bool = False
    allow_restart_of_init_containers_on_resize: bool = False
    old_spread_keys_are_invalid: bool = False


NEW_POD: Final = Options(is_pod=True)
NEW_TEMPLATE: Final = Options()


def for_update(old_spec: Tree | None, old_metadata: Tree | None, *, is_pod: bool) -> Options:
    """The options for an update of an object that has this spec."""
    from kcompat.registry.rules.pod.tolerated import tolerated

    if old_spec is None:
        return NEW_POD if is_pod else NEW_TEMPLATE
    return tolerated(old_spec, old_metadata or {}, is_pod)
