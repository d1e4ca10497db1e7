"""Patches in depth: each type, what it merges and what it refuses, field validation, media types; Scale through patches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.differential.script import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Script, Session, Tree

_POD: Tree = {
    "metadata": {"name": "p", "labels": {"a": "b"}, "finalizers": ["example.com/a", "example.com/b"]},
    "spec": {
        "automountServiceAccountToken": False,
        "containers": [
            {"name": "c", "image": "i:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], "ports": [{"containerPort": 80}]},
            {"name": "d", "image": "j:1"},
        ],
        "tolerations": [{"key": "k", "operator": "Exists"}],
        "volumes": [{"name": "v", "emptyDir": {}}],
    },
}
_DEPLOYMENT: Tree = {
    "metadata": {"name": "d", "annotations": {"x": "y"}},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": _POD["spec"]},
    },
}
_JSON: list[Any] = [
    [{"op": "add", "path": "/data/new", "value": "x"}],
    [{"op": "add", "path": "/data/new/deep", "value": "x"}],
    [{"op": "replace", "path": "/data/a", "value": "y"}],
    [{"op": "replace", "path": "/data/absent", "value": "y"}],
    [{"op": "remove", "path": "/data/a"}],
    [{"op": "remove", "path": "/data/absent"}],
    [{"op": "move", "from": "/data/a", "path": "/data/z"}],
    [{"op": "move", "from": "/data/absent", "path": "/data/z"}],
    [{"op": "copy", "from": "/data/a", "path": "/data/copy"}],
    [{"op": "test", "path": "/data/a", "value": "1"}],
    [{"op": "test", "path": "/data/a", "value": "2"}],
    [{"op": "test", "path": "/data/absent", "value": None}],
    [{"op": "add", "path": "/metadata/finalizers", "value": ["example.com/x"]}, {"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/y"}],
    [{"op": "remove", "path": "/metadata/finalizers/0"}],
    [{"op": "add", "path": "/metadata/labels/a~1b", "value": "x"}],
    [{"op": "add", "path": "/metadata/annotations", "value": None}],
    [{"op": "add", "path": "/data", "value": None}],
    [{"op": "replace", "path": "", "value": {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "one"}}}],
    [{"op": "replace", "path": "/kind", "value": "Secret"}],
    [{"op": "replace", "path": "/apiVersion", "value": "v2"}],
    [{"op": "remove", "path": "/kind"}],
    [{"op": "remove", "path": "/metadata"}],
    [{"op": "replace", "path": "/metadata/name", "value": "other"}],
    [{"op": "replace", "path": "/metadata/uid", "value": "other"}],
    [{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}],
    [{"op": "add", "path": "/nonsense", "value": 1}],
    [{"op": "wrong", "path": "/data/a"}],
    [{"op": "add", "value": 1}],
    [{"op": "add", "path": "data/a", "value": "x"}],
    [{"op": "add", "path": "/data/a"}],
    [{"op": 1, "path": "/data/a"}],
    [{"op": "add", "path": "/data/a", "value": "x", "more": 1}],
    [{"path": "/data/a"}],
    [None],
    ["text"],
    [],
    None,
    {},
    "text",
    1,
]
_MERGE: list[Any] = [
    {"data": {"a": "2", "new": "x"}},
    {"data": {"a": None}},
    {"data": None},
    {"data": {"a": {"deep": 1}}},
    {"data": {"a": 1}},
    {"data": []},
    {"data": "x"},
    {"binaryData": {"b": "not base64!"}},
    {"immutable": "yes"},
    {"metadata": {"labels": None, "annotations": {"a": "b", "c": None}}},
    {"metadata": None},
    {"metadata": {"name": None}},
    {"metadata": {"namespace": "other"}},
    {"metadata": {"uid": "other"}},
    {"metadata": {"resourceVersion": "1"}},
    {"metadata": {"resourceVersion": ""}},
    {"metadata": {"creationTimestamp": None}},
    {"metadata": {"generation": 5}},
    {"kind": "Secret"},
    {"kind": None},
    {"apiVersion": "v2"},
    {"apiVersion": "apps/v1", "kind": "Deployment"},
    {"nonsense": {"a": 1}, "metadata": {"other": 1}},
    {},
    [],
    [{"a": "b"}],
    None,
    "text",
    1,
]
_STRATEGIC_POD: list[Any] = [
    {"metadata": {"labels": {"b": "c", "a": None}}},
    {"metadata": {"finalizers": ["example.com/c"]}},
    {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}},
    {"metadata": {"$setElementOrder/finalizers": ["example.com/b", "example.com/a"]}},
    {"metadata": {"finalizers": ["example.com/c"], "$setElementOrder/finalizers": ["example.com/c", "example.com/b", "example.com/a"]}},
    {"metadata": {"labels": {"$patch": "replace", "z": "y"}}},
    {"metadata": {"labels": {"$patch": "delete"}}},
    {"metadata": {"labels": {"$patch": "wrong"}}},
    {"spec": {"containers": [{"name": "c", "image": "i:2"}]}},
    {"spec": {"containers": [{"name": "d", "image": "j:2"}], "$setElementOrder/containers": [{"name": "d"}, {"name": "c"}]}},
    {"spec": {"containers": [{"image": "no-name"}]}},
    {"spec": {"containers": [{"$patch": "delete", "name": "d"}]}},
    {"spec": {"containers": [{"$patch": "replace"}, {"name": "c", "image": "i:3"}]}},
    {"spec": {"tolerations": [{"key": "k2", "operator": "Exists"}]}},
    {"spec": {"tolerations": None}},
    {"spec": {"activeDeadlineSeconds": "x"}},
    {"spec": {"activeDeadlineSeconds": 5.5}},
    {"spec": {"hostNetwork": "true"}},
    {"spec": {"containers": "x"}},
    {"spec": {"containers": {"name": "c"}}},
    {"spec": {"containers": ["c"]}},
    {"spec": []},
    {"metadata": {"labels": ["a"]}},
    {"metadata": {"labels": {"a": 1}}},
    {"metadata": {"creationTimestamp": "x"}},
    {"nonsense": 1, "spec": {"other": True}},
    {"kind": "Other"},
    {"apiVersion": "v9"},
    {"metadata": {"name": "other"}},
    {},
    [],
    None,
    "text",
]
_STRATEGIC_DEPLOYMENT: list[Any] = [
    {"spec": {"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "A", "value": "9"}, {"name": "C", "value": "3"}]}]}}}},
    {"spec": {"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "B", "$patch": "delete"}]}]}}}},
    {"spec": {"template": {"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 81}]}]}}}},
    {"spec": {"template": {"spec": {"containers": [{"name": "c", "ports": [{"$patch": "delete", "containerPort": 80}]}]}}}},
    {"spec": {"template": {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]}}}},
    {"spec": {"template": {"spec": {"volumes": [{"name": "v", "emptyDir": None, "secret": {"secretName": "s"}}]}}}},
    {"spec": {"$retainKeys": ["strategy", "selector", "template", "replicas"], "strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
    {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}},
    {"spec": {"strategy": {"type": "Recreate"}}},
    {"spec": {"template": {"spec": {"imagePullSecrets": [{"name": "a"}, {"name": "b"}]}}}},
    {"spec": {"replicas": None}},
    {"spec": {"selector": {"matchLabels": {"a": "c"}}}},
    {"status": {"replicas": 3}},
]


def scripts() -> Iterator[Script]:
    yield Script("patches", "json", _json)
    yield Script("patches", "merge", _merge)
    yield Script("patches", "strategic-pod", _strategic_pod)
    yield Script("patches", "strategic-deployment", _strategic_deployment)
    yield Script("patches", "bodies", _bodies)
    yield Script("patches", "media-types", _media_types)
    yield Script("patches", "scale", _scale)


async def _config_map(s: Session) -> str:
    await s.quiet("POST", f"{s.core}/configmaps", {"metadata": {"name": "one", "labels": {"x": "y"}}, "data": {"a": "1", "b": "2"}})
    return f"{s.core}/configmaps/one"


async def _each(s: Session, path: str, patches: list[Any], media_type: str) -> None:
    for patch in patches:
        await s.ask("PATCH", f"{path}?dryRun=All", "null" if patch is None else patch, Content_Type=media_type, note=repr(patch)[:60])


async def _json(s: Session) -> None:
    path = await _config_map(s)
    await _each(s, path, _JSON, JSON_PATCH)
    await s.ask("PATCH", path, [{"op": "add", "path": "/data/k", "value": "v"}] * 10001, Content_Type=JSON_PATCH, note="too many")
    for directive in ("Strict", "Ignore", "Wrong"):
        for patch in ([{"op": "add", "path": "/nonsense", "value": 1}], [{"op": "add", "path": "/data/a", "value": "x", "more": 1}], [{"op": 1}]):
            await s.ask("PATCH", f"{path}?dryRun=All&fieldValidation={directive}", patch, Content_Type=JSON_PATCH, note=repr(patch)[:60])


async def _merge(s: Session) -> None:
    path = await _config_map(s)
    await _each(s, path, _MERGE, MERGE_PATCH)
    for directive in ("Strict", "Ignore", "Wrong"):
        for patch in ({"nonsense": 1, "data": {"a": "5"}}, "text", []):
            await s.ask("PATCH", f"{path}?dryRun=All&fieldValidation={directive}", patch, Content_Type=MERGE_PATCH, note=repr(patch)[:60])


async def _strategic_pod(s: Session) -> None:
    await s.quiet("POST", f"{s.core}/pods", _POD)
    await _each(s, f"{s.core}/pods/p", _STRATEGIC_POD, STRATEGIC_PATCH)
    for directive in ("Strict", "Ignore"):
        for patch in ({"spec": {"other": True}}, {"spec": {"activeDeadlineSeconds": "x"}}, "text"):
            await s.ask("PATCH", f"{s.core}/pods/p?dryRun=All&fieldValidation={directive}", patch, Content_Type=STRATEGIC_PATCH)


async def _strategic_deployment(s: Session) -> None:
    root = f"/apis/apps/v1/namespaces/{s.namespace}/deployments"
    await s.quiet("POST", root, _DEPLOYMENT)
    await _each(s, f"{root}/d", _STRATEGIC_DEPLOYMENT, STRATEGIC_PATCH)
    await s.ask("PATCH", f"{root}/d", _STRATEGIC_DEPLOYMENT[0], Content_Type=STRATEGIC_PATCH, note="stored")
    await s.ask("PATCH", f"{root}/d", {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i:9"}]}}}}, Content_Type=MERGE_PATCH, note="stored")
    await s.ask("GET", f"{root}/d")


async def _bodies(s: Session) -> None:
    """What is no JSON, or JSON that says things twice."""
    path = await _config_map(s)
    bodies = [b"", b"{", b"nonsense", b'{"data":{"a":"1","a":"2"}}', b"\xff\xfe", b'{"data":{"a":"\xff"}}', b"[1,2", b'{"data":{"a":"x"}} trailing', b"a: b"]
    for media_type in (MERGE_PATCH, STRATEGIC_PATCH, JSON_PATCH):
        for body in bodies:
            await s.ask("PATCH", f"{path}?dryRun=All", body, Content_Type=media_type, note=repr(body))
    twice = b'[{"op":"add","path":"/data/x","path":"/data/z","value":"1"}]'
    for directive in ("Strict", "Warn", "Ignore"):
        await s.ask("PATCH", f"{path}?dryRun=All&fieldValidation={directive}", twice, Content_Type=JSON_PATCH, note="path twice")
        for media_type in (MERGE_PATCH, STRATEGIC_PATCH):
            await s.ask("PATCH", f"{path}?dryRun=All&fieldValidation={directive}", b'{"data":{"a":"1","a":"2"},"x":1}', Content_Type=media_type, note="a twice")


async def _media_types(s: Session) -> None:
    path = await _config_map(s)
    for media_type in (
        None, "", "application/json", "text/plain", "application/yaml", "application/merge-patch", "application/merge-patch+json; charset=utf-8",
        "APPLICATION/MERGE-PATCH+JSON", "application/apply-patch+cbor", "application/apply-patch+json", "application/vnd.kubernetes.protobuf", "nonsense", "a/b;c",
    ):  # fmt: skip
        await s.ask("PATCH", f"{path}?dryRun=All", b'{"data":{"c":"d"}}', Content_Type=media_type, note=str(media_type))
    await s.ask("PATCH", f"{path}?dryRun=All&force=true", {"data": {"c": "d"}}, Content_Type=MERGE_PATCH, note="force")
    await s.ask("PATCH", f"{path}?dryRun=All&force=nonsense", {"data": {"c": "d"}}, Content_Type=MERGE_PATCH, note="force")
    await s.ask("PATCH", f"{path}?dryRun=Some", {"data": {"c": "d"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}?dryRun=", {"data": {"c": "d"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}?dryRun=All&dryRun=All", {"data": {"c": "d"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}?dryRun=All&fieldManager={'m' * 129}", {"data": {"c": "d"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}?dryRun=All&fieldManager=%00", {"data": {"c": "d"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}?dryRun=All&pretty=true", {"data": {"c": "d"}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{s.core}/configmaps", {"data": {"c": "d"}}, Content_Type=MERGE_PATCH, note="collection")


async def _scale(s: Session) -> None:
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}, "template": pod}
    apps = f"/apis/apps/v1/namespaces/{s.namespace}"
    kinds = {
        f"{apps}/deployments": spec,
        f"{apps}/replicasets": spec,
        f"{apps}/statefulsets": {**spec, "serviceName": "s"},
        f"{s.core}/replicationcontrollers": {**spec, "selector": {"a": "b"}},
    }
    for root, body in kinds.items():
        await s.quiet("POST", root, {"metadata": {"name": "w"}, "spec": body})
        path = f"{root}/w/scale"
        current = (await s.ask("GET", path)).tree
        await s.ask("PUT", path, {**current, "spec": {"replicas": 3}})
        await s.ask("PUT", path, {**current, "spec": {"replicas": 4}}, note="stale")
        await s.ask("PUT", path, {"metadata": {"name": "w"}, "spec": {"replicas": 5}}, note="no resourceVersion")
        await s.ask("PUT", path, {"metadata": {"name": "w", "namespace": "other"}, "spec": {"replicas": 5}})
        await s.ask("PUT", path, {"metadata": {"name": "other"}, "spec": {"replicas": 5}})
        await s.ask("PUT", path, {"metadata": {"name": "w", "uid": "wrong"}, "spec": {"replicas": 5}})
        await s.ask("PUT", path, {"metadata": {"name": "w"}, "spec": {"replicas": -1}})
        await s.ask("PUT", path, {"metadata": {"name": "w"}, "spec": {}})
        await s.ask("PUT", path, {"metadata": {"name": "w"}, "kind": "Deployment"})
        await s.ask("PUT", f"{path}?dryRun=All", {"metadata": {"name": "w"}, "spec": {"replicas": 7}})
        await s.ask("PATCH", path, {"spec": {"replicas": 6}}, Content_Type=MERGE_PATCH)
        await s.ask("PATCH", path, {"spec": {"replicas": 6}}, Content_Type=STRATEGIC_PATCH)
        await s.ask("PATCH", path, [{"op": "replace", "path": "/spec/replicas", "value": 8}], Content_Type=JSON_PATCH)
        await s.ask("PATCH", path, {"spec": {"replicas": "x"}}, Content_Type=MERGE_PATCH)
        await s.ask("PATCH", path, {"nonsense": 1}, Content_Type=MERGE_PATCH)
        await s.ask("PATCH", f"{path}?fieldValidation=Strict", {"nonsense": 1}, Content_Type=MERGE_PATCH)
        await s.ask("PATCH", path, {"metadata": {"labels": {"a": "b"}}, "status": {"replicas": 9}}, Content_Type=MERGE_PATCH)
        await s.ask("GET", path, Accept="application/yaml")
        await s.ask("GET", path, Accept="application/json;as=Table;g=meta.k8s.io;v=v1")
        await s.ask("GET", f"{root}/absent/scale")
        await s.ask("DELETE", path)
        await s.ask("GET", f"{root}/w")
