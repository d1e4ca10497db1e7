"""The core group's pods, pod templates and replication controllers."""

from kcompat.registry.columns.pods import POD_COLUMNS, POD_TEMPLATE_COLUMNS, row_conditions
from kcompat.registry.columns.workloads import REPLICATION_CONTROLLER_COLUMNS
from kcompat.registry.declare import Action, Resource, Scale, Status
from kcompat.registry.fields import at, count, fields, flag
from kcompat.registry.later import later

_STREAMING = ("create", "get")
_PROXIED = ("create", "delete", "get", "patch", "update")

RESOURCES = (
    Resource(
        "pods", kind="Pod", rules=later("pod.rules.PodRules"), columns=POD_COLUMNS, row_conditions=row_conditions, returns_deleted=True,
        fields={
            **fields(
                "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase",
                "status.nominatedNodeName",
            ),
            "spec.host": at("spec.nodeName"),
            "spec.hostNetwork": flag("spec.hostNetwork"),
            "status.podIP": at("status.podIP"),
            "status.podIPs": lambda pod: "",  # as upstream: a known label that no pod has
        },
        indexes=("spec.nodeName",),
        subresources=(
            Action("attach", _STREAMING, "PodAttachOptions", handler="pod_attach"),
            Action("binding", ("create",), "Binding", handler="binding"),
            Action("ephemeralcontainers", ("get", "patch", "update"), "Pod", handler="pod_ephemeral_containers"),
            Action("eviction", ("create",), "Eviction", "policy", handler="eviction"),
            Action("exec", _STREAMING, "PodExecOptions", handler="pod_exec"),
            Action("log", ("get",), "Pod", handler="pod_log"),
            Action("portforward", _STREAMING, "PodPortForwardOptions", handler="pod_port_forward"),
            Action("proxy", _PROXIED, "PodProxyOptions", handler="pod_proxy"),
            Action("resize", ("get", "patch", "update"), "Pod", handler="pod_resize"),
            Status(),
        ),
    ),
    Resource(
        "podtemplates", kind="PodTemplate", returns_deleted=True,
        rules=later("pod_template.PodTemplateRules"), columns=POD_TEMPLATE_COLUMNS,
    ),
    Resource(
        "replicationcontrollers", kind="ReplicationController", store="controllers",
        rules=later("replication_controller.ReplicationControllerRules"), columns=REPLICATION_CONTROLLER_COLUMNS,
        subresources=(Status(), Scale()),
        fields={"status.replicas": count("status.replicas")},
    ),
)
