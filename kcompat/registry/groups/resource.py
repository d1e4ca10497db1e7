"""resource.k8s.io: devices and claims to them."""

from kcompat.registry.columns import devices
from kcompat.registry.declare import Resource, Status
from kcompat.registry.fields import at
from kcompat.registry.later import later

GROUP = "resource.k8s.io"

RESOURCES = (
    Resource(
        "deviceclasses", kind="DeviceClass", group=GROUP,
        columns=devices.DEVICE_CLASS, rules=later("device_class.DeviceClassRules"),
        returns_deleted=True,
    ),
    Resource(
        "devicetaintrules", kind="DeviceTaintRule", group=GROUP,
        columns=devices.DEVICE_TAINT_RULE, rules=later("device_class.DeviceTaintRuleRules", "clock"),
        storage_group=GROUP, storage_version="v1beta2", subresources=(Status(tables=False),),
    ),
    Resource(
        "resourceclaims", kind="ResourceClaim", group=GROUP,
        columns=devices.RESOURCE_CLAIM, rules=later("resource_claim.ResourceClaimRules"), subresources=(Status(tables=False),),
        returns_deleted=True,
    ),
    Resource(
        "resourceclaimtemplates", kind="ResourceClaimTemplate", group=GROUP,
        columns=devices.RESOURCE_CLAIM_TEMPLATE, rules=later("resource_claim.ResourceClaimTemplateRules"),
        returns_deleted=True,
    ),
    Resource(
        "resourceslices", kind="ResourceSlice", group=GROUP,
        columns=devices.RESOURCE_SLICE, rules=later("resource_slice.ResourceSliceRules", "clock"),
        field_label_error="field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {}",
        fields={"spec.nodeName": at("spec.nodeName"), "spec.driver": at("spec.driver"), "spec.pool.name": at("spec.pool.name")},
        namespace_label=False,
        returns_deleted=True, indexes=("spec.nodeName",),
    ),
)
