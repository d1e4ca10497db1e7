"""Lists: resourceVersion × match × limit × continue, selectors good and bad, chunks, forms."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from urllib.parse import quote

from conformance.differential.kinds import all_kinds
from conformance.differential.script import APPLY_PATCH, Script, Session

_TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
_PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_LABELS = (
    "a=1", "a==1", "a!=1", "a", "!a", "a in (1,2)", "a notin (1,2)", "a in (1)", "a in ()", "a,b=x", "a>0", "a<2", "a>x", "b exists", "a=", "a=1,", ",a=1", "",
    " a = 1 , b ", "a in 1", "a in (1", "a in 1)", "a!", "a=b=c", "a b", "=1", "a===1", "x/y/z=1", "UPPER.com/a=1", "a=bad value!", "a=-x", "a in (1, -x)",
    f"{'a' * 64}=1", f"a={'b' * 64}", "a%", "a notin ()", "a in (,1)", "a>1.5", "a<", "!a=1", "a!!=1", "!", "(", "a,,b", "a in(1)", "a notin(1),b",
)  # fmt: skip
_FIELDS = (
    "metadata.name=one", "metadata.name==one", "metadata.name!=one", "metadata.namespace=default", "metadata.name=", "metadata.name", "metadata.name=a,metadata.name=b",
    "metadata.name=one,metadata.namespace!=x", "metadata.uid=1", "spec.nodeName=x", "status.phase=Pending", "data.a=1", "", ",", "a=b=c", "metadata.name=a\\,b", "metadata.name=a\\b",
    "metadata.name in (a)", "=x", "metadata.name=ONE", " metadata.name = one ", "status.phase!=", "spec.restartPolicy=Always", "spec.schedulerName=default-scheduler",
    "spec.serviceAccountName=", "spec.hostNetwork=false", "status.podIP=", "status.nominatedNodeName=", "spec.nodeName=,status.phase=Pending", "metadata.name=one,spec.bad=1",
)  # fmt: skip
_MORE_LABELS = (
    "x in (a", "x in ()", "x in (,)", "x in (a,,b)", "x in (a b)", "x in (a=b)", "x notin", "x in", "in", "notin", "in in (in)", "!in", "x=in", "x in (in,notin)", "x=,y=", "x!=,y", ",", "x,,y",
    "x\t=\ty", "x=y z", "x==y==z", "x!y", "!!x", "!x=y", "!x in (a)", "x>1.0", "x>-1", "x>+1", "x>9223372036854775808", "x>a,b", "x>=1", "x=>1", "x>1 2", "e", "!e", "e!=", "e in ()",
    "a=1,a=2", "k8s.io/", "/x", "k8s..io/x", "-k8s.io/x", "k8s.io/-x", "k8s_io/x", "x.", "_x", "x-", f"{'a' * 253}/x=1", f"{'a' * 254}/x", "x=a-", "x=.", "x=a/b", "x=é", "é=x", "x='a'",
    'x="a"', "x in ('a')", "x in (-a,b-,c)", "x notin (a,-b)", "x=a;y=b", "x&y", "*", "(x)", "()", "x=(a)", "x=!a", "x=a!", "x>a>b", "==", "!=", "in (a)", "x IN (a)", "x not in (a)",
    "a in(1)", "a in (1)b", "a in (1)!b", "a in (0,0)", "a in (1,", "a in (1)=2", "a>00", "a>0x1", "a<-1", "0<a", "x=\x00", "x=%", "a=!=1", "a!==1",
)  # fmt: skip
_MORE_FIELDS = (
    "metadata.name===one", "metadata.name!==one", "metadata.name=one=", "metadata.name=a,metadata.name!=b", ",metadata.name=a", "metadata.name=a,,metadata.namespace=x", ",,", " ",
    "metadata.name=a\\,", "metadata.name=a\\=", "metadata.name=a\\\\", "metadata.name\\=a", "metadata.name>a", "!metadata.name", "metadata.Name=a", "metadata.labels.a=1", "kind=Pod",
    "namespace=x", "metadata.namespace=x,metadata.namespace=y", "=", "==", "!=", "!=x", "a!=b", "a=b,c", "metadata.name=a/b", "metadata.name=a%b", "metadata.name=..", "metadata.name=é",
)  # fmt: skip
_SELECTABLE = {
    "/api/v1/nodes": ("spec.unschedulable=false", "metadata.name=x", "spec.taints=x"),
    "/api/v1/namespaces": ("status.phase=Active", "name=default", "metadata.name=default"),
    "/api/v1/secrets": ("type=Opaque", "metadata.namespace=default", "data=x"),
    "/api/v1/events": ("involvedObject.kind=Pod", "reason=x", "reportingComponent=x", "source=x", "type=Normal", "involvedObject.bad=x", "regarding.kind=Pod"),
    "/api/v1/services": ("spec.clusterIP=None", "spec.type=ClusterIP", "spec.bad=x"),
    "/api/v1/replicationcontrollers": ("status.replicas=0", "status.bad=0"),
    "/api/v1/persistentvolumes": ("metadata.name=x", "spec.claimRef=x"),
    "/apis/apps/v1/replicasets": ("status.replicas=0", "metadata.name=x"),
    "/apis/apps/v1/deployments": ("status.replicas=0", "metadata.name=x"),
    "/apis/batch/v1/jobs": ("status.successful=0", "status.succeeded=0"),
    "/apis/events.k8s.io/v1/events": ("regarding.kind=Pod", "reason=x", "reportingController=x", "type=x", "involvedObject.kind=Pod", "reportingComponent=x"),
    "/apis/certificates.k8s.io/v1/certificatesigningrequests": ("spec.signerName=x", "spec.username=x"),
    "/apis/certificates.k8s.io/v1/clustertrustbundles": ("spec.signerName=x", "spec.trustBundle=x"),
    "/apis/certificates.k8s.io/v1/podcertificaterequests": ("spec.signerName=x", "spec.podName=p", "spec.nodeName=n", "spec.podUID=u"),
    "/apis/resource.k8s.io/v1/resourceslices": ("spec.nodeName=n", "spec.driver=d", "spec.pool.name=p", "spec.pool=p"),
    "/apis/resource.k8s.io/v1/resourceclaims": ("metadata.name=x", "status.allocated=true"),
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": ("metadata.name=x", "spec.group=x"),
    "/apis/apiregistration.k8s.io/v1/apiservices": ("metadata.name=x", "spec.group=x"),
}


def scripts() -> Iterator[Script]:
    yield Script("lists", "options", _options, waits=True)
    yield Script("lists", "chunks", _chunks)
    yield Script("lists", "continue-tokens", _continue_tokens)
    yield Script("selectors", "labels", _labels)
    yield Script("selectors", "fields", _fields)
    yield Script("selectors", "fields-of-kinds", _fields_of_kinds)
    yield Script("lists", "get", _get)
    yield Script("lists", "parameters", _parameters)
    yield Script("lists", "all-namespaces", _all_namespaces)
    yield Script("lists", "one-name", _one_name, brief=True)
    yield Script("lists", "names", _names, brief=True)
    yield Script("lists", "events", _events, brief=True)
    yield Script("lists", "indexed", _indexed, brief=True)
    yield Script("lists", "paths", _paths)
    yield Script("selectors", "syntax", _syntax, brief=True)
    yield Script("selectors", "fields-of-all-kinds", _fields_of_all_kinds, brief=True)


async def _config_maps(s: Session, count: int = 5) -> str:
    """Five ConfigMaps; the revision of the first."""
    first = ""
    for number in range(count):
        body = {"metadata": {"name": f"c{number}", "labels": {"a": str(number), **({"b": "x"} if number % 2 else {})}}, "data": {"n": str(number)}}
        made = await s.quiet("POST", f"{s.core}/configmaps", body)
        first = first or made.at("metadata.resourceVersion")
    return first


async def _options(s: Session) -> None:
    """Every combination of resourceVersion, match and limit; with a continue token as well."""
    first = await _config_maps(s)
    root = f"{s.core}/configmaps"
    page = await s.quiet("GET", f"{root}?limit=2")
    revisions = {"": "", "0": "0", "first": first, "future": "999999999", "bad": "abc", "negative": "-1"}
    matches = ("", "Exact", "NotOlderThan", "Wrong")
    for (name, revision), match, limit in product(revisions.items(), matches, ("", "2", "0")):
        given = {"resourceVersion": revision, "resourceVersionMatch": match, "limit": limit}
        if name == "future" and match not in ("", "Exact"):
            continue  # three seconds each
        if name == "future" and (match, limit) not in (("", ""), ("Exact", "2")):
            continue
        query = "&".join(f"{key}={value}" for key, value in given.items() if value)
        await s.ask("GET", f"{root}?{query}", note=name)
    token = page.at("metadata.continue")
    for (name, revision), match, limit in product(revisions.items(), matches, ("", "2")):
        if name != "future":
            query = "&".join(f"{key}={value}" for key, value in (("resourceVersion", revision), ("resourceVersionMatch", match), ("limit", limit)) if value)
            await s.ask("GET", f"{root}?continue={token}&{query}", note=f"{name}, continued")


async def _chunks(s: Session) -> None:
    await _config_maps(s)
    root = f"{s.core}/configmaps"
    for selector in ("", "&labelSelector=b%3Dx", "&fieldSelector=metadata.name!%3Dc0"):
        for accept in (None, _TABLE, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"):
            token, rounds = "", 0
            while rounds == 0 or (token and rounds < 5):
                page = await s.ask("GET", f"{root}?limit=2{selector}&continue={token}", Accept=accept)
                token, rounds = page.at("metadata.continue"), rounds + 1
    page = await s.ask("GET", f"{root}?limit=2")
    await s.ask("DELETE", f"{root}/c3")
    await s.ask("POST", root, {"metadata": {"name": "c2a"}})
    await s.ask("GET", f"{root}?limit=2&continue={page.at('metadata.continue')}", note="as of the first page")
    await s.ask("GET", f"{root}?continue={page.at('metadata.continue')}", note="all that is left")
    await s.ask("GET", f"{root}?limit=5", note="exactly as many")
    await s.ask("GET", f"{root}?limit=1000000000000")
    await s.ask("GET", f"/api/v1/configmaps?limit=1&labelSelector=a%3D1&fieldSelector=metadata.namespace%3D{s.namespace}")


async def _continue_tokens(s: Session) -> None:
    await _config_maps(s)
    root = f"{s.core}/configmaps"
    token = (await s.quiet("GET", f"{root}?limit=2")).at("metadata.continue")
    for bad in ("bad", "bad!", "e30", "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ", "bnVsbA", "W10", "eyJ2IjoiYSIsInJ2IjoxLCJzdGFydCI6IngifQ",
                "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJ4In0", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi94In0"):  # fmt: skip
        await s.ask("GET", f"{root}?limit=2&continue={bad}", note=bad)
    await s.ask("GET", f"{s.core}/secrets?limit=2&continue={token}", note="of another resource")
    await s.ask("GET", f"{root}?continue={token}&watch=true", note="on a watch")
    await s.ask("DELETE", f"{root}?dryRun=All&limit=1&continue={token}", note="on a deletion")


async def _labels(s: Session) -> None:
    await _config_maps(s)
    for selector in _LABELS:
        await s.ask("GET", f"{s.core}/configmaps?labelSelector={quote(selector)}", note=selector, Accept="application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")


async def _fields(s: Session) -> None:
    pod = {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False}
    await s.quiet("POST", f"{s.core}/pods", {"metadata": {"name": "one"}, "spec": pod})
    await s.quiet("POST", f"{s.core}/pods", {"metadata": {"name": "two"}, "spec": {**pod, "nodeName": "x", "restartPolicy": "Never"}})
    for selector in _FIELDS:
        await s.ask("GET", f"{s.core}/pods?fieldSelector={quote(selector)}", note=selector, Accept="application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")


async def _fields_of_kinds(s: Session) -> None:
    for root, selectors in _SELECTABLE.items():
        for selector in selectors:
            await s.ask("GET", f"{root}?labelSelector=none&fieldSelector={quote(selector)}", note=selector)


async def _get(s: Session) -> None:
    first = await _config_maps(s, 1)
    path = f"{s.core}/configmaps/c0"
    for revision in ("", "0", first, "abc", "-1"):
        await s.ask("GET", f"{path}?resourceVersion={revision}")
    for query in ("resourceVersionMatch=Exact", "limit=1", "watch=false", "labelSelector=a", "nonsense=1", "export=true", "exact=true", "timeoutSeconds=x", "pretty", "pretty=false"):
        await s.ask("GET", f"{path}?{query}")
    await s.ask("HEAD", path)
    await s.ask("GET", f"{path}/")
    await s.ask("GET", f"{s.core}//configmaps/c0")
    await s.ask("GET", f"{s.core}/configmaps/c0%2Fx")
    await s.ask("GET", f"{s.core}/configmaps/C0")


async def _parameters(s: Session) -> None:
    await _config_maps(s, 2)
    root = f"{s.core}/configmaps"
    for query in (
        "limit=x", "limit=-1", "limit=1.5", "limit=", "limit=99999999999999999999", "limit=1&limit=2", "timeoutSeconds=x", "timeoutSeconds=-1", "timeoutSeconds=5",
        "sendInitialEvents=true", "sendInitialEvents=false", "sendInitialEvents=x", "allowWatchBookmarks=x", "allowWatchBookmarks=true", "watch=0", "watch=false", "watch=FALSE", "nonsense=1",
        "resourceVersion=1e3", "resourceVersion=%20", "resourceVersion=00", "resourceVersion=18446744073709551616", "labelSelector", "fieldSelector", "labelSelector=a&labelSelector=b",
        "includeObject=Object", "pretty=true", "pretty=1", "pretty=0", "pretty=nonsense", "%zz", "a=%zz", "labelSelector=%zz", "limit=1;watch=true", "&&&", "=",
    ):  # fmt: skip
        await s.ask("GET", f"{root}?{query}")
    for policy in ("None", "Metadata", "Object", "none", "Wrong", ""):
        await s.ask("GET", f"{root}?includeObject={policy}", Accept=_TABLE)
        await s.ask("GET", f"{root}/c0?includeObject={policy}", Accept=_TABLE)
    await s.ask("GET", root, User_Agent="curl/8.0")
    await s.ask("GET", root, User_Agent="Mozilla/5.0 (X11)")
    await s.ask("GET", f"{root}?pretty=false", User_Agent="curl/8.0")
    await s.ask("GET", f"{root}/absent", User_Agent="curl/8.0")


async def _all_namespaces(s: Session) -> None:
    await _config_maps(s, 2)
    await s.ask("GET", f"/api/v1/configmaps?fieldSelector=metadata.namespace%3D{s.namespace}")
    await s.ask("GET", f"/api/v1/configmaps?fieldSelector=metadata.namespace%3D{s.namespace},metadata.name%3Dc0")
    await s.ask("GET", "/api/v1/namespaces//configmaps?labelSelector=none")
    await s.ask("GET", "/api/v1/namespaces/absent/configmaps")
    await s.ask("GET", "/api/v1/namespaces/absent/configmaps/x")
    await s.ask("GET", "/api/v1/namespaces/BAD_NAME/configmaps")
    await s.ask("GET", "/api/v1/configmaps/c0")


async def _pages(s: Session, url: str, count: int = 4, accept: str = _PARTIAL_LIST) -> None:
    """So many pages at most."""
    token = ""
    for number in range(count):
        if number == 0 or token:
            token = (await s.ask("GET", f"{url}&continue={token}" if token else url, Accept=accept)).at("metadata.continue")


async def _one_name(s: Session) -> None:
    """Selectors that let one object or one namespace through: nothing is behind them."""
    first = await _config_maps(s, 4)
    await s.quiet("DELETE", f"{s.core}/configmaps/c3")
    for limit, name in product(("1", "3", "4"), ("%3Dc0", "%3Dc3", "!%3Dc2", "%3Dzz")):
        for revision in ("", "&resourceVersion=0", f"&resourceVersion={first}", f"&resourceVersion={first}&resourceVersionMatch=Exact"):
            await _pages(s, f"{s.core}/configmaps?limit={limit}&fieldSelector=metadata.name{name}{revision}")
        for more in ("", f",metadata.name{name}"):
            await s.ask("GET", f"/api/v1/configmaps?limit={limit}&fieldSelector=metadata.namespace%3D{s.namespace}{more}", Accept=_PARTIAL_LIST)
    for namespace in ("UP", "a/b", "..", ""):
        await s.ask("GET", f"/api/v1/configmaps?limit=1&labelSelector=none&fieldSelector=metadata.namespace%3D{namespace},metadata.name=c0")


async def _names(s: Session) -> None:
    """Names and namespaces that name nothing."""
    for name in (".", "..", "a%25b", "a%20b", "UPPER", "x" * 300, "%00", "a..b", "a%0Ab"):
        for root in (f"{s.core}/configmaps", f"{s.core}/events", "/api/v1/nodes", "/api/v1/namespaces", "/apis/rbac.authorization.k8s.io/v1/clusterroles"):
            for method, body in (("GET", None), ("DELETE", None), ("PUT", {"metadata": {"name": "x"}}), ("PATCH", {"data": {}})):
                await s.ask(method, f"{root}/{name}", body)
            await s.ask("PATCH", f"{root}/{name}?fieldManager=m", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", Content_Type=APPLY_PATCH)
    made = {"metadata": {"name": "x"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    for namespace in ("", ".", "..", "UPPER", "a%25b", "x" * 64):
        root = f"/api/v1/namespaces/{namespace}/pods"
        for method, url in (("GET", root), ("POST", root), ("DELETE", root), ("GET", f"{root}/x"), ("PUT", f"{root}/x"), ("PATCH", f"{root}/x"), ("DELETE", f"{root}/x"),
                            ("GET", f"{root}/x/status"), ("GET", f"{root}/x/log"), ("POST", f"{root}/x/eviction"), ("POST", f"{root}/x/binding")):  # fmt: skip
            await s.ask(method, f"{url}?labelSelector=none", made if method in ("POST", "PUT", "PATCH") else None)


async def _events(s: Session) -> None:
    """What upstream keeps out of its watch cache: pages also at resourceVersion 0, and other refusals."""
    root, made = f"{s.core}/events", {"reason": "r", "involvedObject": {"namespace": s.namespace}}
    revisions = {"": "", "0": "0"}
    for number in range(6):
        answer = await s.quiet("POST", root, {"metadata": {"name": f"e{number}"}, "type": "Warning" if number % 2 else "Normal", **made})
        revisions.setdefault("first", answer.at("metadata.resourceVersion"))
    await s.quiet("DELETE", f"{root}/e5")
    for (name, revision), match, limit in product(revisions.items(), ("", "Exact", "NotOlderThan"), ("", "2", "5")):
        for selector in ("", "fieldSelector=type%3DWarning", "fieldSelector=metadata.name%3De3"):
            query = f"resourceVersion={revision}&resourceVersionMatch={match}&limit={limit}&{selector}" if match else f"resourceVersion={revision}&limit={limit}&{selector}"
            await s.ask("GET", f"{root}?{query}", note=name, Accept=_PARTIAL_LIST)
    for limit in range(1, 6):
        for selector in ("type%3DWarning", "metadata.name%3De1", "metadata.name!%3De1"):
            await _pages(s, f"{root}?limit={limit}&fieldSelector={selector}")
    for revision in ("999999999", "x", "-1"):
        for query in (f"resourceVersion={revision}", f"resourceVersion={revision}&limit=2", f"resourceVersion={revision}&resourceVersionMatch=Exact"):
            await s.ask("GET", f"{root}?{query}")
        for name in ("e1", "absent"):
            await s.ask("GET", f"{root}/{name}?resourceVersion={revision}")


async def _indexed(s: Session) -> None:
    """Where upstream has an index, a page is the last one when the index has no more."""
    spec = {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False}
    for number in range(9):
        node = {"nodeName": "n1"} if number in (1, 4, 7) else {"nodeName": "n2"} if number == 8 else {}
        await s.quiet("POST", f"{s.core}/pods", {"metadata": {"name": f"p{number}", "labels": {"m": str(number % 2)}}, "spec": {**spec, **node}})
    for limit, selector in product((1, 2, 3, 5), ("%3Dn1", "%3Dn2", "%3D", "!%3Dn1", "%3Dn1&labelSelector=m%3D1", "%3Dn1,metadata.name%3Dp4", "%3Dn1,status.phase%3DPending")):
        await _pages(s, f"{s.core}/pods?limit={limit}&fieldSelector=spec.nodeName{selector}", 3)
        await _pages(s, f"{s.core}/pods?limit={limit}&fieldSelector=spec.nodeName{selector}&resourceVersion=1&resourceVersionMatch=NotOlderThan", 1)


async def _paths(s: Session) -> None:
    for path in (
        "/api/v1/watch", "/api/v1/watch/?a=<b>&c", "/api/v1/proxy", "/apis//v1/deployments", "/openapi/v2/", "/openapi/v3/", "/metrics/", "/healthz/", "//", "/api/v1/namespaces/default/namespaces/default",
        "/api/v1/namespaces/default/nodes/x", "/api/v1//namespaces", "/api//v1", f"{s.core}/configmaps//", "/apis/apps/v1/watch/namespaces/default/deployments/x/status",
    ):  # fmt: skip
        for method in ("GET", "POST", "DELETE"):
            await s.ask(method, path, {} if method == "POST" else None)


async def _syntax(s: Session) -> None:
    await _config_maps(s)
    for selector in _MORE_LABELS:
        await s.ask("GET", f"{s.core}/configmaps?labelSelector={quote(selector)}", note=selector, Accept=_PARTIAL_LIST)
    for selector in _MORE_FIELDS:
        for method in ("GET", "DELETE"):
            await s.ask(method, f"{s.core}/configmaps?dryRun=All&fieldSelector={quote(selector)}", note=selector, Accept=_PARTIAL_LIST)


async def _fields_of_all_kinds(s: Session) -> None:
    for kind in all_kinds():
        for label in ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "status.phase", "name", "type", "a"):
            await s.ask("GET", f"{kind.path(s.namespace)}?labelSelector=none&fieldSelector={label}=x")
        await s.ask("DELETE", f"{kind.path(s.namespace)}?dryRun=All&labelSelector=none&fieldSelector=a=x")
