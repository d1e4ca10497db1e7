"""Settings: each is obeyed somewhere, config files and flags mean the same, mistakes are errors."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

import kcompat
from kcompat.__main__ import main
from kcompat.config import Settings, from_mapping

SOURCES = "\n".join(file.read_text() for file in Path(kcompat.__path__[0]).rglob("*.py"))


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_no_setting_is_ignored(name: str) -> None:
    assert f"settings.{name}" in SOURCES or f"self.{name}" in SOURCES, f"nothing reads {name}"


def test_config_file_keys_are_the_flags() -> None:
    found = from_mapping({"nodes": 3, "authorization-mode": "RBAC", "anonymous-auth": False, "disable": ["scheduler"]})
    assert (found.nodes, found.authorization_mode, found.anonymous_auth, found.disable) == (3, ("RBAC",), False, ("scheduler",))


@pytest.mark.parametrize("values", [{"nodez": 1}, {"nodes": "many"}, {"anonymous-auth": "perhaps"}])
def test_mistakes_in_a_config_file(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="setting"):
        from_mapping(values)


def test_unknown_flags_are_errors(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["up", "--no-such-flag"])
    assert stopped.value.code == 2
    assert "--no-such-flag" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out.startswith(f"kcompat {kcompat.__version__}")


def test_help_of_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("up", "down", "apiserver", "controllers", "scheduler", "nodes", "kubeconfig", "version"):
        with pytest.raises(SystemExit) as stopped:
            main([command, "--help"])
        assert stopped.value.code == 0
    assert "--service-cluster-ip-range" in capsys.readouterr().out


def test_kubeconfig_of_a_cluster_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kubeconfig", "--data-dir", str(tmp_path)]) == 1
    assert "start it with `kcompat up`" in capsys.readouterr().err


OURS = """apiVersion: v1
kind: Config
clusters: [{name: default, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: admin, user: {token: t}}]
contexts: [{name: admin@default, context: {cluster: default, user: admin}}]
current-context: admin@default
"""


def test_merging_never_switches_the_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "config"
    own.write_text(OURS.replace("default", "work"))
    (tmp_path / "kubeconfig").write_text(OURS)
    monkeypatch.setenv("KUBECONFIG", str(own))
    for _ in range(2):
        assert main(["kubeconfig", "--merge", "--data-dir", str(tmp_path)]) == 0
    merged = own.read_text()
    assert "current-context: admin@work" in merged
    assert merged.count("name: kcompat-default\n") == 3
    assert own.stat().st_mode & 0o777 == 0o600
