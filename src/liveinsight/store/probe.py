"""Opens a warehouse in a process of its own: a log may make the engine crash or hang.

`python -m liveinsight.store.probe PATH`; 0 is well. It also replays the log into the
file, so that the server's own opening is quick.
"""

import sys
from pathlib import Path

from liveinsight.errors import StoreError
from liveinsight.store.warehouse import Warehouse


def main(path: str) -> int:
    """0 if the warehouse opens, 3 if it cannot be read."""
    try:
        warehouse = Warehouse.open(Path(path), threads=1)
        warehouse.marks()
        warehouse.close()
    except StoreError:
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
