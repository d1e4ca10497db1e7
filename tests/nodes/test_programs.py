"""What commands do, as far as it can be told."""

import pytest
from builders import container, pod

from kcompat.nodes.programs import Script, program

ODD_FAILS = """
    if [ $(expr ${INDEX} % 2) -ne 0 ]; then
        exit 1
    else
        exit 0
    fi
"""


def outcome(*command, image="app:1", args=(), index="0"):
    spec = container(image=image, command=list(command), args=list(args), env=[{"name": "INDEX", "value": index}])
    tree = pod("p", spec)
    return program(tree, tree["spec"]["containers"][0])


@pytest.mark.parametrize(
    ("command", "script"),
    [
        (["true"], Script(0, 0)),
        (["/bin/false"], Script(0, 1)),
        (["sleep", "300"], Script(300, 0)),
        (["sleep", "2m"], Script(120, 0)),
        (["sleep", "infinity"], Script(None, 0)),
        (["/bin/sh", "-c", "exit 3"], Script(0, 3)),
        (["sh", "-c", "echo hello; sleep 2 && sleep 1; exit 7"], Script(3, 7, ((0, "hello\n"),))),
        (["sh", "-c", "while true; do sleep 1; done"], Script(None, 0, again=(0, 1, ()))),
        (["sh", "-c", "echo a; while true; do echo b; sleep 2; done"], Script(None, 0, ((0, "a\n"),), (0, 2, ((0, "b\n"),)))),
        (["sh", "-c", "while :; do exit 3; done"], Script(0, 3)),
        (["sh", "-c", "false || true"], Script(0, 0)),
        (["sh", "-c", "false && sleep 5; exit"], Script(0, 1)),
        (["sh", "-c", "tail -f /dev/null; exit 1"], Script(None, 0)),
        (["sh", "-c", "exit $((5 - 2))"], Script(0, 3)),
        (["sh", "-c", 'if [ "$INDEX" = "0" ]; then exit 4; fi; exit 5'], Script(0, 4)),
        (["sh", "-c", "if false; then exit 1; elif true; then exit 2; else exit 3; fi"], Script(0, 2)),
        (["sleep", "$(INDEX)"], Script(0, 0)),
    ],
)
def test_known(command, script):
    assert outcome(*command) == script


@pytest.mark.parametrize(("index", "code"), [("0", 0), ("1", 1), ("7", 1), ("8", 0)])
def test_a_job_whose_odd_indexes_fail(index, code):
    assert outcome("sh", "-c", args=[ODD_FAILS], index=index) == Script(0, code)


UNKNOWN = (
    "nginx",
    "cat /data",
    "while sleep 1; do echo a; done",
    "exit $RANDOM",
    "echo x > /tmp/y",
    "if true; then sleep 1",
    "sleep",
    "trap exit TERM",
    "a | b",
)


@pytest.mark.parametrize("script", UNKNOWN)
def test_unknown(script):
    assert outcome("sh", "-c", script) is None


def test_images():
    assert outcome(image="registry.example/pause:3.10") == Script(None, 0)
    assert outcome(image="registry.example/agnhost:2.1", args=["pause"]) == Script(None, 0)
    assert outcome(image="registry.example/agnhost:2.1", args=["netexec"]) is None
    assert outcome(image="registry.example/app@sha256:1") is None


def test_a_loop_prints_for_ever():
    script = outcome("sh", "-c", "echo a; while true; do echo b; sleep 2; echo c; done")
    assert script.printed(3) == [(0, "a\n"), (0, "b\n"), (2, "c\n"), (2, "b\n")]
    assert script.printed(10_000, after=9_999) == [(10_000, "c\n"), (10_000, "b\n")]
