"""`python3 installer run` and `python3 installer test`: the door into the project.

This file is kept readable for any Python, even 2.7, so that each of them can say that it is too old.
"""

import os
import sys

if sys.version_info < (3, 8):
    sys.exit(
        "error: this needs Python 3.11 or newer and found %d.%d; install a newer one and call it by its name: "
        "python3.11 installer run" % sys.version_info[:2]
    )

# Called as a folder, Python puts the folder itself on the path: the project around it is what is wanted.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Packages of another project are nothing that the environment, its pip or the program may see.
for place in os.environ.pop("PYTHONPATH", "").split(os.pathsep):
    sys.path[1:] = [known for known in sys.path[1:] if not place or known != os.path.abspath(place)]
os.environ.pop("PYTHONHOME", None)

from installer.commands import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
