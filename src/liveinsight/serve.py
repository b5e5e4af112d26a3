"""`liveinsight up`: holds the data folder and the port, and runs one machine on them."""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Final, Never

import click
import uvicorn
import uvloop

from liveinsight import __version__
from liveinsight.app import open_app
from liveinsight.config.defaults import choose_address
from liveinsight.config.settings import Config
from liveinsight.control import announce
from liveinsight.data_dir import DataDir
from liveinsight.direct_http import DirectHttp
from liveinsight.errors import ConfigError
from liveinsight.jobs import run_jobs
from liveinsight.log import configure_logging

if TYPE_CHECKING:
    from liveinsight.aws_machine import AwsMachine
    from liveinsight.machine import Machine

DRAIN_SECONDS: Final = 3
"""What connections get to end by themselves when the server stops."""
SWITCH_SECONDS: Final = 0.0005
"""How long a thread's Python may hold the event loop; Python's default is 5 ms."""
KEEP_ALIVE_SECONDS: Final = 30
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A signal came while the server was being put together."""


def serve(config: Config) -> int:
    """Runs the server until SIGTERM or Ctrl-C; returns its exit status.

    Raises:
        ConfigError: the folder is in use, the port is taken, a setting does not do.
    """
    configure_logging(config.log_level)
    # Its warnings are about what strangers send: they must not fill a disk.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    raise_open_files()
    sys.setswitchinterval(SWITCH_SECONDS)
    for each in STOP_SIGNALS:
        signal.signal(each, stop_early)
    with contextlib.ExitStack() as ends, contextlib.suppress(Stopped):
        data = DataDir(config.data_dir)
        ends.callback(os.close, data.lock())
        listening = ends.enter_context(listen(config))
        open_app(config, data)
        machine = make_machine(config, data)
        ends.callback(machine.close)
        if config.demo:
            machine.load_demo()
        machine.begin()
        ends.callback(announce(data, config, port_of(listening)).unlink)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            greeting = greet(config, port_of(listening))
            runner.run(run(machine, data, listening, greeting))
    return 0


def make_machine(config: Config, data: DataDir) -> "Machine | AwsMachine":
    """What is served; Django is configured by now, which their modules need.

    Raises:
        ConfigError: the folder is another's.
        DeployError: there is no such stack, or it may not be read.
    """
    if config.aws:
        from liveinsight.aws_machine import AwsMachine

        return AwsMachine(config, data)
    if data.stack.exists():
        raise ConfigError(
            f"{data.root} shows a stack on AWS: start it with --aws, "
            "or choose another folder with --data"
        )
    from liveinsight.machine import Machine

    return Machine(config, data)


def raise_open_files() -> None:
    """Lets as many connections be open as the system allows; often 1,024 is preset."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def stop_early(_signal: int, _frame: FrameType | None) -> Never:
    """Ends the start-up; once the loop runs, its own handlers take over."""
    raise Stopped


@contextlib.contextmanager
def listen(config: Config) -> Iterator[socket.socket]:
    """The socket of the one port.

    Raises:
        ConfigError: it is taken, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((config.host, config.port))
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {config.host} port {config.port}: "
                f"{error.strerror}; choose another with --port"
            ) from None
        yield listening


def port_of(listening: socket.socket) -> int:
    """The port, also where the system chose it."""
    port: int = listening.getsockname()[1]
    return port


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: they would end with the signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals alone."""
        yield


async def run(
    machine: "Machine | AwsMachine",
    data: DataDir,
    listening: socket.socket,
    greeting: str,
) -> None:
    """Serves until a signal comes; returns when the connections have ended."""
    server = Server(
        uvicorn.Config(
            machine.routes(data.secret("control")),
            http=DirectHttp,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in STOP_SIGNALS:
        loop.add_signal_handler(each, stopping.set)
    beside = [
        asyncio.create_task(machine.live.run()),
        asyncio.create_task(run_jobs(machine.jobs(), stopping)),
    ]
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    machine.is_serving = True
    click.echo(greeting)
    if machine.config.demo:
        from liveinsight.demo.visits import play

        beside.append(asyncio.create_task(play(loopback_address(listening))))
    gc.collect()
    gc.freeze()  # what is here now stays: later collections need not walk it
    await asyncio.wait(
        [serving, asyncio.create_task(stopping.wait())],
        return_when=asyncio.FIRST_COMPLETED,
    )
    stopping.set()
    # A request whose sender never finishes it is cut on purpose; no word about it.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    machine.is_serving = False
    server.should_exit = True
    for task in (beside[0], *beside[2:]):
        task.cancel()
    await asyncio.gather(serving, *beside, return_exceptions=True)
    gc.unfreeze()


def loopback_address(listening: socket.socket) -> str:
    """Where this process reaches itself."""
    host = "[::1]" if listening.family == socket.AF_INET6 else "127.0.0.1"
    return f"http://{host}:{port_of(listening)}"


def greet(config: Config, port: int) -> str:
    """Where to go, for the person who started it."""
    from liveinsight.dashboard.accounts import setup_link

    address = choose_address(config, port)
    lines = [f"LiveInsight {__version__} is on {address}/"]
    link = setup_link(address)
    if link is not None:
        lines.append(f"Create your account (this link works once): {link}")
    if config.demo:
        lines.append(f"The demo shop, which you can visit yourself: {address}/shop/")
    lines.append("Ctrl-C stops it.")
    return "\n".join(lines)
