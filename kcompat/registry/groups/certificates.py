"""certificates.k8s.io: requests for certificates, and bundles of trust."""

from kcompat.registry.declare import Action, Resource

GROUP = "certificates.k8s.io"

RESOURCES = (
    Resource("certificatesigningrequests", kind="CertificateSigningRequest", group=GROUP, subresources=(Action("approval", (), "", handler="certificate_approval"),)),
    Resource("clustertrustbundles", kind="ClusterTrustBundle", group=GROUP),
    Resource("podcertificaterequests", kind="PodCertificateRequest", group=GROUP),
)
