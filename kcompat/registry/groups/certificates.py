"""certificates.k8s.io: requests for certificates, and bundles of trust."""

from kcompat.registry.columns import certificates
from kcompat.registry.declare import Action, Resource
from kcompat.registry.fields import fields
from kcompat.registry.later import later

GROUP = "certificates.k8s.io"

RESOURCES = (
    Resource(
        "certificatesigningrequests", kind="CertificateSigningRequest", group=GROUP,
        columns=certificates.CERTIFICATE_SIGNING_REQUEST,
        rules=later("certificate_signing_request.CertificateSigningRequestRules", "clock"),
        subresources=(Action("approval", (), "", handler="certificate_approval"),),
        fields=fields("spec.signerName"), namespace_label=False,
    ),
    Resource(
        "clustertrustbundles", kind="ClusterTrustBundle", group=GROUP,
        columns=certificates.CLUSTER_TRUST_BUNDLE, rules=later("cluster_trust_bundle.ClusterTrustBundleRules"),
        storage_group=GROUP, storage_version="v1beta1",
        fields=fields("spec.signerName"), namespace_label=False,
    ),
    Resource(
        "podcertificaterequests", kind="PodCertificateRequest", group=GROUP,
        columns=certificates.POD_CERTIFICATE_REQUEST, rules=later("pod_certificate_request.PodCertificateRequestRules", "clock"),
        storage_group=GROUP, storage_version="v1beta1",
        fields=fields("spec.signerName", "spec.podName", "spec.nodeName"), namespace_label=False,
    ),
)
