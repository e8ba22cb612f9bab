"""OpenCV, set up the way the host needs it: import `cv2` from here, never directly."""

from __future__ import annotations

import os
from typing import Any

# Read by OpenCV when it is loaded. Media Foundation's hardware transforms make a camera take up to a
# minute to open on Windows; OpenCV's own log lines would stand between the program's one-line messages.
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
os.environ.setdefault("OPENCV_LOG_LEVEL", "FATAL")
# A camera that hangs is noticed after so many seconds instead of ten.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "5")

import cv2 as _cv2

from .allocation import keep_freed_memory

# OpenCV's own types know arrays of any element only; every picture here is uint8.
cv2: Any = _cv2

# One thread per call: the cores belong to the engine, and the publisher's beat must not wait for a pool.
cv2.setNumThreads(1)
keep_freed_memory()

__all__ = ["cv2"]
