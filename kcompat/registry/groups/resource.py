"""resource.k8s.io: devices and claims to them."""

from kcompat.registry.declare import Resource

GROUP = "resource.k8s.io"

RESOURCES = (
    Resource("deviceclasses", kind="DeviceClass", group=GROUP),
    Resource("devicetaintrules", kind="DeviceTaintRule", group=GROUP),
    Resource("resourceclaims", kind="ResourceClaim", group=GROUP),
    Resource("resourceclaimtemplates", kind="ResourceClaimTemplate", group=GROUP),
    Resource("resourceslices", kind="ResourceSlice", group=GROUP),
)
