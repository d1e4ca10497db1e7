"""apps: the kinds that keep pods running."""

from kcompat.registry.columns import workloads as columns
from kcompat.registry.declare import Resource, Scale, Status
from kcompat.registry.later import later

GROUP = "apps"

RESOURCES = (
    Resource(
        "controllerrevisions", kind="ControllerRevision", group=GROUP,
        rules=later("controller_revision.ControllerRevisionRules"), columns=columns.CONTROLLER_REVISION_COLUMNS,
    ),
    Resource(
        "daemonsets", kind="DaemonSet", group=GROUP,
        rules=later("daemon_set.DaemonSetRules"), columns=columns.DAEMON_SET_COLUMNS, subresources=(Status(),),
    ),
    Resource(
        "deployments", kind="Deployment", group=GROUP,
        rules=later("deployment.DeploymentRules"), columns=columns.DEPLOYMENT_COLUMNS, subresources=(Status(), Scale()),
    ),
    Resource(
        "replicasets", kind="ReplicaSet", group=GROUP,
        rules=later("replica_set.ReplicaSetRules"), columns=columns.REPLICA_SET_COLUMNS, subresources=(Status(), Scale()),
    ),
    Resource(
        "statefulsets", kind="StatefulSet", group=GROUP,
        rules=later("stateful_set.StatefulSetRules"), columns=columns.STATEFUL_SET_COLUMNS, subresources=(Status(), Scale()),
    ),
)
