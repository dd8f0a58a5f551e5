"""Starting and stopping the programs under test: each in its own process group, each with a log."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """A program that runs until stopped. What it prints goes to `log`."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str] | None = None):
        self.command = command
        self.log = log
        self._out = log.open("ab")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )

    def wait_until(self, ready, what: str, seconds: float = 60) -> None:
        """Polls `ready` until it holds; a program that ends or takes too long fails loudly."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.command[0]} ended before {what}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.command[0]}: no {what} in {seconds} s:\n{self.log_tail()}")
            time.sleep(0.02)

    def wait_for_port(self, port: int) -> None:
        """Waits until the program accepts connections."""
        self.wait_until(lambda: accepts(port), f"listening on port {port}")

    def log_tail(self, lines: int = 40) -> str:
        """The end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """Ends the program and the children it started, and nothing else."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._out.close()


def accepts(port: int) -> bool:
    """Whether 127.0.0.1 accepts a connection on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
