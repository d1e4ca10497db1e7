"""The Pod Security Standards, compared with what a kube-apiserver 1.37 answered (pod_security.json, by record_pod_security.py)."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from memory_reader import MemoryReader, obj
from pod_security_cases import BAD_LABELS, EXISTING, LABEL_CHANGES, PODS, POLICIES, WARNED
from record_pod_security import PREFIX, deployment, labels
from requests_for import Tree, refused, writing

from kcompat.admission import configuration
from kcompat.admission.interface import Attributes, Services
from kcompat.admission.plugins.pod_security import PodSecurity
from kcompat.apimachinery.user import UserInfo
from kcompat.registry.catalog import default_catalog

RECORDED: Tree = json.loads(Path(__file__).with_name("pod_security.json").read_text())


def namespace(name: str, **short: str) -> Tree:
    tree = obj(name)
    tree["metadata"]["labels"] = labels({key.replace("_", "-"): value for key, value in short.items()})
    return tree


def pod_attributes(pod: Tree, old: Tree | None = None, name: str = "p", **more: Any) -> Attributes:
    return writing("pods", pod, old, kind="Pod", name=name, **more)


def prepared(pod: Tree) -> Tree:
    """As validating admission sees it."""
    resource = default_catalog().get("", "v1", "pods")
    assert resource is not None
    tree = copy.deepcopy(pod)
    resource.rules.default(tree)
    resource.rules.prepare_for_create(tree)
    return tree


def configured(services: Services, **tree: Any) -> PodSecurity:
    whole = {"apiVersion": "pod-security.admission.config.k8s.io/v1", "kind": "PodSecurityConfiguration", **tree}
    return PodSecurity(replace(services, configuration={"PodSecurity": whole}))


@pytest.mark.parametrize(("level", "version"), POLICIES)
async def test_what_is_enforced(services: Services, reader: MemoryReader, level: str, version: str) -> None:
    reader.put("", "namespaces", namespace("ns", enforce=level, enforce_version=version))
    plugin = PodSecurity(services)
    answers = {case: await refused(plugin, pod_attributes(prepared(pod))) for case, pod in PODS.items()}
    assert answers == {case: recorded[f"{level}:{version}"] for case, recorded in RECORDED["pods"].items()}


@pytest.mark.parametrize("case", BAD_LABELS)
async def test_labels_of_a_new_namespace(services: Services, case: str) -> None:
    new = namespace("psa-bad", **BAD_LABELS[case])
    message = await refused(PodSecurity(services), writing("namespaces", new, kind="Namespace", namespace="", name="psa-bad"))
    assert message == RECORDED["bad labels"][case]["message"]


@pytest.mark.parametrize("number", range(len(LABEL_CHANGES)))
async def test_pods_that_a_stricter_level_would_have_denied(services: Services, reader: MemoryReader, number: int) -> None:
    for case in EXISTING:
        name = case.replace(" ", "-")
        reader.put("", "pods", {**PODS[case], "metadata": {"name": name, "namespace": "psa-existing"}})
    before, after = (namespace("psa-existing", **short) for short in LABEL_CHANGES[number])
    attributes = writing("namespaces", after, before, kind="Namespace", namespace="", name="psa-existing")
    recorded = RECORDED["label changes"][number]
    assert await refused(PodSecurity(services), attributes) == recorded["message"]
    assert attributes.warnings == recorded["warnings"]


@pytest.mark.parametrize("number", range(len(WARNED)))
async def test_templates_are_warned_of_and_pods_too(services: Services, reader: MemoryReader, number: int) -> None:
    reader.put("", "namespaces", namespace("ns", **WARNED[number]))
    plugin, pod = PodSecurity(services), PODS["host port"]
    for what, attributes in (
        ("deployment", writing("apps:deployments", deployment(pod), kind="Deployment", name="d")),
        ("pod", pod_attributes(pod)),
    ):
        message = await refused(plugin, attributes)
        recorded = RECORDED["warned"][number][what]
        assert (message, attributes.warnings) == (recorded["message"], recorded["warnings"]), what


async def test_only_new_images_and_containers_of_a_pod_are_judged(services: Services, reader: MemoryReader) -> None:
    reader.put("", "namespaces", namespace("ns", enforce="baseline"))
    plugin, old = PodSecurity(services), PODS["privileged"]
    assert await refused(plugin, pod_attributes({**old, "metadata": {"name": "p", "labels": {"a": "b"}}}, old)) == ""
    other = {**old, "spec": {"containers": [{**old["spec"]["containers"][0], "image": "other"}]}}
    assert "privileged" in await refused(plugin, pod_attributes(other, old))
    debugged = {**old, "spec": {**old["spec"], "ephemeralContainers": [{"name": "d", "image": "i"}]}}
    assert "privileged" in await refused(plugin, writing("pods/ephemeralcontainers", debugged, old, kind="Pod", name="p"))


async def test_exemptions(services: Services, reader: MemoryReader) -> None:
    for name in ("ns", "free"):
        reader.put("", "namespaces", namespace(name, enforce="baseline"))
    exemptions = {"namespaces": ["free"], "usernames": ["root"], "runtimeClasses": ["vm"]}
    plugin = configured(services, exemptions=exemptions)
    pod = PODS["privileged"]
    assert await refused(plugin, pod_attributes(pod))
    for exempt in (
        pod_attributes(pod, namespace="free"),
        pod_attributes(pod, user=UserInfo("root")),
        pod_attributes({**pod, "spec": {**pod["spec"], "runtimeClassName": "vm"}}),
    ):
        assert await refused(plugin, exempt) == ""
        assert PREFIX + "exempt" in exempt.audit_annotations
    labelled = writing(
        "namespaces", namespace("free", enforce="baseline", warn_version="v1.9"), kind="Namespace", namespace="", name="free"
    )
    assert await refused(plugin, labelled) == ""
    text = 'namespace "free" is exempt from Pod Security, and the policy (enforce=baseline:latest, warn=baseline:v1.9) will be ignored'
    assert labelled.warnings == [text]


async def test_defaults(services: Services, reader: MemoryReader) -> None:
    reader.put("", "namespaces", namespace("ns"))
    plugin = configured(services, defaults={"enforce": "baseline", "audit": "restricted", "warn": "restricted", "warn-version": "v1.8"})
    denied = pod_attributes(PODS["privileged"])
    assert await refused(plugin, denied) == RECORDED["pods"]["privileged"]["baseline:latest"]
    assert denied.audit_annotations[PREFIX + "enforce-policy"] == "baseline:latest"
    assert denied.audit_annotations[PREFIX + "audit-violations"].startswith('would violate PodSecurity "restricted:latest": privileged')
    warned = pod_attributes(PODS["seccomp nowhere"])
    assert await refused(plugin, warned) == ""
    assert warned.warnings == []  # v1.8 did not ask for a seccomp profile


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"defaults": {"enforce": "x"}}, 'defaults.enforce: Invalid value: "x": must be one of privileged, baseline, restricted'),
        ({"defaults": {"warn-version": "1"}}, 'defaults.warn-version: Invalid value: "1": must be "latest" or "v1.x"'),
        ({"exemptions": {"usernames": [""]}}, 'exemptions.usernames[0]: Invalid value: "": username must not be empty'),
        ({"exemptions": {"runtimeClasses": ["a", "a"]}}, 'exemptions.runtimeClasses[1]: Duplicate value: "a"'),
        ({"kind": "Other"}, "no kind"),
    ],
)
def test_bad_configuration(services: Services, tree: Tree, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        configured(services, **tree)


def test_the_file_holds_configuration_or_names_it(tmp_path: Path) -> None:
    (tmp_path / "pod-security.yaml").write_text("kind: PodSecurityConfiguration\n")
    file = tmp_path / "admission.yaml"
    head = "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n"
    file.write_text(head + "- name: PodSecurity\n  path: pod-security.yaml\n- name: ResourceQuota\n  configuration: {a: b}\n")
    assert configuration.read(str(file)) == {"PodSecurity": {"kind": "PodSecurityConfiguration"}, "ResourceQuota": {"a": "b"}}
    assert configuration.read("") == {}
    file.write_text("kind: AdmissionConfiguration\n")
    with pytest.raises(ValueError, match='no kind "AdmissionConfiguration" is registered for version ""'):
        configuration.read(str(file))
