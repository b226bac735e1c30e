"""oslo.config itself, asked what it reads from a text: the judge of our reader and our edits."""

from __future__ import annotations

import tempfile

from oslo_config import cfg


def read(text: str) -> dict[str, dict[str, list[str]]] | None:
    """Each section (by the name it is looked up with), each option, its values in order; None when refused."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=".conf") as file:
        file.write(text)
        file.flush()
        normalized: dict[str, dict[str, list[str]]] = {}
        parser = cfg.ConfigParser(file.name, {})
        parser._add_normalized(normalized)
        try:
            parser.parse()
        except cfg.ParseError:
            return None
        return normalized


def typed(paths: list[str], option: cfg.Opt, group: str | None) -> object:
    """What a service gets that registers this option and is started with these files."""
    conf = cfg.ConfigOpts()
    conf.register_opt(option, group=group)
    conf(args=[], default_config_files=paths)
    return (conf[group] if group else conf)[option.dest]
