"""ClusterTrustBundle (upstream: pkg/registry/certificates/clustertrustbundle, pkg/apis/certificates/validation)."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery.field import FieldError, Path, invalid, too_long
from kcompat.apimachinery.names import byte_length
from kcompat.apimachinery.validation import immutable
from kcompat.registry.declare import Tree
from kcompat.registry.rules.certificates import anchor_problems
from kcompat.registry.rules.plain import PlainRules
from kcompat.registry.rules.signer_name import bundle_name_messages, signer_name

_SIGNER, _BUNDLE = Path("spec", "signerName"), Path("spec", "trustBundle")
_MAX_SIZE = 1024 * 1024


class ClusterTrustBundleRules(PlainRules):
    allow_unconditional_update = False

    def validate_own_name(self, obj: Tree, name: str, prefix: bool) -> Sequence[str]:
        return bundle_name_messages(name, obj["spec"].get("signerName", ""), prefix)

    def validate(self, obj: Tree) -> list[FieldError]:
        bundle = obj["spec"].get("trustBundle", "")
        errors = self._signer(obj)
        if byte_length(bundle) > _MAX_SIZE:
            return [*errors, too_long(_BUNDLE, _MAX_SIZE)]
        return errors + [invalid(_BUNDLE, "<value omitted>", problem) for problem in anchor_problems(bundle.encode())]

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        same = new["spec"].get("trustBundle") == old["spec"].get("trustBundle")
        errors = self._signer(new) if same else self.validate(new)
        return errors + immutable(new["spec"].get("signerName", ""), old["spec"].get("signerName", ""), _SIGNER)

    def _signer(self, obj: Tree) -> list[FieldError]:
        signer = obj["spec"].get("signerName", "")
        return signer_name(signer, _SIGNER) if signer else []
