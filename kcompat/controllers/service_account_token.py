"""Fills secrets of type kubernetes.io/service-account-token, and removes those whose service account is gone
(upstream: pkg/controller/serviceaccount/tokens_controller.go). Without a signing key in the settings it does nothing.
"""

from __future__ import annotations

from base64 import b64encode

from kcompat.apimachinery import meta
from kcompat.apimachinery.errors import StatusError
from kcompat.client.interface import Tree
from kcompat.client.resources import SECRETS, SERVICE_ACCOUNTS
from kcompat.controllers.controller import Context, controller

TYPE = "kubernetes.io/service-account-token"
NAME = "kubernetes.io/service-account.name"
UID = "kubernetes.io/service-account.uid"
ONLY_TOKENS = f"type={TYPE}"
"""Field selector: of all secrets a cluster may hold, these are few."""
_SECRET, _GONE, _REFERENCE = "secret", "gone", "reference"


def wanted_data(secret: Tree, root_ca: str) -> dict[str, str]:
    """What the data of a secret lacks, apart from the token itself (upstream: secretUpdateNeeded). Pure."""
    data, wanted = secret.get("data") or {}, {}
    authority = b64encode(root_ca.encode()).decode()
    if root_ca and data.get("ca.crt") != authority:
        wanted["ca.crt"] = authority
    if not data.get("namespace"):
        wanted["namespace"] = b64encode(meta.namespace(secret).encode()).decode()
    return wanted


def is_of(secret: Tree, name: str, uid: str) -> bool:
    annotations = meta.annotations(secret)
    return secret.get("type") == TYPE and annotations.get(NAME) == name and annotations.get(UID) == uid


@controller("serviceaccount-token-controller", account="", component="serviceaccount-token-controller", workers=5)
class ServiceAccountTokenController:
    """Keys are `secret/namespace/name`; `gone/namespace/name/uid` of an account that is no more; and `reference/namespace/account/secret`
    of a secret that is no more, which the account may still list."""

    def __init__(self, context: Context) -> None:
        self._queue = context.queue
        self._sign, self._root_ca = context.settings.sign_token, context.settings.root_ca
        self._secrets_client = context.client.of(SECRETS)
        self._accounts_client = context.client.of(SERVICE_ACCOUNTS)
        self._secrets = context.watch(SECRETS, self._secret_changed, field_selector=ONLY_TOKENS)
        self._accounts = context.watch(SERVICE_ACCOUNTS, self._account_changed)

    def _secret_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is not None:
            self._queue.add(f"{_SECRET}/{meta.key(new)}")
        elif old is not None and (account := meta.annotations(old).get(NAME)):
            self._queue.add(f"{_REFERENCE}/{meta.namespace(old)}/{account}/{meta.name(old)}")

    def _account_changed(self, old: Tree | None, new: Tree | None) -> None:
        if new is None and old is not None:
            self._queue.add(f"{_GONE}/{meta.key(old)}/{meta.uid(old)}")

    async def reconcile(self, key: str) -> None:
        what, namespace, name, *more = key.split("/")
        if self._sign is None:
            return
        if what == _SECRET:
            await self._sync_secret(namespace, name)
        elif what == _GONE:
            await self._delete_tokens(namespace, name, *more)
        else:
            await self._forget(namespace, name, *more)

    async def _sync_secret(self, namespace: str, name: str) -> None:
        secret = self._secrets.get(namespace, name)
        if secret is None or not meta.annotations(secret).get(NAME):
            return
        account = await self._account_of(secret)
        if account is None:
            await self._delete(secret)
        else:
            await self._fill(secret, account)

    async def _account_of(self, secret: Tree) -> Tree | None:
        """The account a secret names, asked of the server too: it may be younger than what is known here."""
        namespace, name = meta.namespace(secret), meta.annotations(secret)[NAME]
        uid = meta.annotations(secret).get(UID)
        known = self._accounts.get(namespace, name)
        if known is None or uid not in (None, "", meta.uid(known)):
            try:
                known = await self._accounts_client.get(name, namespace)
            except StatusError as error:
                if error.code != 404:
                    raise
                return None
        return known if uid in (None, "", meta.uid(known)) else None

    async def _fill(self, secret: Tree, account: Tree) -> None:
        assert self._sign is not None
        data = wanted_data(secret, self._root_ca)
        if not (secret.get("data") or {}).get("token"):
            data["token"] = b64encode(self._sign(account, secret).encode()).decode()
        if not data:
            return
        marked = meta.with_annotations(secret, {NAME: meta.name(account), UID: meta.uid(account)})
        try:
            await self._secrets_client.update({**marked, "data": {**(secret.get("data") or {}), **data}})
        except StatusError as error:
            if error.reason not in ("Conflict", "NotFound"):  # its next state will come, or never
                raise

    async def _delete_tokens(self, namespace: str, name: str, uid: str) -> None:
        for secret in self._secrets.list(namespace):
            if is_of(secret, name, uid):
                await self._delete(secret)

    async def _delete(self, secret: Tree) -> None:
        try:
            await self._secrets_client.delete(meta.name(secret), meta.namespace(secret), uid=meta.uid(secret))
        except StatusError as error:
            if error.reason not in ("Conflict", "NotFound"):
                raise

    async def _forget(self, namespace: str, name: str, secret: str) -> None:
        """Takes a secret out of the account's list, if it is there."""
        account = self._accounts.get(namespace, name)
        if account is None or self._secrets.get(namespace, secret) is not None:
            return
        listed = account.get("secrets") or []
        left = [reference for reference in listed if reference.get("name") != secret]
        if len(left) < len(listed):
            await self._accounts_client.update({**account, "secrets": left})
