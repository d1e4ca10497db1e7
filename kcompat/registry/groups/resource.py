"""resource.k8s.io: devices and claims to them."""

from kcompat.registry.columns import devices
from kcompat.registry.declare import Resource
from kcompat.registry.fields import at

GROUP = "resource.k8s.io"

RESOURCES = (
    Resource("deviceclasses", kind="DeviceClass", returns_deleted=True, columns=devices.DEVICE_CLASS, group=GROUP),
    Resource(
        "devicetaintrules", kind="DeviceTaintRule", group=GROUP,
        columns=devices.DEVICE_TAINT_RULE,
        storage_group=GROUP, storage_version="v1beta2",
    ),
    Resource("resourceclaims", kind="ResourceClaim", returns_deleted=True, columns=devices.RESOURCE_CLAIM, group=GROUP),
    Resource(
        "resourceclaimtemplates", kind="ResourceClaimTemplate", group=GROUP,
        columns=devices.RESOURCE_CLAIM_TEMPLATE,
        returns_deleted=True,
    ),
    Resource(
        "resourceslices", kind="ResourceSlice", returns_deleted=True, columns=devices.RESOURCE_SLICE, group=GROUP,
        fields={"spec.nodeName": at("spec.nodeName"), "spec.driver": at("spec.driver"), "spec.pool.name": at("spec.pool.name")},
        indexes=("spec.nodeName",),
    ),
)
