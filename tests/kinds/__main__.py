"""``imagestore`` with one more kind: ``python -m tests.kinds run ...``."""

import sys
from dataclasses import replace

from imagestore.__main__ import main
from imagestore.controller.runtime import Kinds
from imagestore.k8s.life import brain
from imagestore.kinds import ALL
from tests.kinds.tagset import TAG_SETS

brain.REAL = replace(brain.REAL, kinds=Kinds(*ALL, TAG_SETS))
sys.exit(main())
