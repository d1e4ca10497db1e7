"""Cases for NetworkPolicies; see ../record.py."""

RESOURCE = ("networking.k8s.io", "v1", "networkpolicies")
KIND = "NetworkPolicy"
BASE = {"metadata": {"name": "base"}, "spec": {"podSelector": {"matchLabels": {"a": "b"}}}}
BLOCK = {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}
CASES = [
    ("minimal", "create", {"spec": None}),
    ("full", "create", {
        "spec/ingress": [{"ports": [{"port": 80}, {"port": "http", "protocol": "UDP"}, {"port": 80, "endPort": 90}, {}],
                          "from": [{"podSelector": {}}, {"namespaceSelector": {}, "podSelector": {}}]}, {}],
        "spec/egress": [{"to": [BLOCK]}],
    }),
    ("types", "create", {"spec/policyTypes": ["Egress"]}),
    ("bad types", "create", {"spec/policyTypes": ["Other"]}),
    ("too many types", "create", {"spec/policyTypes": ["Egress", "Ingress", "Egress"]}),
    ("bad ports", "create", {"spec/ingress": [{"ports": [
        {"protocol": "ICMP", "port": 70000}, {"port": "A_b"}, {"port": 80, "endPort": 79}, {"port": "http", "endPort": 80}, {"endPort": 80}, {"port": 80, "endPort": 70000},
    ]}]}),
    ("bad peers", "create", {"spec/egress": [{"to": [{}, {**BLOCK, "podSelector": {}}, {"podSelector": {"matchLabels": {"not valid": "x"}}}]}]}),
    ("bad blocks", "create", {"spec/ingress": [{"from": [
        {"ipBlock": {"cidr": ""}}, {"ipBlock": {"cidr": "x", "except": ["y"]}}, {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["x", "11.0.0.0/16", "10.0.0.0/8", "fd00::/64", "10.1.0.1/16"]}},
    ]}]}),
    ("odd blocks", "create", {"spec/ingress": [{"from": [{"ipBlock": {"cidr": "FD00::/8", "except": ["FD00::/16"]}}]}]}),
    ("bad selector", "create", {"spec/podSelector/matchLabels": {"not valid": "x"}}),
    ("update", "update", {"spec/ingress": [{}]}),
    ("label", "update", {"metadata/labels": {"a": "b"}}),
    ("bad update", "update", {"spec/egress": [{"to": [{}]}]}),
    ("table", "table", {}),
    ("table of all pods", "table", {}, {"spec/podSelector": {}}),
]
