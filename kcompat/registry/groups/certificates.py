"""certificates.k8s.io: requests for certificates, and bundles of trust."""

from kcompat.registry.columns import certificates
from kcompat.registry.declare import Action, Resource
from kcompat.registry.fields import fields

GROUP = "certificates.k8s.io"

RESOURCES = (
    Resource(
        "certificatesigningrequests", kind="CertificateSigningRequest", columns=certificates.CERTIFICATE_SIGNING_REQUEST, group=GROUP,
        subresources=(Action("approval", (), "", handler="certificate_approval"),),
        fields=fields("spec.signerName"),
    ),
    Resource(
        "clustertrustbundles", kind="ClusterTrustBundle", columns=certificates.CLUSTER_TRUST_BUNDLE, group=GROUP,
        storage_group=GROUP, storage_version="v1beta1",
        fields=fields("spec.signerName"),
    ),
    Resource(
        "podcertificaterequests", kind="PodCertificateRequest", columns=certificates.POD_CERTIFICATE_REQUEST, group=GROUP,
        storage_group=GROUP, storage_version="v1beta1",
        fields=fields("spec.signerName", "spec.podName", "spec.nodeName"),
    ),
)
