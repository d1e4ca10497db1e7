"""Server-side apply in depth: every kind through owners, conflicts and transfers; scale; lists with keys; bodies; managedFields by hand.

Times that a script sets lie in 2020: that a write kept or renewed an entry's time can be seen. What was written at all is a step of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

from conformance.differential.kinds import Kind, all_kinds, merged
from conformance.differential.script import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Answer, Script, Session, Tree

_MARK = "apply"
_CHANGING = ("apiservices", "customresourcedefinitions", "flowschemas", "ipaddresses")
"""Written by the servers' own controllers as they please."""
_POD: Tree = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
_META: Tree = {
    "labels": {"u": "v"},
    "finalizers": ["example.com/c", "example.com/d"],
    "ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "x", "uid": "u1"}],
}
_ODD: dict[str, Tree] = {
    "uid": {"metadata": {"uid": "ffffffff-0000-0000-0000-000000000000"}},
    "revision": {"metadata": {"resourceVersion": "1"}},
    "managed": {"metadata": {"managedFields": [{}]}},
    "name": {"metadata": {"name": "other"}},
    "namespace": {"metadata": {"namespace": "other"}},
    "kind": {"kind": "Wrong"},
    "version": {"apiVersion": "wrong/v1"},
    "unknown": {"nonsense": 1},
    "generateName": {"metadata": {"name": None, "generateName": "x-"}},
}


def scripts() -> Iterator[Script]:
    for kind in all_kinds():
        if kind.resource in _CHANGING:
            continue
        yield Script("apply", kind.title, partial(_owners, kind))
        if "status" in kind.facts:
            yield Script("apply", f"{kind.title}/status", partial(_status, kind))
    for resource in ("deployments", "replicasets", "statefulsets", "replicationcontrollers"):
        yield Script("apply", f"scale/{resource}", partial(_scale, resource))
    for own in (_keyed_lists, _duplicates, _nulls, _bodies, _managed_fields, _patch_order, _finalizers_and_names):
        yield Script("apply", own.__name__.strip("_").replace("_", "-"), own)


async def _apply(s: Session, path: str, manager: str, config: Any, note: str = "", **query: str) -> Answer:
    asked = "&".join([f"fieldManager={manager}", *(f"{name}={value}" for name, value in query.items())])
    before = (await s.quiet("GET", path)).at("metadata.resourceVersion")
    answer = await s.ask("PATCH", f"{path}?{asked}", config, Content_Type=APPLY_PATCH, note=note)
    if answer.code == 200:
        written = answer.at("metadata.resourceVersion") != before
        s.keep("REVISION", path, None, {}, note, {"code": 0, "body": {"written": written}})
    return answer


async def _aged(s: Session, path: str) -> None:
    """Gives every entry a time of its own."""
    tree = (await s.quiet("GET", path)).tree
    metadata = tree.get("metadata", {})
    entries = metadata.get("managedFields", [])
    entries.sort(key=lambda entry: [str(entry.get(key)) for key in ("operation", "manager", "subresource")])
    for index, entry in enumerate(entries):
        entry["time"] = f"2020-01-{index + 1:02}T00:00:00Z"
    metadata.setdefault("annotations", {})["aged"] = "true"
    await s.ask("PUT", f"{path}?fieldManager=ager", tree, note="aged")


def _bare(kind: Kind, name: str) -> Tree:
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}


async def _clear(s: Session, kind: Kind, *names: str) -> None:
    for name in names if not kind.namespaced else ():
        path = f"{kind.path(s.namespace)}/{name}"
        await s.quiet("PATCH", path, {"metadata": {"finalizers": None}})
        await s.quiet("DELETE", f"{path}?gracePeriodSeconds=0")
        if kind.kind == "Namespace":
            await s.quiet("PUT", f"{path}/finalize", {"metadata": {"name": name}, "spec": {"finalizers": []}})
        if kind.settles:
            await s.gone(path)


async def _owners(kind: Kind, s: Session) -> None:
    """Created, applied again, fought over, shared and given up."""
    tree = kind.object("one", _MARK, s.namespace)
    root, name = kind.path(s.namespace), tree["metadata"]["name"]
    path, both, bare = f"{root}/{name}", merged(tree, kind.facts["change"]), _bare(kind, name)
    unlabelled = merged(both, {"metadata": {"labels": None}})
    await s.ask("PATCH", f"{path}?fieldManager=m1", tree, Content_Type=APPLY_PATCH, note="create")
    if kind.settles:
        await s.settle(path, "status.conditions")
    await _aged(s, path)
    await _apply(s, path, "m1", tree, "again")
    await _apply(s, path, "m2", both, "other values")
    await _apply(s, path, "m2", both, "dry run", force="true", dryRun="All")
    await _apply(s, path, "m2", both, "forced", force="true")
    await _apply(s, path, "m1", both, "shared")
    await _apply(s, path, "m1", unlabelled, "less")
    await _apply(s, path, "m2", unlabelled, "less")
    await s.ask("PATCH", f"{path}?fieldManager=m4", {"metadata": {"labels": {"u": "w"}, "finalizers": ["example.com/c"]}}, Content_Type=STRATEGIC_PATCH)
    await _apply(s, path, "m2", bare, "nothing")
    await _apply(s, path, "m1", merged(unlabelled, {"metadata": _META}), "metadata")
    await _apply(s, path, "m1", merged(unlabelled, {"metadata": _META}), "metadata, forced", force="true")
    await _apply(s, path, "m1", bare, "nothing")
    await _apply(s, path, "m5", bare, "nothing, as somebody new")
    for note, change in _ODD.items():
        await s.ask("PATCH", f"{path}?fieldManager=m1&dryRun=All&force=true", merged(tree, change), Content_Type=APPLY_PATCH, note=note)
    await s.ask("PATCH", f"{root}/absent?fieldManager=m1", merged(tree, {"metadata": {"name": "absent", "uid": "u"}}), Content_Type=APPLY_PATCH, note="uid")
    await s.ask("PATCH", f"{path}?fieldManager=r", {"metadata": {"managedFields": []}}, Content_Type=MERGE_PATCH, note="forgotten")
    await _apply(s, path, "m1", tree, "after all was forgotten", force="true")
    await _clear(s, kind, name)


async def _status(kind: Kind, s: Session) -> None:
    """What may be said at which of the two."""
    tree, status = kind.object("one", f"{_MARK}s", s.namespace), {"status": kind.facts["status"]}
    root, name = kind.path(s.namespace), tree["metadata"]["name"]
    path, bare = f"{root}/{name}", _bare(kind, name)
    await _apply(s, f"{path}/status", "s1", merged(tree, status), "absent")
    await _apply(s, path, "m1", merged(tree, status), "with a status")
    if kind.settles:
        await s.settle(path, "status.conditions")
    await _apply(s, f"{path}/status", "s1", merged(bare, status), "status")
    await _aged(s, path)
    await _apply(s, f"{path}/status", "s1", merged(bare, status), "status again")
    everything = merged(merged(tree, kind.facts["change"]), status)
    await _apply(s, f"{path}/status", "s2", merged(everything, {"metadata": _META}), "everything", force="true")
    await s.ask("PATCH", f"{path}/status?fieldManager=s3", {"metadata": {"managedFields": []}, "status": None}, Content_Type=MERGE_PATCH)
    await _apply(s, f"{path}/status", "s1", bare, "nothing")
    await _apply(s, f"{path}/status", "s2", bare, "nothing")
    await s.ask("GET", path)
    await _clear(s, kind, name)


async def _scale(resource: str, s: Session) -> None:
    """Replicas belong to the object and to its Scale."""
    core = resource == "replicationcontrollers"
    kind = {"deployments": "Deployment", "replicasets": "ReplicaSet", "statefulsets": "StatefulSet"}.get(resource, "ReplicationController")
    path = f"{s.core if core else f'/apis/apps/v1/namespaces/{s.namespace}'}/{resource}/d"
    spec: Tree = {"selector": {"a": "b"} if core else {"matchLabels": {"a": "b"}}, "template": _POD}

    def whole(replicas: int | None) -> Tree:
        own = {} if replicas is None else {"replicas": replicas}
        return {"apiVersion": "v1" if core else "apps/v1", "kind": kind, "metadata": {"name": "d"}, "spec": {**spec, **own}}

    def scale(replicas: int | None) -> Tree:
        own = {} if replicas is None else {"replicas": replicas}
        return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": own}

    await s.ask("PATCH", f"{path}/scale?fieldManager=s0", scale(1), Content_Type=APPLY_PATCH, note="absent")
    steps: list[tuple[str, str, Tree, str]] = [
        ("", "m1", whole(1), "false"), ("/scale", "s1", scale(2), "false"), ("/scale", "s1", scale(1), "false"), ("/scale", "s1", scale(2), "true"),
        ("", "m1", whole(1), "false"), ("", "m1", whole(1), "true"), ("", "m1", whole(None), "false"), ("/scale", "s1", scale(5), "false"),
        ("/scale", "s1", scale(5), "false"), ("/scale", "s1", scale(None), "false"), ("", "m1", whole(3), "false"), ("", "m9", scale(3), "false"),
        ("/scale", "s1", whole(3), "false"), ("/scale", "s1", merged(scale(3), {"metadata": {"name": "x"}}), "false"),
        ("/scale", "s1", merged(scale(3), {"spec": {"replicas": "x"}}), "false"), ("/scale", "s1", merged(scale(3), {"spec": {"x": 1}}), "false"),
    ]  # fmt: skip
    for part, manager, config, force in steps:
        await _apply(s, path + part, manager, config, f"{manager} {config['spec'].get('replicas')} {force}", force=force)
        await s.ask("GET", path if part else f"{path}/scale")
    current = (await s.quiet("GET", f"{path}/scale")).tree
    for note, change in {
        "reset": {"metadata": {"managedFields": []}}, "bad managers": {"metadata": {"managedFields": [{"manager": "x"}]}}, "nothing": {},
        "labels": {"metadata": {"labels": {"x": "y"}}}, "uid": {"metadata": {"uid": "zz"}}, "revision": {"metadata": {"resourceVersion": "1"}},
        "negative": {"spec": {"replicas": -1}}, "no spec": {"spec": None}, "status": {"status": {"replicas": 9}},
    }.items():  # fmt: skip
        await s.ask("PUT", f"{path}/scale?fieldManager=u&dryRun=All", merged(current, change), note=note)
        for media_type in (MERGE_PATCH, STRATEGIC_PATCH):
            await s.ask("PATCH", f"{path}/scale?fieldManager=u&dryRun=All", change, Content_Type=media_type, note=note)
    await s.ask("PUT", f"{path}/scale?fieldManager=u", merged(current, {"spec": {"replicas": 4}}))
    await s.ask("PATCH", path, {"metadata": {"managedFields": [{}]}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}/scale?fieldManager=u", {"spec": {"replicas": 6}}, Content_Type=MERGE_PATCH, note="untracked")
    await _apply(s, f"{path}/scale", "s1", scale(7), "untracked")
    await _apply(s, f"{path}/scale", "s1", scale(7), "untracked", force="true")
    await s.ask("GET", path)


def _deployment(**container: Any) -> Tree:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i", **container}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


async def _keyed_lists(s: Session) -> None:
    """Keys, defaults of keys, sets, atomic lists, and what is none of these."""
    path = f"/apis/apps/v1/namespaces/{s.namespace}/deployments/d"
    await _apply(s, path, "m1", _deployment(ports=[{"containerPort": 80}]))
    for ports in (
        [{"containerPort": 80, "protocol": "UDP"}, {"containerPort": 80}], [{"containerPort": 80, "name": "x"}], [{"name": "y"}], [{"protocol": "UDP"}],
        [{}], [None], ["x"], {}, "x", [{"containerPort": "80"}], [{"containerPort": 80.0}], [{"containerPort": 80.5}], [{"containerPort": None}],
        [{"containerPort": {}}], [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}],
    ):  # fmt: skip
        await _apply(s, path, "m2", _deployment(ports=ports), str(ports))
    for manager, names in (("m1", "ab"), ("m2", "cb"), ("m1", "zba"), ("m3", "aa"), ("m2", "")):
        await _apply(s, path, manager, _deployment(env=[{"name": name, "value": "1"} for name in names]), f"{manager} {names}", force="true")
    for command in (["a", "b"], ["a"], [], None, {}, [1], ["x", None]):
        await _apply(s, path, "m4", _deployment(command=command), str(command), force="true")
    for target in ("80", 80, "http", 8.0, 8.5, True, None, {}, []):
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80, "targetPort": target}]}}
        await s.ask("PATCH", f"{s.core}/services/s?fieldManager=m&force=true&dryRun=All", service, Content_Type=APPLY_PATCH, note=repr(target))


async def _duplicates(s: Session) -> None:
    """Lists that hold a key twice may be stored, but not applied."""
    root = f"/apis/apps/v1/namespaces/{s.namespace}/deployments"

    def env(*pairs: str) -> Tree:
        return _deployment(env=[{"name": pair[0], "value": pair[1]} for pair in pairs])

    await s.ask("POST", f"{root}?fieldManager=c", env("a1", "a2", "b1"))
    for manager, pairs, force in (("m1", "b1", "false"), ("m1", "b2", "false"), ("m1", "a1", "false"), ("m1", "a1", "true")):
        await _apply(s, f"{root}/d", manager, env(pairs), f"{manager} {pairs}", force=force)
    current = (await s.quiet("GET", f"{root}/d")).tree
    changed = copy.deepcopy(current)
    if "spec" in changed:
        changed["spec"]["template"]["spec"]["containers"][0]["env"] = env("a1", "a3", "c1", "c1")["spec"]["template"]["spec"]["containers"][0]["env"]
    await s.ask("PUT", f"{root}/d?fieldManager=u", changed)
    await _apply(s, f"{root}/d", "m2", env("c1"), "c1", force="true")
    await _apply(s, f"{root}/d", "m2", env(), "none")


async def _nulls(s: Session) -> None:
    """Nothing, in all its forms, where something is."""
    path = f"/apis/apps/v1/namespaces/{s.namespace}/deployments/d"
    await _apply(s, path, "m1", merged(_deployment(), {"spec": {"replicas": 2}}))
    for place in ("metadata.labels", "spec", "spec.replicas", "spec.selector", "spec.strategy", "spec.template", "spec.template.metadata.labels",
                  "spec.template.spec.containers", "spec.template.spec.volumes", "spec.template.spec.nodeSelector", "status"):  # fmt: skip
        for value in (None, {}, [], "", 0, False):
            config: Tree = copy.deepcopy(_deployment())
            *way, last = place.split(".")
            node = config
            for step in way:
                node = node[step]
            node[last] = value
            await s.ask("PATCH", f"{path}?fieldManager=m1&dryRun=All&force=true", config, Content_Type=APPLY_PATCH, note=f"{place} {value!r}")


async def _bodies(s: Session) -> None:
    """YAML, JSON, and what is neither or names no object."""
    path, head = f"{s.core}/configmaps/x", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
    json_head = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}'
    for body in (
        b"", b"{}", b"null", b"[]", b"1", b"---", head, head + b'data: {a: "1"}', head + b"data: {a: yes}", head + b"data: {a: 1.0}", head + b"---\n" + head,
        head + b"kind: Secret\n", b"a: b\n\tc: d", b"\xff\xfe", json_head + b"} x", json_head + b',"data":{"a":"1","a":"2"}}', json_head + b',"data":[]}',
        json_head + b',"Data":{"a":"b"}}', json_head + b',"immutable":"yes"}', b'{"apiVersion":"v1","kind":"ConfigMap"}',
        b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":1}}', b'{"apiVersion":1,"kind":"ConfigMap","metadata":{"name":"x"}}',
        b'{"apiVersion":"v1","kind":["ConfigMap"],"metadata":{"name":"x"}}', b'{"apiVersion":"a/b/c","kind":"ConfigMap","metadata":{"name":"x"}}',
        b'{"kind":"ConfigMap","metadata":{"name":"x"}}', b'{"apiVersion":"v1","kind":"List","items":[]}',
    ):  # fmt: skip
        for directive in ("Strict", "Ignore", "Bad"):
            url = f"{path}?fieldManager=m&dryRun=All&fieldValidation={directive}"
            await s.ask("PATCH", url, body, Content_Type=APPLY_PATCH, note=repr(body[:120]))
    for query in ("", "fieldManager=", "fieldManager=m&force=", "fieldManager=m&force=yes", "fieldManager=%0A", f"fieldManager={'m' * 129}", "force=true"):
        for media_type in (APPLY_PATCH, MERGE_PATCH):
            await s.ask("PATCH", f"{path}?{query}", json_head + b"}", Content_Type=media_type)


async def _managed_fields(s: Session) -> None:
    """Entries that clients write, sound and not; the cap on those who update."""
    root = f"{s.core}/configmaps"
    sound: Tree = {
        "manager": "h", "operation": "Update", "apiVersion": "v1", "time": "2020-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}},
    }  # fmt: skip
    await s.ask("POST", f"{root}?fieldManager=c", {"metadata": {"name": "x"}, "data": {"a": "1"}})
    odd = [{}, {"manager": ""}, {"operation": "Apply"}, {"operation": "x"}, {"apiVersion": ""}, {"apiVersion": "v9"}, {"apiVersion": "a/b/c"},
           {"fieldsType": ""}, {"fieldsType": "x"}, {"fieldsV1": None}, {"fieldsV1": []}, {"fieldsV1": {"x": {}}}, {"fieldsV1": {"f:data": 1}},
           {"fieldsV1": {"k:bad": {}}}, {"fieldsV1": {"i:0": {}}}, {"fieldsV1": {"f:data": {".": {}, "f:a": {}}}}, {"time": None}, {"time": "bad"},
           {"subresource": "status"}, {"manager": "m" * 129}]  # fmt: skip
    lists: list[Any] = [*([{**sound, **each}] for each in odd), [sound, sound], [sound, {}], [{}, {}], [{}], [], None, "x", {}, [None], ["x"]]
    for number, entries in enumerate(lists):
        current = (await s.quiet("GET", f"{root}/x")).tree
        current["metadata"] |= {"labels": {"n": str(number)}, "managedFields": entries}
        await s.ask("PUT", f"{root}/x?fieldManager=u", current, note=str(entries))
        for media_type in (MERGE_PATCH, STRATEGIC_PATCH):
            patch = {"metadata": {"managedFields": entries, "labels": {"p": "1"}}}
            await s.ask("PATCH", f"{root}/x?fieldManager=p&dryRun=All", patch, Content_Type=media_type, note=str(entries))
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "managedFields": entries}}
        await s.ask("PATCH", f"{root}/x?fieldManager=a&dryRun=All", config, Content_Type=APPLY_PATCH, note=str(entries))
    many = [{**sound, "manager": f"h{n:02}", "time": f"2020-01-{n + 1:02}T00:00:00Z", "fieldsV1": {"f:data": {f"f:k{n}": {}}}} for n in range(15)]
    await s.ask("PUT", f"{root}/x?fieldManager=u", {"metadata": {"name": "x", "managedFields": many}, "data": {"q": "1"}}, note="many")
    await s.ask("PATCH", f"{root}/x?fieldManager=u2", {"data": {"q": "2"}}, Content_Type=MERGE_PATCH, note="many")


async def _patch_order(s: Session) -> None:
    """What refusals of patches show and say first."""
    root = f"/apis/apps/v1/namespaces/{s.namespace}/deployments"
    await s.quiet("POST", root, _deployment(ports=[{"containerPort": 80}]))
    inner: list[Tree] = [
        {"containers": [{"name": "c", "x": 1}], "$setElementOrder/containers": [{"name": "c"}]}, {"containers": {}, "$retainKeys": ["containers"]},
        {"volumes": [{"name": "v", "$retainKeys": ["name", "x"], "x": None}], "y": 1}, {"nodeSelector": {"a": None, "$patch": "merge"}, "y": 1},
        {"securityContext": {"$patch": "replace", "y": 1}}, {"containers": [{"name": "c", "ports": [{"containerPort": 80.0, "name": "x"}]}]},
        {"containers": [{"name": "c", "$patch": 1}]}, {"$setElementOrder/containers": ["c"]}, {"imagePullSecrets": [{"name": None}]},
    ]  # fmt: skip
    for patch in inner:
        url = f"{root}/d?dryRun=All&fieldValidation=Strict"
        await s.ask("PATCH", url, {"spec": {"template": {"spec": patch}}}, Content_Type=STRATEGIC_PATCH, note=str(patch))
    wrong = [("/spec/replicas", "x"), ("/metadata/labels", "x"), ("/spec/paused", 1), ("/metadata/annotations", [])]
    for one in wrong:
        for other in wrong:
            operations = [{"op": "add", "path": path, "value": value} for path, value in (one, other)]
            await s.ask("PATCH", f"{root}/d?dryRun=All", operations, Content_Type=JSON_PATCH, note=f"{one} {other}")
    for version in ("", None, "v1", "apps/v2", "a/b/c"):
        for directive in ("Strict", "Warn", "Ignore"):
            await s.ask("PATCH", f"{root}/d?dryRun=All&fieldValidation={directive}", {"apiVersion": version}, Content_Type=MERGE_PATCH, note=repr(version))


async def _finalizers_and_names(s: Session) -> None:
    """ObjectMeta rules that differ by kind."""
    for kind in all_kinds():
        if kind.resource in _CHANGING:
            continue
        tree = kind.object("one", "meta", s.namespace)
        root, name = kind.path(s.namespace), tree["metadata"]["name"]
        for finalizers in (["bare"], ["a b/c"]):
            await s.ask("POST", f"{root}?dryRun=All", merged(tree, {"metadata": {"finalizers": finalizers}}), note=str(finalizers))
        await s.quiet("POST", root, tree)
        changes: list[Tree] = [{"finalizers": ["bare"]}, {"generateName": "Bad_"}, {"labels": {"a b": "c"}}]
        for change in changes:
            for part in ("", "/status") if "status" in kind.facts else ("",):
                await s.ask("PATCH", f"{root}/{name}{part}?dryRun=All", {"metadata": change}, note=str(change))
        await _clear(s, kind, name)
