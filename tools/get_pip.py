"""Stands in for the get-pip script that ansible-test downloads: the pip that comes with Python does as well.

ansible-test runs this inside a process that has loaded no pip, with pip's own arguments.
"""

from __future__ import annotations

import subprocess
import sys

# In a child, for ensurepip leaves modules of its bundled pip behind.
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", *arguments], check=False).returncode)
