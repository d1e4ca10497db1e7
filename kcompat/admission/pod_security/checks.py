"""The standards' checks as a table: level, the versions from which each form of a check applies, and what it replaces.

A check is a pure function of a pod's metadata and spec; its answer is None (allowed), or the reason and the detail as upstream words them.
Upstream: pod-security-admission/policy/check_*.go. Called by `evaluation.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kcompat.admission.pod_security.policy import BASELINE, RESTRICTED
from kcompat.apimachinery import meta
from kcompat.apimachinery.quote import quote

Tree = Mapping[str, Any]
Violation = tuple[str, str]
"""Reason, and detail (may be empty)."""
CheckPod = Callable[[Tree, Tree], Violation | None]
"""(a tree with metadata, the pod's spec)"""


@dataclass(frozen=True, slots=True)
class Check:
    id: str
    level: str
    versions: Sequence[tuple[int, CheckPod]]
    """From which minor of v1 on each form applies, in increasing order."""
    overrides: str = ""
    """The baseline check that this restricted one makes needless."""


# -- reading pods, wording answers -------------------------------------------------------------------------------------


def containers_of(spec: Tree) -> Iterator[Tree]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(field) or ()


def _security(tree: Tree) -> Tree:
    return tree.get("securityContext") or {}


def _names(spec: Tree, bad: Callable[[Tree], bool]) -> list[str]:
    """Of the containers that are bad."""
    return [container.get("name", "") for container in containers_of(spec) if bad(container)]


def _quoted(items: Collection[str]) -> str:
    return '"' + '", "'.join(items) + '"' if items else ""


def _counted(what: str, items: Collection[object], more: str = "") -> str:
    return what if len(items) == 1 else (more or what + "s")


def _containers(names: Sequence[str]) -> str:
    return f"{_counted('container', names)} {_quoted(names)}"


def _setters(pod: bool, names: Sequence[str]) -> list[str]:
    """Who set something: the pod, containers, both."""
    return [*(["pod"] if pod else []), *([_containers(names)] if names else [])]


def unless_windows(check: CheckPod) -> CheckPod:
    def checked(metadata: Tree, spec: Tree) -> Violation | None:
        return None if (spec.get("os") or {}).get("name") == "windows" else check(metadata, spec)

    return checked


def unless_in_user_namespace(check: CheckPod) -> CheckPod:
    def checked(metadata: Tree, spec: Tree) -> Violation | None:
        return None if spec.get("hostUsers") is False else check(metadata, spec)

    return checked


# -- baseline ----------------------------------------------------------------------------------------------------------

_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_POD_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER_ANNOTATION = "container.seccomp.security.alpha.kubernetes.io/"
_CONFINED = frozenset(("RuntimeDefault", "Localhost"))


def _app_armor(metadata: Tree, spec: Tree) -> Violation | None:
    def bad(tree: Tree) -> str | None:
        profile = _security(tree).get("appArmorProfile")
        kind: str | None = profile.get("type", "") if profile is not None else None
        return None if kind in _CONFINED else kind

    names = _names(spec, lambda container: bad(container) is not None)
    values = sorted({kind for tree in (spec, *containers_of(spec)) if (kind := bad(tree)) is not None})
    annotations = sorted(
        f"{key}={quote(value)}"
        for key, value in meta.annotations(metadata).items()
        if key.startswith(_APPARMOR_ANNOTATION) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    )
    setters = _setters(bad(spec) is not None, names) + ([_counted("annotation", annotations)] if annotations else [])
    if not setters:
        return None
    values += annotations
    return _counted(
        "forbidden AppArmor profile", values
    ), f"{' and '.join(setters)} must not set AppArmor profile type to {_quoted(values)}"


_DEFAULT_CAPABILITIES = frozenset(
    ("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE")
    + ("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT")
)


def _capabilities(tree: Tree, field: str) -> Sequence[str]:
    return (_security(tree).get("capabilities") or {}).get(field) or ()


def _capabilities_baseline(metadata: Tree, spec: Tree) -> Violation | None:
    names = _names(spec, lambda container: not _DEFAULT_CAPABILITIES.issuperset(_capabilities(container, "add")))
    if not names:
        return None
    added = sorted({each for container in containers_of(spec) for each in _capabilities(container, "add")} - _DEFAULT_CAPABILITIES)
    return "non-default capabilities", f"{_containers(names)} must not include {_quoted(added)} in securityContext.capabilities.add"


def _host_namespaces(metadata: Tree, spec: Tree) -> Violation | None:
    shared = [f"{field}=true" for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    return ("host namespaces", ", ".join(shared)) if shared else None


def _host_path_volumes(metadata: Tree, spec: Tree) -> Violation | None:
    names = [volume.get("name", "") for volume in spec.get("volumes") or () if volume.get("hostPath") is not None]
    return ("hostPath volumes", f"{_counted('volume', names)} {_quoted(names)}") if names else None


def _host_ports(metadata: Tree, spec: Tree) -> Violation | None:
    def ports(container: Tree) -> set[str]:
        return {str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")}

    names = _names(spec, lambda container: bool(ports(container)))
    if not names:
        return None
    found = sorted({port for container in containers_of(spec) for port in ports(container)})
    return "hostPort", f"{_containers(names)} {_counted('uses', names, 'use')} {_counted('hostPort', found)} {', '.join(found)}"


def _hosts(container: Tree) -> set[str]:
    """Hosts that probes and lifecycle handlers name."""
    lifecycle = container.get("lifecycle") or {}
    handlers = [container.get(probe) for probe in ("livenessProbe", "readinessProbe", "startupProbe")]
    handlers += [lifecycle.get("postStart"), lifecycle.get("preStop")]
    actions = [handler.get(action) or {} for handler in handlers if handler for action in ("httpGet", "tcpSocket")]
    return {action["host"] for action in actions if action.get("host")}


def _host_probes(metadata: Tree, spec: Tree) -> Violation | None:
    names = sorted(set(_names(spec, lambda container: bool(_hosts(container)))))
    if not names:
        return None
    hosts = sorted({host for container in containers_of(spec) for host in _hosts(container)})
    what = _counted("probe or lifecycle host", hosts)
    return "probe or lifecycle host", f"{_containers(names)} {_counted('uses', names, 'use')} {what} {_quoted(hosts)}"


def _privileged(metadata: Tree, spec: Tree) -> Violation | None:
    names = _names(spec, lambda container: bool(_security(container).get("privileged")))
    return ("privileged", f"{_containers(names)} must not set securityContext.privileged=true") if names else None


def _proc_mount(metadata: Tree, spec: Tree) -> Violation | None:
    def mount(container: Tree) -> str | None:
        value: str | None = _security(container).get("procMount")
        return None if value == "Default" else value

    names = _names(spec, lambda container: mount(container) is not None)
    if not names:
        return None
    values = sorted({value for container in containers_of(spec) if (value := mount(container)) is not None})
    return "procMount", f"{_containers(names)} must not set securityContext.procMount to {_quoted(values)}"


def _se_linux(*types: str) -> CheckPod:
    allowed = frozenset(("", "container_t", "container_init_t", "container_kvm_t", *types))

    def options(tree: Tree) -> Tree:
        return _security(tree).get("seLinuxOptions") or {}

    def bad(tree: Tree) -> bool:
        chosen = options(tree)
        return chosen.get("type", "") not in allowed or bool(chosen.get("user")) or bool(chosen.get("role"))

    def check(metadata: Tree, spec: Tree) -> Violation | None:
        setters = _setters(bad(spec), _names(spec, bad))
        if not setters:
            return None
        everything = [options(tree) for tree in (spec, *containers_of(spec))]
        found = sorted({chosen.get("type", "") for chosen in everything} - allowed)
        problems = [f"{_counted('type', found)} {_quoted(found)}"] if found else []
        problems += [f"{field} may not be set" for field in ("user", "role") if any(chosen.get(field) for chosen in everything)]
        return "seLinuxOptions", f"{' and '.join(setters)} set forbidden securityContext.seLinuxOptions: {'; '.join(problems)}"

    return check


def _seccomp_annotations(metadata: Tree, spec: Tree) -> Violation | None:
    """Before v1.19, when there was no field."""
    annotations = meta.annotations(metadata)
    keys = {_SECCOMP_POD_ANNOTATION, *(_SECCOMP_CONTAINER_ANNOTATION + container.get("name", "") for container in containers_of(spec))}
    allowed = ("runtime/default", "docker/default")
    found = sorted(
        f"{key}={quote(annotations[key])}"
        for key in keys
        if key in annotations and annotations[key] not in allowed and not annotations[key].startswith("localhost/")
    )
    return ("seccompProfile", f"forbidden {_counted('annotation', found)} {', '.join(found)}") if found else None


def _seccomp(tree: Tree) -> str | None:
    """The type of the profile, None where none is set."""
    profile = _security(tree).get("seccompProfile")
    return profile.get("type", "") if profile is not None else None


def _is_unconfined(tree: Tree) -> bool:
    return _seccomp(tree) not in (None, *_CONFINED)


def _seccomp_baseline(metadata: Tree, spec: Tree) -> Violation | None:
    setters = _setters(_is_unconfined(spec), _names(spec, _is_unconfined))
    if not setters:
        return None
    values = sorted({_seccomp(tree) or "" for tree in (spec, *containers_of(spec)) if _is_unconfined(tree)})
    return "seccompProfile", f"{' and '.join(setters)} must not set securityContext.seccompProfile.type to {_quoted(values)}"


_SYSCTLS = (
    "kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies net.ipv4.ping_group_range"
    " net.ipv4.ip_unprivileged_port_start"
)
_SYSCTLS_27 = f"{_SYSCTLS} net.ipv4.ip_local_reserved_ports"
_SYSCTLS_29 = (
    f"{_SYSCTLS_27} net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes"
)
_SYSCTLS_32 = f"{_SYSCTLS_29} net.ipv4.tcp_rmem net.ipv4.tcp_wmem"
_SYSCTLS_37 = f"{_SYSCTLS_32} net.ipv4.tcp_slow_start_after_idle net.ipv4.tcp_notsent_lowat"


def _sysctls(names: str) -> CheckPod:
    allowed = frozenset(names.split())

    def check(metadata: Tree, spec: Tree) -> Violation | None:
        found = [name for sysctl in _security(spec).get("sysctls") or () if (name := sysctl.get("name", "")) not in allowed]
        return ("forbidden sysctls", ", ".join(found)) if found else None

    return check


def _host_process(metadata: Tree, spec: Tree) -> Violation | None:
    def bad(tree: Tree) -> bool:
        return bool((_security(tree).get("windowsOptions") or {}).get("hostProcess"))

    setters = _setters(bad(spec), _names(spec, bad))
    return ("hostProcess", f"{' and '.join(setters)} must not set securityContext.windowsOptions.hostProcess=true") if setters else None


# -- restricted --------------------------------------------------------------------------------------------------------


def _privilege_escalation(metadata: Tree, spec: Tree) -> Violation | None:
    names = _names(spec, lambda container: _security(container).get("allowPrivilegeEscalation") is not False)
    if not names:
        return None
    return "allowPrivilegeEscalation != false", f"{_containers(names)} must set securityContext.allowPrivilegeEscalation=false"


def _capabilities_restricted(metadata: Tree, spec: Tree) -> Violation | None:
    keeping = _names(spec, lambda container: "ALL" not in _capabilities(container, "drop"))
    adding = _names(spec, lambda container: bool(set(_capabilities(container, "add")) - {"NET_BIND_SERVICE"}))
    details = [f'{_containers(keeping)} must set securityContext.capabilities.drop=["ALL"]'] if keeping else []
    if adding:
        added = sorted({each for container in containers_of(spec) for each in _capabilities(container, "add")} - {"NET_BIND_SERVICE"})
        details.append(f"{_containers(adding)} must not include {_quoted(added)} in securityContext.capabilities.add")
    return ("unrestricted capabilities", "; ".join(details)) if details else None


_ALLOWED_VOLUMES = frozenset(
    ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret")
)
_RESTRICTED_VOLUMES = (
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
) + (
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
)


def _restricted_volumes(metadata: Tree, spec: Tree) -> Violation | None:
    def allowed(volume: Tree) -> bool:
        return any(volume.get(source) is not None for source in _ALLOWED_VOLUMES)

    bad = [volume for volume in spec.get("volumes") or () if not allowed(volume)]
    if not bad:
        return None
    names = [volume.get("name", "") for volume in bad]
    types = sorted({next((source for source in _RESTRICTED_VOLUMES if volume.get(source) is not None), "unknown") for volume in bad})
    uses = f"{_counted('uses', names, 'use')} {_counted('restricted volume type', types)} {_quoted(types)}"
    return "restricted volume types", f"{_counted('volume', names)} {_quoted(names)} {uses}"


def _run_as_non_root(metadata: Tree, spec: Tree) -> Violation | None:
    whole = _security(spec).get("runAsNonRoot")
    setters = _setters(whole is False, _names(spec, lambda container: _security(container).get("runAsNonRoot") is False))
    if setters:
        return "runAsNonRoot != true", f"{' and '.join(setters)} must not set securityContext.runAsNonRoot=false"
    missing = [] if whole else _names(spec, lambda container: _security(container).get("runAsNonRoot") is None)
    return ("runAsNonRoot != true", f"pod or {_containers(missing)} must set securityContext.runAsNonRoot=true") if missing else None


def _run_as_user(metadata: Tree, spec: Tree) -> Violation | None:
    def root(tree: Tree) -> bool:
        return _security(tree).get("runAsUser") == 0

    setters = _setters(root(spec), _names(spec, root))
    return ("runAsUser=0", f"{' and '.join(setters)} must not set runAsUser=0") if setters else None


def _seccomp_restricted(metadata: Tree, spec: Tree) -> Violation | None:
    if violation := _seccomp_baseline(metadata, spec):
        return violation
    missing = [] if _seccomp(spec) else _names(spec, lambda container: _seccomp(container) is None)
    if not missing:
        return None
    return (
        "seccompProfile",
        f'pod or {_containers(missing)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    )


CHECKS = (
    Check("appArmorProfile", BASELINE, ((0, _app_armor),)),
    Check("capabilities_baseline", BASELINE, ((0, _capabilities_baseline),)),
    Check("hostNamespaces", BASELINE, ((0, _host_namespaces),)),
    Check("hostPathVolumes", BASELINE, ((0, _host_path_volumes),)),
    Check("hostPorts", BASELINE, ((0, _host_ports),)),
    Check("hostProbesAndHostLifecycle", BASELINE, ((34, _host_probes),)),
    Check("privileged", BASELINE, ((0, _privileged),)),
    Check("procMount", BASELINE, ((0, _proc_mount), (35, unless_in_user_namespace(_proc_mount)))),
    Check("seLinuxOptions", BASELINE, ((0, _se_linux()), (31, _se_linux("container_engine_t")))),
    Check("seccompProfile_baseline", BASELINE, ((0, _seccomp_annotations), (19, _seccomp_baseline))),
    Check(
        "sysctls",
        BASELINE,
        ((0, _sysctls(_SYSCTLS)), (27, _sysctls(_SYSCTLS_27)), (29, _sysctls(_SYSCTLS_29)), (32, _sysctls(_SYSCTLS_32)))
        + ((37, _sysctls(_SYSCTLS_37)),),
    ),
    Check("windowsHostProcess", BASELINE, ((0, _host_process),)),
    Check("allowPrivilegeEscalation", RESTRICTED, ((8, _privilege_escalation), (25, unless_windows(_privilege_escalation)))),
    Check(
        "capabilities_restricted",
        RESTRICTED,
        ((22, _capabilities_restricted), (25, unless_windows(_capabilities_restricted))),
        overrides="capabilities_baseline",
    ),
    Check("procMount_restricted", RESTRICTED, ((35, _proc_mount),), overrides="procMount"),
    Check("restrictedVolumes", RESTRICTED, ((0, _restricted_volumes),), overrides="hostPathVolumes"),
    Check("runAsNonRoot", RESTRICTED, ((0, _run_as_non_root), (35, unless_in_user_namespace(_run_as_non_root)))),
    Check("runAsUser", RESTRICTED, ((23, _run_as_user), (35, unless_in_user_namespace(_run_as_user)))),
    Check(
        "seccompProfile_restricted",
        RESTRICTED,
        ((19, _seccomp_restricted), (25, unless_windows(_seccomp_restricted))),
        overrides="seccompProfile_baseline",
    ),
)
"""In the order of upstream's messages: the baseline ones, then the restricted ones, by id."""
