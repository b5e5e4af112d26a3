"""The real server, as `liveinsight up` runs it, with its event loop watched.

python -m bench._full PORT DIR WATCH_FILE
"""

import sys
from pathlib import Path

from bench._watch import watch_servers
from liveinsight.cli.main import main

if __name__ == "__main__":
    _, number, folder, watch_file = sys.argv
    watch_servers(Path(watch_file))
    sys.argv = ["liveinsight", "up", "--port", number, "--data", folder]
    main()
