"""Security contexts of pods and containers, and the profiles inside them. Called by containers and spec.

Answers pkg/apis/core/validation/validation.go:ValidateSecurityContext, validatePodSpecSecurityContext and what they call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kcompat.apimachinery import field, names
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.quote import json_text
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod import apparmor
from kcompat.registry.rules.pod.capabilities import ALLOW_PRIVILEGED
from kcompat.registry.rules.pod.checks import NONE, Errors, each_container, invalid_each, relative_path, user_id
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.pod.options import Options

_PROFILES: Final = ("Localhost", "RuntimeDefault", "Unconfined")
_SYSCTL: Final = r"[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTLS: Final = rf"({_SYSCTL}[\./])*{_SYSCTL}"
_is_sysctl = re.compile(_SYSCTLS).fullmatch
_IPC_SYSCTLS: Final = frozenset(f"kernel.{name}" for name in (
    "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced", "shm", "msgmax", "msgmnb", "msgmni", "msg",
))
_POLICIES: Final = {
    "fsGroupChangePolicy": ("Always", "OnRootMismatch"),
    "supplementalGroupsPolicy": ("Merge", "Strict"),
    "seLinuxChangePolicy": ("MountOption", "Recursive"),
}

SECCOMP_POD: Final = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER: Final = "container.seccomp.security.alpha.kubernetes.io/"
_LOCALHOST: Final = "localhost/"


def container_security_context(context: Tree, at: Path, host_users: bool, options: Options) -> list[FieldError]:
    """ValidateSecurityContext."""
    errors: list[FieldError] = []
    if context.get("privileged") and not ALLOW_PRIVILEGED.get():
        errors.append(field.forbidden(at.child("privileged"), "disallowed by cluster policy"))
    errors += [*user_id(context, "runAsUser", at), *user_id(context, "runAsGroup", at)]
    if (mount := context.get("procMount")) is not None:
        errors += _proc_mount(mount, host_users, at.child("procMount"))
    errors += seccomp_profile(context.get("seccompProfile"), at.child("seccompProfile"))
    if context.get("allowPrivilegeEscalation") is False:
        errors += _no_escalation(context, at, options)
    errors += _windows_options(context.get("windowsOptions"), at.child("windowsOptions"))
    return errors + apparmor_profile(context.get("appArmorProfile"), at.child("appArmorProfile"))


def _proc_mount(mount: str, host_users: bool, at: Path) -> list[FieldError]:
    errors = [] if mount in ("Default", "Unmasked") else [field.not_supported(at, mount, ("Default", "Unmasked"))]
    if host_users and mount == "Unmasked":
        errors.append(field.invalid(at, mount, "`hostUsers` must be false to use `Unmasked`"))
    return errors


def _no_escalation(context: Tree, at: Path, options: Options) -> list[FieldError]:
    details = []
    if context.get("privileged"):
        details.append("cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
    if not options.allow_sys_admin_without_escalation:
        added = (context.get("capabilities") or {}).get("add") or ()
        details += ["cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"] * added.count("CAP_SYS_ADMIN")
    return [field.invalid(at, go_form(context, "core/v1.SecurityContext"), detail) for detail in details]


def seccomp_profile(profile: Tree | None, at: Path) -> list[FieldError]:
    """validateSeccompProfileField."""
    if profile is None:
        return []
    kind, localhost = profile.get("type") or "", profile.get("localhostProfile")
    errors: list[FieldError] = []
    if not kind:
        errors.append(field.required(at.child("type"), "type is required when seccompProfile is set"))
    elif kind not in _PROFILES:
        errors.append(field.not_supported(at.child("type"), kind, _PROFILES))
    here = at.child("localhostProfile")
    if kind == "Localhost":
        if localhost is None:
            return [*errors, field.required(here, "must be set when seccomp type is Localhost")]
        return [*errors, *relative_path(localhost, here)]
    if localhost is not None:
        errors.append(field.invalid(here, go_form(profile, "core/v1.SeccompProfile"), "can only be set when seccomp type is Localhost"))
    return errors


def apparmor_profile(profile: Tree | None, at: Path) -> list[FieldError]:
    """ValidateAppArmorProfileField."""
    if profile is None:
        return []
    kind, localhost, here = profile.get("type") or "", profile.get("localhostProfile"), at.child("localhostProfile")
    if kind == "Localhost":
        return _apparmor_localhost(localhost, here)
    if kind in _PROFILES:
        return [field.invalid(here, localhost, "can only be set when AppArmor type is Localhost")] if localhost is not None else []
    if not kind:
        return [field.required(at.child("type"), "type is required when appArmorProfile is set")]
    return [field.not_supported(at.child("type"), kind, _PROFILES)]


def _apparmor_localhost(profile: str | None, at: Path) -> list[FieldError]:
    if profile is None:
        return [field.required(at, "must be set when AppArmor type is Localhost")]
    errors: list[FieldError] = []
    if profile.strip() != profile:
        errors.append(field.invalid(at, profile, "must not be padded with whitespace"))
    elif not profile:
        errors.append(field.required(at, "must be set when AppArmor type is Localhost"))
    if names.byte_length(profile) > apparmor.MAX_LOCALHOST_PROFILE:
        errors.append(field.too_long(at, apparmor.MAX_LOCALHOST_PROFILE))
    return errors


def pod_security_context(spec: Tree, at: Path, options: Options) -> Errors:
    """validatePodSpecSecurityContext. `at` is the spec's."""
    context = spec.get("securityContext")
    if not context:
        return NONE
    here = at.child("securityContext")
    errors: list[FieldError] = [e for name in ("fsGroup", "runAsUser", "runAsGroup") for e in user_id(context, name, here)]
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        errors += invalid_each(here.child("supplementalGroups").index(index), group, names.is_valid_group_id(group))
    errors += _sysctls(context.get("sysctls") or (), spec, here.child("sysctls"), options)
    errors += _policy(context, "fsGroupChangePolicy", here)
    errors += seccomp_profile(context.get("seccompProfile"), here.child("seccompProfile"))
    errors += _windows_options(context.get("windowsOptions"), here.child("windowsOptions"))
    errors += apparmor_profile(context.get("appArmorProfile"), here.child("appArmorProfile"))
    return [*errors, *_policy(context, "supplementalGroupsPolicy", here), *_policy(context, "seLinuxChangePolicy", here)]


def _policy(context: Tree, member: str, at: Path) -> Errors:
    value = context.get(member)
    return NONE if value is None or value in _POLICIES[member] else [field.not_supported(at.child(member), value, _POLICIES[member])]


def _sysctls(sysctls: list[Tree] | tuple[()], spec: Tree, at: Path, options: Options) -> list[FieldError]:
    """validateSysctls."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        here, name = at.index(index).child("name"), sysctl.get("name") or ""
        if not name:
            errors.append(field.required(here))
        elif len(name) > 253 or not _is_sysctl(name):
            errors.append(field.invalid(here, name, f"must have at most 253 characters and match regex ^{_SYSCTLS}$"))
        elif name in seen:
            errors.append(field.duplicate(here, name))
        if not options.allow_namespaced_sysctls:
            errors += host_sysctl(name, spec, here)
        seen.add(name)
    return errors


def host_sysctl(name: str, spec: Tree, at: Path) -> Errors:
    """A pod in the host's namespace may not change that namespace (ValidateHostSysctl, util/sysctl: GetNamespace)."""
    dotted = normalize_sysctl(name).partition("*")[0]
    if spec.get("hostNetwork") and dotted.startswith("net."):
        return [field.invalid(at, name, "may not be specified when 'hostNetwork' is true")]
    if spec.get("hostIPC") and (dotted in _IPC_SYSCTLS or dotted.startswith("fs.mqueue.")):
        return [field.invalid(at, name, "may not be specified when 'hostIPC' is true")]
    return NONE


def normalize_sysctl(name: str) -> str:
    """With slashes as separators dots and slashes change places (NormalizeName)."""
    first = re.search(r"[./]", name)
    return name.translate(str.maketrans("./", "/.")) if first and first[0] == "/" else name


_MAX_SPEC: Final = 64
_control = re.compile(r"[\x00-\x1f\x7f]").search
_net_bios = re.compile(r'[^\\/:\*\?"<>|\.][^\\/:\*\?"<>|]{0,14}').fullmatch
_DNS: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_dns_domain = re.compile(rf"{_DNS}(?:\.{_DNS})*").fullmatch
_bad_user = re.compile(r'["/\\:;|=,\+\*\?<>@\[\]]').search
_only_dots = re.compile(r"[\. ]+").fullmatch


def _windows_options(windows: Tree | None, at: Path) -> list[FieldError]:
    """validateWindowsSecurityContextOptions."""
    if not windows:
        return []
    errors: list[FieldError] = []
    if (name := windows.get("gmsaCredentialSpecName")) is not None:
        errors += invalid_each(at.child("gmsaCredentialSpecName"), name, names.is_dns1123_subdomain(name))
    if (spec := windows.get("gmsaCredentialSpec")) is not None:
        if not spec:
            errors.append(field.invalid(at.child("gmsaCredentialSpec"), spec, "gmsaCredentialSpec cannot be an empty string"))
        elif names.byte_length(spec) > _MAX_SPEC * 1024:
            errors.append(field.invalid(at.child("gmsaCredentialSpec"), spec, f"gmsaCredentialSpec size must be under {_MAX_SPEC} KiB"))
    if (user := windows.get("runAsUserName")) is not None:
        shown = field.Raw(json_text(user))  # upstream hands over a pointer, which is printed as JSON
        errors += [field.invalid(at.child("runAsUserName"), shown, "runAsUserName" + detail) for detail in _user_name_details(user)]
    return errors


def _user_name_details(user_name: str) -> list[str]:
    if not user_name:
        return [" cannot be an empty string"]
    if _control(user_name):
        return [" cannot contain control characters"]
    if user_name.count("\\") > 1:
        return [" cannot contain more than one backslash"]
    domain, backslash, user = user_name.rpartition("\\")
    details = ["'s Domain length must be under 256 characters"] if len(domain.encode()) >= 256 else []
    if backslash and not (_net_bios(domain) or _dns_domain(domain)):
        details.append("'s Domain doesn't match the NetBios nor the DNS format")
    if not user:
        details.append("'s User cannot be empty")
    elif len(user.encode()) > 104:
        details.append("'s User length must not be longer than 104 characters")
    if _only_dots(user):
        details.append("'s User cannot contain only periods or spaces")
    if _bad_user(user):
        details.append("'s User cannot contain the following characters: \"/\\:;|=,+*?<>@[]")
    return details


def host_process(spec: Tree, at: Path) -> list[FieldError]:
    """All containers run on the Windows host or none does (validateWindowsHostProcessPod)."""
    of_pod = ((spec.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    errors: list[FieldError] = []
    total = on_host = 0
    for container, here in each_container(spec, at):
        total += 1
        own = ((container.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
        if of_pod is not None and own is not None and of_pod != own:
            detail = f"pod hostProcess value must be identical if both are specified, was {'true' if of_pod else 'false'}"
            errors.append(field.invalid(here.child("securityContext", "windowsOptions", "hostProcess"), own, detail))
        on_host += bool(of_pod if own is None else own)
    if not on_host:
        return errors
    if on_host != total:
        detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        errors.append(field.invalid(at, "", detail))
    if not spec.get("hostNetwork"):
        detail = "hostNetwork must be true if pod contains any hostProcess containers"
        errors.append(field.invalid(at.child("hostNetwork"), False, detail))
    if not ALLOW_PRIVILEGED.get():
        errors.append(field.forbidden(at, "hostProcess containers are disallowed by cluster policy"))
    return errors


def profile_annotations(tree: Mapping[str, str], spec: Tree, at: Path) -> list[FieldError]:
    """The deprecated seccomp and AppArmor annotations (ValidateSeccompPodAnnotations, ValidateAppArmorPodAnnotations)."""
    errors: list[FieldError] = []
    for key, value in tree.items():
        if key == SECCOMP_POD or key.startswith(SECCOMP_CONTAINER):
            errors += _seccomp_annotation(value, at.child(key))
    names_of = {c.get("name") or "" for c, _ in each_container(spec, at)}
    for key, value in tree.items():
        if not key.startswith(apparmor.ANNOTATION):
            continue
        if (container := key.removeprefix(apparmor.ANNOTATION)) not in names_of:
            errors.append(field.invalid(at.key(key), container, "container not found"))
        if value and value not in (apparmor.RUNTIME_DEFAULT, apparmor.UNCONFINED) and not value.startswith(apparmor.LOCALHOST):
            errors.append(field.invalid(at.key(key), value, f"invalid AppArmor profile name: {field.printed(value)}"))
    return errors


def _seccomp_annotation(profile: str, at: Path) -> list[FieldError]:
    """ValidateSeccompProfile."""
    if profile in ("runtime/default", "docker/default", "unconfined"):
        return []
    if profile.startswith(_LOCALHOST):
        return [*relative_path(profile.removeprefix(_LOCALHOST), at)]
    return [field.invalid(at, profile, "must be a valid seccomp profile")]


def annotations_match_fields(tree: Mapping[str, str], spec: Tree, at: Path) -> list[FieldError]:
    """Annotation and field of a profile say the same (validateSeccompAnnotationsAndFields and its AppArmor twin)."""
    if not any(key.startswith((SECCOMP_POD, SECCOMP_CONTAINER, apparmor.ANNOTATION)) for key in tree):
        return []
    errors: list[FieldError] = []
    context = spec.get("securityContext") or {}
    if SECCOMP_POD in tree:
        errors += _seccomp_match(tree[SECCOMP_POD], context.get("seccompProfile"), at.child("securityContext", "seccompProfile"))
    for container, here in each_container(spec, at):
        if (annotation := tree.get(SECCOMP_CONTAINER + (container.get("name") or ""))) is not None:
            profile = (container.get("securityContext") or {}).get("seccompProfile")
            errors += _seccomp_match(annotation, profile, here.child("securityContext", "seccompProfile"))
    if (spec.get("os") or {}).get("name") == "windows":
        return errors
    for container, here in each_container(spec, at):
        if (annotation := tree.get(apparmor.ANNOTATION + (container.get("name") or ""))) is not None:
            profile = (container.get("securityContext") or {}).get("appArmorProfile") or context.get("appArmorProfile")
            errors += _match(annotation, profile, (apparmor.RUNTIME_DEFAULT,), "apparmor", here.child("securityContext", "appArmorProfile"))
    return errors


def _seccomp_match(annotation: str, profile: Tree | None, at: Path) -> Errors:
    return _match(annotation, profile, ("runtime/default", "docker/default"), "seccomp", at)


def _match(annotation: str, profile: Tree | None, defaults: tuple[str, ...], what: str, at: Path) -> Errors:
    kind = (profile or {}).get("type")
    if profile is None or kind not in _PROFILES:
        return NONE
    if kind == "Localhost" and annotation.startswith(_LOCALHOST):
        if annotation.removeprefix(_LOCALHOST) == profile.get("localhostProfile"):
            return NONE
        return [field.forbidden(at.child("localhostProfile"), f"{what} profile in annotation and field must match")]
    if (kind == "Unconfined" and annotation == "unconfined") or (kind == "RuntimeDefault" and annotation in defaults):
        return NONE
    return [field.forbidden(at.child("type"), f"{what} type in annotation and field must match")]


_NOT_FOR_WINDOWS_PODS: Final = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser", "runAsGroup",
    "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy",
)
_NOT_FOR_WINDOWS_CONTAINERS: Final = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
    "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
)


def operating_system(spec: Tree, at: Path) -> list[FieldError]:
    """What the named operating system does not know (validateOS, validateLinux, validateWindows)."""
    system = spec.get("os")
    if system is None:
        return []
    name = system.get("name") or ""
    if not name:
        return [field.required(at.child("os", "name"))]
    if name not in ("linux", "windows"):
        return [field.not_supported(at.child("os"), name, ("linux", "windows"))]
    return _on_windows(spec, at) if name == "windows" else _on_linux(spec, at)


def _on_linux(spec: Tree, at: Path) -> list[FieldError]:
    holders = [(spec, at), *each_container(spec, at)]
    return [
        field.forbidden(here.child("securityContext", "windowsOptions"), "windows options cannot be set for a linux pod")
        for holder, here in holders if (holder.get("securityContext") or {}).get("windowsOptions") is not None
    ]


def _on_windows(spec: Tree, at: Path) -> list[FieldError]:
    detail = "cannot be set for a windows pod"
    context = spec.get("securityContext") or {}
    places = [at.child("securityContext", name) for name in _NOT_FOR_WINDOWS_PODS if context.get(name) is not None]
    places += [at.child(name) for name in ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace") if spec.get(name) is not None]
    for container, here in each_container(spec, at):
        context = container.get("securityContext") or {}
        places += [here.child("securityContext", name) for name in _NOT_FOR_WINDOWS_CONTAINERS if context.get(name) is not None]
    return [field.forbidden(place, detail) for place in places]
