"""What all unit tests need."""

from __future__ import annotations

from hypothesis import settings

# A property is a claim about values, not about time: the machine may be busy.
settings.register_profile("checks", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("checks")
