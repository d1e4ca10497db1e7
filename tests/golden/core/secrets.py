"""Cases for Secrets; see ../record.py."""

from base64 import b64encode

RESOURCE = ("", "v1", "secrets")
KIND = "Secret"
BASE = {"metadata": {"name": "base"}, "data": {"key": "dmFsdWU="}}
DOCKER, DOCKER_JSON, TLS = "kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson", "kubernetes.io/tls"


def text(value: str) -> str:
    return b64encode(value.encode()).decode()


CASES = [
    ("minimal", "create", {"data": None}),
    ("string data", "create", {"stringData": {"key": "wins", "other": "x"}, "immutable": False}),
    ("own type", "create", {"type": "example.com/mine"}),
    ("bad keys", "create", {"data/not valid": "", "data/..": ""}),
    ("token without account", "create", {"type": "kubernetes.io/service-account-token"}),
    ("token", "create", {"type": "kubernetes.io/service-account-token", "metadata/annotations": {"kubernetes.io/service-account.name": "x"}}),
    ("docker without data", "create", {"type": DOCKER}),
    ("docker", "create", {"type": DOCKER, "data/.dockercfg": text("{}")}),
    ("docker of a list", "create", {"type": DOCKER, "data/.dockercfg": text("[]")}),
    ("docker of a string", "create", {"type": DOCKER, "data/.dockercfg": text('"x"')}),
    ("docker of a number", "create", {"type": DOCKER, "data/.dockercfg": text("1.5")}),
    ("docker of null", "create", {"type": DOCKER, "data/.dockercfg": text("null")}),
    ("docker of nothing", "create", {"type": DOCKER_JSON, "data/.dockerconfigjson": ""}),
    ("docker of no JSON", "create", {"type": DOCKER_JSON, "data/.dockerconfigjson": text("hello")}),
    ("docker of half JSON", "create", {"type": DOCKER_JSON, "data/.dockerconfigjson": text('{"a":')}),
    ("docker JSON without data", "create", {"type": DOCKER_JSON}),
    ("basic auth without data", "create", {"type": "kubernetes.io/basic-auth"}),
    ("basic auth with a password", "create", {"type": "kubernetes.io/basic-auth", "data/password": ""}),
    ("ssh without data", "create", {"type": "kubernetes.io/ssh-auth"}),
    ("ssh with an empty key", "create", {"type": "kubernetes.io/ssh-auth", "data/ssh-privatekey": ""}),
    ("TLS without data", "create", {"type": TLS}),
    ("TLS without sense", "create", {"type": TLS, "data/tls.crt": "", "data/tls.key": ""}),
    ("TLS of something else", "create", {"type": TLS, "data/tls.crt": text("hello"), "data/tls.key": text("hello")}),
    ("unknown base64", "create", {"data/key": "not base64"}),
    ("update", "update", {"data/key": "AA=="}),
    ("type removed", "update", {"type": None}, {"type": "example.com/mine"}),
    ("other type", "update", {"type": "example.com/other"}, {"type": "example.com/mine"}),
    ("update of immutable", "update", {"data/key": "AA=="}, {"immutable": True}),
    ("immutable no more", "update", {"immutable": False, "type": "x"}, {"immutable": True}),
    ("table", "table", {}),
]
