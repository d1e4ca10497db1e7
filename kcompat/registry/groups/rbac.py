"""rbac.authorization.k8s.io: roles and who has them."""

from kcompat.registry.columns import rbac
from kcompat.registry.declare import Resource
from kcompat.registry.rules.rbac import ClusterRoleBindingRules, ClusterRoleRules, RoleBindingRules, RoleRules

GROUP = "rbac.authorization.k8s.io"

RESOURCES = (
    Resource("clusterrolebindings", kind="ClusterRoleBinding", columns=rbac.BINDING, rules=ClusterRoleBindingRules(), group=GROUP),
    Resource("clusterroles", kind="ClusterRole", rules=ClusterRoleRules(), group=GROUP),
    Resource("rolebindings", kind="RoleBinding", columns=rbac.BINDING, rules=RoleBindingRules(), group=GROUP),
    Resource("roles", kind="Role", rules=RoleRules(), group=GROUP),
)
