"""KubeSchedulerConfiguration: profiles, plugins, arguments, and what is refused."""

from __future__ import annotations

import pytest
from builders import World, container, node, pod

from kcompat.scheduler import framework as fw
from kcompat.scheduler.configuration import leader_election, load, merged, parse
from kcompat.scheduler.profile import DEFAULT_PLUGINS, Profile
from kcompat.scheduler.snapshot import Snapshot

HEAD = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}


def profile(**tree):
    (settings,) = parse({**HEAD, "profiles": [tree]}).profiles
    return settings


def made(**tree):
    return Profile(profile(**tree), fw.Handle(Snapshot()))


def test_nothing_said_is_the_default(tmp_path):
    assert parse(HEAD) == load("")
    file = tmp_path / "scheduler.yaml"
    file.write_text("apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nleaderElection: {leaderElect: false}\n")
    assert load(str(file)) == load("") and leader_election(str(file)) is False and leader_election("") is None


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"kind": "Other"}, "expected KubeSchedulerConfiguration"),
        ({"profils": []}, 'unknown field "profils"'),
        ({"extenders": [{}]}, "extenders are not supported"),
        ({"leaderElection": {"resourceName": "mine"}}, "leaderElection.resourceName: only kube-scheduler is supported"),
        ({"podInitialBackoffSeconds": 0}, "must be greater than 0"),
        ({"podInitialBackoffSeconds": 5, "podMaxBackoffSeconds": 2}, "must be greater than or equal to PodInitialBackoffSeconds"),
        ({"profiles": [{}, {}]}, r"profiles\[0\].schedulerName: Required value"),
        ({"profiles": [{"schedulerName": "a"}, {"schedulerName": "a"}]}, 'Duplicate value: "a"'),
        ({"profiles": [{"plugins": {"scores": {}}}]}, 'unknown field "profiles.0..plugins.scores"'),
        ({"profiles": [{"pluginConfig": [{"name": "X"}]}]}, "X does not exist"),
        ({"profiles": [{"pluginConfig": [{"name": "NodeAffinity", "args": {"kind": "OtherArgs"}}]}]}, "were not of type NodeAffinityArgs"),
        ({"profiles": [{"pluginConfig": [{"name": "NodeAffinity", "args": {"x": 1}}]}]}, 'unknown field "profiles.0..pluginConfig.0..args.x"'),
    ],
)
def test_mistakes(tree, told):
    with pytest.raises(ValueError, match=told):
        parse({**HEAD, **tree})


def test_plugins_are_merged_as_upstream_does():
    defaults = (("A", 1), ("B", 2), ("C", 0))
    assert merged(defaults, {"disabled": [{"name": "B"}]}) == (("A", 1), ("C", 0))
    assert merged(defaults, {"enabled": [{"name": "B", "weight": 9}, {"name": "D"}]}) == (("A", 1), ("B", 9), ("C", 0), ("D", 0))
    assert merged(defaults, {"disabled": [{"name": "*"}], "enabled": [{"name": "C"}, {"name": "A"}]}) == (("C", 0), ("A", 0))


def test_extension_points_differ_from_the_rest():
    chosen = {"score": {"disabled": [{"name": "*"}], "enabled": [{"name": "NodeResourcesFit", "weight": 5}]}, "filter": {"disabled": [{"name": "NodePorts"}]}}
    found = made(plugins=chosen)
    assert [plugin.name for plugin in found.score] == ["NodeResourcesFit"] and found.weights["NodeResourcesFit"] == 5
    assert "NodePorts" not in [plugin.name for plugin in found.filter] and "NodePorts" in [plugin.name for plugin in found.pre_filter]
    with pytest.raises(ValueError, match="does not extend bind plugin"):
        made(plugins={"bind": {"enabled": [{"name": "NodePorts"}]}})
    with pytest.raises(ValueError, match="Nonsense does not exist"):
        made(plugins={"multiPoint": {"enabled": [{"name": "Nonsense"}]}})
    with pytest.raises(ValueError, match="one queue sort plugin"):
        made(plugins={"queueSort": {"disabled": [{"name": "*"}]}})
    assert len(DEFAULT_PLUGINS) == len(profile().plugins)


def test_arguments_change_decisions():
    most = {"name": "NodeResourcesFit", "args": {"scoringStrategy": {"type": "MostAllocated", "resources": [{"name": "cpu", "weight": 1}]}}}
    only_fit = {"score": {"disabled": [{"name": "*"}], "enabled": [{"name": "NodeResourcesFit"}]}}
    running = pod("r", container(cpu="2"), node_name="n0")
    packed = World(node("n0"), node("n1"), settings=profile(plugins=only_fit, pluginConfig=[most])).run(running)
    spread = World(node("n0"), node("n1"), settings=profile(plugins=only_fit)).run(running)
    assert (packed.place(pod("p", container(cpu="1"))), spread.place(pod("p", container(cpu="1")))) == ("n0", "n1")
