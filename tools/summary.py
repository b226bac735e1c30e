"""What make test ran: a line for each stage named, and the sum of the tests in their JUnit reports.

A stage that failed without a failed test in a report counts as one failure, as does one that never ended.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

REPORTS = Path(".cache/reports")


def count(report: Path) -> Counter[str]:
    """Tests passed, failed and skipped in one JUnit report."""
    counts: Counter[str] = Counter(passed=0, failed=0, skipped=0)
    for case in ElementTree.parse(report).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            counts["failed"] += 1
        elif "skipped" in outcomes:
            counts["skipped"] += 1
        else:
            counts["passed"] += 1
    return counts


def line(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped"))


def summarise(stage: str) -> tuple[str, Counter[str]]:
    """The line to print for a stage, and its tests."""
    reports = [REPORTS / f"{stage}.xml", *sorted(REPORTS.glob(f"{stage}-*.xml"))]
    counts = sum((count(report) for report in reports if report.exists()), Counter())
    record, note = REPORTS / f"{stage}.stage", REPORTS / f"{stage}.note"
    status, seconds = record.read_text().split() if record.exists() else ("did not end", "?")
    what = line(counts) if counts.total() else "; ".join(note.read_text().splitlines()) if note.exists() else ""
    if status != "0" and not counts["failed"]:
        counts["failed"] += 1
    return f"{stage:10} {'ok' if status == '0' else 'FAILED':6} {seconds:>5} s  {what}", counts


def main(stages: list[str]) -> int:
    total: Counter[str] = Counter()
    for stage in stages:
        text, counts = summarise(stage)
        print(text)
        total.update(counts)
    print(line(total))
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
