"""The cluster in memory is shared with the scheduler's tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scheduler"))
