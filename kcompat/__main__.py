"""The command line: flags and config file → Settings → run. `kcompat --help` lists the commands."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from kcompat.config import Settings, data_home, from_mapping
from kcompat.version import __version__

_SUMMARY = {
    "up": "start a control plane: API server, controllers, scheduler, simulated nodes",
    "down": "stop a control plane that runs detached",
    "apiserver": "run the API server alone",
    "controllers": "run the controllers alone, against any Kubernetes API server",
    "scheduler": "run the scheduler alone, against any Kubernetes API server",
    "nodes": "run simulated nodes alone, against any Kubernetes API server",
    "kubeconfig": "print the administrator's kubeconfig, or merge it into yours",
    "version": "print the version",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the `kcompat` script. Returns the exit code: 0 done, 1 failed, 2 wrong usage."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.command is None:
        parser.print_help()
        return 2
    try:
        return int(_COMMANDS[chosen.command](chosen))
    except (OSError, ValueError) as error:
        print(f"kcompat: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("kcompat", description="A Kubernetes control plane that needs nothing but Python.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary in _SUMMARY.items():
        command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        _ARGUMENTS.get(name, _server_arguments)(command, name)
    return parser


def _server_arguments(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument("--config", metavar="FILE", help="YAML file of settings: the flags without dashes in front")
    if name == "up":
        command.add_argument("--detach", action="store_true", help="run in the background; stop with `kcompat down`")
    for spec in fields(Settings):
        if name == "up" or name in spec.metadata["parts"]:
            _add(command, spec)


def _part_arguments(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument("--kubeconfig", metavar="FILE", default=os.environ.get("KUBECONFIG", ""), help="cluster to work for (default: $KUBECONFIG)")
    _server_arguments(command, name)


def _name_argument(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument("--name", default="default", help="name of the cluster")
    command.add_argument("--data-dir", default="", metavar="DIR", help="its data directory, if it is not the default one")
    if name == "kubeconfig":
        command.add_argument("--merge", action="store_true", help="add the cluster to your own kubeconfig; the current context stays")


def _no_arguments(command: argparse.ArgumentParser, name: str) -> None:
    """`version` takes none."""


_ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser, str], None]] = {
    "controllers": _part_arguments,
    "scheduler": _part_arguments,
    "nodes": _part_arguments,
    "down": _name_argument,
    "kubeconfig": _name_argument,
    "version": _no_arguments,
}


def _add(command: argparse.ArgumentParser, spec: Field[Any]) -> None:
    """A flag. Absent flags leave the config file's value, or the default."""
    flag, help_text = "--" + spec.name.replace("_", "-"), spec.metadata["help"]
    metavar = spec.metadata["metavar"] or None
    if isinstance(spec.default, bool):
        command.add_argument(flag, nargs="?", const="true", default=None, metavar="BOOL", help=help_text)
    elif isinstance(spec.default, tuple):
        command.add_argument(flag, action="append", default=None, metavar=metavar or "LIST", help=f"{help_text} (comma-separated, repeatable)")
    else:
        command.add_argument(flag, default=None, metavar=metavar, help=f"{help_text} (default: {spec.default})" if spec.default not in ("", 0) else help_text)


def _settings(chosen: argparse.Namespace) -> Settings:
    """Config file, overridden by flags. Raises ValueError, OSError."""
    values: dict[str, Any] = {}
    if chosen.config:
        from kcompat.apimachinery import yaml

        document, _ = yaml.loads(Path(chosen.config).read_bytes())
        if not isinstance(document, dict):
            raise ValueError(f"{chosen.config}: expected a mapping of settings")
        if chosen.command == "scheduler" and document.get("kind") == "KubeSchedulerConfiguration":
            values["scheduler-config"] = chosen.config
        else:
            values.update(document)
    for spec in fields(Settings):
        value = getattr(chosen, spec.name, None)
        if value is not None:
            values[spec.name.replace("_", "-")] = ",".join(value) if isinstance(value, list) else value
    return from_mapping(values)


def _up(chosen: argparse.Namespace) -> int:
    settings = _settings(chosen)
    if chosen.command == "apiserver":
        from dataclasses import replace

        settings = replace(settings, disable=("controllers", "scheduler", "nodes"))
    elif chosen.detach:
        return _detach(settings)
    return _run(settings)


def _run(settings: Settings) -> int:
    _log(settings)
    from kcompat import server_process

    return server_process.serve(settings, _announce)


def _announce(kubeconfig: Path, seconds: float) -> None:
    print(f"kcompat {__version__} ready in {seconds:.2f} s", file=sys.stderr)
    print(f"export KUBECONFIG={kubeconfig}", flush=True)


def _log(settings: Settings) -> None:
    level = {0: logging.WARNING, 1: logging.INFO}.get(settings.verbosity, logging.DEBUG)
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)


def _detach(settings: Settings) -> int:
    """Starts `up` again in a process of its own and waits until it is ready."""
    settings.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    log_file = settings.directory / "kcompat.log"
    command = [sys.executable, "-m", "kcompat", *(argument for argument in sys.argv[1:] if argument != "--detach")]
    with log_file.open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    if not line:
        print(f"kcompat: did not start; see {log_file}", file=sys.stderr)
        return process.wait() or 1
    print(line, end="")
    return 0


def _down(chosen: argparse.Namespace) -> int:
    """Stops the process whose number is in the data directory, and waits for its end."""
    directory = Path(chosen.data_dir) if chosen.data_dir else data_home() / chosen.name
    try:
        pid = int((directory / "kcompat.pid").read_text())
        os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        print(f"kcompat: cluster {chosen.name!r} is not running", file=sys.stderr)
        return 1
    while _alive(pid):
        time.sleep(0.02)
    return 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _part(chosen: argparse.Namespace) -> int:
    settings = _settings(chosen)
    _log(settings)
    from kcompat import server_process

    return server_process.run_part(chosen.command, chosen.kubeconfig, settings)


def _kubeconfig(chosen: argparse.Namespace) -> int:
    directory = Path(chosen.data_dir) if chosen.data_dir else data_home() / chosen.name
    file = directory / "kubeconfig"
    if not file.exists():
        print(f"kcompat: no cluster {chosen.name!r}: {file} does not exist; start it with `kcompat up`", file=sys.stderr)
        return 1
    if chosen.merge:
        from kcompat import kubeconfig_merge

        print(f"merged into {kubeconfig_merge.merge(file)}", file=sys.stderr)
        return 0
    print(file.read_text(), end="")
    return 0


def _version(chosen: argparse.Namespace) -> int:
    print(f"kcompat {__version__} (Kubernetes v1.37.1)")
    return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "up": _up,
    "apiserver": _up,
    "down": _down,
    "controllers": _part,
    "scheduler": _part,
    "nodes": _part,
    "kubeconfig": _kubeconfig,
    "version": _version,
}

if __name__ == "__main__":

    sys.exit(main())
