"""The plugin as its users have it: a test file that knows nothing but the fixture."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

USERS_TEST = """
import json, ssl, urllib.request
from pathlib import Path

import pytest

seen = []

@pytest.mark.parametrize("number", [1, 2])
def test_mine(kcompat, number):
    assert Path(kcompat.kubeconfig).exists()
    assert kcompat.url.startswith("https://127.0.0.1:")
    core = __import__("kubernetes").client.CoreV1Api(kcompat.client())
    assert core.list_namespaced_config_map(kcompat.namespace).items[0].metadata.name == "kube-root-ca.crt"
    core.create_namespaced_config_map(kcompat.namespace, {"metadata": {"name": "a"}})
    seen.append((kcompat.url, kcompat.namespace))

def test_clean_namespaces_of_one_cluster():
    assert len({url for url, _ in seen}) == 1 and len({namespace for _, namespace in seen}) == 2
"""


def test_a_control_plane_for_the_session_and_a_namespace_for_each_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USERS_TEST)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=3)
