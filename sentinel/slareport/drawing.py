"""The library that draws, taken in on its own terms and no further.

pygal hangs itself into all imports of the process, for maps of the world, in a way that Python has given up; it is taken
out again before anything else is imported.
"""

from __future__ import annotations

import sys

from pygal import XY, Line, StackedBar
from pygal.style import Style

__all__ = ["XY", "Line", "StackedBar", "Style"]

sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
