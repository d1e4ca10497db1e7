"""The runner of upstream's conformance tests: what it chooses, what it reads from reports, what the ledger says then. Runs no test of upstream's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.e2e import __main__ as command
from conformance.e2e.catalogue import CLASSES, catalogue, chosen
from conformance.e2e.ledger import Ledger
from conformance.e2e.runner import Outcome, focus, outcomes

if TYPE_CHECKING:
    from conformance.e2e.catalogue import Test  # pytest would take it for tests

PASSED, FAILED = Outcome("pass", "", 2.0), Outcome("fail", "[FAILED] expected 1 pod-12345, got 2", 3.0)


def of_class(letter: str, *, vacuous: bool = False) -> list[Test]:
    return [test for test in catalogue() if test.test_class == letter and test.vacuous is vacuous]


def test_every_test_has_a_class_and_a_reason() -> None:
    assert len(catalogue()) == len({test.name for test in catalogue()}) == 462
    assert all(test.test_class in CLASSES and test.needs for test in catalogue())
    assert all("VACUOUS" in test.needs for test in catalogue() if test.vacuous)


def test_chosen_by_class_focus_and_sig() -> None:
    assert {test.test_class for test in chosen("", "", "")} == {"A", "B"}
    assert {test.sig for test in chosen("A,B", "", "apps")} == {"sig-apps"}
    assert all("Watchers" in test.name for test in chosen("A", "Watchers", ""))
    with pytest.raises(ValueError, match="no such class: X"):
        chosen("AX", "", "")


def test_the_focus_fits_these_tests_and_no_others() -> None:
    some = catalogue()[::7]
    pattern = re.compile(focus(some))
    assert [test for test in catalogue() if pattern.search(f"[It] {test.name}")] == list(some)


def test_reports_are_read(tmp_path: Path) -> None:
    cases = (
        ("passed", "1", "one", ""),
        ("failed", "2", "two", '<failure message="it broke"/>'),
        ("timedout", "400", "endless", "<error>cut</error>"),
        ("interrupted", "4", "held up", ""),
    )
    written = "".join(
        f'<testcase name="[It] {name}" status="{status}" time="{time}">{inner}</testcase>' for status, time, name, inner in cases
    )
    (tmp_path / "junit_01.xml").write_text(f'<testsuites><testcase name="[AfterSuite]" status="passed"/>{written}</testsuites>')
    assert outcomes(tmp_path) == {
        "one": Outcome("pass", "", 1.0),
        "two": Outcome("fail", "it broke", 2.0),
        "endless": Outcome("fail", "did not end: cut", 400.0),
    }


def test_the_ledger_keeps_what_was_seen(tmp_path: Path) -> None:
    passed, failed, vacuous, excluded = of_class("A")[0], of_class("A")[1], of_class("B", vacuous=True)[0], of_class("D")[0]
    ledger, beside = Ledger(tmp_path / "ledger.yaml"), Ledger(tmp_path / "ledger.yaml")
    ledger.record(passed.name, PASSED, "abc")
    ledger.record(vacuous.name, PASSED, "abc")
    ledger.write()
    beside.record(failed.name, FAILED, "abc+")
    beside.write()
    read = Ledger(tmp_path / "ledger.yaml")
    assert [read[test.name].result for test in (passed, failed, vacuous, excluded)] == ["pass", "fail", "vacuous", "excluded"]
    assert (read[failed.name].cause, read[failed.name].seen) == ("expected 1 pod-N, got 2", "abc+")
    assert read[excluded.name].cause.startswith("nodes are simulated: ")
    assert read[vacuous.name].cause == vacuous.needs


def test_a_check_takes_the_quickest_that_fit(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.yaml")
    quick, slow, failed = of_class("A")[:3]
    ledger.record(quick.name, Outcome("pass", "", 1), "abc")
    ledger.record(slow.name, Outcome("pass", "", 100), "abc")
    ledger.record(failed.name, FAILED, "abc")
    assert command.affordable(ledger, 20, 2) == [quick]
    assert command.affordable(ledger, 60, 2) == [quick, slow]


def test_failed_and_held_up_tests_run_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    steady, flaky, broken, held_up = some = of_class("A")[:4]
    attempts: list[list[Test]] = []

    def run(tests: list[Test], *_: object, **__: object) -> dict[str, Outcome]:
        attempts.append(tests)
        first = len(attempts) == 1
        results = {steady: PASSED, flaky: FAILED if first else PASSED, broken: FAILED} | ({} if first else {held_up: PASSED})
        return {test.name: results[test] for test in tests if test in results}

    monkeypatch.setattr(command, "run", run)
    monkeypatch.setattr(command, "REPORTS", tmp_path)
    options = command.options_of(["--retries", "1"])
    seen = list(command.slices(some, tmp_path / "kubeconfig", options, "abc"))
    assert attempts == [some, [flaky, broken, held_up]]
    assert seen[-1] == {flaky.name: PASSED, broken.name: FAILED, held_up.name: PASSED}
