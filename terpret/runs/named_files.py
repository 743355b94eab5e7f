"""The files and folders that settings name: which they are, and that they are the same anywhere."""

import dataclasses
import os
from collections.abc import Callable, Mapping
from typing import TypeVar

from terpret.language.model_files import is_built_in, model_path
from terpret.learning.network_file import FILE_NAME
from terpret.runs.config import Config, StoredConfig
from terpret.runs.setting import settings_of

INIT_NETWORKS = "init_networks.npz"
# The copies of data that a run folder keeps, by setting.
KEPT_DATA = {"data": "data.npz", "test_data": "test_data.npz"}
# The settings that say which: they change nothing of what is learned.
KEEPING = frozenset({"keep_data", "keep_only"})
# The settings of what a solver may take: it goes on with more.
EFFORT = frozenset({"seconds", "memory"})

Kind = TypeVar("Kind", bound=StoredConfig)


def files_of(config: StoredConfig) -> dict[str, str]:
    """The files that the settings name, by setting; "", a word or a folder where there is none."""
    read: Mapping[str, Callable[[str], str]] = {
        "model": model_path,
        "networks": _networks_file,
        "file": str,
    }
    return {
        name: read[setting.path](getattr(config, name))
        for name, setting in settings_of(type(config)).items()
        if setting.path in read
    }


def copies_of(config: StoredConfig) -> dict[str, str]:
    """The files that the run folder keeps a copy of, by their place there."""
    files = files_of(config)
    copies = {}
    if model := files.get("model"):
        copies[os.path.join("model", os.path.basename(model))] = model
    if networks := files.get("init_nets"):
        copies[INIT_NETWORKS] = networks
    if isinstance(config, Config):
        copies |= {place: files[name] for name, place in kept_places(config).items()}
    return copies


def kept_places(config: Config) -> dict[str, str]:
    """Where the run folder keeps copies of data that were given as arrays, by setting."""
    if not config.keep_data:
        return {}
    kept = [config.keep_only] if config.keep_only else list(KEPT_DATA)
    # Such a file is an `.npz`; of earlier runs the other set may be any file of the user's.
    return {name: KEPT_DATA[name] for name in kept if getattr(config, name).endswith(".npz")}


def setting_of_copy(place: str) -> str:
    """The setting that names what a copy in the run folder is a copy of."""
    settings = {copy: name for name, copy in KEPT_DATA.items()} | {INIT_NETWORKS: "init_nets"}
    return settings.get(place, "model")


def rooted(config: Kind) -> Kind:
    """The config with whole paths of all files that are there, the same from any folder."""
    named = named_paths(config)
    places = {name: _rooted(value) for name, value in named.items()}
    for name in named.keys() & folders_of(type(config)):
        # It may be made later.
        places[name] = named[name] if "://" in named[name] else _whole_path(named[name])
    return dataclasses.replace(config, **places)


def named_paths(config: StoredConfig) -> dict[str, str]:
    """The settings that name a file or a folder, as they name it."""
    paths = {}
    for name, setting in settings_of(type(config)).items():
        path = getattr(config, name)
        built_in = setting.path == "model" and is_built_in(path)
        if setting.path and path and path not in setting.words and not built_in:
            paths[name] = path
    return paths


def folders_of(kind: type[StoredConfig]) -> frozenset[str]:
    """The settings that say where data lie: the same data may lie elsewhere on another machine."""
    return frozenset(name for name, one in settings_of(kind).items() if one.path == "folder")


def same_place(first: str, second: str) -> bool:
    """Whether two paths name one place, which need not be there."""
    return _whole_path(first) == _whole_path(second)


def _rooted(path: str) -> str:
    whole = _whole_path(path)
    # What is not there is named as the user names it.
    return whole if os.path.exists(whole) else path


def _whole_path(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))


def _networks_file(given: str) -> str:
    """The file of networks given as a file or as a run folder."""
    return os.path.join(given, FILE_NAME) if os.path.isdir(given) else given
