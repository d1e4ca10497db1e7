"""networking.k8s.io: ingress, network policies, and the addresses of services."""

from kcompat.registry.columns import networking
from kcompat.registry.declare import Resource
from kcompat.registry.later import later

GROUP = "networking.k8s.io"

RESOURCES = (
    Resource(
        "ingressclasses", kind="IngressClass", group=GROUP,
        columns=networking.INGRESS_CLASS, rules=later("ingress.IngressClassRules"),
    ),
    Resource(
        "networkpolicies", kind="NetworkPolicy", group=GROUP,
        columns=networking.NETWORK_POLICY, rules=later("network_policy.NetworkPolicyRules"),
    ),
    Resource("ipaddresses", kind="IPAddress", columns=networking.IP_ADDRESS, rules=later("service_cidr.IPAddressRules"), group=GROUP),
    Resource(
        "servicecidrs", kind="ServiceCIDR", group=GROUP,
        columns=networking.SERVICE_CIDR, rules=later("service_cidr.ServiceCIDRRules"),
    ),
    Resource("ingresses", kind="Ingress", columns=networking.INGRESS, rules=later("ingress.IngressRules"), group=GROUP, store="ingress"),
)
