"""What the benchmarks make of their measurements; the measuring itself is `make benchmark`."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import chart, report
from benchmarks.results import Measurement, Results
from benchmarks.rows import ROWS, chosen, groups
from benchmarks.servers import SETS


def results(**rows: tuple[list[Measurement], list[Measurement]]) -> Results:
    found = Results()
    for name, sides in rows.items():
        for side, rounds in zip(("upstream", "kcompat"), sides, strict=True):
            for measured in rounds:
                found.add(name.replace("_", "-"), side, measured)
    return found


def per_second(rate: float, cpu: float = 0.001, seconds: float = 2.0) -> Measurement:
    return Measurement(int(rate * seconds), seconds, cpu * rate * seconds, 50.0)


def test_medians_decide() -> None:
    found = results(get_configmap=([per_second(100), per_second(110), per_second(1000)], [per_second(1), per_second(300), per_second(310)]))
    (line,) = [line for line in report.table(found).splitlines() if line.startswith("| get ConfigMap")]
    assert "| 110/s · 1,000 µs | 300/s · 1,000 µs | 2.73 | 1.00 |" in line
    assert line.endswith("≥ 2× and ≤ 1/4 CPU | no |"), "the rate would do, the CPU does not"


def test_absolute_limits_count() -> None:
    found = results(
        deployment_bound=([per_second(100, seconds=7)], [per_second(1000, seconds=1.5)]), start=([], [per_second(1, seconds=1.2)])
    )
    lines = report.table(found).splitlines()
    assert lines[2].split("|")[4].strip() == "4.67"
    assert lines[2].endswith("≤ 2 s | yes |")
    assert lines[3].split("|")[2].strip() == "–"
    assert lines[3].endswith("≤ 1 s | no |")


def test_the_circumstances_are_told() -> None:
    quiet, busy = Measurement(1, 1.0, 1.0, 1.0, 0.25), Measurement(1, 1.0, 1.0, 1.0, 15.5)
    found = results(get_configmap=([quiet], [busy]), create_pod=([quiet, busy], [busy]))
    assert report.table(found).splitlines()[-1].endswith("rounds: 1 to 2; load average of the machine before a measurement: 0.2 to 15.5.")


def test_recorded_rows_replace_those_of_their_name(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.json"
    results(get_configmap=([per_second(100)], [per_second(200)]), create_pod=([per_second(10)], [per_second(20)])).write(file)
    kept = Results.read(file)
    kept.replace(results(create_pod=([per_second(10)], [per_second(50)])))
    kept.write(file)
    again = Results.read(file)
    assert [(name, row.median("kcompat").rate) for name, row in again.rows.items() if row.median("kcompat")] == [
        ("get-configmap", 200),
        ("create-pod", 50),
    ]


def test_prose_around_the_table_is_kept(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    for text in ("new", "newer"):
        report.insert(page, text)
    assert page.read_text() == f"before\n{report.BEGIN}\nnewer\n{report.END}\nafter\n"


def test_chart_is_svg_with_a_bar_for_what_was_compared() -> None:
    found = results(get_configmap=([per_second(100)], [per_second(250)]), deployment_running=([], [per_second(500)]))
    picture = ElementTree.fromstring(chart.svg(found))
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "get ConfigMap" in texts
    assert "2.5" in texts
    assert not any("Running" in str(text) for text in texts), "nothing to compare with"


def test_rows_are_chosen_by_name_and_share_servers() -> None:
    assert [row.name for row in chosen("create-pod,get-configmap")] == ["get-configmap", "create-pod"]
    assert chosen("") == list(ROWS)
    with pytest.raises(ValueError, match="no row nonsense"):
        chosen("nonsense")
    grouped = groups(list(ROWS))
    assert sorted(row.name for _, rows in grouped for row in rows) == sorted(row.name for row in ROWS)
    assert all(servers in SETS for servers, _ in grouped)
    assert all(len(rows) == 1 for _, rows in grouped if rows[0].alone)


def test_the_page_has_a_place_for_the_table() -> None:
    page = (Path(__file__).parent.parent / "docs" / "benchmarks.md").read_text()
    assert page.count(report.BEGIN) == page.count(report.END) == 1
