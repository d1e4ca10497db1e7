"""Typed decoding against upstream: its fixtures, and refusals recorded from a real kube-apiserver 1.37.1 (fieldValidation=Strict)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery.schema import DecodeError, UnknownKindError, compiler, decode, interpret, normalise, ordered, type_of, walk, zero

FIXTURES = Path(os.environ.get("GOMODCACHE", Path.home() / "go/pkg/mod")) / "k8s.io/api@v0.37.1/testdata/HEAD"
REFUSALS = json.loads((Path(__file__).parent / "refusals.json").read_text())


def gvk(tree: dict[str, Any]) -> tuple[str, str, str]:
    group, _, version = tree["apiVersion"].rpartition("/")
    return group, version, tree["kind"]


def fixtures() -> list[Any]:
    found = []
    for file in sorted(FIXTURES.glob("*.json")):
        tree = json.loads(file.read_text())
        if tree.get("kind") and type_of(*gvk(tree)):
            found.append(pytest.param(tree, id=file.stem))
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="k8s.io/api is not in the Go module cache"))]


@pytest.mark.parametrize("tree", fixtures())
def test_upstreams_fixtures_survive_and_keep_their_order(tree: dict[str, Any]) -> None:
    type = type_of(*gvk(tree))
    assert type
    assert json.dumps(normalise(tree, type)) == json.dumps(tree)
    assert json.dumps(walk.decode(tree, type)) == json.dumps((tree, []))


@pytest.mark.parametrize("case", REFUSALS, ids=lambda c: c["message"][:60] or "accepted")
def test_refusals_are_upstreams(case: dict[str, Any]) -> None:
    try:
        errors = decode(case["object"], *gvk(case["object"])).strict_errors
        message = "strict decoding error: " + ", ".join(errors) if errors else ""
    except DecodeError as error:
        message = str(error)
    assert message == case["message"]


def pod(**spec: Any) -> dict[str, Any]:
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}, "spec": spec}


# Answers of a real kube-apiserver to the same bodies, read back after storing.
SECRET = {"a": None, "b": "", "c": [], "d": [1, 2], "e": "YQ==\n"}
HARD = {"cpu": 1, "memory": 0.5, "pods": "0010", "x": None}
STORED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"kind": "Secret", "data": SECRET}, {"data": {"a": "", "b": "", "c": "", "d": "AQI=", "e": "YQ=="}}),
    ({"kind": "ConfigMap", "data": {"a": None}}, {"data": {"a": ""}}),
    ({"kind": "LimitRange", "spec": {"limits": []}}, {"spec": {"limits": None}}),
    (
        {"kind": "ResourceQuota", "spec": {"hard": HARD}},
        {"spec": {"hard": {"cpu": "1", "memory": "500m", "pods": "0010", "x": "0"}}, "status": {}},
    ),
    ({"kind": "ServiceAccount", "secrets": [{}]}, {"secrets": [{}]}),
    ({"kind": "Service", "spec": None}, {"spec": {}, "status": {"loadBalancer": {}}}),
]


@pytest.mark.parametrize(("sent", "stored"), STORED, ids=lambda v: v.get("kind"))
def test_nulls_and_empty_values_end_as_upstream_stores_them(sent: dict[str, Any], stored: dict[str, Any]) -> None:
    decoded = decode({"apiVersion": "v1", **sent}, "", "v1", sent["kind"])
    assert ordered(decoded.tree, "", "v1", sent["kind"]) == {"kind": sent["kind"], "apiVersion": "v1", "metadata": {}, **stored}
    assert decoded.strict_errors == []


@pytest.mark.parametrize("more", [{}, {"unknown": 1}])
def test_a_list_that_is_never_omitted_stays_empty_until_it_is_stored(more: dict[str, Any]) -> None:
    tree = decode({"rules": [], "aggregationRule": {"clusterRoleSelectors": []}, **more}, "rbac.authorization.k8s.io", "v1", "ClusterRole").tree
    assert (tree["rules"], tree["aggregationRule"]) == ([], {})


def test_times_become_seconds_of_utc() -> None:
    tree = decode({"involvedObject": {}, "lastTimestamp": "2024-01-01T01:00:00.9+02:00"}, "", "v1", "Event").tree
    assert (tree["lastTimestamp"], tree["firstTimestamp"], tree["eventTime"]) == ("2023-12-31T23:00:00Z", None, None)
    lease = decode({"spec": {"renewTime": "2024-01-01T00:00:00.123456Z"}}, "coordination.k8s.io", "v1", "Lease").tree
    assert lease["spec"] == {"renewTime": "2024-01-01T00:00:00.123456Z"}


def test_kind_and_api_version_are_filled_in() -> None:
    tree = decode({"metadata": {"name": "a"}}, "apps", "v1", "Deployment").tree
    assert list(tree)[:2] == ["kind", "apiVersion"]
    assert tree["apiVersion"] == "apps/v1"
    assert tree["spec"]["selector"] is None
    assert tree["spec"]["strategy"] == {}


def test_the_input_is_never_changed() -> None:
    tree = pod(containers=[{"name": "a", "resources": {"limits": {"cpu": "1000m"}}, "zzz": 1}], nodeName="")
    before = json.dumps(tree)
    assert decode(tree, "", "v1", "Pod").tree["spec"]["containers"][0]["resources"]["limits"]["cpu"] == "1"
    assert json.dumps(tree) == before


def test_kinds_of_meta_belong_to_every_version() -> None:
    assert decode({"gracePeriodSeconds": 3}, "apps", "v1", "DeleteOptions").tree["apiVersion"] == "apps/v1"
    with pytest.raises(UnknownKindError, match='no kind "Deployment" is registered for version "v1"'):
        decode({}, "", "v1", "Deployment")


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ([], "cannot unmarshal array into Go value of type struct { APIVersion string"),
        (
            {"kind": 5},
            "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string",
        ),
        ({"apiVersion": "a/b/c"}, "unexpected GroupVersion string: a/b/c"),
    ],
)
def test_interpret_refuses(tree: Any, message: str) -> None:
    with pytest.raises(DecodeError) as error:
        interpret(tree)
    assert message in str(error.value)


def test_zero_and_normalise() -> None:
    type = type_of("apps", "v1", "DaemonSet")
    assert type
    status = {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0}
    assert zero(type)["status"] == status
    assert normalise({"status": {"numberReady": 1, "old": 1}}, type)["status"] == {**status, "numberReady": 1}


def test_deep_schemas_do_not_overflow_the_stack() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5000):
        schema = {"items": schema}
    crd = {"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}}
    with pytest.raises(DecodeError):
        decode(crd, "apiextensions.k8s.io", "v1", "CustomResourceDefinition")


FIELDS = ["metadata", "spec", "status", "containers", "resources", "limits", "name", "nodeSelector", "tolerations", "ports", "x"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), v, max_size=3), max_leaves=8)
PODS = st.recursive(VALUES, lambda v: st.dictionaries(st.sampled_from(FIELDS), v, max_size=4), max_leaves=20)


@given(PODS)
def test_what_the_compiled_code_takes_walk_takes_alike(tree: Any) -> None:
    type = type_of("", "v1", "Pod")
    assert type
    try:
        plain = compiler.decoder(type)(tree)
    except (compiler.NotPlain, ValueError):
        return
    assert walk.decode(tree, type) == (plain, [])
    assert compiler.decoder(type)(plain) == plain
