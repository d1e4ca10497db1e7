"""resource.k8s.io: devices and claims to them."""

from kcompat.registry.columns import devices
from kcompat.registry.declare import Resource
from kcompat.registry.fields import at
from kcompat.registry.rules.device_class import DeviceClassRules, DeviceTaintRuleRules
from kcompat.registry.rules.resource_claim import ResourceClaimRules, ResourceClaimTemplateRules
from kcompat.registry.rules.resource_slice import ResourceSliceRules

GROUP = "resource.k8s.io"

RESOURCES = (
    Resource(
        "deviceclasses", kind="DeviceClass", group=GROUP,
        columns=devices.DEVICE_CLASS, rules=DeviceClassRules(),
        returns_deleted=True,
    ),
    Resource(
        "devicetaintrules", kind="DeviceTaintRule", group=GROUP,
        columns=devices.DEVICE_TAINT_RULE, rules=DeviceTaintRuleRules(),
        storage_group=GROUP, storage_version="v1beta2",
    ),
    Resource(
        "resourceclaims", kind="ResourceClaim", group=GROUP,
        columns=devices.RESOURCE_CLAIM, rules=ResourceClaimRules(),
        returns_deleted=True,
    ),
    Resource(
        "resourceclaimtemplates", kind="ResourceClaimTemplate", group=GROUP,
        columns=devices.RESOURCE_CLAIM_TEMPLATE, rules=ResourceClaimTemplateRules(),
        returns_deleted=True,
    ),
    Resource(
        "resourceslices", kind="ResourceSlice", group=GROUP,
        columns=devices.RESOURCE_SLICE, rules=ResourceSliceRules(),
        fields={"spec.nodeName": at("spec.nodeName"), "spec.driver": at("spec.driver"), "spec.pool.name": at("spec.pool.name")},
        returns_deleted=True, indexes=("spec.nodeName",),
    ),
)
