"""Settings of pip on this machine: what names index and proxy counts, what leads elsewhere does not."""

from __future__ import annotations

import os

from installer.pip_settings import harmless, settings_in

LISTED = (
    ":env:.target='/elsewhere'",
    "global.index-url='https://mirror.example/simple'",
    "global.find-links='/a\\n/b'",
    "install.target='/home/me/packages'",
    "install.find-links='/c'",
    "wheel.root='/'",
    "nonsense",
)


def test_what_the_files_say_of_installing_is_read_and_nothing_else() -> None:
    assert settings_in(LISTED) == {
        "index-url": "https://mirror.example/simple",
        "find-links": "/c",
        "target": "/home/me/packages",
    }


def test_variables_that_lead_elsewhere_are_left_out() -> None:
    given = {"PIP_TARGET": "/x", "PIP_DRY_RUN": "1", "PIP_NO_BINARY": ":all:", "PIP_PROXY": "http://p", "HOME": "/h"}
    assert harmless(given, {"index-url": "https://mirror.example"}) == {"PIP_PROXY": "http://p", "HOME": "/h"}


def test_files_that_lead_elsewhere_give_the_rest_of_what_they_say_and_the_environment_goes_before_them() -> None:
    files = {"prefix": "/x", "index-url": "https://mirror.example", "proxy": "http://file"}
    assert harmless({"PIP_PROXY": "http://mine"}, files) == {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "https://mirror.example",
        "PIP_PROXY": "http://mine",
    }
