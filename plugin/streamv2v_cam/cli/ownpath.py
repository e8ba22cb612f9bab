"""Only what the program was installed with is imported, whatever PYTHONPATH says: called before anything else is."""

import os
import sys


def keep_to_own_packages() -> None:
    """Forget PYTHONPATH, here and in every process to come, as far as the program is not found by it itself.

    Outside a virtual environment it stays: there it may be the way to the packages that are needed.
    """
    given = os.environ.get("PYTHONPATH", "")
    if not given or sys.prefix == sys.base_prefix:
        return
    places = [os.path.abspath(place) for place in given.split(os.pathsep) if place]
    own = [place for place in places if _is_own(place)]
    sys.path[:] = [place for place in sys.path if place not in places or place in own]
    if own:
        os.environ["PYTHONPATH"] = os.pathsep.join(own)
    else:
        del os.environ["PYTHONPATH"]


def _is_own(place: str) -> bool:
    # named there as well, Python has left it out in its usual place
    usual = (sys.prefix, os.path.dirname(os.__file__))
    if any((place + os.sep).startswith(base + os.sep) for base in usual) or place.endswith(".zip"):
        return True
    return any(os.path.isfile(os.path.join(place, name, "__init__.py")) for name in ("streamv2v", "streamv2v_cam"))
