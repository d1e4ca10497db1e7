"""networking.k8s.io: ingress, network policies, and the addresses of services."""

from kcompat.registry.columns import networking
from kcompat.registry.declare import Resource

GROUP = "networking.k8s.io"

RESOURCES = (
    Resource("ingressclasses", kind="IngressClass", columns=networking.INGRESS_CLASS, group=GROUP),
    Resource("networkpolicies", kind="NetworkPolicy", columns=networking.NETWORK_POLICY, group=GROUP),
    Resource("ipaddresses", kind="IPAddress", columns=networking.IP_ADDRESS, group=GROUP),
    Resource("servicecidrs", kind="ServiceCIDR", columns=networking.SERVICE_CIDR, group=GROUP),
    Resource("ingresses", kind="Ingress", columns=networking.INGRESS, group=GROUP, store="ingress"),
)
