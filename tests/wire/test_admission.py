"""Quotas and the Pod Security Standards as people meet them: admission and controllers together, through kubectl."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from processes import Kubectl


def test_a_quota_fills_and_is_freed(kubectl: Kubectl) -> None:
    kubectl("create", "quota", "q", "--hard=secrets=5,count/deployments.apps=1,pods=2")
    kubectl("wait", "--for=jsonpath={.status.used.secrets}=0", "quota/q", "--timeout=20s")

    def create(number: int) -> bool:
        try:
            kubectl("create", "secret", "generic", f"s{number}")
        except AssertionError as refused:
            assert "exceeded quota: q, requested: secrets=1, used: secrets=5, limited: secrets=5" in str(refused)
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(8))) == 5
    kubectl("delete", "secret", "--all")
    kubectl("wait", "--for=jsonpath={.status.used.secrets}=0", "quota/q", "--timeout=20s")
    kubectl("create", "deployment", "d", "--image=i", "--replicas=4")
    kubectl("wait", "--for=jsonpath={.status.used.pods}=2", "quota/q", "--timeout=20s")
    failure = "{.status.conditions[?(@.type=='ReplicaFailure')].reason}"
    kubectl("wait", f"--for=jsonpath={failure}=FailedCreate", "deployment/d", "--timeout=20s")
    assert "is forbidden: exceeded quota" in kubectl("create", "deployment", "e", "--image=i", fails=True)
    kubectl("delete", "quota", "q")
    kubectl("rollout", "status", "deployment/d", "--timeout=30s")


def test_pods_keep_to_what_their_namespace_enforces(kubectl: Kubectl) -> None:
    kubectl("run", "before", "--image=i")
    own = kubectl("get", "pod", "before", "-o", "jsonpath={.metadata.namespace}")
    warned = kubectl("label", "namespace", own, "pod-security.kubernetes.io/enforce=restricted", "--warnings-as-errors", fails=True)
    assert f'existing pods in namespace "{own}" violate the new PodSecurity enforce level "restricted:latest"' in warned
    refused = kubectl("run", "after", "--image=i", fails=True)
    assert 'pods "after" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false' in refused
    warned = kubectl("create", "deployment", "d", "--image=i", "--warnings-as-errors", fails=True)
    assert 'would violate PodSecurity "restricted:latest"' in warned
    invalid = kubectl("label", "namespace", own, "pod-security.kubernetes.io/enforce=none", "--overwrite", fails=True)
    assert "must be one of privileged, baseline, restricted" in invalid
