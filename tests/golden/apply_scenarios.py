"""Scenarios of writes whose managedFields record_apply.py records: steps as data, by name."""


from __future__ import annotations

from typing import Any

Tree = dict[str, Any]
Step = Tree
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap"}


def create(path: str, body: Any, agent: str = "alice/1.0 (linux)", **query: str) -> Step:
    return {"method": "POST", "path": path, "body": body, "agent": agent, "query": query}


def update(path: str, change: Tree, agent: str = "bob/2", of: str = "", **query: str) -> Step:
    """PUT of the object last answered under the same path (or `of`), changed."""
    return {"method": "PUT", "path": path, "change": change, "agent": agent, "query": query, "of": of}


def put(path: str, body: Any, agent: str = "bob/2", **query: str) -> Step:
    return {"method": "PUT", "path": path, "body": body, "agent": agent, "query": query}


def patch(path: str, kind: str, body: Any, agent: str = "carol", **query: str) -> Step:
    return {"method": "PATCH", "path": path, "patch": kind, "body": body, "agent": agent, "query": query}


def apply(path: str, body: Any, manager: str = "applier", agent: str = "client", **query: str) -> Step:
    query = {"fieldManager": manager, **query} if manager else query
    return {"method": "PATCH", "path": path, "patch": "apply", "body": body, "agent": agent, "query": query}


def get(path: str) -> Step:
    return {"method": "GET", "path": path, "agent": "reader"}


def delete(path: str) -> Step:
    return {"method": "DELETE", "path": path, "agent": "deleter"}


def config_map(data: Tree | None = None, *, name: str = "cm", **metadata: Any) -> Tree:
    tree: Tree = {**CONFIG_MAP, "metadata": {"name": name, **metadata}}
    return tree if data is None else {**tree, "data": data}


DEPLOYMENTS = "/apis/apps/v1/namespaces/{ns}/deployments"
DEPLOYMENT = f"{DEPLOYMENTS}/d"
HPAS = "/apis/autoscaling/v{v}/namespaces/{ns}/horizontalpodautoscalers"


def deployment(spec: Tree, **metadata: Any) -> Tree:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", **metadata}, "spec": spec}


def template(*containers: Tree, labels: Tree | None = None, **spec: Any) -> Tree:
    return {"metadata": {"labels": labels or {"app": "d"}}, "spec": {"containers": list(containers), **spec}}


def pod(*containers: Tree, name: str = "p", **spec: Any) -> Tree:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": list(containers), **spec}}


def container(name: str = "c", image: str = "i:1", **more: Any) -> Tree:
    return {"name": name, "image": image, **more}


SELECTOR = {"matchLabels": {"app": "d"}}
FULL_POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "full", "labels": {"a": "1", "b": "2"}, "annotations": {"x/y": "z"}, "finalizers": ["a.b/c"]},
    "spec": {
        "volumes": [{"name": "v", "emptyDir": {}}, {"name": "s", "secret": {"secretName": "s", "items": [{"key": "k", "path": "p"}]}}],
        "containers": [
            {
                "name": "c", "image": "i", "command": ["a", "b"], "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "ports": [{"containerPort": 8080}, {"containerPort": 80, "name": "http"}, {"containerPort": 53, "protocol": "UDP"}],
                "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}}, "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "s", "mountPath": "/s"}],
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}}, "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}},
            },
            {"name": "b", "image": "i"},
        ],
        "initContainers": [{"name": "i", "image": "i"}],
        "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "k", "operator": "Exists"}], "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["h"]}],
        "imagePullSecrets": [{"name": "r"}], "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"a": "1"}}},
        ],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}},
        "readinessGates": [{"conditionType": "x/y"}],
    },
}  # fmt: skip

SCENARIOS: dict[str, list[Step]] = {
    "updates": [
        create("configmaps", config_map({"a": "1", "b": "2"}, labels={"l": "1"}, annotations={"n": "1"})),
        update("configmaps/cm", {"data/a": "x"}),
        update("configmaps/cm", {"data/b": None}),
        update("configmaps/cm", {"data/c": "3", "metadata/labels": None}, agent="alice/3"),
        update("configmaps/cm", {}),
        update("configmaps/cm", {"metadata/managedFields": None, "data/d": "4"}),
        put("configmaps/cm", config_map({"z": "1"})),
        put("configmaps/cm", config_map({"z": "1"}), agent="other"),
        update("configmaps/cm", {"data": None, "binaryData": {"x": "AAAA"}}),
        update("configmaps/cm", {"binaryData": None, "immutable": True}),
        get("configmaps/cm"),
    ],
    "managers": [
        create("configmaps", config_map({"a": "1"}), agent=""),
        update("configmaps/cm", {"data/a": "2"}, agent="Mozilla/5.0 (X11)"),
        update("configmaps/cm", {"data/a": "3"}, fieldManager="given name"),
        update("configmaps/cm", {"data/a": "4"}, agent="x" * 200),
        update("configmaps/cm", {"data/a": "5"}, fieldManager="y" * 128),
        update("configmaps/cm", {"data/a": "6"}, fieldManager="y" * 129),
        update("configmaps/cm", {"data/a": "6"}, fieldManager="a\tb\u007f"),
        create("configmaps", config_map({"a": "1"}, name="other"), fieldManager="\n"),
        create("configmaps", config_map({"a": "1"}, name="other"), fieldManager="\u00e9" * 65, dryRun="x", fieldValidation="y"),
        patch("configmaps/cm", "merge", {"data": {"a": "7"}}, fieldManager="\u00e9t\u00e9"),
        patch("configmaps/cm", "merge", {"data": {"a": "8"}}, fieldManager="z" * 129, force="true"),
        update("configmaps/cm", {"data/a": "9"}, agent="spaced name/1"),
        update("configmaps/cm", {"data/a": "10"}, agent="/nothing"),
    ],
    "patches": [
        create("configmaps", config_map({"a": "1"})),
        patch("configmaps/cm", "merge", {"data": {"b": "2"}, "metadata": {"labels": {"x": "y"}}}),
        patch("configmaps/cm", "json", [{"op": "replace", "path": "/data/a", "value": "9"}], agent="dave"),
        patch("configmaps/cm", "strategic", {"metadata": {"labels": {"x": None}, "finalizers": ["a.b/c"]}}),
        patch("configmaps/cm", "strategic", {"metadata": {"finalizers": ["d.e/f"]}}, agent="dave"),
        patch("configmaps/cm", "json", [{"op": "remove", "path": "/metadata/finalizers"}]),
        patch("configmaps/cm", "merge", {"data": None}),
        patch("configmaps/cm", "merge", {"data": {"a": "1"}}, dryRun="All"),
        patch("configmaps/cm", "merge", {}),
        patch("configmaps/cm", "merge", {"data": {"a": "1"}}, force="true"),
        patch("configmaps/none", "merge", {"data": {"a": "1"}}),
    ],
    "applies": [
        apply("configmaps/cm", config_map({"a": "1", "b": "2"}, labels={"x": "y"})),
        apply("configmaps/cm", config_map({"a": "1", "b": "2"}, labels={"x": "y"})),
        apply("configmaps/cm", config_map({"a": "2"}, labels={"x": "y"})),
        apply("configmaps/cm", config_map({"a": "3"}), manager="second"),
        apply("configmaps/cm", config_map({"a": "3"}), manager="second", force="true"),
        apply("configmaps/cm", config_map({"a": "3"})),
        apply("configmaps/cm", config_map({"a": "4"})),
        apply("configmaps/cm", config_map(), manager="second"),
        apply("configmaps/cm", config_map()),
        apply("configmaps/cm", config_map({}), manager="third"),
        apply("configmaps/cm", config_map({"n": None}), manager="third"),
        apply("configmaps/cm", {**CONFIG_MAP, "metadata": {"name": "cm", "labels": None}, "data": None}, manager="third"),
        get("configmaps/cm"),
    ],
    "conflicts": [
        create("configmaps", config_map({"a": "1", "b": "2", "c": "3"}, labels={"l": "1"})),
        patch("configmaps/cm", "merge", {"data": {"b": "x"}}, agent="kubectl/1", fieldManager="kubectl-patch"),
        apply("configmaps/cm", config_map({"a": "9"})),
        apply("configmaps/cm", config_map({"a": "9", "c": "8"}, labels={"l": "2"})),
        apply("configmaps/cm", config_map({"a": "9", "b": "9", "c": "3"})),
        apply("configmaps/cm", config_map({"a": "9", "b": "9", "c": "3"}), dryRun="All", force="true"),
        apply("configmaps/cm", config_map({"a": "9", "b": "9", "c": "3"}), force="true"),
        apply("configmaps/cm", config_map({"c": "3"}), manager="shared"),
        apply("configmaps/cm", config_map({"c": "4"}), manager="shared"),
        update("configmaps/cm", {"data/c": "5"}),
        apply("configmaps/cm", config_map({"c": "5"}), manager="shared"),
        apply("configmaps/cm", config_map({"a": "9"})),
        update("configmaps/cm", {"data/c": None}),
        get("configmaps/cm"),
    ],
    "errors": [
        apply("configmaps/cm", config_map({"a": "1"}), manager=""),
        apply("configmaps/cm", config_map({"a": "1"}), manager="", force="true", dryRun="x"),
        apply("configmaps/cm", config_map({"a": "1"}), manager="a\nb"),
        apply("configmaps/cm", config_map({"a": 1})),
        apply("configmaps/cm", config_map({"a": True, "b": None, "c": [1], "d": {"e": 1.5}})),
        apply("configmaps/cm", {**config_map(), "unknown": 1}),
        apply("configmaps/cm", {**config_map(), "data": ["x"]}),
        apply("configmaps/cm", {**config_map(), "data": "x"}),
        apply("configmaps/cm", {**config_map(), "immutable": "x"}),
        apply("configmaps/cm", config_map({"a": "1"}, managedFields=[])),
        apply("configmaps/cm", config_map({"a": "1"}, managedFields=None), dryRun="All"),
        apply("configmaps/cm", config_map({"a": "1"}, managedFields=[{"manager": "x"}])),
        apply("configmaps/cm", config_map({"a": "1"}, name="other")),
        apply("configmaps/cm", config_map({"a": "1"}, namespace="other")),
        apply("configmaps/cm", {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"}}),
        apply("configmaps/cm", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cm"}}),
        apply("configmaps/cm", {"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "cm"}}),
        apply("configmaps/cm", {"apiVersion": "a/b/c", "kind": "ConfigMap", "metadata": {"name": "cm"}}),
        apply("configmaps/cm", {"metadata": {"name": "cm"}}),
        apply("configmaps/cm", "[]"),
        apply("configmaps/cm", ""),
        apply("configmaps/cm", "null"),
        apply("configmaps/cm", "a: b: c"),
        apply("configmaps/cm", "just text"),
        apply("configmaps/cm", "17"),
        apply("configmaps/cm", '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cm"},"data":{"a":"1","a":"2"}}', fieldValidation="Strict"),
        apply("configmaps/cm", '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cm"},"data":{"a":"1","a":"2"}}', dryRun="All"),
        apply("configmaps/cm", '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cm"},"data":{"a":"1","a":"2"}}', fieldValidation="Ignore", dryRun="All"),
        apply("configmaps/cm", config_map({"a": "1"}, uid="7d4ce7e6-0000-4000-8000-000000000000")),
        apply("configmaps/cm", config_map({"a": "1"}, resourceVersion="1")),
        apply("configmaps/cm", config_map({"bad key": "1"})),
        {**apply("configmaps/cm", config_map({"a": "1"})), "patch": "cbor"},
        apply("configmaps/cm", config_map({"a": "1"})),
        apply("configmaps/cm", config_map({"a": "2"}, uid="7d4ce7e6-0000-4000-8000-000000000000")),
        apply("configmaps/cm", config_map({"a": "2"}, resourceVersion="1")),
        apply("configmaps/cm", config_map({"a": "2"}), fieldValidation="Sometimes"),
        apply("nothings/cm", config_map({"a": "2"})),
        apply("configmaps/cm/status", config_map({"a": "2"})),
        apply("configmaps", config_map({"a": "2"})),
    ],
    "typed-errors": [
        apply(DEPLOYMENT, deployment({"replicas": "x"})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(), container())})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(ports=[{"containerPort": 80}, {"containerPort": 80}]))})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template({"image": "x"})})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template("x")})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(None)})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": {"spec": {"containers": {"a": "b"}}}})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(foo=1))})),
        apply(DEPLOYMENT, deployment({"selector": {"nope": "x"}, "template": template(container())})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(env=[{"name": "A", "value": 1}]))})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(resources={"limits": {"cpu": "x"}}))})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(resources={"limits": {"cpu": 1}}))}), dryRun="All"),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(), terminationGracePeriodSeconds=1.5)})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(), hostNetwork="yes")})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container())}, finalizers=["a/b", "a/b"])),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container())}, finalizers=[None])),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container())}, finalizers=[{"a": 1}])),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container())}, finalizers=[["a"]])),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container())}, creationTimestamp="yesterday")),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "strategy": {"rollingUpdate": {"maxSurge": True}}, "template": template(container())})),
    ],
    "lists": [
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}], ports=[{"containerPort": 80}]))})),
        apply(DEPLOYMENT, deployment({"replicas": 3, "selector": SELECTOR, "template": template(container("side", "s:1"))}), manager="side"),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(image="i:2", env=[{"name": "B", "value": "2"}, {"name": "C", "value": "3"}], ports=[{"containerPort": 80}, {"containerPort": 443, "protocol": "TCP"}]))})),
        update(DEPLOYMENT, {"spec/template/spec/containers/0/env/0/value": "9", "spec/template/spec/nodeSelector": {"a": "b"}}),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(image="i:2", env=[{"name": "B", "value": "2"}]))})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(image="i:2", env=[{"name": "B", "value": "2"}]))}), force="true"),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container("first", "f"), container(image="i:2"))})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(image="i:2"), container("first", "f"), nodeSelector={"c": "d"})})),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(image="i:2"), container("first", "f"), nodeSelector={"c": "d"})}), force="true"),
        apply(DEPLOYMENT, deployment({"replicas": 3, "selector": SELECTOR}), manager="side"),
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container(image="i:2"))})),
        apply(DEPLOYMENT, deployment({"replicas": 5}), manager="hpa", force="true"),
        apply(DEPLOYMENT, deployment({"selector": {"matchLabels": {"other": "x"}}}), manager="hpa", force="true"),
        get(DEPLOYMENT),
    ],
    "pods": [
        create("pods", FULL_POD),
        patch("pods/full/status", "merge", {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": None}], "podIP": "1.2.3.4"}}, agent="kubelet/v1"),
        patch("pods/full/status", "strategic", {"status": {"conditions": [{"type": "x/y", "status": "False"}, {"type": "Ready", "status": "False"}]}}, agent="gate"),
        patch("pods/full", "strategic", {"spec": {"containers": [{"name": "c", "image": "i:2"}]}}, agent="kubectl"),
        update("pods/full/status", {"metadata/labels/c": "3", "spec/nodeName": "ignored", "status/podIPs": [{"ip": "1.2.3.4"}]}, agent="kubelet/v1", of="pods/full"),
        apply("pods/full/status", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "full"}, "status": {"message": "hello", "conditions": [{"type": "mine/ok", "status": "True"}]}}),
        apply("pods/full/status", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "full"}, "status": {"message": "hello", "podIP": "4.4.4.4"}}),
        apply("pods/full", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "full", "labels": {"s": "t"}}, "status": {"message": "ignored"}}),
        apply("pods/full", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "full"}, "spec": {"containers": [{"name": "c", "image": "i:3"}]}}),
        apply("pods/full/ephemeralcontainers", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "full"}, "spec": {"ephemeralContainers": [{"name": "debug", "image": "sh"}]}}, manager="debugger"),
        patch("pods/full/ephemeralcontainers", "strategic", {"spec": {"ephemeralContainers": [{"name": "debug2", "image": "sh"}]}}, agent="kubectl-debug"),
        patch("pods/full/resize", "strategic", {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "200m"}}}]}}, agent="resizer"),
        apply("pods/full/resize", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "full"}, "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "300m"}}}]}}, force="true"),
        create("pods/full/binding", {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "full"}, "target": {"kind": "Node", "name": "n"}}, agent="kube-scheduler"),
        get("pods/full"),
        apply("pods/new/status", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "new"}, "status": {"message": "x"}}),
        apply("pods/new", pod(container(), name="new")),
    ],
    "status": [
        apply(DEPLOYMENT, deployment({"selector": SELECTOR, "template": template(container())})),
        patch(f"{DEPLOYMENT}/status", "merge", {"status": {"replicas": 1, "conditions": [{"type": "Available", "status": "True"}]}, "metadata": {"labels": {"no": "no"}, "annotations": {"yes": "yes"}}}, agent="controller"),
        patch(f"{DEPLOYMENT}/status", "merge", {"status": {"replicas": 1}}, agent="controller"),
        patch(DEPLOYMENT, "merge", {"status": {"replicas": 7}}, agent="user"),
        apply(f"{DEPLOYMENT}/status", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "labels": {"x": "y"}}, "spec": {"paused": True}, "status": {"replicas": 4}}),
        apply(f"{DEPLOYMENT}/status", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "labels": {"x": "y"}}, "spec": {"paused": True}, "status": {"replicas": 4}}, force="true"),
        update(f"{DEPLOYMENT}/status", {"status/readyReplicas": 1, "metadata/managedFields": []}, agent="controller", of=DEPLOYMENT),
        get(DEPLOYMENT),
    ],
    "scale": [
        create(DEPLOYMENTS, deployment({"replicas": 2, "selector": SELECTOR, "template": template(container())})),
        patch(f"{DEPLOYMENT}/scale", "merge", {"spec": {"replicas": 3}}, agent="scaler/1"),
        get(DEPLOYMENT),
        apply(f"{DEPLOYMENT}/scale", {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 4}}, manager="hpa"),
        apply(f"{DEPLOYMENT}/scale", {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 4}}, manager="hpa", force="true"),
        get(DEPLOYMENT),
        apply(f"{DEPLOYMENT}/scale", {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 4}}, manager="hpa2"),
        patch(f"{DEPLOYMENT}/scale", "merge", {"spec": {"replicas": 4}}, agent="scaler/1"),
        get(DEPLOYMENT),
        apply(DEPLOYMENT, deployment({"replicas": 4}), manager="owner"),
        apply(DEPLOYMENT, deployment({"replicas": 6}), manager="owner"),
        update(f"{DEPLOYMENT}/scale", {"spec/replicas": 8}, agent="scaler/2"),
        get(f"{DEPLOYMENT}/scale"),
        get(DEPLOYMENT),
        apply(f"{DEPLOYMENT}/scale", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 4}}, manager="hpa"),
        apply(f"{DEPLOYMENTS}/none/scale", {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "none"}, "spec": {"replicas": 4}}, manager="hpa"),
        patch(f"{DEPLOYMENT}/scale", "merge", {"spec": {"replicas": 8}}, agent="noop"),
        get(DEPLOYMENT),
        apply(f"{DEPLOYMENT}/scale", {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}}, manager="hpa"),
        get(DEPLOYMENT),
    ],
    "kubectl": [
        create("configmaps", config_map({"a": "1", "b": "2"}, annotations={
            "kubectl.kubernetes.io/last-applied-configuration": '{"apiVersion":"v1","data":{"a":"1","b":"2"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"cm"}}\n'},
        ), agent="kubectl", fieldManager="kubectl-client-side-apply"),
        apply("configmaps/cm", config_map({"a": "2"}), manager="kubectl"),
        apply("configmaps/cm", config_map({"a": "<3>&"}, annotations={"z": "1"}), manager="kubectl"),
        patch("configmaps/cm", "merge", {"data": {"b": "8"}}, agent="kubectl-edit"),
        apply("configmaps/cm", config_map({"a": "3", "b": "9"}), manager="kubectl"),
        apply("configmaps/cm", config_map({"a": "4", "b": "9"}), manager="kubectl", force="true"),
        apply("configmaps/cm", config_map({"a": "5"}), manager="not-kubectl"),
        patch("configmaps/cm", "merge", {"metadata": {"annotations": None}}, agent="kubectl-edit"),
        apply("configmaps/cm", config_map({"a": "4", "b": "9"}), manager="kubectl"),
        get("configmaps/cm"),
    ],
    "upgrade": [
        create("configmaps", config_map({"a": "1"}, annotations={"kubectl.kubernetes.io/last-applied-configuration": "not json"}), fieldManager="kubectl-client-side-apply"),
        apply("configmaps/cm", config_map({"a": "2"}), manager="kubectl"),
        patch("configmaps/cm", "merge", {"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"apiVersion":"v2","kind":"ConfigMap","data":{"a":"1"}}'}}}),
        apply("configmaps/cm", config_map({"a": "2"}), manager="kubectl"),
        patch("configmaps/cm", "merge", {"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"other"}}'}}}),
        apply("configmaps/cm", config_map({"a": "2"}), manager="kubectl"),
        patch("configmaps/cm", "merge", {"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"1"}}'}}}),
        apply("configmaps/cm", config_map({"a": "2"}), manager="kubectl"),
        patch("configmaps/cm", "json", [
            {"op": "replace", "path": "/metadata/managedFields", "value": [{"manager": "kubectl", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}}}]},
        ], agent="kubectl"),
        get("configmaps/cm"),
    ],
    "clearing": [
        create("configmaps", config_map({"a": "1"}, managedFields=[{"manager": "sent", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}}}])),
        patch("configmaps/cm", "merge", {"metadata": {"managedFields": []}}),
        update("configmaps/cm", {"data/a": "2"}),
        apply("configmaps/cm", config_map({"b": "2"})),
        patch("configmaps/cm", "json", [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]),
        apply("configmaps/cm", config_map({"a": "3"})),
        apply("configmaps/cm", config_map({"a": "3"}), force="true"),
        patch("configmaps/cm", "strategic", {"metadata": {"managedFields": []}}),
        update("configmaps/cm", {"metadata/managedFields": [{"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}}}]}),
        update("configmaps/cm", {"metadata/managedFields": [{"manager": "m", "operation": "Maybe", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}}}], "data/x": "1"}),
        update("configmaps/cm", {"metadata/managedFields": [{"manager": "m", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}}}], "data/x": "2"}),
        update("configmaps/cm", {"metadata/managedFields": [{"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV2", "fieldsV1": {"f:data": {}}}], "data/x": "3"}),
        update("configmaps/cm", {"metadata/managedFields": [{"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"nocolon": {}}}], "data/x": "4"}),
        update("configmaps/cm", {"metadata/managedFields": [{"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"z:odd": {}, "f:data": {"f:x": {}, "f:a": {".": {}}}}}], "data/x": "5"}),
        update("configmaps/cm", {"metadata/managedFields": [{"operation": "Update", "apiVersion": "v9", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}}}, {"manager": "k", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "time": "2020-01-01T00:00:00Z", "fieldsV1": {"f:metadata": {"f:labels": {}}}}], "data/x": "6"}),
        update("configmaps/cm", {"metadata/managedFields": [{"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "subresource": "s" * 300, "fieldsV1": {"f:data": {"f:a": {}}}}], "data/x": "7"}),
        update("configmaps/cm", {"metadata/managedFields": [{"manager": "m" * 200, "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}}}], "data/x": "8"}),
        put("configmaps/cm", config_map({"a": "9"}, managedFields=[])),
        put("configmaps/cm", config_map({"a": "9"}, managedFields=[{}])),
        create("configmaps", config_map({"a": "1"}, name="fresh", managedFields=[])),
        create("configmaps", config_map({"a": "1"}, name="fresher", managedFields=[{"manager": "m", "operation": "x"}])),
        create("pods", {**pod(container()), "metadata": {"name": "p"}}),
        update("pods/p", {"metadata/managedFields": [{"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:containers": {'k:{ "name" : "c" }': {"f:image": {}, ".": {}}}, "f:dnsPolicy": {}}}}]}),
        update("pods/p/status", {"metadata/managedFields": [], "status/phase": "Failed"}, of="pods/p"),
    ],
    "cap": [
        create("configmaps", config_map({"k": "0"})),
        *[update("configmaps/cm", {f"data/k{i}": "1"}, agent=f"u{i:02}") for i in range(12)],
        apply("configmaps/cm", config_map({"applied": "1"})),
        update("configmaps/cm", {"data/k": "1", "data/k3": "2"}, agent="last"),
    ],
    "sets": [
        create("configmaps", config_map({}, finalizers=["b.x/1", "a.x/1"], ownerReferences=[
            {"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "00000000-0000-4000-8000-000000000001"},
            {"apiVersion": "v1", "kind": "Pod", "name": "y", "uid": "00000000-0000-4000-8000-000000000002"},
        ])),
        apply("configmaps/cm", config_map(finalizers=["c.x/1", "a.x/1"])),
        apply("configmaps/cm", config_map(finalizers=["a.x/1", "z.x/1"], ownerReferences=[
            {"apiVersion": "v1", "kind": "Pod", "name": "y", "uid": "00000000-0000-4000-8000-000000000002"},
            {"apiVersion": "v1", "kind": "Pod", "name": "z", "uid": "00000000-0000-4000-8000-000000000003", "controller": True},
        ])),
        patch("configmaps/cm", "merge", {"metadata": {"finalizers": ["b.x/1"]}}),
        apply("configmaps/cm", config_map(finalizers=[])),
        patch("configmaps/cm", "merge", {"metadata": {"finalizers": None, "ownerReferences": None}}),
        create("configmaps", config_map({}, name="dup", ownerReferences=[
            {"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "00000000-0000-4000-8000-000000000001"},
            {"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "00000000-0000-4000-8000-000000000001"},
        ])),
        update("configmaps/dup", {"metadata/finalizers": ["a/b", "a/b"]}),
        update("configmaps/dup", {"metadata/finalizers": ["a/b"]}),
        apply("configmaps/dup", config_map(name="dup", finalizers=["a/b"])),
        update("configmaps/dup", {"metadata/finalizers": None}),
    ],
    "services": [
        create("services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}, {"port": 8080, "name": "x"}]}}, dryRun="All"),
        create("services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"selector": {"a": "b"}, "ports": [{"port": 80, "name": "w"}, {"port": 8080, "name": "x"}]}}),
        apply("services/s", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 9, "name": "y"}]}}),
        apply("services/s", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 9, "name": "y"}, {"port": 10, "protocol": "UDP", "name": "z"}], "selector": {"a": "c"}}}),
        apply("services/s", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 10, "protocol": "UDP", "name": "z"}], "selector": {"a": "c"}}}, force="true"),
        patch("services/s", "strategic", {"spec": {"ports": [{"port": 80, "targetPort": 81}], "sessionAffinity": "ClientIP"}}),
        patch("services/s/status", "merge", {"status": {"loadBalancer": {"ingress": [{"ip": "1.1.1.1"}]}}}, agent="cloud"),
        get("services/s"),
    ],
    "versions": [
        create(HPAS.replace("{v}", "1"), {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
                                          "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}, "targetCPUUtilizationPercentage": 50}}),
        get(HPAS.replace("{v}", "2") + "/h"),
        update(HPAS.replace("{v}", "2") + "/h", {"spec/maxReplicas": 4}),
        apply(HPAS.replace("{v}", "2") + "/h", {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": {"minReplicas": 2, "maxReplicas": 4}}),
        apply(HPAS.replace("{v}", "1") + "/h", {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": {"minReplicas": 2}}),
        apply(HPAS.replace("{v}", "1") + "/h", {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": {"minReplicas": 2, "targetCPUUtilizationPercentage": 60}}),
        apply(HPAS.replace("{v}", "1") + "/h", {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": {"minReplicas": 2, "targetCPUUtilizationPercentage": 60}}, force="true"),
        apply(HPAS.replace("{v}", "2") + "/h", {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": {"maxReplicas": 4}}),
        patch(HPAS.replace("{v}", "1") + "/h/status", "merge", {"status": {"currentReplicas": 1, "desiredReplicas": 1}}, agent="hpa-controller"),
        get(HPAS.replace("{v}", "1") + "/h"),
        create(HPAS.replace("{v}", "1"), {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "g"},
                                          "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}}}),
        apply(HPAS.replace("{v}", "2") + "/g", {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "g"}, "spec": {"metrics": [
            {"type": "Pods", "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "1"}}},
            {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]}}, force="true"),
        apply(HPAS.replace("{v}", "1") + "/g", {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "g"}, "spec": {"maxReplicas": 3}}, manager="same"),
        apply(HPAS.replace("{v}", "1") + "/g", {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "g"}, "spec": {}}, force="true"),
        apply(HPAS.replace("{v}", "2") + "/g", {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "g"}}, manager="same"),
        get(HPAS.replace("{v}", "2") + "/g"),
    ],
    "events": [
        create("events", {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "p", "namespace": "{ns}"}, "reason": "R", "message": "m", "type": "Normal", "source": {"component": "c"}, "count": 1}),
        patch("events/e", "strategic", {"count": 2, "lastTimestamp": "2020-01-01T00:00:00Z"}, agent="kubelet"),
        apply("events/e", {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": {"namespace": "{ns}"}, "message": "other"}),
        patch("/apis/events.k8s.io/v1/namespaces/{ns}/events/e", "merge", {"metadata": {"labels": {"a": "b"}}}, agent="new-api"),
        get("events/e"),
    ],
    "namespaces": [
        get("/api/v1/namespaces/{ns}"),
        apply("/api/v1/namespaces/{ns}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{ns}", "labels": {"a": "b"}}}),
        apply("/api/v1/namespaces/{ns}/status", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{ns}"}, "status": {"conditions": [{"type": "x", "status": "True"}]}}),
        update("/api/v1/namespaces/{ns}/finalize", {"spec/finalizers": ["kubernetes", "a.b/c"]}, agent="finalizer", of="/api/v1/namespaces/{ns}"),
        get("/api/v1/namespaces/{ns}"),
    ],
    "rights": [
        create("/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles", {
            "metadata": {"name": "writer"}, "rules": [{"apiGroups": ["", "coordination.k8s.io"], "resources": ["configmaps", "leases"], "verbs": ["patch", "update"]}]}),
        create("/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings", {
            "metadata": {"name": "bob"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "writer"},
            "subjects": [{"kind": "User", "name": "bob", "apiGroup": "rbac.authorization.k8s.io"}]}),
        {**apply("configmaps/cm", config_map({"a": "1"})), "token": "user-token"},
        {**put("/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/l", {"metadata": {"name": "l"}}), "token": "user-token"},
        apply("configmaps/cm", config_map({"a": "1"})),
        {**apply("configmaps/cm", config_map({"b": "1"}), manager="bob"), "token": "user-token"},
        {**apply("secrets/s", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}, manager="bob"), "token": "user-token"},
        put("/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/l", {"metadata": {"name": "l"}, "spec": {"holderIdentity": "x"}}),
        put("/apis/coordination.k8s.io/v1/namespaces/{ns}/leases/l", {"metadata": {"name": "l"}, "spec": {"holderIdentity": "y"}}, agent="other"),
    ],
    "reviews": [
        create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}),
        create("/apis/authorization.k8s.io/v1/namespaces/{ns}/localsubjectaccessreviews", {
            "spec": {"user": "bob", "resourceAttributes": {"namespace": "{ns}", "verb": "get", "resource": "pods"}}}),
        create("/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": {"user": "bob", "nonResourceAttributes": {"verb": "get", "path": "/x"}}}, fieldManager="asker"),
        create("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "user-token"}}),
        create("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}),
        create("/apis/apps/v1/namespaces/{ns}/controllerrevisions", {"metadata": {"name": "r"}, "data": {"spec": {"a": 1, "b": [True]}}, "revision": 1}),
        patch("/apis/apps/v1/namespaces/{ns}/controllerrevisions/r", "merge", {"revision": 2}),
        apply("/apis/apps/v1/namespaces/{ns}/controllerrevisions/r", {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "r"}, "data": {"spec": {"a": 1, "b": [True]}}, "revision": 2}),
    ],
    "atomics": [
        apply("configmaps/cm", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata:\n  yaml: |\n    text\n  n: '1'\n# comment\n"),
        create("resourcequotas", {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "1", "cpu": "1000m"}}}),
        apply("resourcequotas/q", {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"cpu": 1, "memory": "1Gi"}}}),
        apply("resourcequotas/q", {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"memory": "1024Mi"}}}),
        apply("resourcequotas/q", {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"memory": 1073741824}}}),
        apply("secrets/s", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}, "data": {"c": "ZA=="}}),
        apply("secrets/s", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "e"}}),
        apply("/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies/n", {
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n"},
            "spec": {"podSelector": {"matchLabels": {"a": "b"}}, "ingress": [{"from": [{"podSelector": {}}]}], "policyTypes": ["Ingress"]}}),
        apply("/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies/n", {
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n"},
            "spec": {"podSelector": {"matchLabels": {"c": "d"}}, "policyTypes": ["Ingress", "Egress"]}}, manager="other"),
        apply("/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies/n", {
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}, manager="other", force="true"),
        apply("/apis/batch/v1/namespaces/{ns}/cronjobs/j", {
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "j"},
            "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container()]}}}}}}),
    ],
}
