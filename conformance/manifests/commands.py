"""What people do with kubectl without a manifest: every generator of `create`, `run`, `auth`, `explain`, nodes, … Called by `runner.py`.

Each entry is a name and a list of commands that are one story; a command that must fail ends with its exit code: ("get", "x", 1).
"""

from __future__ import annotations

Command = tuple[str | int, ...]

_IMAGE = "--image=example.com/image:1"
_PATCHED = '{"spec":{"template":{"metadata":{"annotations":{"a":"b"}}}}}'

CREATE: dict[str, tuple[Command, ...]] = {
    "clusterrole": (
        ("create", "clusterrole", "conformance", "--verb=get,list", "--resource=pods,deployments.apps", "--resource-name=x"),
        ("create", "clusterrole", "conformance-url", "--verb=get", "--non-resource-url=/logs/*"),
        ("create", "clusterrole", "conformance-all", "--aggregation-rule=a=b"),
        ("describe", "clusterrole", "conformance"),
        ("delete", "clusterrole", "conformance", "conformance-url", "conformance-all"),
    ),
    "clusterrolebinding": (
        ("create", "clusterrolebinding", "conformance", "--clusterrole=view", "--user=u", "--group=g", "--serviceaccount=default:default"),
        ("get", "clusterrolebinding", "conformance", "-o", "wide"),
        ("describe", "clusterrolebinding", "conformance"),
        ("delete", "clusterrolebinding", "conformance"),
    ),
    "configmap": (
        ("create", "configmap", "literal", "--from-literal=a=b", "--from-literal=c=d"),
        ("create", "configmap", "file", "--from-file=kubeconfig"),
        ("create", "configmap", "hashed", "--from-literal=a=b", "--append-hash"),
        ("create", "configmap", "literal", 1),
        ("get", "configmap"),
    ),
    "cronjob": (
        ("create", "cronjob", "c", _IMAGE, "--schedule=*/5 * * * *", "--", "true"),
        ("get", "cronjob", "-o", "wide"),
        ("describe", "cronjob", "c"),
    ),
    "deployment": (
        ("create", "deployment", "d", _IMAGE, "--replicas=2", "--port=80"),
        ("rollout", "status", "deployment/d", "--timeout=20s"),
        ("get", "deployment,replicaset,pod", "-o", "wide"),
        ("set", "image", "deployment/d", "*=example.com/image:2"),
        ("rollout", "status", "deployment/d", "--timeout=20s"),
        ("rollout", "undo", "deployment/d"),
        ("rollout", "status", "deployment/d", "--timeout=20s"),
        ("patch", "deployment", "d", "-p", _PATCHED),
        ("rollout", "history", "deployment/d"),
        ("delete", "deployment", "d", "--cascade=foreground", "--timeout=30s"),
    ),
    "ingress": (
        ("create", "ingress", "i", "--rule=a.example/x*=s:80,tls=secret", "--class=nginx", "--annotation=a=b", "--default-backend=s:http"),
        ("get", "ingress"),
        ("describe", "ingress", "i"),
    ),
    "job": (
        ("create", "job", "j", _IMAGE, "--", "true"),
        ("create", "cronjob", "c", _IMAGE, "--schedule=@yearly"),
        ("create", "job", "from", "--from=cronjob/c"),
        ("get", "job", "-o", "wide"),
        ("describe", "job", "j"),
    ),
    "namespace": (
        ("create", "namespace", "conformance-ns"),
        ("describe", "namespace", "conformance-ns"),
        ("delete", "namespace", "conformance-ns"),
    ),
    "poddisruptionbudget": (
        ("create", "poddisruptionbudget", "p", "--selector=a=b", "--min-available=1"),
        ("create", "poddisruptionbudget", "q", "--selector=a=b", "--max-unavailable=50%"),
        ("get", "poddisruptionbudget"),
        ("describe", "poddisruptionbudget", "p"),
    ),
    "priorityclass": (
        ("create", "priorityclass", "conformance", "--value=7", "--description=d", "--preemption-policy=Never"),
        ("get", "priorityclass", "conformance"),
        ("delete", "priorityclass", "conformance"),
    ),
    "quota": (
        ("create", "quota", "q", "--hard=pods=90,cpu=100"),
        ("create", "quota", "scoped", "--hard=pods=9", "--scopes=BestEffort"),
        ("describe", "quota"),
    ),
    "role": (
        ("create", "role", "r", "--verb=get", "--verb=list", "--resource=pods,pods/log"),
        ("get", "role"),
        ("describe", "role", "r"),
    ),
    "rolebinding": (
        ("create", "role", "r", "--verb=get,list", "--resource=pods"),
        ("create", "rolebinding", "b", "--role=r", "--user=u"),
        ("create", "rolebinding", "c", "--clusterrole=view", "--serviceaccount=default:default"),
        ("get", "rolebinding", "-o", "wide"),
        ("auth", "can-i", "list", "pods", "--as=u"),
        ("auth", "can-i", "delete", "pods", "--as=u", 1),
    ),
    "secret": (
        ("create", "secret", "generic", "g", "--from-literal=a=b", "--from-file=kubeconfig"),
        ("create", "secret", "docker-registry", "d", "--docker-username=u", "--docker-password=p", "--docker-server=registry.example"),
        ("create", "secret", "tls", "t", "--cert=tls.crt", "--key=tls.key"),
        ("get", "secret"),
        ("describe", "secret", "g"),
    ),
    "service": (
        ("create", "service", "clusterip", "c", "--tcp=80:8080", "--tcp=443"),
        ("create", "service", "clusterip", "headless", "--clusterip=None"),
        ("create", "service", "nodeport", "n", "--tcp=80", "--node-port=31999"),
        ("create", "service", "loadbalancer", "l", "--tcp=80"),
        ("create", "service", "externalname", "e", "--external-name=a.example"),
        ("create", "service", "nodeport", "again", "--tcp=80", "--node-port=31999", 1),
        ("get", "service", "-o", "wide"),
        ("describe", "service", "c"),
        ("delete", "service", "--all"),
    ),
    "serviceaccount": (("create", "serviceaccount", "s"), ("get", "serviceaccount", "s"), ("describe", "serviceaccount", "s")),
    "token": (
        ("create", "serviceaccount", "t"),
        ("create", "token", "t", "--duration=10m"),
        ("create", "token", "t", "--audience=a"),
        ("create", "token", "nobody", 1),
    ),
    "dry-run": (("create", "deployment", "x", _IMAGE, "--dry-run=server", "-o", "name"), ("get", "deployment", "x", 1)),
}

OTHERS: dict[str, tuple[Command, ...]] = {
    "run": (
        ("run", "p", _IMAGE, "--port=80", "--labels=app=p", "--env=A=b", "--restart=Never"),
        ("wait", "--for=condition=Ready", "pod/p", "--timeout=20s"),
        ("get", "pod", "p", "-o", "wide"),
        ("run", "exposed", _IMAGE, "--port=80", "--expose"),
        ("run", "dry", _IMAGE, "--dry-run=server", "-o", "yaml"),
        ("expose", "pod", "p", "--port=80"),
        ("get", "pods", "--selector=app=p", "--field-selector=status.phase=Running", "--sort-by=.metadata.name", "--chunk-size=1"),
        ("label", "pods", "--all", "x=y"),
        ("delete", "pods", "--all", "--timeout=50s"),
        ("delete", "service", "--all"),
    ),
    "auth": (
        ("auth", "can-i", "--list"),
        ("auth", "can-i", "--list", "--as=bob"),
        ("auth", "can-i", "create", "pods", "--subresource=exec"),
        ("auth", "can-i", "get", "/metrics", "--as=bob", 1),
        ("auth", "can-i", "create", "deployments.apps", "--all-namespaces"),
        ("auth", "whoami"),
        ("auth", "whoami", "-o", "yaml"),
        ("get", "pods", "--as=bob", 1),
    ),
    "discovery": (
        ("api-resources",),
        ("api-resources", "-o", "wide", "--sort-by=name"),
        ("api-resources", "--namespaced=false", "--verbs=list", "-o", "name"),
        ("api-versions",),
        ("version", "--output=json"),
        ("cluster-info",),
        ("get", "--raw", "/readyz?verbose"),
        ("get", "componentstatuses"),
    ),
    "explain": tuple(
        ("explain", kind)
        for kind in (
            "pod.spec.containers",
            "deployment.spec.strategy",
            "svc",
            "node.status",
            "lease.spec",
            "event",
            "roles.rules",
            "secret.data",
            "ns",
            "cm",
            "sa",
            "rs",
        )
    )
    + (("explain", "pod", "--recursive"), ("explain", "pod.nothing", 1), ("explain", "job", "--output=plaintext-openapiv2")),
    "nodes": (
        ("get", "nodes", "-o", "wide"),
        ("describe", "node", "node-0"),
        ("cordon", "node-0"),
        ("get", "node", "node-0"),
        ("drain", "node-0", "--ignore-daemonsets", "--force", "--timeout=30s"),
        ("uncordon", "node-0"),
        ("taint", "node", "node-0", "k=v:NoSchedule"),
        ("taint", "node", "node-0", "k-"),
        ("label", "node", "node-0", "a=b"),
        ("label", "node", "node-0", "a-"),
        ("get", "lease", "-n", "kube-node-lease"),
        ("top", "node", 1),
    ),
    "get": (
        ("get", "all"),
        ("get", "all", "--all-namespaces"),
        ("get", "events"),
        ("events",),
        ("get", "cm,secret,sa"),
        ("get", "cm", "nothing", 1),
        ("get", "cm", "nothing", "--ignore-not-found"),
        ("get", "nothing", 1),
        ("get", "cm", "kube-root-ca.crt", "-o", "go-template={{.metadata.name}}"),
        ("get", "ns", "--no-headers"),
        ("get", "clusterrole", "view", "-o", "yaml"),
        ("get", "pods", "--field-selector=nothing=1", 1),
        ("get", "--raw", "/api/v1/namespaces/default"),
        ("describe", "ns", "default"),
    ),
    "kustomize": (
        ("apply", "-k", "kustomize"),
        ("diff", "-k", "kustomize"),
        ("get", "-k", "kustomize"),
        ("delete", "-k", "kustomize", "--timeout=30s"),
    ),
    "recursive": (
        ("create", "-f", "recursive/pod", "--recursive", 1),
        ("get", "-f", "recursive/pod", "--recursive", 1),
        ("label", "-f", "recursive/pod", "--recursive", "a=b", 1),
        ("replace", "-f", "recursive/pod-modify", "--recursive", "--force", 1),
        ("delete", "-f", "recursive/pod", "--recursive", 1),
    ),
    "prune": (
        ("apply", "--prune", "-l", "prune-group=true", "-f", "prune/a.yaml"),
        ("get", "pods", "a"),
        ("apply", "--prune", "-l", "prune-group=true", "-f", "prune/svc.yaml"),
        ("get", "pods", "a", 1),
        ("delete", "-f", "prune/svc.yaml"),
    ),
    "certificates": (
        ("apply", "-f", "csr.yml"),
        ("certificate", "approve", "foo"),
        ("get", "csr", "foo"),
        ("certificate", "deny", "foo", 1),
        ("delete", "csr", "foo"),
    ),
    "debug": (
        ("run", "target", _IMAGE),
        ("wait", "--for=condition=Ready", "pod/target", "--timeout=20s"),
        ("debug", "target", "--image=busybox", "--attach=false", "--container=dbg"),
        ("debug", "target", "--image=busybox", "--attach=false", "--copy-to=copied"),
        ("get", "pod", "target", "-o", "jsonpath={.spec.ephemeralContainers[0].name}"),
        ("delete", "pods", "--all", "--timeout=50s"),
    ),
}
