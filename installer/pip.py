"""Runs pip in the environment: its progress on our line, its failures in words."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import threading
from pathlib import Path
from typing import Sequence

from .console import Console
from .errors import NetworkError, PipError
from .pip_settings import harmless, settings_in

TICK_S = 0.5
_HOST = re.compile(r"host='([^']+)'")
_INDEX = re.compile(r"https?://(?:[^/@\s]*@)?([^/\s:,]+)")
_UNREACHED = re.compile(
    r"Connection(?:Error|Refused| refused| broken)|NewConnection|ConnectTimeout|ReadTimeout|"
    r"Read timed out|Max retries exceeded|name resolution|ProxyError|SSLError|Could not fetch URL"
)
_NO_MATCH = re.compile(r"No matching distribution found for ([^\s(]+)|Could not find a version that satisfies")
_DOWNLOAD = re.compile(r"Downloading (?:\S*/)?([^/\s?#]+\.(?:whl|tar\.gz|zip))\S* \(([^)]+)\)")
_AMOUNT = re.compile(r"Progress (\d+) of (\d+)")


class Pip:
    """pip of one environment.

    Args:
        python: the environment's Python.
        console: where progress goes.
        log: file that keeps everything pip said.
    """

    def __init__(self, python: Path, *, console: Console, log: Path) -> None:
        self._python = python
        self._console = console
        self._log = log
        self._bar = ["--progress-bar", "raw"] if self._version() >= (24, 1) else ["--progress-bar", "off"]

    def install(self, arguments: Sequence[str], *, where: Path) -> None:
        """`pip install ARGUMENTS` in the folder `where`, with the machine's own pip settings.

        Raises:
            NetworkError: it failed and a host did not answer.
            PipError: it failed for another reason.
        """
        command = [str(self._python), "-m", "pip", "install", "--no-input", *self._bar, *arguments]
        lines: list[str] = []
        with self._log.open("a", encoding="utf-8") as log:
            print("$ pip install " + " ".join(arguments), file=log)
            process = subprocess.Popen(
                command,
                cwd=str(where),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            try:
                for line in self._lines_of(process):
                    lines.append(line)
                    print(line, file=log, flush=True)
            except BaseException:
                process.kill()
                process.wait()
                raise
        if process.wait() != 0:
            raise failure(lines, wanted=" ".join(arguments), log=self._log)

    def _lines_of(self, process: subprocess.Popen[bytes]):
        """Lines as they come; the console ticks in between, so that a long download does not look dead."""
        arrived: queue.Queue[str | None] = queue.Queue()

        def read() -> None:
            assert process.stdout is not None
            for raw in process.stdout:
                arrived.put(raw.decode("utf-8", "replace").rstrip())
            arrived.put(None)

        threading.Thread(target=read, daemon=True).start()
        news = file = ""
        while True:
            try:
                line = arrived.get(timeout=TICK_S)
            except queue.Empty:
                self._console.tick(news)
                continue
            if line is None:
                return
            amount = _AMOUNT.match(line)
            if amount is not None:
                news = f"{file} {100 * int(amount[1]) // max(1, int(amount[2]))} %"
                self._console.tick(news)
                continue
            found = _DOWNLOAD.search(line)
            file = f"downloading {found[1]} ({found[2]})" if found is not None else file
            news = file if found is not None else _short(line) or news
            if self._console.verbose:
                self._console.say("      " + line)
            self._console.tick(news)
            yield line

    def _environment(self) -> dict[str, str]:
        """The machine's own settings, without those that lead elsewhere; what is unpacked lies beside its goal."""
        unpacked = self._log.parent / "tmp"
        unpacked.mkdir(exist_ok=True)
        places = {name: str(unpacked) for name in ("TMPDIR", "TEMP", "TMP")}
        own = {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
        return {**harmless(os.environ, self._settings()), **places, **own}

    def _settings(self) -> dict[str, str]:
        """What the machine's pip.conf files say of installing: option, without dashes before it -> value."""
        listed = subprocess.run(
            [str(self._python), "-m", "pip", "config", "list"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return settings_in(listed.stdout.decode("utf-8", "replace").splitlines())

    def _version(self) -> tuple[int, ...]:
        answer = subprocess.run(
            [str(self._python), "-c", "import pip; print(pip.__version__)"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        numbers = re.match(r"(\d+)\.(\d+)", answer.stdout.decode("ascii", "replace"))
        return (int(numbers[1]), int(numbers[2])) if numbers is not None else (0, 0)


def failure(lines: Sequence[str], *, wanted: str, log: Path) -> PipError:
    """The error that says in a sentence what pip's output means."""
    text = "\n".join(lines)
    no_match = _NO_MATCH.search(text) is not None
    hosts = hosts_in(lines)
    if _UNREACHED.search(text):
        return NetworkError(
            f"{', '.join(hosts)} could not be reached while installing {wanted}. Check the network (behind a proxy, "
            f"set HTTPS_PROXY), then repeat the command: what is done is kept. The log is {log}",
            hosts=hosts,
            no_match=no_match,
        )
    if "Missing dependencies for SOCKS support" in text:
        return NetworkError(
            "The network is asked through a SOCKS proxy, which pip cannot use in a new environment. Set HTTPS_PROXY to "
            "an http:// proxy, or unset ALL_PROXY, then repeat the command.",
            hosts=hosts,
            no_match=False,
        )
    if "No space left on device" in text or "not enough space" in text:
        return PipError(f"The disk is full: installing {wanted} needs more room. Free some and repeat the command.")
    last = next((line for line in reversed(lines) if line.startswith(("ERROR:", "error:"))), "")
    reason = re.sub(r"^(ERROR|error):\s*", "", last).rstrip(".") or "pip gave no reason"
    return PipError(f"pip could not install {wanted}: {reason}. The log is {log}", no_match=no_match)


def hosts_in(lines: Sequence[str]) -> tuple[str, ...]:
    """Names of the hosts that pip had trouble with, or else of those that it asked; never with credentials."""
    named = {host for line in lines for host in _HOST.findall(line)}
    asked = [line for line in lines if line.startswith("Looking in indexes:")]
    if not named and asked:
        named = {host for line in asked for host in _INDEX.findall(line)}
    return tuple(sorted(named)) or ("pypi.org",)


def _short(line: str) -> str:
    for start, words in (
        ("Collecting ", "looking for "),
        ("Installing collected", "unpacking"),
        ("Building ", "building "),
    ):
        if line.lstrip().startswith(start):
            rest = line.lstrip()[len(start) :].split(" (")[0]
            return words if words == "unpacking" else words + rest
    return ""
