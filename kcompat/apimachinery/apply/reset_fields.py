"""Fields that a resource's or subresource's strategy sets back, so that writing them owns nothing (GetResetFields of every strategy).

Called by the API when it makes a field manager. The filters of pods/ephemeralcontainers and pods/resize are not among them: upstream
declares them, but its storage does not show them to the installer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kcompat.apimachinery.apply import sets
from kcompat.apimachinery.apply.sets import Set

Filter = Callable[[Set], Set]

_METADATA_TOO = {
    "validatingadmissionpolicies.admissionregistration.k8s.io", "flowschemas.flowcontrol.apiserver.k8s.io",
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io", "servicecidrs.networking.k8s.io", "resourceclaims.resource.k8s.io",
    "devicetaintrules.resource.k8s.io", "volumeattachments.storage.k8s.io", "storageversionmigrations.storagemigration.k8s.io",
    "apiservices.apiregistration.k8s.io", "csinodes.storage.k8s.io", "podcertificaterequests.certificates.k8s.io",
}  # fmt: skip
_REQUESTS = "certificatesigningrequests.certificates.k8s.io"

_EXCLUDED: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("deployments.apps", "status"): ("spec", "metadata.labels"),
    ("pods", "status"): ("spec", "metadata.deletionTimestamp", "metadata.ownerReferences"),
    ("namespaces", "finalize"): ("status",),
    (_REQUESTS, ""): ("spec", "status"),
    (_REQUESTS, "status"): ("spec", "status.conditions"),
    (_REQUESTS, "approval"): ("spec", "status.certificate"),
} | {(resource, "status"): ("spec", "metadata") for resource in _METADATA_TOO}


def filter_of(resource: str, subresource: str, *, has_status: bool, custom: bool = False) -> Filter | None:
    """What lets through the fields that can be written; None for all. `resource` is qualified: `deployments.apps`."""
    paths = _EXCLUDED.get((resource, subresource))
    if paths is None:
        paths = {"": ("status",) if has_status else (), "status": ("spec", "metadata") if custom else ("spec",)}.get(subresource, ())
    return excluding(*paths) if paths else None


def excluding(*paths: str) -> Filter:
    """A filter that drops these dotted paths and what is below them."""
    excluded = sets.of(*(tuple("f:" + name for name in path.split(".")) for path in paths))
    return lambda fields: sets.recursive_difference(fields, excluded)
