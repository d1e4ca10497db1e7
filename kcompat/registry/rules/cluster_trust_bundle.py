"""ClusterTrustBundle (upstream: pkg/registry/certificates/clustertrustbundle, pkg/apis/certificates/validation)."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.field import FieldError, Path, invalid, too_long
from kcompat.apimachinery.names import byte_length
from kcompat.apimachinery.validation import immutable
from kcompat.registry.declare import Tree
from kcompat.registry.rules.certificates import anchor_problems
from kcompat.registry.rules.plain import PlainRules
from kcompat.registry.rules.signer_name import bundle_name_messages, signer_name

_NAME, _SIGNER, _BUNDLE = Path("metadata", "name"), Path("spec", "signerName"), Path("spec", "trustBundle")
_MAX_SIZE = 1024 * 1024


class ClusterTrustBundleRules(PlainRules):
    allow_unconditional_update = False

    def validate_name(self, name: str, prefix: bool) -> Sequence[str]:
        """Depends on the signer: checked with the rest."""
        return ()

    def validate(self, obj: Tree) -> list[FieldError]:
        bundle = obj["spec"].get("trustBundle", "")
        errors = self._names(obj)
        if byte_length(bundle) > _MAX_SIZE:
            return [*errors, too_long(_BUNDLE, _MAX_SIZE)]
        return errors + [invalid(_BUNDLE, "<value omitted>", problem) for problem in anchor_problems(bundle.encode())]

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        same = new["spec"].get("trustBundle") == old["spec"].get("trustBundle")
        errors = self._names(new) if same else self.validate(new)
        return errors + immutable(new["spec"].get("signerName", ""), old["spec"].get("signerName", ""), _SIGNER)

    def _names(self, obj: Tree) -> list[FieldError]:
        name, signer = meta.name(obj), obj["spec"].get("signerName", "")
        errors = [invalid(_NAME, name, problem) for problem in (bundle_name_messages(name, signer) if name else ())]
        return errors + (signer_name(signer, _SIGNER) if signer else [])
