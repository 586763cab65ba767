import sys
from pathlib import Path

# The helpers beside these tests; the tests are not a package.
sys.path.insert(0, str(Path(__file__).parent))
