"""rbac.authorization.k8s.io: roles and who has them."""

from kcompat.registry.columns import rbac
from kcompat.registry.declare import Resource

GROUP = "rbac.authorization.k8s.io"

RESOURCES = (
    Resource("clusterrolebindings", kind="ClusterRoleBinding", columns=rbac.BINDING, group=GROUP),
    Resource("clusterroles", kind="ClusterRole", group=GROUP),
    Resource("rolebindings", kind="RoleBinding", columns=rbac.BINDING, group=GROUP),
    Resource("roles", kind="Role", group=GROUP),
)
