"""rbac.authorization.k8s.io: roles and who has them."""

from kcompat.registry.columns import rbac
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "rbac.authorization.k8s.io"

RESOURCES = (
    Resource(
        "clusterrolebindings", kind="ClusterRoleBinding", group=GROUP,
        columns=rbac.BINDING, rules=later("rbac.ClusterRoleBindingRules"),
    ),
    Resource("clusterroles", kind="ClusterRole", rules=later("rbac.ClusterRoleRules"), group=GROUP),
    Resource("rolebindings", kind="RoleBinding", columns=rbac.BINDING, rules=later("rbac.RoleBindingRules"), group=GROUP),
    Resource("roles", kind="Role", rules=later("rbac.RoleRules"), group=GROUP),
)
