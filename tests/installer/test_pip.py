"""What pip says, put into a sentence: lines as real versions of pip print them."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.errors import NetworkError
from installer.pip import failure, hosts_in

LOG = Path("installer.log")
RETRY = (
    "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken "
    "by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a "
    "new connection: [Errno -3] Temporary failure in name resolution')': /simple/torch/"
)
TIMEOUT = (
    "ERROR: Could not install packages due to an OSError: HTTPSConnectionPool(host='files.example.org', port=443): "
    "Max retries exceeded with url: /torch.whl (Caused by ReadTimeoutError())"
)
NOT_THERE = "ERROR: No matching distribution found for torch==2.13.0+cpu"


def test_a_name_that_does_not_resolve_is_a_matter_of_the_network() -> None:
    error = failure([RETRY, NOT_THERE], wanted="torch", log=LOG)
    assert isinstance(error, NetworkError)
    assert (error.hosts, error.no_match) == (("pypi.org",), True)


def test_the_host_that_did_not_answer_is_named() -> None:
    error = failure(["Looking in indexes: https://a.example/simple", TIMEOUT], wanted="torch", log=LOG)
    assert isinstance(error, NetworkError)
    assert error.hosts == ("files.example.org",)


def test_credentials_of_an_index_are_never_repeated() -> None:
    assert hosts_in(["Looking in indexes: https://me:secret@a.example/simple, https://b.example/simple"]) == (
        "a.example",
        "b.example",
    )


def test_a_build_that_is_not_there_may_be_looked_for_elsewhere() -> None:
    error = failure([NOT_THERE], wanted="torch", log=LOG)
    assert error.no_match
    assert not isinstance(error, NetworkError)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: Could not install packages due to an OSError: Missing dependencies for SOCKS support.", "SOCKS proxy"),
        ("ERROR: Failed to build 'thing' when getting requirements", "Failed to build 'thing'"),
    ],
)
def test_other_failures_keep_their_reason(line: str, words: str) -> None:
    error = failure(["Collecting thing", line], wanted="thing", log=LOG)
    assert words in str(error)
    assert not error.no_match
