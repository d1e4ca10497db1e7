"""How much of upstream's own validation the scripts reach: they run against a kube-apiserver with coverage. Called by __main__.py (`reach`).

The ledger has, for each source file, how many of its places that refuse or warn were run, and those that were not, with the reason
where there is one (reach_explained.yaml).
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from conformance.differential import runner, servers
from conformance.differential.coverage import Place, places
from conformance.differential.script import Script

LEDGER = Path(__file__).parent.parent / "ledger" / "reach.yaml"
_EXPLAINED = Path(__file__).parent / "reach_explained.yaml"
_UNSERVED = re.compile(r"/v\d+(alpha|beta)\d+/|/apis/(apiserverinternal|imagepolicy|abac|lifecycle)/|/registry/(apiserverinternal|rest)/|/apiserver/pkg/apis/|testing|/fuzzer/|/nodedeclaredfeatures/"
    r"|/admission/(imagepolicy|eventratelimit|alwayspullimages|namespace/(autoprovision|exists)|podnodeselector|plugin/manifest|certificates/ctbattest"
    r"|extendedresourcetoleration|nodedeclaredfeatures|admit|deny|podtolerationrestriction|runtimeclass/x|securitycontext)/"
    r"|/customresource/|/apiserver/customresource_handler|/schema/(listtype|pruning|defaulting)/")
"""Not of the resources and plugins that a server has by default; what is done to custom resources has tests of its own."""


async def run(scripts: Iterable[Script]) -> list[Place]:
    """Every place in the code of resources served by default, after the scripts have run."""
    with tempfile.TemporaryDirectory() as directory:
        await runner.run_at(partial(servers.upstream, coverage=Path(directory)), scripts)
        return [place for place in places(Path(directory)) if not _UNSERVED.search(place.file)]


def write(found: list[Place]) -> None:
    LEDGER.write_text("# Written by `python -m conformance.differential reach`.\n" + yaml.safe_dump(document(found), sort_keys=False, width=200, allow_unicode=True))


def document(found: list[Place]) -> dict[str, Any]:
    """Totals by what the places do, and by file: reached and of how many; what is not reached, by reason."""
    reasons = _reasons()
    files: dict[str, list[Place]] = defaultdict(list)
    for place in found:
        files[place.file].append(place)
    return {"totals": {what: _score([p for p in found if p.what == what], reasons) for what in sorted({p.what for p in found})}} | {
        "files": {file: _score(inside, reasons) | _unreached(inside, reasons) for file, inside in files.items()}
    }


def _score(inside: list[Place], reasons: list[tuple[re.Pattern[str], str]]) -> dict[str, int]:
    missing = [place for place in inside if not place.reached]
    return {"places": len(inside), "reached": len(inside) - len(missing), "explained": sum(bool(reason(place, reasons)) for place in missing)}


def _unreached(inside: list[Place], reasons: list[tuple[re.Pattern[str], str]]) -> dict[str, Any]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for place in inside:
        if not place.reached:
            by_reason[reason(place, reasons) or "not reached"].append(str(place))
    return {why: " ".join(named) for why, named in sorted(by_reason.items())}


def _reasons() -> list[tuple[re.Pattern[str], str]]:
    """Reason by regular expressions over `file function:line`, the first that is found counts."""
    listed = yaml.safe_load(_EXPLAINED.read_text()) if _EXPLAINED.exists() else {}
    return [(re.compile(pattern), why) for why, patterns in listed.items() for pattern in patterns]


def reason(place: Place, reasons: list[tuple[re.Pattern[str], str]]) -> str:
    """Why a place is not reached, "" when nobody knows."""
    return next((why for pattern, why in reasons if pattern.search(f"{place.file} {place}")), "")
