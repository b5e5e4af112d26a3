"""The door alone on its inbox: what the collector costs without all the rest.

python -m bench._door PORT DIR WATCH_FILE
"""

import gc
import sys
import time
from pathlib import Path

import uvicorn

from bench._watch import watch_servers
from liveinsight.collect.asgi import CollectorApp
from liveinsight.collect.door import Door
from liveinsight.core.site import Site, sites_of
from liveinsight.direct_http import DirectHttp
from liveinsight.routes import Routes
from liveinsight.store.inbox import Inbox


def _main(port: int, folder: Path, watch_file: Path) -> None:
    inbox = Inbox(folder / "inbox.sqlite3")
    door = Door(sites=sites_of([Site("shop.example")]))
    app = CollectorApp(inbox, door, lambda: time.time_ns() // 1_000_000)
    watch_servers(watch_file)
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(0.0005)
    uvicorn.run(
        Routes({"/events": app}, {}, app),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http=DirectHttp,
        log_level="warning",
        access_log=False,
        lifespan="off",
    )
    inbox.close()


if __name__ == "__main__":
    _main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
