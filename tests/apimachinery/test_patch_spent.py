"""What a strategic merge leaves of its patch, as messages of a kube-apiserver show it; and equality to which an empty list is none."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.apimachinery import schema
from kcompat.apimachinery.patch import strategic
from kcompat.apimachinery.patch.spent import spent
from kcompat.apimachinery.validation import unchanged

DEPLOYMENT = schema.type_of("apps", "v1", "Deployment")
assert DEPLOYMENT is not None


def deployment(spec: Any) -> Any:
    return {"spec": {"template": {"spec": spec}}}


LIVE = deployment({"containers": [{"name": "c", "image": "i"}], "volumes": [{"name": "v", "emptyDir": {}}]})


@pytest.mark.parametrize(
    ("patch", "left"),
    [
        ({"containers": {}, "$retainKeys": ["containers"]}, {"containers": {}}),
        ({"$setElementOrder/containers": [{"name": "c"}], "containers": [{"name": "c", "x": 1}]}, {}),
        ({"containers": [{"name": "c", "$retainKeys": ["name", "image"], "image": "j"}]}, {"containers": [{"name": "c", "image": "j"}]}),
        ({"containers": [{"name": "d", "$patch": "delete"}]}, {"containers": [{"name": "d", "$patch": "delete"}]}),
        ({"nodeSelector": {"a": None, "$patch": "merge"}}, {"nodeSelector": {"$patch": "merge"}}),
        ({"affinity": {"x": {"$patch": "delete"}, "y": None}}, {"affinity": {}}),
        ({"volumes": None}, {"volumes": None}),
        ({"$patch": "replace", "x": 1}, {"x": 1}),
    ],
)
def test_directives_are_gone_once_carried_out(patch: Any, left: Any) -> None:
    assert spent(LIVE, deployment(patch), DEPLOYMENT) == deployment(left)


NAMES = st.sampled_from(["a", "b", "c"])
CONTAINERS = st.lists(st.fixed_dictionaries({"name": NAMES, "image": NAMES}), unique_by=lambda item: str(item["name"]))
DEPLOYMENTS = st.builds(deployment, st.fixed_dictionaries({"containers": CONTAINERS}))


@given(DEPLOYMENTS, DEPLOYMENTS)
def test_a_patch_without_directives_is_left_whole(live: Any, patch: Any) -> None:
    before = copy.deepcopy((live, patch))
    strategic.apply(live, patch, DEPLOYMENT)
    assert spent(live, patch, DEPLOYMENT) == patch
    assert (live, patch) == before


LEAVES = st.sampled_from([None, 1, "x"])
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2))


@given(VALUES, VALUES)
def test_an_empty_list_is_none(one: Any, other: Any) -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: kept for name, item in value.items() if (kept := plain(item)) is not None}
        return [plain(item) for item in value] or None if isinstance(value, list) else value

    assert unchanged(one, one)
    assert unchanged(one, other) is unchanged(other, one) is (plain(one) == plain(other))
