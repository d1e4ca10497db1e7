"""What our components call themselves in User-Agent, whose first word names them in managedFields. Called by `cluster.py` for local
requests and by `http.py`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from kcompat.version import __version__

CONTROLLERS: Final = "kube-controller-manager"
SCHEDULER: Final = "kube-scheduler"
KUBELET: Final = "kubelet"
_USERS: Final[Mapping[str, str]] = {"system:apiserver": "kube-apiserver"}
_ARCHITECTURES: Final = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}


def user_agent(program: str = "kcompat", part: str = "") -> str:
    """As upstream's components write it: program, version, platform, source, and the part that speaks (client-go rest.AddUserAgent)."""
    machine = os.uname().machine if hasattr(os, "uname") else "unknown"
    version = __version__ if program == "kcompat" else "1.37.1"
    whole = f"{program}/v{version} ({sys.platform}/{_ARCHITECTURES.get(machine, machine)}) kubernetes/kcompat-{__version__}"
    return f"{whole}/{part}" if part else whole


@lru_cache(maxsize=4096)
def agent_of(user: str) -> str:
    """The user agent of the component of ours that acts as this user; kcompat for anybody else."""
    if user in _USERS:
        return user_agent(_USERS[user])
    if user.startswith("system:node:"):
        return user_agent(KUBELET)
    if user.startswith("system:serviceaccount:kube-system:"):
        return user_agent(CONTROLLERS, user)
    if user == "system:kube-scheduler":
        return user_agent(SCHEDULER, "scheduler")
    return user_agent(user.removeprefix("system:") if user.startswith("system:kube-") else "kcompat")
