"""certificates.k8s.io: requests for certificates, and bundles of trust."""

from kcompat.registry.declare import Action, Resource
from kcompat.registry.fields import fields

GROUP = "certificates.k8s.io"

RESOURCES = (
    Resource(
        "certificatesigningrequests", kind="CertificateSigningRequest", group=GROUP,
        subresources=(Action("approval", (), "", handler="certificate_approval"),),
        fields=fields("spec.signerName"),
    ),
    Resource(
        "clustertrustbundles", kind="ClusterTrustBundle", group=GROUP,
        storage_group=GROUP, storage_version="v1beta1",
        fields=fields("spec.signerName"),
    ),
    Resource(
        "podcertificaterequests", kind="PodCertificateRequest", group=GROUP,
        storage_group=GROUP, storage_version="v1beta1",
        fields=fields("spec.signerName", "spec.podName", "spec.nodeName"),
    ),
)
