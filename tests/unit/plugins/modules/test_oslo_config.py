"""The module as a user calls it."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.parameters import PASS_VARS
from ansible.module_utils.testing import patch_module_args
from oslo_config import cfg

from ansible_collections.linuxbridge.vrrp.plugins.modules import oslo_config
from ansible_collections.linuxbridge.vrrp.tests.oracles import oslo

GUIDE = """\
[DEFAULT]
core_plugin = ml2
auth_strategy = keystone
# Enable HA mode for virtual routers. (boolean value)
#l3_ha = false
l3_ha_network_name = provider

[database]
connection = mysql+pymysql://neutron:NEUTRON_DBPASS@controller/neutron

[keystone_authtoken]
password = NEUTRON_PASS
"""
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(path: Path | str, *options: dict[str, Any], check: bool = False, **given: Any) -> dict[str, Any]:
        given = given if "files" in given else {"path": str(path), "options": list(options), **given}
        flags = {"_ansible_check_mode": check, "_ansible_diff": True}
        # Older cores show the invocation unasked, and do not know this word.
        if "inject_invocation" in PASS_VARS:
            flags["_ansible_inject_invocation"] = True
        with patch_module_args({**given, **flags}), contextlib.suppress(SystemExit):
            oslo_config.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


@pytest.fixture
def neutron_conf(tmp_path: Path) -> Path:
    path = tmp_path / "neutron.conf"
    path.write_text(GUIDE)
    path.chmod(0o640)
    return path


def listing(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


HA = (
    {"option": "l3_ha", "value": True},
    {"option": "max_l3_agents_per_router", "value": 3},
    {"option": "l3_ha_network_name", "state": "absent"},
    {"section": "keystone_authtoken", "option": "password", "value": "s3cond-pass"},
)


def test_the_guides_options_are_set_and_a_service_reads_them(run: Run, neutron_conf: Path) -> None:
    result = run(neutron_conf, *HA)
    assert result["changed"] is True
    assert neutron_conf.read_text() == GUIDE.replace(
        "#l3_ha = false\nl3_ha_network_name = provider\n",
        "#l3_ha = false\nl3_ha = True\nmax_l3_agents_per_router = 3\n",
    ).replace("NEUTRON_PASS\n", "s3cond-pass\n")
    paths = [str(neutron_conf)]
    assert oslo.typed(paths, cfg.BoolOpt("l3_ha"), None) is True
    assert oslo.typed(paths, cfg.IntOpt("max_l3_agents_per_router"), None) == 3


def test_a_second_run_changes_nothing_and_keeps_no_copy(run: Run, neutron_conf: Path) -> None:
    run(neutron_conf, *HA)
    before, inode = listing(neutron_conf.parent), neutron_conf.stat().st_ino
    result = run(neutron_conf, *HA)
    assert (result["changed"], result["actions"], result["backup_files"]) == (False, [], {})
    assert result["diff"]["before"] == result["diff"]["after"]
    assert (listing(neutron_conf.parent), neutron_conf.stat().st_ino) == (before, inode)


def test_check_mode_says_what_a_run_does_and_changes_nothing(run: Run, neutron_conf: Path) -> None:
    before = listing(neutron_conf.parent)
    planned = run(neutron_conf, *HA, check=True)
    assert listing(neutron_conf.parent) == before
    done = run(neutron_conf, *HA)
    for key in ("changed", "actions", "diff"):
        assert planned[key] == done[key]


def test_the_diff_shows_what_changes(run: Run, neutron_conf: Path) -> None:
    diff = run(neutron_conf, *HA)["diff"]
    assert diff["before_header"] == diff["after_header"] == str(neutron_conf)
    mask = "********"
    before = GUIDE.replace("mysql+pymysql://neutron:NEUTRON_DBPASS@controller/neutron", mask).replace(
        "NEUTRON_PASS", mask
    )
    assert diff["before"] == before
    assert diff["after"] == before.replace(
        "l3_ha_network_name = provider\n", "l3_ha = True\nmax_l3_agents_per_router = 3\n"
    ).replace("password = %s\n" % mask, "password = %s (new value)\n" % mask)


@pytest.mark.parametrize(
    "options", [HA, ({"section": "keystone_authtoken", "option": "password", "value": "a\n\ns3cond-pass"},)]
)
def test_no_secret_is_in_the_result(run: Run, neutron_conf: Path, options: tuple[dict[str, Any], ...]) -> None:
    for check in (True, False):
        result = run(neutron_conf, *options, check=check)
        for secret in ("s3cond-pass", "NEUTRON_PASS", "NEUTRON_DBPASS"):
            assert secret not in json.dumps(result)
        assert result["invocation"]["module_args"]["options"][-1]["value"] == "********"


def test_what_the_user_calls_a_secret_is_one_and_what_not_is_shown(run: Run, neutron_conf: Path) -> None:
    neutron_conf.write_text("[DEFAULT]\npin = 1111\nsort_key = name\n")
    entries = {"option": "pin", "value": "2222", "secret": True}, {"option": "sort_key", "value": "id", "secret": False}
    result = run(neutron_conf, *entries)
    assert result["diff"]["before"] == "[DEFAULT]\npin = ********\nsort_key = name\n"
    assert result["diff"]["after"] == "[DEFAULT]\npin = ******** (new value)\nsort_key = id\n"
    assert not {"1111", "2222"} & set(json.dumps(result).replace('"', " ").split())


def test_no_secret_is_in_the_result_when_the_parameters_are_refused(run: Run, neutron_conf: Path) -> None:
    result = run(neutron_conf, {"option": "password", "value": "s3cond-pass", "stat": "present"})
    assert result["failed"] is True
    assert "s3cond-pass" not in json.dumps(result)


def test_the_hosts_log_does_not_get_the_parameters(
    run: Run, neutron_conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[Any] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, *args, **kwargs: logged.append((args, kwargs)))
    run(neutron_conf, *HA)
    assert logged == []


def test_the_copy_is_the_old_file_with_its_mode(run: Run, neutron_conf: Path) -> None:
    kept = Path(run(neutron_conf, *HA)["backup_files"][str(neutron_conf)])
    assert kept.parent == neutron_conf.parent
    assert kept.read_text() == GUIDE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert sorted(listing(neutron_conf.parent)) == sorted([neutron_conf.name, kept.name])


def test_no_copy_is_kept_when_none_is_wanted(run: Run, neutron_conf: Path) -> None:
    assert run(neutron_conf, *HA, backup=False)["backup_files"] == {}
    assert list(listing(neutron_conf.parent)) == [neutron_conf.name]


def test_layer_2_population_is_taken_out_and_the_other_drivers_stay(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "ml2_conf.ini"
    path.write_text("[ml2]\nmechanism_drivers = linuxbridge,l2population, sriovnicswitch\n")
    entry = {"section": "ml2", "option": "mechanism_drivers", "kind": "list", "items_absent": ["l2population"]}
    assert run(path, entry)["changed"] is True
    assert path.read_text() == "[ml2]\nmechanism_drivers = linuxbridge, sriovnicswitch\n"
    assert run(path, entry)["changed"] is False


def test_a_missing_file_is_an_error_that_says_what_to_do(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "l3_agent.ini"
    result = run(path, *HA)
    assert (
        result["msg"]
        == "path: %s does not exist; install the package that brings it, mend the path, or set 'create: true'" % path
    )
    assert listing(tmp_path) == {}


def test_a_missing_file_is_made_when_asked_for(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "l3_agent.ini"
    result = run(path, {"option": "external_network_bridge", "value": ""}, create=True)
    assert result["changed"] is True
    assert result["actions"] == ["create %s: set [DEFAULT] external_network_bridge = " % path]
    assert path.read_text() == "[DEFAULT]\nexternal_network_bridge =\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert run(path, {"option": "external_network_bridge", "value": ""}, create=True)["changed"] is False


def test_check_mode_shows_the_plan_for_a_host_without_the_package(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "neutron" / "l3_agent.ini"
    result = run(path, {"option": "l3_ha", "value": True}, create=True, group="neutron-to-be", check=True)
    assert (result["changed"], result["diff"]["after"]) == (True, "[DEFAULT]\nl3_ha = True\n")
    failed = run(path, {"option": "l3_ha", "value": True}, create=True)
    assert "%s cannot be written: No such file or directory" % path in failed["msg"]


def test_mode_and_owner_are_mended_also_when_the_text_is_right(run: Run, neutron_conf: Path) -> None:
    neutron_conf.chmod(0o644)
    ids = {"owner": str(os.getuid()), "group": str(os.getgid())}
    for check in (True, False):
        result = run(neutron_conf, mode="0640", check=check, **ids)
        assert result["changed"] is True
        assert "mode 0640" in result["actions"][0]
        assert result["diff"]["before"].startswith("mode 0644") and result["diff"]["after"].startswith("mode 0640")
    assert stat.S_IMODE(neutron_conf.stat().st_mode) == 0o640
    assert run(neutron_conf, mode="0640", **ids)["changed"] is False


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mode": 640}, "mode: 640 is not a mode; give it in octal and in quotes"),
        ({"mode": "u=rw"}, "mode: 'u=rw' is not a mode"),
        ({"owner": "no-such-user"}, "there is no user no-such-user on this host"),
        ({"group": "no-such-group"}, "there is no group no-such-group on this host"),
        ({"path": "neutron.conf"}, "path: 'neutron.conf' is not an absolute path"),
    ],
)
def test_wrong_parameters_are_named(run: Run, neutron_conf: Path, given: dict[str, Any], words: str) -> None:
    before = listing(neutron_conf.parent)
    result = run(**{"path": neutron_conf, **given})
    assert result["failed"] is True and words in result["msg"]
    assert listing(neutron_conf.parent) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[DEFAULT]\na = 1\nl3_ha\n", ":3: neither a section"),
        (b"l3_ha = 1\n", ":1: the option l3_ha stands before any section"),
        (b"\xef\xbb\xbf[DEFAULT]\n", ":1: neither a section"),
        (b"[DEFAULT]\na = \xff\n", "is not a text file: line 2 is not UTF-8"),
        (b"[DEFAULT]\na = \0\n", "is not a text file: line 2 has a NUL"),
    ],
)
def test_a_file_that_a_service_cannot_read_is_named_and_left(
    run: Run, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "neutron.conf"
    path.write_bytes(content)
    result = run(path, *HA)
    assert result["failed"] is True and str(path) + (words if words[0] == ":" else " " + words) in result["msg"]
    assert listing(tmp_path) == {"neutron.conf": content}


def test_a_left_over_of_a_killed_run_is_removed_also_when_nothing_else_is_to_do(run: Run, neutron_conf: Path) -> None:
    left = neutron_conf.parent / ".neutron.conf.0badcafe.linuxbridge_vrrp.tmp"
    left.write_text("password = half")
    planned = run(neutron_conf, check=True)
    assert planned["actions"] == ["remove %s, left by an interrupted run" % left]
    assert left.exists()
    assert run(neutron_conf)["changed"] is True
    assert list(listing(neutron_conf.parent)) == ["neutron.conf"]
    assert run(neutron_conf)["changed"] is False


def test_several_problems_are_reported_at_once(run: Run, neutron_conf: Path) -> None:
    result = run(neutron_conf, {"option": "a b="}, {"option": "c", "value": {}}, mode="rw")
    assert [line.split(":")[0] for line in result["problems"]] == ["mode", "options[0].option", "options[1].value"]


def two_files(neutron_conf: Path, **second: Any) -> list[dict[str, Any]]:
    l3_agent = neutron_conf.with_name("l3_agent.ini")
    if not l3_agent.exists():
        l3_agent.write_text("[DEFAULT]\nha_vrrp_auth_password = old-pass\n")
    vrrp = {"option": "ha_vrrp_auth_password", "value": "n3w-pass"}
    return [{"path": str(neutron_conf), "options": list(HA)}, {"path": str(l3_agent), "options": [vrrp], **second}]


def test_several_files_become_what_each_would_become_alone(run: Run, neutron_conf: Path) -> None:
    files = two_files(neutron_conf)
    planned = run("", files=files, check=True)
    done = run("", files=files)
    for key in ("changed", "actions", "diff"):
        assert planned[key] == done[key]
    assert [diff["before_header"] for diff in done["diff"]] == [file["path"] for file in files]
    assert "n3w-pass" not in json.dumps(done) and "old-pass" not in json.dumps(done)
    assert sorted(done["backup_files"]) == sorted(file["path"] for file in files)
    for file in files:
        alone = run(file["path"], *file["options"])
        assert (alone["changed"], alone["actions"]) == (False, [])


def test_no_file_is_changed_when_one_of_them_cannot_be(run: Run, neutron_conf: Path) -> None:
    files = two_files(neutron_conf, path=str(neutron_conf.with_name("missing.ini")))
    before = listing(neutron_conf.parent)
    result = run("", files=files)
    assert result["failed"] and "files[1].path: " in result["msg"]
    assert listing(neutron_conf.parent) == before


def test_a_bad_value_names_its_file(run: Run, neutron_conf: Path) -> None:
    result = run("", files=two_files(neutron_conf, mode="0999"))
    assert result["msg"].startswith("files[1].mode: ")


def test_a_file_named_twice_is_refused_also_through_a_link(run: Run, neutron_conf: Path) -> None:
    link = neutron_conf.with_name("link.conf")
    link.symlink_to(neutron_conf)
    result = run("", files=two_files(neutron_conf, path=str(link)))
    assert "is named twice" in result["msg"]
