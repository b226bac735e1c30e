# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles promise of their variables, without running them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted(path for path in (Path(__file__).parents[3] / "roles").iterdir() if (path / "meta").is_dir())


def options(role: Path) -> dict[str, dict[str, Any]]:
    points = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"].values()
    return {name: option for point in points for name, option in (point.get("options") or {}).items()}


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_variable_that_may_be_left_out_has_no_choices_that_would_refuse_none(role: Path) -> None:
    path = role / "defaults/main.yml"
    defaults = yaml.safe_load(path.read_text()) if path.exists() else {}
    empty = {name for name, value in (defaults or {}).items() if "default(none)" in str(value)}
    assert [name for name in empty if "choices" in options(role).get(name, {})] == []
