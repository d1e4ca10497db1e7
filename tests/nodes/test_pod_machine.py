"""The life of a pod on a simulated node, on a clock of its own."""

import pytest
from builders import container, pod

from kcompat.nodes import pod_status
from kcompat.nodes.pod_machine import PodMachine
from kcompat.nodes.settings import NodeSettings

SIDECAR = {"restartPolicy": "Always"}


def named(name, **more):
    return container(**more) | {"name": name}


class Life:
    def __init__(self, tree, **settings):
        self.now = 1000.0
        self.machine = PodMachine(tree, NodeSettings(**settings), self.now, self.stamp)
        self.machine.ips = ("10.244.0.2",)

    @property
    def stamp(self):
        return f"2026-01-01T00:{int(self.now - 1000) // 60:02d}:{int(self.now - 1000) % 60:02d}Z"

    def pass_time(self, seconds=0.0):
        """Wakes the pod at every moment it asks for."""
        end = self.now + seconds
        self.machine.advance(self.now, self.stamp)
        while (wake := self.machine.wakes_at) is not None and wake <= end:
            self.now = max(wake, self.now)
            self.machine.advance(self.now, self.stamp)
        self.now = end
        return self.status()

    def status(self):
        return pod_status.status(self.machine, "172.18.0.2", self.stamp)

    def conditions(self):
        return {c["type"]: (c["status"], c.get("reason", ""), c.get("message", "")) for c in self.status()["conditions"]}

    def states(self):
        status = self.status()
        entries = [*status.get("initContainerStatuses", ()), *status["containerStatuses"]]
        return {entry["name"]: entry["state"] for entry in entries}


TRUE = ("True", "", "")


def test_runs_at_once_and_reports_like_a_kubelet():
    mounts = [{"name": "v", "mountPath": "/v", "readOnly": True}, {"name": "w", "mountPath": "/w"}]
    life = Life(pod("p", container("100m", "64Mi", image="example.com/app:1", volumeMounts=mounts), node_name="n"))
    status = life.pass_time()
    assert status["phase"] == "Running"
    assert (status["podIP"], status["podIPs"]) == ("10.244.0.2", [{"ip": "10.244.0.2"}])
    assert (status["hostIP"], status["hostIPs"]) == ("172.18.0.2", [{"ip": "172.18.0.2"}])
    assert status["observedGeneration"] == 1
    assert status["resources"] == {"requests": {"cpu": "100m", "memory": "64Mi"}}
    (entry,) = status["containerStatuses"]
    assert entry["containerID"].startswith("containerd://")
    assert len(entry["containerID"]) == len("containerd://") + 64
    assert entry["imageID"].startswith("example.com/app@sha256:")
    assert entry["state"] == {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    assert (entry["ready"], entry["started"], entry["restartCount"], entry["lastState"]) == (True, True, 0, {})
    assert entry["allocatedResources"] == {"cpu": "100m", "memory": "64Mi"}
    assert entry["volumeMounts"] == [
        {"name": "v", "mountPath": "/v", "readOnly": True, "recursiveReadOnly": "Disabled"},
        {"name": "w", "mountPath": "/w"},
    ]
    assert life.conditions() == dict.fromkeys(pod_status.OWN_CONDITIONS, TRUE)
    reasons = [(h.reason, h.message) for h in life.machine.happenings]
    assert reasons == [
        ("Pulled", 'Container image "example.com/app:1" already present on machine and can be accessed by the pod'),
        ("Created", "Container created"),
        ("Started", "Container started"),
    ]


def test_containers_wait_while_they_are_created():
    life = Life(pod("p", node_name="n"), start_seconds=5.0)
    status = life.pass_time(1)
    assert status["phase"] == "Pending"
    assert "podIP" not in status
    assert life.states() == {"c": {"waiting": {"reason": "ContainerCreating"}}}
    conditions = life.conditions()
    assert conditions["PodReadyToStartContainers"] == ("False", "PodSandboxNotReady", "no pod sandbox exists")
    assert conditions["Ready"] == ("False", "ContainersNotReady", "containers with unready status: [c]")
    assert conditions["Initialized"] == TRUE
    assert life.pass_time(5)["phase"] == "Running"


def test_init_containers_run_in_order_and_sidecars_stay():
    annotations = {"run-seconds.kcompat.io/second": "3"}
    tree = pod("p", named("main"), node_name="n", initContainers=[named("first"), named("side", **SIDECAR), named("second")])
    tree["metadata"]["annotations"] = annotations
    life = Life(tree)
    assert life.pass_time(1)["phase"] == "Pending"
    states = life.states()
    assert states["first"]["terminated"]["reason"] == "Completed"
    assert "running" in states["side"]
    assert "running" in states["second"]
    assert states["main"] == {"waiting": {"reason": "PodInitializing"}}
    assert life.conditions()["Initialized"] == ("False", "ContainersNotInitialized", "containers with incomplete status: [second]")
    status = life.pass_time(3)
    assert status["phase"] == "Running"
    assert [entry["ready"] for entry in status["initContainerStatuses"]] == [True, True, True]
    assert life.conditions()["Ready"] == TRUE


@pytest.mark.parametrize(
    ("policy", "code", "phase", "reason"),
    [("Never", 0, "Succeeded", "PodCompleted"), ("OnFailure", 0, "Succeeded", "PodCompleted"), ("Never", 3, "Failed", "PodFailed")],
)
def test_pods_that_end(policy, code, phase, reason):
    tree = pod("p", node_name="n", restartPolicy=policy, initContainers=[named("side", **SIDECAR)])
    tree["metadata"]["annotations"] = {"kcompat.io/run-seconds": "2", "kcompat.io/exit-code": str(code)}
    life = Life(tree)
    assert life.pass_time(1)["phase"] == "Running"
    status = life.pass_time(2)
    assert status["phase"] == phase
    assert status["podIP"] == "10.244.0.2"
    states = life.states()
    ended = states["c"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (code, "Completed" if code == 0 else "Error")
    assert (ended["startedAt"], ended["finishedAt"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:00:02Z")
    assert "terminated" in states["side"]
    assert life.conditions()["Ready"] == ("False", reason, "")
    assert life.conditions()["PodReadyToStartContainers"] == ("False", "PodSandboxNotReady", "pod sandbox is not ready")
    assert life.machine.wakes_at is None


def test_job_pods_succeed_by_themselves_and_others_run_on():
    job = Life(pod("p", node_name="n", restartPolicy="Never", owner={"apiVersion": "batch/v1", "kind": "Job", "name": "j"}))
    assert job.pass_time(2)["phase"] == "Succeeded"
    assert Life(pod("p", node_name="n", restartPolicy="Never")).pass_time(3600)["phase"] == "Running"


def test_crash_loop():
    tree = pod("p", node_name="n", restartPolicy="Always")
    tree["metadata"]["annotations"] = {"kcompat.io/run-seconds": "1", "kcompat.io/exit-code": "1"}
    life = Life(tree)
    status = life.pass_time(1.5)  # the first restart is immediate
    entry = status["containerStatuses"][0]
    assert (entry["restartCount"], "running" in entry["state"], entry["lastState"]["terminated"]["exitCode"]) == (1, True, 1)
    status = life.pass_time(1)  # the second waits for ten seconds
    entry = status["containerStatuses"][0]
    assert status["phase"] == "Running"
    message = "back-off 10s restarting failed container=c pod=p_default(uid-default-p)"
    assert entry["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    assert entry["lastState"]["terminated"]["reason"] == "Error"
    assert (entry["ready"], entry["started"], entry["restartCount"]) == (False, False, 1)
    assert life.machine.happenings[-1].message == "Back-off restarting failed container c in pod p_default(uid-default-p)"
    assert life.pass_time(10)["containerStatuses"][0]["restartCount"] == 2
    message = life.pass_time(10)["containerStatuses"][0]["state"]["waiting"]["message"]
    assert message.startswith("back-off 20s restarting failed container=c")
    life.pass_time(2000)
    assert life.status()["containerStatuses"][0]["state"]["waiting"]["message"].startswith("back-off 5m0s restarting")


def test_failed_init_container():
    tree = pod("p", named("main"), node_name="n", restartPolicy="Never", initContainers=[named("first")])
    tree["metadata"]["annotations"] = {"exit-code.kcompat.io/first": "7"}
    life = Life(tree)
    assert life.pass_time()["phase"] == "Failed"
    assert life.states()["main"] == {"waiting": {"reason": "PodInitializing"}}


def test_container_restart_rules():
    rules = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]
    tree = pod("p", container(restartPolicy="Never", restartPolicyRules=rules), node_name="n", restartPolicy="Never")
    tree["metadata"]["annotations"] = {"kcompat.io/run-seconds": "1", "kcompat.io/exit-code": "42"}
    status = Life(tree).pass_time(1.5)
    assert (status["phase"], status["containerStatuses"][0]["restartCount"]) == ("Running", 1)


def test_readiness_gates():
    tree = pod("p", node_name="n", readinessGates=[{"conditionType": "example.com/up"}])
    life = Life(tree)
    life.pass_time()
    missing = 'corresponding condition of pod readiness gate "example.com/up" does not exist.'
    assert life.conditions()["Ready"] == ("False", "ReadinessGatesNotReady", missing)
    assert life.conditions()["ContainersReady"] == TRUE
    for value, verdict in (("False", "False"), ("True", "True")):
        conditions = [{"type": "example.com/up", "status": value}]
        life.machine.pod = {**tree, "status": {"conditions": conditions}}
        assert life.conditions()["Ready"][0] == verdict


def test_deletion_ends_everything():
    life = Life(pod("p", node_name="n", initContainers=[named("side", **SIDECAR)]))
    life.pass_time(5)
    life.machine.stop(life.stamp)
    status = life.status()
    assert status["phase"] == "Succeeded"
    assert all("terminated" in state for state in life.states().values())
    assert {h.message for h in life.machine.happenings if h.reason == "Killing"} == {"Stopping container c", "Stopping container side"}


def test_a_pod_deleted_before_it_ran_has_failed():
    life = Life(pod("p", node_name="n"), start_seconds=60)
    life.pass_time()
    life.machine.stop(life.stamp)
    assert life.status()["phase"] == "Failed"


def test_another_process_goes_on_where_the_first_stopped():
    tree = pod("p", node_name="n", initContainers=[named("first")])
    before = Life(tree)
    reported = before.pass_time(30)
    after = Life({**tree, "status": reported})
    after.now = 1060.0
    assert pod_status.patch(after.machine.pod, pod_status.status(after.machine, "172.18.0.2", after.stamp)) is None
    assert after.pass_time(10)["containerStatuses"] == reported["containerStatuses"]


def test_only_changes_are_sent():
    tree = pod("p", node_name="n", readinessGates=[{"conditionType": "example.com/up"}])
    life = Life(tree)
    reported = life.pass_time()
    conditions = [*reported["conditions"], {"type": "example.com/up", "status": "True"}]
    life.machine.pod = {**tree, "status": {**reported, "conditions": conditions}}
    life.now += 10
    patch = pod_status.patch(life.machine.pod, life.status())
    assert list(patch["status"]) == ["$setElementOrder/conditions", "conditions"]
    (condition,) = patch["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["lastTransitionTime"]) == ("Ready", "True", "2026-01-01T00:00:10Z")
    assert condition["reason"] is None


def test_an_image_that_cannot_be_pulled():
    life = Life(pod("p", container(image="foo:404"), node_name="n"), missing_images=("*:404",))
    assert life.pass_time()["phase"] == "Pending"
    assert life.states()["c"]["waiting"]["reason"] == "ErrImagePull"
    life.pass_time(11)
    assert life.states()["c"]["waiting"]["reason"] == "ImagePullBackOff"
    assert [h.reason for h in life.machine.happenings] == ["Pulling", "Failed", "Failed", "BackOff", "Failed"]
    fixed = pod("p", container(image="foo:1"), node_name="n")
    life.machine.see({**fixed, "metadata": {**fixed["metadata"], "resourceVersion": "9"}})
    assert life.pass_time()["phase"] == "Running"


def test_a_new_image_restarts_the_container():
    life = Life(pod("p", container(image="foo:1"), node_name="n"))
    life.pass_time()
    changed = pod("p", container(image="foo:2"), node_name="n")
    life.machine.see({**changed, "metadata": {**changed["metadata"], "resourceVersion": "9"}})
    (status,) = life.pass_time(1)["containerStatuses"]
    assert (status["image"], status["restartCount"], status["ready"]) == ("foo:2", 1, True)


def test_ready_after_the_first_probe():
    life = Life(pod("p", container(readinessProbe={"initialDelaySeconds": 30}), node_name="n"))
    life.pass_time(29)
    assert life.conditions()["Ready"] == ("False", "ContainersNotReady", "containers with unready status: [c]")
    life.pass_time(2)
    assert life.conditions()["Ready"] == TRUE


def test_active_deadline():
    life = Life(pod("p", container(), node_name="n", activeDeadlineSeconds=5))
    assert life.pass_time(4)["phase"] == "Running"
    status = life.pass_time(2)
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("$(NAME)", "unable to provision SubPath `..`: must not contain '..'"),
        ("/tmp", "error SubPath `/tmp` must not be an absolute path"),
        ("$(OTHER)/x", 'missing value for "OTHER"'),
    ],
)
def test_a_subpath_that_leads_nowhere(expression, message):
    mounts = [{"name": "v", "mountPath": "/v", "subPathExpr": expression}]
    life = Life(pod("p", container(env=[{"name": "NAME", "value": ".."}], volumeMounts=mounts), node_name="n"))
    assert life.pass_time()["phase"] == "Pending"
    assert life.states()["c"]["waiting"] == {"reason": "CreateContainerConfigError", "message": message}


def test_waits_for_volumes():
    life = Life(pod("p", container(), node_name="n"))
    life.machine.waits_for_volumes = True
    assert life.pass_time(5)["phase"] == "Pending" and life.machine.wakes_at is None
    life.machine.waits_for_volumes = False
    assert life.pass_time()["phase"] == "Running"
