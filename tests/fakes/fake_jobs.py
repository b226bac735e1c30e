"""Jobs in the background of a host that does not exist."""

from __future__ import annotations

from typing import Any

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.core.job import JobHave


class FakeProbes:
    """Every request is answered, except while the network is down."""

    def __init__(self) -> None:
        self._jobs: dict[str, dict[str, Any]] = {}

    def look(self, name: str) -> JobHave:
        job = self._jobs.get(name)
        if job is None:
            return JobHave()
        return JobHave(job["asked"], job["running"], None if job["running"] else self._result(job))

    def start(self, name: str, asked: dict[str, Any]) -> None:
        self._jobs[name] = {"asked": asked, "running": True, "gap": 0.0}

    def stop(self, name: str) -> None:
        if name in self._jobs:
            self._jobs[name]["running"] = False

    def remove(self, name: str) -> None:
        self._jobs.pop(name, None)

    def pass_time(self, seconds: float) -> None:
        for job in self._jobs.values():
            if seconds >= job["asked"]["duration"]:
                job["running"] = False

    def interrupt(self, seconds: float) -> None:
        for job in self._jobs.values():
            if job["running"]:
                job["gap"] = seconds

    @staticmethod
    def _result(job: dict[str, Any]) -> dict[str, Any]:
        return {
            "targets": [
                {"target": target, "longest_gap_seconds": job["gap"], "gap_count": int(job["gap"] > 0)}
                for target in job["asked"]["targets"]
            ]
        }
