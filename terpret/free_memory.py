"""How much memory there is left."""

import contextlib
import os
from collections.abc import Iterator

import psutil

# Where control groups of version 2 and 1 tell their limit, what is used, and how much of it files.
_GROUP_FILES = {
    "": ("/sys/fs/cgroup", "memory.max", "memory.current", "file"),
    "memory": (
        "/sys/fs/cgroup/memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_cache",
    ),
}


def available_bytes() -> int:
    """The memory that this process can still have, of the machine and of its control group."""
    return min([psutil.virtual_memory().available, *_group_bytes()])


def _group_bytes() -> Iterator[int]:
    """What the control groups of this process leave, where they have a limit."""
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            groups = [line.rstrip("\n").split(":", 2) for line in file]
        for _, controllers, group in groups:
            if controllers in _GROUP_FILES:
                with contextlib.suppress(OSError, ValueError):
                    yield _left(*_GROUP_FILES[controllers], group.strip("/"))


def _left(folder: str, limit: str, used: str, files: str, group: str) -> int:
    inside = os.path.join(folder, group)
    # In a container the group is the root of what can be seen.
    folder = inside if os.path.exists(os.path.join(inside, limit)) else folder

    def lines(name: str) -> list[list[str]]:
        with open(os.path.join(folder, name), encoding="ascii") as file:
            return [line.split() for line in file]

    stat = dict(lines("memory.stat"))
    # Files that are kept in memory make room for what needs it.
    return int(lines(limit)[0][0]) - int(lines(used)[0][0]) + int(stat.get(files, 0))
