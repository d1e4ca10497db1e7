"""networking.k8s.io: ingress, network policies, and the addresses of services."""

from kcompat.registry.declare import Resource

GROUP = "networking.k8s.io"

RESOURCES = (
    Resource("ingressclasses", kind="IngressClass", group=GROUP),
    Resource("networkpolicies", kind="NetworkPolicy", group=GROUP),
    Resource("ipaddresses", kind="IPAddress", group=GROUP),
    Resource("servicecidrs", kind="ServiceCIDR", group=GROUP),
    Resource("ingresses", kind="Ingress", group=GROUP, store="ingress"),
)
