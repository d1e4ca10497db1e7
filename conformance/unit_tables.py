"""Upstream's unit tables through our code: runs the tests that read them from the Go module cache and counts into ledger/unit_tables.yaml.

    python -m conformance.unit_tables        (exit 1 when less than 99 % pass)

The tests themselves are ordinary ones of `tests/` and run with all others; `make tools` brings the modules.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from conformance.upstream_tables import record

ROOT = Path(__file__).parent.parent
FILE = ROOT / "conformance" / "ledger" / "unit_tables.yaml"
TABLES = {
    "apimachinery/schema/test_upstream_round_trip.py": "k8s.io/api testdata: JSON, YAML and protobuf",
    "apimachinery/test_patch_strategic.py::test_upstreams_tables": "apimachinery strategicpatch: strategic merge patches",
    "apimachinery/apply/test_upstream_merge.py": "structured-merge-diff merge: updates and applies",
    "apimachinery/apply/test_upstream_typed.py": "structured-merge-diff typed: comparing, merging, removing, owning, checking",
    "admission/test_pod_security_fixtures.py": "pod-security-admission testdata: pods of every level and version, those that pass and those that fail",
    "registry/test_upstream_tables.py::test_rows": "printers: objects and their rows",
    "registry/test_upstream_tables.py::test_defaults": "defaults of served versions, and what conversions normalise",
    "registry/test_upstream_tables.py::test_warnings": "warnings of pods, services, jobs, volumes, claims, classes",
    "registry/test_upstream_tables.py::test_dropped_fields": "fields of pods dropped while their gates are off",
    "registry/test_upstream_tables.py::test_prepared": "strategies: what they make of objects before a create or an update",
}
LEFT_OUT = [
    "printers, defaults, warnings, dropped fields, strategies: kinds and versions that a server does not serve by default; defaults of flow control; what"
    " tests ask with gates moved is asked with the gates at their defaults",
    "k8s.io/api testdata: alpha and beta versions that a server does not serve by default; WatchEvent, which is no object",
    "strategicpatch: the making of patches, which is the client's",
    "structured-merge-diff: TestMultipleAppliersReliantFieldsConversions (its converter is Go code), TestIgnoredFields (an older form of"
    " TestIgnoreFilter), TestFilteredFieldsUsesVersions (what a strategy resets is the same in all versions)",
]
_HEAD = "# Written by `python -m conformance.unit_tables`; do not edit. Upstream's tables: how many of their cases pass, and which do not.\n"


class Outcomes:
    """A pytest plugin: outcome by table and case."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, str]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A case's result; skipped are those of which upstream does not say what comes out, and all without the module cache."""
        if report.when == "call" or report.skipped:
            table = next(title for file, title in TABLES.items() if file in report.nodeid)
            self.tables[table][report.nodeid.partition("[")[2].rstrip("]")] = report.outcome

    def tree(self) -> dict[str, object]:
        """What the ledger holds."""
        counted = {table: [outcome for outcome in cases.values() if outcome != "skipped"] for table, cases in self.tables.items()}
        passed = {table: f"{outcomes.count('passed')} of {len(outcomes)}" for table, outcomes in counted.items()}
        failed = {table: [case for case, outcome in cases.items() if outcome == "failed"] for table, cases in self.tables.items()}
        return {"passed": passed, "failed": {table: cases for table, cases in failed.items() if cases}, "left out": LEFT_OUT}

    def share(self) -> float:
        """How many of all cases pass, 0 to 1."""
        outcomes = [outcome for cases in self.tables.values() for outcome in cases.values() if outcome != "skipped"]
        return outcomes.count("passed") / len(outcomes) if outcomes else 0.0


def main() -> int:
    outcomes = Outcomes()
    for name in record.missing():
        print(f"{name}: {record.record(name)} cases recorded", flush=True)
    pytest.main(["-q", "-p", "no:cacheprovider", *(str(ROOT / "tests" / file) for file in TABLES)], plugins=[outcomes])
    FILE.write_text(_HEAD + yaml.safe_dump(outcomes.tree(), sort_keys=False, width=160, allow_unicode=True))
    print(f"{outcomes.share():.2%} of upstream's cases pass")
    return 0 if outcomes.share() >= 0.99 else 1


if __name__ == "__main__":
    sys.exit(main())
