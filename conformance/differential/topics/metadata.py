"""ObjectMeta: what a client may set, and what the server answers to the rest. On ConfigMaps, Pods and cluster-scoped kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.differential.kinds import merged
from conformance.differential.script import MERGE_PATCH, Script, Session, Tree

_LONG = "a" * 64
_OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u-1"}
_VALUES: list[tuple[str, Any]] = [
    # what may be wrong with metadata
    ("name-upper", {"name": "Upper"}),
    ("name-long", {"name": "a" * 254}),
    ("name-dot", {"name": "."}),
    ("name-dots", {"name": ".."}),
    ("name-slash", {"name": "a/b"}),
    ("name-percent", {"name": "a%b"}),
    ("generate-name-bad", {"name": None, "generateName": "Bad_"}),
    ("generate-name-long", {"name": None, "generateName": "a" * 250}),
    ("generate-name-and-name", {"generateName": "other-"}),
    ("namespace-other", {"namespace": "other"}),
    ("label-key", {"labels": {"a b": "c"}}),
    ("label-key-empty", {"labels": {"": "c"}}),
    ("label-key-prefix", {"labels": {"UPPER.com/a": "c"}}),
    ("label-key-slashes", {"labels": {"a/b/c": "d"}}),
    ("label-key-no-prefix", {"labels": {"/x": "y"}}),
    ("label-key-long", {"labels": {_LONG: "c"}}),
    ("label-value", {"labels": {"a": "b c"}}),
    ("label-value-long", {"labels": {"a": _LONG}}),
    ("labels-null", {"labels": None}),
    ("label-value-null", {"labels": {"a": None}}),
    ("annotation-key", {"annotations": {"a b": "c", "Upper.COM/x": "y"}}),
    ("annotations-large", {"annotations": {"a": "b" * 262145}}),
    ("finalizer-bare", {"finalizers": ["bare"]}),
    ("finalizer-bad", {"finalizers": ["a b/c"]}),
    ("finalizer-kube", {"finalizers": ["kubernetes"]}),
    ("finalizer-known", {"finalizers": ["foregroundDeletion"]}),
    ("finalizers-both", {"finalizers": ["foregroundDeletion", "orphan"]}),
    ("finalizers-twice", {"finalizers": ["example.com/a", "example.com/a"]}),
    ("owner", {"ownerReferences": [_OWNER]}),
    ("owner-no-uid", {"ownerReferences": [{**_OWNER, "uid": ""}]}),
    ("owner-empty", {"ownerReferences": [{}]}),
    ("owner-bad-version", {"ownerReferences": [{**_OWNER, "apiVersion": "a/b/c"}]}),
    ("owner-event", {"ownerReferences": [{**_OWNER, "kind": "Event"}]}),
    ("owner-two-controllers", {"ownerReferences": [{**_OWNER, "controller": True}, {**_OWNER, "uid": "u-2", "controller": True}]}),
    ("owner-twice", {"ownerReferences": [_OWNER, _OWNER]}),
    ("system", {"uid": "u", "resourceVersion": "1", "generation": 5, "selfLink": "/x", "creationTimestamp": "2001-01-01T00:00:00Z"}),
    ("deletion", {"deletionTimestamp": "2001-01-01T00:00:00Z", "deletionGracePeriodSeconds": 3}),
    ("generation-negative", {"generation": -1}),
    ("generation-text", {"generation": "x"}),
    ("resource-version-bad", {"resourceVersion": "abc"}),
    ("resource-version-zero", {"resourceVersion": "0"}),
    ("time-bad", {"creationTimestamp": "yesterday"}),
    ("time-empty", {"creationTimestamp": ""}),
    ("grace-text", {"deletionGracePeriodSeconds": "x"}),
    ("managed-fields-bad", {"managedFields": [{"manager": "m", "operation": "Wrong", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}}]}),
    ("managed-fields-type", {"managedFields": [{"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "Other", "fieldsV1": {}}]}),
    ("managed-fields-name", {"managedFields": [{"manager": "m" * 129, "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {}}]}),
]


def scripts() -> Iterator[Script]:
    yield Script("metadata", "create", _create)
    yield Script("metadata", "update", _update)
    yield Script("metadata", "generated-names", _generated_names)
    yield Script("metadata", "deleting", _deleting)
    yield Script("metadata", "name-rules", _name_rules)
    yield Script("metadata", "generation", _generation)


def _config_map(change: Tree) -> Tree:
    return merged({"metadata": {"name": "one"}, "data": {"a": "b"}}, {"metadata": change})


def _keep_nulls(change: Tree) -> Tree:
    """The object as a body, where null is a value."""
    return {"metadata": {"name": "one", **change}, "data": {"a": "b"}}


async def _create(s: Session) -> None:
    root = f"{s.core}/configmaps"
    for note, change in _VALUES:
        await s.ask("POST", f"{root}?dryRun=All", _keep_nulls(change), note=note)
    for note in ("system", "resource-version-bad", "resource-version-zero", "owner-twice", "deletion"):
        change = next(change for name, change in _VALUES if name == note)
        await s.ask("POST", root, _keep_nulls({**change, "name": note}), note=f"{note}, stored")
    await s.ask("POST", root, {"metadata": None}, note="metadata null")
    await s.ask("POST", root, {"metadata": []}, note="metadata array")
    await s.ask("POST", root, {"metadata": "x"}, note="metadata text")
    await s.ask("POST", root, {"data": {}}, note="no metadata")
    await s.ask("POST", "/api/v1/namespaces?dryRun=All", {"metadata": {"name": "with-namespace", "namespace": "other"}})
    await s.ask("POST", "/api/v1/namespaces/absent/configmaps", _config_map({}), note="no such namespace")
    await s.ask("POST", "/api/v1/configmaps", _config_map({}), note="no namespace in the path")
    await s.ask("POST", f"{root}/one", _config_map({}), note="name in the path")


async def _update(s: Session) -> None:
    path = f"{s.core}/configmaps/one"
    await s.quiet("POST", f"{s.core}/configmaps", _config_map({"generateName": "on"}))
    for note, change in _VALUES:
        current = (await s.quiet("GET", path)).tree
        body = {**current, "metadata": {**current.get("metadata", {}), **change}}
        await s.ask("PUT", f"{path}?dryRun=All", body, note=note)
        await s.ask("PATCH", f"{path}?dryRun=All", {"metadata": change}, Content_Type=MERGE_PATCH, note=note)
    await s.ask("PUT", path, {"metadata": {"name": "one"}}, note="bare")
    await s.ask("PUT", f"{path}?dryRun=All", {}, note="empty")
    await s.ask("PUT", f"{path}?dryRun=All", {"metadata": {"name": "one", "uid": "wrong"}}, note="uid")
    await s.ask("PUT", f"{path}?dryRun=All", {"metadata": {"name": "one", "resourceVersion": "1"}}, note="old revision")
    await s.ask("PUT", f"{path}?dryRun=All", {"metadata": {"name": "one", "resourceVersion": "999999999"}}, note="future revision")
    await s.ask("PUT", f"{path}?dryRun=All", {"metadata": {"name": "one", "resourceVersion": "-1"}}, note="negative revision")
    await s.ask("PUT", f"{s.core}/configmaps/absent", {"metadata": {"name": "absent"}}, note="absent")
    await s.ask("PUT", f"{s.core}/configmaps", {"metadata": {"name": "one"}}, note="collection")


async def _generated_names(s: Session) -> None:
    for name in ("made-", "made.", "a" * 60, "m"):
        answer = await s.ask("POST", f"{s.core}/configmaps", {"metadata": {"generateName": name}})
        await s.ask("DELETE", f"{s.core}/configmaps/{answer.at('metadata.name')}?dryRun=All", note="generated")
    await s.ask("POST", f"{s.core}/pods?dryRun=All", {"metadata": {"generateName": "p-"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})


async def _deleting(s: Session) -> None:
    path = f"{s.core}/configmaps/held"
    await s.quiet("POST", f"{s.core}/configmaps", {"metadata": {"name": "held", "finalizers": ["example.com/a", "example.com/b"]}})
    await s.ask("DELETE", path)
    current = (await s.ask("GET", path)).tree
    await s.ask("PUT", path, merged(current, {"metadata": {"finalizers": ["example.com/a", "example.com/c"]}}), note="new finalizer")
    await s.ask("PUT", path, merged(current, {"metadata": {"deletionTimestamp": None}}), note="no deletionTimestamp")
    await s.ask("PUT", path, merged(current, {"metadata": {"deletionTimestamp": "2001-01-01T00:00:00Z"}}), note="another deletionTimestamp")
    await s.ask("PUT", path, merged(current, {"metadata": {"deletionGracePeriodSeconds": 9}}), note="another grace period")
    await s.ask("PUT", path, merged(current, {"data": {"a": "b"}}), note="data while held")
    await s.ask("POST", f"{s.core}/configmaps", {"metadata": {"name": "held"}}, note="again")
    await s.ask("DELETE", path, {"gracePeriodSeconds": 5}, note="again")
    await s.ask("PATCH", path, {"metadata": {"finalizers": ["example.com/b"]}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{path}?dryRun=All", {"metadata": {"finalizers": []}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", path, {"metadata": {"finalizers": []}}, Content_Type=MERGE_PATCH)
    await s.ask("GET", path)


async def _name_rules(s: Session) -> None:
    """Kinds whose names have a rule of their own."""
    names = ("system:a.b", "a..b", "Upper", "a_b", "a" * 64, "1a", "a.b", "-a", "a%2Fb")
    pod = {"containers": [{"name": "c", "image": "i"}]}
    kinds: dict[str, Tree] = {
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{s.namespace}/roles": {},
        f"{s.core}/services": {"spec": {"ports": [{"port": 80}]}},
        f"{s.core}/secrets": {},
        f"{s.core}/pods": {"spec": pod},
        f"{s.core}/serviceaccounts": {},
        "/api/v1/namespaces": {},
        "/api/v1/nodes": {},
        "/apis/scheduling.k8s.io/v1/priorityclasses": {"value": 1},
        "/apis/storage.k8s.io/v1/storageclasses": {"provisioner": "p"},
        f"/apis/apps/v1/namespaces/{s.namespace}/statefulsets": {
            "spec": {"serviceName": "s", "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod}}
        },
        f"/apis/batch/v1/namespaces/{s.namespace}/cronjobs": {
            "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {**pod, "restartPolicy": "Never"}}}}}
        },
    }
    for root, tree in kinds.items():
        for name in names:
            await s.ask("POST", f"{root}?dryRun=All", {"metadata": {"name": name}, **tree}, note=name)


async def _generation(s: Session) -> None:
    root = f"/apis/apps/v1/namespaces/{s.namespace}/deployments"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    await s.ask("POST", root, {"metadata": {"name": "d", "generation": 9}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}})
    for change in (
        {"metadata": {"labels": {"x": "y"}}},
        {"spec": {"replicas": 2}},
        {"spec": {"replicas": 2}},
        {"metadata": {"generation": 99}},
        {"metadata": {"annotations": {"a": "b"}}},
        {"status": {"replicas": 1}},
        {"spec": {"paused": True}, "status": {"replicas": 1}},
    ):
        await s.ask("PATCH", f"{root}/d", change, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/d/status", {"spec": {"replicas": 7}, "status": {"replicas": 1}}, Content_Type=MERGE_PATCH)
    await s.ask("PATCH", f"{root}/d/scale", {"spec": {"replicas": 8}}, Content_Type=MERGE_PATCH)
    await s.ask("GET", f"{root}/d")
