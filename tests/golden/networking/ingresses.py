"""Cases for Ingresses; see ../record.py."""

RESOURCE = ("networking.k8s.io", "v1", "ingresses")
KIND = "Ingress"
SERVICE = {"service": {"name": "s", "port": {"number": 80}}}
BASE = {"metadata": {"name": "base"}, "spec": {"defaultBackend": SERVICE}}
PATH = {"path": "/a", "pathType": "Prefix", "backend": SERVICE}
RULE = {"host": "a.example.com", "http": {"paths": [PATH]}}


def path(**changes: object) -> dict[str, object]:
    return {"spec/rules": [{"http": {"paths": [{**PATH, **changes}]}}]}


CASES = [
    ("minimal", "create", {}),
    ("full", "create", {
        "spec/rules": [RULE, {"host": "*.example.com", "http": {"paths": [{**PATH, "pathType": "Exact"}, {"pathType": "ImplementationSpecific", "backend": SERVICE}]}}, {}],
        "spec/tls": [{"hosts": ["a.example.com", "*.example.com"], "secretName": "x"}], "spec/ingressClassName": "c", "status/loadBalancer/ingress": [{"ip": "1.2.3.4"}],
    }),
    ("nothing", "create", {"spec": None}),
    ("resource backend", "create", {"spec/defaultBackend": {"resource": {"apiGroup": "example.com", "kind": "X", "name": "x"}}}),
    ("bad resource backend", "create", {"spec/defaultBackend": {"resource": {"apiGroup": "A_b", "kind": "a/b", "name": ""}}}),
    ("two backends", "create", {"spec/defaultBackend/resource": {"kind": "X", "name": "x"}}),
    ("no backend", "create", {"spec/defaultBackend": {}}),
    ("bad service", "create", {"spec/defaultBackend": {"service": {"name": "A_b", "port": {"number": 80, "name": "http"}}}}),
    ("no service", "create", {"spec/defaultBackend": {"service": {"name": "", "port": {}}}}),
    ("bad port name", "create", {"spec/defaultBackend": {"service": {"name": "a", "port": {"name": "A_b"}}}}),
    ("bad port", "create", {"spec/defaultBackend/service/port/number": 70000}),
    ("bad hosts", "create", {"spec/rules": [{"host": "1.2.3.4"}, {"host": "A_b"}, {"host": "*.*.x"}, {"host": "*"}]}),
    ("no paths", "create", {"spec/rules": [{"http": {"paths": None}}]}),
    ("no path type", "create", path(pathType=None)),
    ("bad path type", "create", path(pathType="Other")),
    ("relative path", "create", path(path="a")),
    ("empty path", "create", path(path=None)),
    ("bad path", "create", path(path="/a//b/./c/../d%2fe%2F/..")),
    ("bad end", "create", path(path="/a/.", pathType="Exact")),
    ("specific relative path", "create", path(path="a", pathType="ImplementationSpecific")),
    ("bad TLS", "create", {"spec/tls": [{"hosts": ["A_b", "*"], "secretName": "A_b"}]}),
    ("bad class", "create", {"spec/ingressClassName": "A_b"}),
    ("class by annotation", "create", {"metadata/annotations": {"kubernetes.io/ingress.class": "x"}}),
    ("two classes", "create", {"metadata/annotations": {"kubernetes.io/ingress.class": "x"}, "spec/ingressClassName": "y"}),
    ("update", "update", {"spec/rules": [RULE], "status/loadBalancer/ingress": [{"ip": "1.2.3.4"}]}),
    ("label", "update", {"metadata/labels": {"a": "b"}}),
    ("bad update", "update", {"spec/defaultBackend": None}),
    ("odd address", "status", {"status/loadBalancer/ingress": [{"ip": "2001:DB8:0::1"}]}),
    ("status", "status", {"status/loadBalancer/ingress": [{"ip": "1.2.3.4"}, {"hostname": "x.y", "ports": [{"port": 80, "protocol": "TCP"}]}], "spec/rules": [RULE]}),
    ("bad status", "status", {"status/loadBalancer/ingress": [{"ip": "x"}, {"hostname": "A_b"}, {"hostname": "1.2.3.4"}]}),
    ("table", "table", {}),
    ("table of many hosts", "table", {"status/loadBalancer/ingress": [{"ip": "1.2.3.4"}, {"hostname": "a-very-long-name.example.com"}]}, {
        "spec/rules": [{"host": f"{name}.example.com"} for name in "abcde"], "spec/ingressClassName": "c", "spec/tls": [{"hosts": ["a.example.com"]}],
    }),
    ("table of a rule without a host", "table", {}, {"spec/rules": [{"http": {"paths": [PATH]}}]}),
]
