"""The view of types that patches and structured merge read."""

import pytest

from kcompat.apimachinery import schema
from kcompat.apimachinery.schema import Type, enum_of, facts, type_of
from kcompat.apimachinery.schema.types import named


def spec_of(group: str, version: str, kind: str) -> Type:
    type = type_of(group, version, kind)
    assert type
    return type.fields["spec"].type


def test_merge_keys_and_list_types() -> None:
    containers = spec_of("", "v1", "Pod").fields["containers"]
    assert (containers.merge_key, containers.patch_strategy) == ("name", ("merge",))
    assert (containers.list_type, containers.list_map_keys) == ("map", ("name",))
    assert containers.type.element
    ports = containers.type.element.fields["ports"]
    assert (ports.merge_key, ports.list_map_keys) == ("containerPort", ("containerPort", "protocol"))
    assert spec_of("", "v1", "Pod").fields["volumes"].patch_strategy == ("merge", "retainKeys")
    assert spec_of("apps", "v1", "Deployment").fields["selector"].type.map_type == "atomic"


def test_embedded_structs_are_inlined_with_their_path() -> None:
    volume = spec_of("", "v1", "Pod").fields["volumes"].type.element
    assert volume
    assert list(volume.fields)[:2] == ["name", "hostPath"]
    assert volume.fields["hostPath"].go_path == ("VolumeSource",)
    assert volume.fields["hostPath"].type.pointer


def test_names_of_definitions_and_enums() -> None:
    type = type_of("rbac.authorization.k8s.io", "v1", "Role")
    assert type and type.struct
    assert type.struct.definition == "io.k8s.api.rbac.v1.Role"
    assert enum_of(spec_of("", "v1", "Pod").fields["restartPolicy"].type) == ("Always", "Never", "OnFailure")


def test_every_resource_and_subresource_has_a_type() -> None:
    assert len(facts.resources()) == 72
    for resource in facts.resources():
        for entry in (resource, *resource["subresources"]):
            group, version = entry.get("kindGroup", resource["group"]), entry.get("kindVersion", resource["version"])
            assert type_of(group, version, entry["kind"]), entry
        if "list" in resource["verbs"]:
            assert type_of(resource["group"], resource["version"], resource["kind"] + "List")


def test_no_struct_hides_a_field_of_one_it_embeds() -> None:
    seen: set[str] = set()
    queue = [named(f"{p}.{kind}") for p in facts.packages() for kind in facts.package(p)["kinds"]]
    while queue:
        type = queue.pop()
        queue += [type.element] if type.element else []
        if type.kind != "struct" or type.name in seen or type.struct is None:
            continue
        seen.add(type.name)
        assert len(type.fields) == sum(len(m.type.fields) if m.inline else 1 for m in type.struct.members), type
        queue += [f.type for f in type.fields.values()]
    assert len(seen) > 600


@pytest.mark.parametrize(
    ("group", "version", "kind", "known"),
    [
        ("apps", "v1", "Deployment", True),
        ("apps", "v1beta1", "Deployment", True),
        ("apps", "v1beta1", "DaemonSet", False),
        ("extensions", "v1beta1", "Ingress", True),
        ("", schema.INTERNAL, "ConfigMap", True),
        ("apps", schema.INTERNAL, "ConfigMap", False),
        ("meta.k8s.io", "v1", "Table", False),
        ("example.com", "v1", "Deployment", False),
    ],
)
def test_versions_gone_by_are_still_registered(group: str, version: str, kind: str, known: bool) -> None:
    assert schema.is_registered(group, version, kind) is known
