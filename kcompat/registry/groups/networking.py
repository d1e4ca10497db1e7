"""networking.k8s.io: ingress, network policies, and the addresses of services."""

from kcompat.registry.columns import networking
from kcompat.registry.declare import Resource
from kcompat.registry.rules.ingress import IngressClassRules, IngressRules
from kcompat.registry.rules.network_policy import NetworkPolicyRules
from kcompat.registry.rules.service_cidr import IPAddressRules, ServiceCIDRRules

GROUP = "networking.k8s.io"

RESOURCES = (
    Resource("ingressclasses", kind="IngressClass", columns=networking.INGRESS_CLASS, rules=IngressClassRules(), group=GROUP),
    Resource("networkpolicies", kind="NetworkPolicy", columns=networking.NETWORK_POLICY, rules=NetworkPolicyRules(), group=GROUP),
    Resource("ipaddresses", kind="IPAddress", columns=networking.IP_ADDRESS, rules=IPAddressRules(), group=GROUP),
    Resource("servicecidrs", kind="ServiceCIDR", columns=networking.SERVICE_CIDR, rules=ServiceCIDRRules(), group=GROUP),
    Resource("ingresses", kind="Ingress", columns=networking.INGRESS, rules=IngressRules(), group=GROUP, store="ingress"),
)
