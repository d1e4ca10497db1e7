"""apps: the kinds that keep pods running."""

from kcompat.registry.columns import workloads as columns
from kcompat.registry.declare import Resource, Scale, Status
from kcompat.registry.rules.controller_revision import ControllerRevisionRules
from kcompat.registry.rules.daemon_set import DaemonSetRules
from kcompat.registry.rules.deployment import DeploymentRules
from kcompat.registry.rules.replica_set import ReplicaSetRules
from kcompat.registry.rules.stateful_set import StatefulSetRules
from kcompat.registry.rules.workload import count

GROUP = "apps"

RESOURCES = (
    Resource(
        "controllerrevisions", kind="ControllerRevision", group=GROUP,
        rules=ControllerRevisionRules(), columns=columns.CONTROLLER_REVISION_COLUMNS,
    ),
    Resource(
        "daemonsets", kind="DaemonSet", group=GROUP,
        rules=DaemonSetRules(), columns=columns.DAEMON_SET_COLUMNS, subresources=(Status(),),
    ),
    Resource(
        "deployments", kind="Deployment", group=GROUP,
        rules=DeploymentRules(), columns=columns.DEPLOYMENT_COLUMNS, subresources=(Status(), Scale()),
    ),
    Resource(
        "replicasets", kind="ReplicaSet", group=GROUP,
        rules=ReplicaSetRules(), columns=columns.REPLICA_SET_COLUMNS, subresources=(Status(), Scale()),
        fields={"status.replicas": count("status.replicas")},
    ),
    Resource(
        "statefulsets", kind="StatefulSet", group=GROUP,
        rules=StatefulSetRules(), columns=columns.STATEFUL_SET_COLUMNS, subresources=(Status(), Scale()),
    ),
)
