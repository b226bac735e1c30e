"""Run node_routers as Ansible would run it on a node: a process of its own, options in, JSON out."""

from __future__ import annotations

import json
import sys

from ansible.module_utils.testing import patch_module_args

from ansible_collections.linuxbridge.vrrp.plugins.modules import node_routers

if __name__ == "__main__":
    with patch_module_args(json.loads(sys.argv[1])):
        node_routers.main()
