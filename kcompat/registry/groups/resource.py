"""resource.k8s.io: devices and claims to them."""

from kcompat.registry.declare import Resource
from kcompat.registry.fields import at

GROUP = "resource.k8s.io"

RESOURCES = (
    Resource("deviceclasses", kind="DeviceClass", group=GROUP),
    Resource("devicetaintrules", kind="DeviceTaintRule", group=GROUP, storage_group=GROUP, storage_version="v1beta2"),
    Resource("resourceclaims", kind="ResourceClaim", group=GROUP),
    Resource("resourceclaimtemplates", kind="ResourceClaimTemplate", group=GROUP),
    Resource(
        "resourceslices", kind="ResourceSlice", group=GROUP,
        fields={"spec.nodeName": at("spec.nodeName"), "spec.driver": at("spec.driver"), "spec.pool.name": at("spec.pool.name")},
        indexes=("spec.nodeName",),
    ),
)
