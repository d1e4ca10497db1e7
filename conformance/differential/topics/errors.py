"""What is refused: paths and methods nobody serves, bodies that are nothing, parameters that are wrong, dry runs, field managers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.differential.script import MERGE_PATCH, Script, Session

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "FOO", "get")


def scripts() -> Iterator[Script]:
    yield Script("errors", "paths", _paths)
    yield Script("errors", "methods", _methods)
    yield Script("errors", "bodies", _bodies)
    yield Script("errors", "kinds", _kinds)
    yield Script("errors", "types", _types)
    yield Script("errors", "write-parameters", _write_parameters)
    yield Script("errors", "delete-options", _delete_options)
    yield Script("errors", "delete-collection", _delete_collection)
    yield Script("errors", "sizes", _sizes)
    yield Script("errors", "subresources", _subresources)


async def _paths(s: Session) -> None:
    ns = s.namespace
    for path in (
        "/nonsense", "/api/", "/apis/", "/api/v1/", "/api/v2", "/api/v2/pods", "/api/v1/nonsense", "/api/v1/nonsense/x", "/apis/nonsense", "/apis/nonsense/v1", "/apis/nonsense/v1/things",
        "/apis/apps", "/apis/apps/", "/apis/apps/v2", "/apis/apps/v2/deployments", "/apis/apps/v1/nonsense", "/apis/apps/v1beta1/deployments", f"/apis/apps/v1/namespaces/{ns}/nonsense",
        f"/apis/apps/v1/namespaces/{ns}/nonsense/x", f"/api/v1/namespaces/{ns}/pods/x/nonsense", f"/api/v1/namespaces/{ns}/pods/x/status/y", f"/api/v1/namespaces/{ns}/nodes",
        f"/api/v1/namespaces/{ns}/nodes/x", "/api/v1/pods/x", f"/api/v1/namespaces/{ns}/", f"/api/v1/namespaces/{ns}/pods/", "//api/v1/pods?limit=1", "/api//v1/namespaces/default", "/api/v1/./namespaces/default",
        "/api/v1/../v1/namespaces/default", "/api/v1/namespaces/default/../default", "/api/v1/namespaces/%2e%2e/pods", "/api/v1/namespaces/default%2fx", "/api/v1/nodes/a%20b", "/api/v1/nodes/%00",
        "/api/v1/nodes/ü", "/API/V1/NODES", "/api/v1/Nodes", "/apis/apps/v1/namespaces", f"/apis/apps/v1/namespaces/{ns}", "/api/v1/proxy/nodes/x", "/api/v1/proxy/namespaces/default/pods/x", "/api/v1/watch",
        "/api/v1/watch/nodes/x/y", "/index.html", "/swagger.json", "/swaggerapi", "/ui", "/logs", "/logs/", "/debug/pprof", "/debug/flags/v", "/.well-known", "/openapi", "/openapi/v4", "/openapi/v3/x",
        "/version/", "/version/x", "/healthz/", "/livez/nonsense", "/static/x", "/favicon.ico", "/robots.txt", "?x=y", "/?x=y", "/api/v1/namespaces/default/pods/x/log/y", "/configz",
    ):  # fmt: skip
        await s.ask("GET", path)


async def _methods(s: Session) -> None:
    root = f"{s.core}/configmaps"
    await s.quiet("POST", root, {"metadata": {"name": "one"}})
    paths = (
        "/api", "/apis", "/api/v1", "/apis/apps", "/version", "/healthz", root, f"{root}/one", "/api/v1/persistentvolumes", f"{s.core}/pods/x/status", f"{s.core}/pods/x/binding", f"{s.core}/pods/x/log",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x", f"{s.core}/bindings", "/api/v1/podtemplates?labelSelector=none", "/nonsense",
        f"/apis/apps/v1/namespaces/{s.namespace}/deployments/x/scale",
    )  # fmt: skip
    for method, path in product(_METHODS, paths):
        if method in ("POST", "PUT", "PATCH", "DELETE") and path in (root, f"{root}/one", "/api/v1/persistentvolumes"):
            continue  # served, and tried elsewhere
        await s.ask(method, path, b"{}" if method in ("POST", "PUT") else None)


async def _bodies(s: Session) -> None:
    root = f"{s.core}/configmaps"
    await s.quiet("POST", root, {"metadata": {"name": "one"}})
    bodies = (
        None, b"", b" ", b"{", b"}", b"[", b"[]", b"null", b"true", b"1", b'"text"', b"nonsense", b"{}", b'{"metadata":{"name":"x"}}x', b'{"metadata":{"name":"x"}}{}', b'{"metadata":{"name":"x"},}',
        b"{'metadata':1}", b'{"metadata":{"name":"x"\n', b'\xef\xbb\xbf{"metadata":{"name":"x"}}', b'{"metadata":{"name":"\xff"}}', b'{"metadata":{"name":"\\ud800"}}', b'{"metadata":{"name":"x\x00"}}',
        b'{"metadata":{"name":"x"},"data":{"a":1e400}}', b'{"metadata":{"name":"x","generation":99999999999999999999}}', b'{"metadata":{"name":"x"},"data":{"a":NaN}}', b"{" * 11000,
        b'{"a":' * 9000 + b"1" + b"}" * 9000, b'{"kind":1}', b'{"apiVersion":[]}', b'{"kind":"ConfigMap","apiVersion":"a/b/c"}', b'{"kind":"ConfigMap","apiVersion":""}', b'{"kind":"","apiVersion":"v1","metadata":{"name":"x"}}',
        b'{"KIND":"ConfigMap","Metadata":{"Name":"x"}}', b'{"metadata":{"name":"x","name":"y"}}', b'{"metadata":{"name":"x"},"metadata":{"namespace":"other"}}', b'{"metadata":{"name":"x"},"data":{"a":"b","a":"c"},"nonsense":{"b":1,"b":2}}',
        b'{"metadata":{"name":"x"},"data":null,"binaryData":{"b":"!!"}}', b'{"metadata":{"name":"x"},"immutable":"true"}', b'{"metadata":{"name":"x"},"data":{"a":null}}', b"<xml/>", b"a: b", b"x" * 60, b'{"a":"' + b"b" * 200,
    )  # fmt: skip
    for number, body in enumerate(bodies):
        for directive in ("Strict", "Warn", "Ignore") if body and b'"name":"x"' in body else ("Warn",):
            await s.ask("POST", f"{root}?dryRun=All&fieldValidation={directive}", body, note=f"{number}: {body[:40]!r}" if body is not None else "none", Content_Type="application/json")
        if number < 12:
            await s.ask("PUT", f"{root}/one?dryRun=All", body, note=f"{number}: {body[:40]!r}" if body is not None else "none", Content_Type="application/json")


async def _kinds(s: Session) -> None:
    """Objects of other kinds and versions."""
    for api_version, kind in (
        ("v1", "Secret"), ("v1", "Nonsense"), ("v2", "ConfigMap"), ("apps/v1", "ConfigMap"), ("apps/v1", "Deployment"), ("apps/v1beta1", "Deployment"), ("extensions/v1beta1", "Ingress"), ("v1", "ConfigMapList"),
        ("v1", "List"), ("v1", "Status"), ("v1", "DeleteOptions"), ("meta.k8s.io/v1", "Table"), ("nonsense/v1", "ConfigMap"), ("v1", "configmap"), ("", "Secret"), ("v1", ""), ("autoscaling/v1", "Scale"), ("__internal", "ConfigMap"),
    ):  # fmt: skip
        body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}
        await s.ask("POST", f"{s.core}/configmaps?dryRun=All", body, note=f"{api_version} {kind}")
        await s.ask("POST", f"/apis/apps/v1/namespaces/{s.namespace}/deployments?dryRun=All", body, note=f"{api_version} {kind}")
    for version, other in (("v1", "v2"), ("v2", "v1")):
        body = {"apiVersion": f"autoscaling/{other}", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "x"}, "spec": {"maxReplicas": 1, "scaleTargetRef": {"kind": "D", "name": "d"}}}
        await s.ask("POST", f"/apis/autoscaling/{version}/namespaces/{s.namespace}/horizontalpodautoscalers?dryRun=All", body)


async def _types(s: Session) -> None:
    """Values of wrong types, and unknown fields, deep in a Pod."""
    good = {"containers": [{"name": "c", "image": "i"}]}
    for number, change in enumerate((
        {"containers": {}}, {"containers": "x"}, {"containers": [1]}, {"containers": [{"name": 1}]}, {"containers": [{"name": "c", "ports": [{"containerPort": "80"}]}]}, {"hostNetwork": 1}, {"priority": 1.5},
        {"priority": 2147483648}, {"terminationGracePeriodSeconds": 1e3}, {"terminationGracePeriodSeconds": 1.0}, {"nodeSelector": []}, {"nodeSelector": {"a": 1}}, {"nodeSelector": {"a": None}}, {"tolerations": None},
        {"containers": [{"name": "c", "resources": {"limits": {"cpu": "abc"}}}]}, {"containers": [{"name": "c", "resources": {"limits": {"cpu": 1}}}]}, {"containers": [{"name": "c", "resources": {"limits": {"cpu": 0.1}}}]},
        {"containers": [{"name": "c", "resources": {"limits": {"cpu": []}}}]}, {"containers": [{"name": "c", "livenessProbe": {"httpGet": {"port": 80.5}}}]}, {"containers": [{"name": "c", "livenessProbe": {"httpGet": {"port": []}}}]},
        {"containers": [{"name": "c", "livenessProbe": {"httpGet": {"port": None}}}]}, {"Containers": []}, {"containers": [{"Name": "c"}]}, {"unknown": 1, "containers": [{"name": "c", "image": "i", "bad": {"x": 1}, "env": [{"nam": "x"}]}]},
        {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": True}}]}, {"securityContext": {"runAsUser": "0"}}, {"affinity": {"nodeAffinity": []}}, {"dnsConfig": {"options": [{"name": "x", "value": 1}]}},
    )):  # fmt: skip
        body = {"metadata": {"name": "x"}, "spec": {**good, **change}}
        await s.ask("POST", f"{s.core}/pods?dryRun=All", body, note=str(number))
        if "known" in str(change) or "ontainers" in change:
            await s.ask("POST", f"{s.core}/pods?dryRun=All&fieldValidation=Strict", body, note=str(number))
    for change in ({"status": {"startTime": "x"}}, {"status": {"startTime": ""}}, {"status": {"startTime": None}}, {"status": {"startTime": 5}}, {"status": 1}, {"spec": None}, {"kind": "pod"}):
        await s.ask("POST", f"{s.core}/pods?dryRun=All", {"metadata": {"name": "x"}, "spec": good, **change}, note=str(change))
    for time in ("2020-01-02T03:04:05.678Z", "2020-01-02T03:04:05+02:00", "2020-01-02", "2020-13-02T03:04:05Z", "0000-01-01T00:00:00Z", 5):
        body = {"metadata": {"name": "x"}, "spec": {"renewTime": time, "acquireTime": time}}
        await s.ask("POST", f"/apis/coordination.k8s.io/v1/namespaces/{s.namespace}/leases?dryRun=All", body, note=str(time))


async def _write_parameters(s: Session) -> None:
    root = f"{s.core}/configmaps"
    await s.quiet("POST", root, {"metadata": {"name": "one"}})
    for query in (
        "dryRun=All", "dryRun=all", "dryRun=None", "dryRun=", "dryRun=All&dryRun=All", "dryRun=All&dryRun=Wrong", "dryRun", "fieldValidation=Wrong&dryRun=All", "fieldValidation=strict&dryRun=All", "fieldValidation=&dryRun=All",
        f"fieldManager={'m' * 128}&dryRun=All", f"fieldManager={'m' * 129}&dryRun=All", "fieldManager=%07&dryRun=All", "fieldManager=a%20b&dryRun=All", "fieldManager=&dryRun=All", "nonsense=1&dryRun=All",
        "dryRun=Wrong&fieldValidation=Wrong&fieldManager=%00", "force=true&dryRun=All", "timeout=1s&dryRun=All", "timeout=x&dryRun=All", "timeout=100h&dryRun=All", "timeout=-1s&dryRun=All", "timeout=0&dryRun=All", "timeoutSeconds=x&dryRun=All",
        "gracePeriodSeconds=x&dryRun=All", "resourceVersion=1&dryRun=All",
    ):  # fmt: skip
        await s.ask("POST", f"{root}?{query}", {"metadata": {"name": "two"}})
        await s.ask("PUT", f"{root}/one?{query}", {"metadata": {"name": "one"}})
        await s.ask("PATCH", f"{root}/one?{query}", {"metadata": {"labels": {"a": "b"}}}, Content_Type=MERGE_PATCH)
        await s.ask("DELETE", f"{root}/one?{query}")
        await s.quiet("POST", root, {"metadata": {"name": "one"}})
        await s.quiet("DELETE", f"{root}/two")


async def _delete_options(s: Session) -> None:
    root = f"{s.core}/configmaps"
    for number, options in enumerate((
        {}, {"kind": "DeleteOptions", "apiVersion": "v1"}, {"kind": "DeleteOptions", "apiVersion": "apps/v1"}, {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"}, {"kind": "Wrong"}, {"apiVersion": "nonsense/v1", "kind": "DeleteOptions"},
        {"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 30}, {"gracePeriodSeconds": -1}, {"gracePeriodSeconds": "x"}, {"gracePeriodSeconds": 1.5}, {"propagationPolicy": "Background"}, {"propagationPolicy": "Wrong"}, {"propagationPolicy": ""},
        {"orphanDependents": True}, {"orphanDependents": False}, {"orphanDependents": True, "propagationPolicy": "Orphan"}, {"orphanDependents": "x"}, {"dryRun": ["All"]}, {"dryRun": "All"}, {"dryRun": ["Wrong"]}, {"dryRun": []},
        {"preconditions": {}}, {"preconditions": {"uid": ""}}, {"preconditions": {"uid": "wrong"}}, {"preconditions": {"resourceVersion": "999999999"}}, {"preconditions": {"uid": "wrong", "resourceVersion": "999999999"}}, {"preconditions": []},
        {"nonsense": 1}, [], "text", None, {"ignoreStoreReadErrorWithClusterBreakingPotential": True}, {"ignoreStoreReadErrorWithClusterBreakingPotential": True, "gracePeriodSeconds": 0},
    )):  # fmt: skip
        await s.quiet("POST", root, {"metadata": {"name": "one"}})
        await s.ask("DELETE", f"{root}/one", options if options is not None else b"null", note=f"{number}: {options}")
    for query in ("gracePeriodSeconds=0", "gracePeriodSeconds=x", "gracePeriodSeconds=", "propagationPolicy=Wrong", "orphanDependents=true", "orphanDependents=x", "orphanDependents=false&propagationPolicy=Orphan", "dryRun=Wrong",
                  "propagationPolicy=Foreground&dryRun=All", "preconditions=x", "ignoreStoreReadErrorWithClusterBreakingPotential=true"):  # fmt: skip
        await s.quiet("PATCH", f"{root}/one", {"metadata": {"finalizers": None}})
        await s.quiet("DELETE", f"{root}/one")
        await s.quiet("POST", root, {"metadata": {"name": "one"}})
        await s.ask("DELETE", f"{root}/one?{query}")
    await s.quiet("POST", root, {"metadata": {"name": "two"}})
    await s.ask("DELETE", f"{root}/two?gracePeriodSeconds=x", {"dryRun": ["All"]}, note="body and parameter")
    await s.ask("DELETE", f"{root}/two?dryRun=All", {"gracePeriodSeconds": 0}, note="body and parameter")
    await s.ask("DELETE", f"{root}/two", b"{", note="broken")
    await s.ask("DELETE", f"{root}/two", b"gracePeriodSeconds: 0", Content_Type="application/yaml")


async def _delete_collection(s: Session) -> None:
    root = f"{s.core}/configmaps"
    for number in range(4):
        await s.quiet("POST", root, {"metadata": {"name": f"c{number}", "labels": {"n": str(number)}, **({"finalizers": ["example.com/a"]} if number == 3 else {})}})
    for query in ("dryRun=All", "dryRun=Wrong", "labelSelector=n%3D9", "labelSelector=a%20b", "fieldSelector=spec.x%3Dy", "limit=1&dryRun=All", "limit=x", "resourceVersion=abc", "resourceVersionMatch=Wrong", "propagationPolicy=Wrong",
                  "sendInitialEvents=true", "timeoutSeconds=x", "gracePeriodSeconds=x", "fieldSelector=metadata.name%3Dc0"):  # fmt: skip
        await s.ask("DELETE", f"{root}?{query}")
    await s.ask("DELETE", root, {"preconditions": {"uid": "wrong"}})
    await s.ask("DELETE", root, {"kind": "Wrong"})
    await s.ask("DELETE", f"{root}?labelSelector=n%20in%20(1,3)", {"propagationPolicy": "Background"})
    await s.ask("GET", root)
    await s.ask("DELETE", root, Accept="application/json;as=Table;g=meta.k8s.io;v=v1")
    await s.ask("DELETE", "/api/v1/namespaces")
    await s.ask("DELETE", "/api/v1/configmaps")
    await s.ask("DELETE", "/api/v1/nodes?labelSelector=none")


async def _sizes(s: Session) -> None:
    root = f"{s.core}/configmaps"
    await s.ask("POST", f"{root}?dryRun=All", {"metadata": {"name": "big"}, "data": {"a": "x" * 1048577}}, note="1 MiB and a byte")
    await s.ask("POST", f"{root}?dryRun=All", b'{"data":{"a":"' + b"x" * 3145728 + b'"}}', note="more than 3 MiB")
    await s.ask("POST", f"{root}?dryRun=All", {"metadata": {"name": "x" * 2000}}, note="a long name")
    await s.ask("GET", f"{root}/{'x' * 2000}", note="a long path")
    await s.ask("GET", f"{root}?labelSelector=a%3D{'x' * 4000}", note="a long query")


async def _subresources(s: Session) -> None:
    """Subresources of what is not there, and those that are not there."""
    apps = f"/apis/apps/v1/namespaces/{s.namespace}"
    for path in (f"{s.core}/configmaps/x/status", f"{s.core}/pods/x/scale", f"{apps}/deployments/x/scale", f"{apps}/daemonsets/x/scale", f"{s.core}/pods/x/log", f"{s.core}/pods/x/status", f"{s.core}/pods/x/ephemeralcontainers",
                 f"{s.core}/pods/x/resize", f"{s.core}/pods/x/exec", f"{s.core}/pods/x/attach", f"{s.core}/pods/x/portforward", f"{s.core}/pods/x/proxy", f"{s.core}/pods/x/proxy/a", f"{s.core}/services/x/proxy", "/api/v1/nodes/x/proxy",
                 "/api/v1/namespaces/x/finalize", "/api/v1/namespaces/x/status", f"{s.core}/serviceaccounts/x/token", f"{s.core}/pods/x/eviction", f"{s.core}/pods/x/binding",
                 "/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval", f"{s.core}/replicationcontrollers/x/scale"):  # fmt: skip
        await s.ask("GET", path)
        await s.ask("PUT", path, {"metadata": {"name": "x"}})
        await s.ask("PATCH", path, {}, Content_Type=MERGE_PATCH)
        await s.ask("POST", path, {"metadata": {"name": "x"}})
        await s.ask("DELETE", path)
