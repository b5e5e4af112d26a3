"""What stands for a setting that was left open: as the machine and the package are."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from liveinsight.config.settings import Config

MB: Final = 1024 * 1024
CGROUP_MEMORY: Final = Path("/sys/fs/cgroup/memory.max")


def choose_engine_memory_mb(config: Config) -> int:
    """The warehouse engine's memory limit, in MB; follows the machine where unset.

    The whole server stays under 500 MB resident, of which Python, Django and the
    device lists take about 150. With 192 reports on 20 million events took a fifth
    longer.
    """
    if config.engine_memory_mb:
        return config.engine_memory_mb
    return max(64, min(320, measure_memory_mb() // 8))


def choose_engine_threads(config: Config) -> int:
    """The warehouse engine's threads; follows the machine where unset."""
    return config.engine_threads or min(4, len(os.sched_getaffinity(0)))


def measure_memory_mb(cgroup: Path = CGROUP_MEMORY) -> int:
    """Memory that this process may use, in MB: the machine's, or its container's."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = int(cgroup.read_text())
    except (OSError, ValueError):  # no container, or "max"
        limit = machine
    return min(machine, limit) // MB


def find_country_database(config: Config) -> Path:
    """The owner's mmdb file, else the one in the package."""
    if config.country_database:
        return Path(config.country_database)
    return Path(str(files("liveinsight.collect").joinpath("country.mmdb")))


def choose_address(config: Config, port: int) -> str:
    """The address for browsers, without a slash at the end; `port` listens."""
    host = f"[{config.host}]" if ":" in config.host else config.host
    return config.base_url.rstrip("/") or f"http://{host}:{port}"


def choose_mail_sender(config: Config) -> str:
    """Who alerts come from."""
    host = urlsplit(config.base_url).hostname or "localhost"
    return config.mail_from or f"LiveInsight <liveinsight@{host}>"
