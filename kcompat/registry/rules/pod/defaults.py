"""Versioned defaults of pods and pod templates. Called by the Rules of every kind that holds a pod spec.

Answers pkg/apis/core/v1/defaults.go and the generated SetObjectDefaults_Pod and SetObjectDefaults_PodTemplate. Trees are canonical:
what Go would omit is absent. They are changed in place.
"""

from __future__ import annotations

from collections.abc import Iterable

from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.image import default_pull_policy
from kcompat.registry.rules.pod.resource_list import round_up_to_milli

_CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
_STATUS_LISTS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE_DEFAULTS = (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3))

_SOURCE_DEFAULTS: dict[str, tuple[tuple[str, object], ...]] = {
    "hostPath": (("type", ""),),
    "secret": (("defaultMode", 0o644),),
    "configMap": (("defaultMode", 0o644),),
    "downwardAPI": (("defaultMode", 0o644),),
    "projected": (("defaultMode", 0o644),),
    "iscsi": (("iscsiInterface", "default"),),
    "rbd": (("pool", "rbd"), ("user", "admin"), ("keyring", "/etc/ceph/keyring")),
    "azureDisk": (("cachingMode", "ReadWrite"), ("fsType", "ext4"), ("readOnly", False), ("kind", "Shared")),
    "scaleIO": (("storageMode", "ThinProvisioned"), ("fsType", "xfs")),
}
"""Volume sources whose absent members get plain values."""


def default_pod(pod: Tree) -> None:
    """A whole Pod: what only pods get, then what every pod spec gets, then the status (SetObjectDefaults_Pod)."""
    spec = pod.setdefault("spec", {})
    default_pod_only(spec)
    default_pod_spec(spec)
    if status := pod.get("status"):
        _default_status(status)


def default_pod_only(spec: Tree) -> None:
    """What a Pod's spec gets and a template's does not, for historical reasons (SetDefaults_Pod)."""
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        spec["terminationGracePeriodSeconds"] = 1
    for containers in (spec.get("containers"), spec.get("initContainers")):
        for container in containers or ():
            resources = container.get("resources")
            if resources and (limits := resources.get("limits")):
                resources["requests"] = {**limits, **(resources.get("requests") or {})}
            if spec.get("hostNetwork"):
                for port in container.get("ports") or ():
                    if not port.get("hostPort"):
                        port["hostPort"] = port.get("containerPort", 0)
    spec.setdefault("enableServiceLinks", True)


def default_pod_spec(spec: Tree) -> None:
    """What every pod spec gets, in pods and templates alike."""
    _default_scalars(spec)
    for volume in spec.get("volumes") or ():
        default_volume(volume)
    for name in _CONTAINER_LISTS:
        for container in spec.get(name) or ():
            _default_container(container)
    if overhead := spec.get("overhead"):
        round_up_to_milli(overhead)
    if resources := spec.get("resources"):
        _round_resources(resources)


def _default_scalars(spec: Tree) -> None:
    """SetDefaults_PodSpec."""
    if account := spec.get("serviceAccountName") or spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    spec["dnsPolicy"] = spec.get("dnsPolicy") or "ClusterFirst"
    spec["restartPolicy"] = spec.get("restartPolicy") or "Always"
    if spec.get("securityContext") is None:
        spec["securityContext"] = {}
    if spec.get("terminationGracePeriodSeconds") is None:
        spec["terminationGracePeriodSeconds"] = 30
    spec["schedulerName"] = spec.get("schedulerName") or "default-scheduler"


def _default_container(container: Tree) -> None:
    """SetDefaults_Container and the defaults of what a container holds."""
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = default_pull_policy(container.get("image") or "")
    if not container.get("terminationMessagePath"):
        container["terminationMessagePath"] = "/dev/termination-log"
    if not container.get("terminationMessagePolicy"):
        container["terminationMessagePolicy"] = "File"
    for port in container.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
    for variable in container.get("env") or ():
        if source := variable.get("valueFrom"):
            _default_variable_source(source)
    if resources := container.get("resources"):
        _round_resources(resources)
    for name in _PROBES:
        if (probe := container.get(name)) is not None:
            _default_probe(probe)
    if lifecycle := container.get("lifecycle"):
        for name in ("postStart", "preStop"):
            if (handler := lifecycle.get(name)) is not None:
                _default_http_get(handler)


def _default_variable_source(source: Tree) -> None:
    if (reference := source.get("fieldRef")) is not None:
        _default_field_ref(reference)
    if (reference := source.get("fileKeyRef")) is not None:
        reference.setdefault("optional", False)


def _default_field_ref(reference: Tree) -> None:
    if not reference.get("apiVersion"):
        reference["apiVersion"] = "v1"


def _default_probe(probe: Tree) -> None:
    for name, value in _PROBE_DEFAULTS:
        if not probe.get(name):
            probe[name] = value
    _default_http_get(probe)
    if (grpc := probe.get("grpc")) is not None:
        grpc["service"] = grpc.get("service") or ""


def _default_http_get(handler: Tree) -> None:
    if (get := handler.get("httpGet")) is not None:
        get["path"] = get.get("path") or "/"
        get["scheme"] = get.get("scheme") or "HTTP"


def default_volume(volume: Tree) -> None:
    """One volume of a pod spec: an empty one becomes an emptyDir (SetDefaults_Volume and the sources' own)."""
    if len(volume) <= ("name" in volume):
        volume["emptyDir"] = {}
        return
    for kind in volume.keys() & _SOURCE_DEFAULTS.keys():
        for name, value in _SOURCE_DEFAULTS[kind]:
            source = volume[kind]
            if source is not None and source.get(name) is None:
                source[name] = value
    if (image := volume.get("image")) is not None and not image.get("pullPolicy"):
        image["pullPolicy"] = default_pull_policy(image.get("reference") or "")
    if source := volume.get("downwardAPI"):
        _default_downward_items(source.get("items"))
    if source := volume.get("projected"):
        for projection in source.get("sources") or ():
            _default_projection(projection)
    if claim := (volume.get("ephemeral") or {}).get("volumeClaimTemplate"):
        default_claim_spec(claim.setdefault("spec", {}))


def _default_projection(projection: Tree) -> None:
    if source := projection.get("downwardAPI"):
        _default_downward_items(source.get("items"))
    if (token := projection.get("serviceAccountToken")) is not None:
        token.setdefault("expirationSeconds", 3600)


def _default_downward_items(items: Iterable[Tree] | None) -> None:
    for item in items or ():
        if (reference := item.get("fieldRef")) is not None:
            _default_field_ref(reference)


def default_claim_spec(spec: Tree) -> None:
    """A claim inside a pod spec or StatefulSet (SetDefaults_PersistentVolumeClaimSpec)."""
    spec.setdefault("volumeMode", "Filesystem")
    if resources := spec.get("resources"):
        _round_resources(resources)


def _round_resources(resources: Tree) -> None:
    if limits := resources.get("limits"):
        round_up_to_milli(limits)
    if requests := resources.get("requests"):
        round_up_to_milli(requests)


def _default_status(status: Tree) -> None:
    """Keeps podIP and podIPs in step, podIP winning (SetDefaults_PodStatus), and rounds the quantities."""
    address, addresses = status.get("podIP"), status.get("podIPs")
    if address and (not addresses or addresses[0].get("ip") != address):
        status["podIPs"] = [{"ip": address}]
    elif addresses and not address and (first := addresses[0].get("ip")):
        status["podIP"] = first
    for name in _STATUS_LISTS:
        for container in status.get(name) or ():
            _default_container_status(container)
    _default_container_status(status)


def _default_container_status(status: Tree) -> None:
    if allocated := status.get("allocatedResources"):
        round_up_to_milli(allocated)
    if resources := status.get("resources"):
        _round_resources(resources)
