# Copyright: linuxbridge.vrrp contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run an operation as a module would, and get what the module would return."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.linuxbridge.vrrp.plugins.module_utils.converge import converge


class Ended(Exception):
    def __init__(self, result):
        super().__init__(str(result))
        self.result = result


class ModuleRun:
    """The little of AnsibleModule that converge() uses; diffs are always asked for."""

    _diff = True

    def __init__(self, params, check_mode):
        self.params = params
        self.check_mode = check_mode
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)

    def exit_json(self, **result):
        raise Ended({"failed": False, "warnings": self.warnings, **result})

    def fail_json(self, **result):
        raise Ended({"failed": True, "warnings": self.warnings, **result})


def run(operation, argument_spec, check_mode=False, **params):
    """The module's result, with failed in it; options are validated and get their defaults as Ansible does."""
    validation = ArgumentSpecValidator(argument_spec).validate(params)
    assert not validation.error_messages, validation.error_messages
    try:
        converge(ModuleRun(validation.validated_parameters, check_mode), operation)
    except Ended as ended:
        return ended.result
    raise AssertionError("the module did not end")


def run_alone(*args, **params):
    """The same in a process of its own, as a module is one: what it holds is let go at its end."""
    with ProcessPoolExecutor(1, get_context("fork")) as process:
        return process.submit(run, *args, **params).result()
