"""--runtime-config: turns API versions and resources off. Called by `cluster.py` with the catalog before anything is served.

What a server does not serve by default, alpha and beta versions, cannot be turned on: kcompat has none. Upstream:
apiserver pkg/server/resourceconfig/helpers.go, pkg/server/options/api_enablement.go.
"""

from __future__ import annotations

from collections.abc import Iterable

from kcompat.registry.catalog import Catalog

_STAGES = ("api/all", "api/ga", "api/beta", "api/alpha")
_NEEDED = frozenset({
    "v1", "rbac.authorization.k8s.io/v1", "scheduling.k8s.io/v1", "networking.k8s.io/v1", "discovery.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1", "apiregistration.k8s.io/v1", "apiextensions.k8s.io/v1",
})  # fmt: skip
"""Versions that the server itself writes to when it starts."""


def apply(catalog: Catalog, configuration: Iterable[str]) -> None:
    """`api/beta=false`, `GROUP/VERSION=BOOL`, `GROUP/VERSION/RESOURCE=BOOL`; without a value: true. Raises ValueError."""
    wanted = dict(_parsed(entry) for entry in configuration if entry)
    unknown = sorted({group for key in wanted if key not in _STAGES and (group := _group(key)) and not catalog.versions(group)})
    if unknown:
        raise ValueError(f"unknown api groups {','.join(unknown)}")
    for key, enabled in sorted(wanted.items(), key=lambda item: item[0].count("/")):
        if key in _STAGES:
            _stage(key, enabled)
        elif enabled:
            _check_served(catalog, key)
        else:
            _turn_off(catalog, key)


def _parsed(entry: str) -> tuple[str, bool]:
    key, _, value = (part.strip() for part in entry.partition("="))
    if value not in ("", "true", "false"):
        if key in _STAGES:
            raise ValueError(f"invalid value {key}={value}")
        raise ValueError(f'invalid value of {key}: {value}, err: strconv.ParseBool: parsing "{value}": invalid syntax')
    return key, value != "false"


def _group(key: str) -> str:
    """The group a key is about; "" for the core group."""
    parts = key.split("/")
    if len(parts) > 3 or (len(parts) == 1 and key != "v1"):
        raise ValueError(f"runtime-config invalid key {key}")
    return "" if parts[0] in ("v1", "api") else parts[0]


def _stage(key: str, enabled: bool) -> None:
    """Stable versions are on, all others off, and that is how they stay."""
    if enabled is not (key in ("api/all", "api/ga")) or key == "api/all":
        raise ValueError(f"runtime-config {key}={str(enabled).lower()} is not supported: stable versions are served, and no others")


def _check_served(catalog: Catalog, key: str) -> None:
    group, version, resource = _split(key)
    if version not in catalog.versions(group):
        raise ValueError(f"group version {group}/{version} that has not been registered")
    if resource and catalog.get(group, version, resource) is None:
        raise ValueError(f"runtime-config {key}=true is not supported: there is no such resource")


def _turn_off(catalog: Catalog, key: str) -> None:
    group, version, resource = _split(key)
    if resource != resource.lower():
        raise ValueError(f'invalid key {key}: group/version/resource and resource is always lowercase plural, not "{resource}"')
    _check_served(catalog, f"{group}/{version}" if group else version)
    if (f"{group}/{version}" if group else version) in _NEEDED and not resource:
        raise ValueError(f"runtime-config {key}=false is not supported: the server itself needs it")
    for each in [found.name for found in catalog.resources(group, version) if resource in ("", found.name)]:
        catalog.remove(group, version, each)


def _split(key: str) -> tuple[str, str, str]:
    """group, version and resource ("": all of them)."""
    parts = key.split("/")
    if parts[0] == "v1":
        return "", "v1", "".join(parts[1:2])
    if parts[0] == "api":
        return "", parts[1], "".join(parts[2:3])
    return parts[0], parts[1], "".join(parts[2:3])
