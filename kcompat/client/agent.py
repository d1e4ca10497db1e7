"""What a component of ours calls itself in User-Agent, which names it in managedFields. Called by `cluster.py` for local requests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_CONTROLLERS: Final = "kube-controller-manager"
_USERS: Final[Mapping[str, str]] = {"system:apiserver": "kube-apiserver"}


@lru_cache(maxsize=4096)
def user_agent(user: str) -> str:
    """Upstream's name of the component that acts as this user; kcompat for anybody else."""
    if user in _USERS:
        return _USERS[user]
    if user.startswith("system:node:"):
        return "kubelet"
    if user.startswith("system:serviceaccount:kube-system:"):
        return _CONTROLLERS
    return user.removeprefix("system:") if user.startswith("system:kube-") else "kcompat"
