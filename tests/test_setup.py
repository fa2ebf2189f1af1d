"""The set-up: one lock for every route, and nothing installed that is not locked."""

import re
import tomllib

import yaml

from workflow_scripts.lib.core.code_graph import ROOT

LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()


def test_every_dependency_is_locked_with_a_hash_and_justified_in_a_line():
    text = (ROOT / "pyproject.toml").read_text()
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]]
    assert len(wanted) > 20
    for requirement in wanted:
        name = re.split(r"[=<>]", requirement)[0].replace("_", "[-_]").lower()
        assert re.search(rf"(?m)^{name}==\S+.*\\\n    --hash=sha256:", LOCK), requirement
        assert re.search(rf'"{re.escape(requirement)}", +# \S+', text), requirement


def test_the_conda_route_and_the_default_route_install_the_same_lock_with_the_same_tools():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pinned = dict(entry.split("=", 1) for entry in environment if "=" in entry)
    assert pinned["uv"] == re.search(r"(?m)^UV := (\S+)$", MAKEFILE).group(1)
    assert PROJECT["project"]["requires-python"] == f">={pinned['python']}"
    assert {"ffmpeg", "git", "make"} <= set(environment)
    installs = re.findall(r"uv pip sync .*--require-hashes (\S+)", MAKEFILE)
    assert installs == ["requirements.lock"] * 2  # `make setup` and `make conda`


def test_the_lock_names_no_registry():
    assert "index-url" not in LOCK
    assert "file://" not in LOCK
