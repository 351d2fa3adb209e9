"""What a start of the operator loads."""

import subprocess
import sys


def test_the_client_that_kopf_would_load_is_not_loaded() -> None:
    """kopf imports `kubernetes` where it finds it: half a second of CPU at each start, and 18 MB."""
    started = "import imagestore.k8s.life.operator, sys; print('kubernetes' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", started], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "False"
