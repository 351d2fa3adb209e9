"""`python -m dev.soak`: let it live for an hour, say how it went."""

import argparse
import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from dev.programs.progress import say
from dev.soak.run import Plan, Soak
from dev.soak.world import world


def main() -> int:
    """The exit code: 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m dev.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="default %(default)s")
    parser.add_argument("--buckets", type=int, default=300, help="default %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="the same one repeats; default %(default)s")
    parser.add_argument("--interval", type=float, default=60.0, metavar="SECONDS",
        help="between two looks at a bucket; default %(default)s")  # fmt: skip
    parser.add_argument("--no-kills", action="store_true",
        help="let one process live all the time, to see its memory; the API server stays up as well")  # fmt: skip
    parser.add_argument("--output", type=Path, help="where the result goes, as JSON")
    parser.add_argument("--logs", type=Path, help="where the operator's log goes when something was wrong")
    options = parser.parse_args()
    plan = Plan(options.minutes * 60, options.buckets, options.seed, kills=not options.no_kills)
    with tempfile.TemporaryDirectory(prefix="imagestore-soak-") as folder:
        with world(Path(folder), options.interval) as there:
            result = Soak.of(there, plan).run()
        if result["wrong"] and options.logs:
            shutil.copy(Path(folder) / "operator.log", options.logs)
    result |= {"command": " ".join(sys.argv[1:]), "at": datetime.now(UTC).isoformat(timespec="seconds")}
    text = json.dumps(result, indent=1)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")
    say("nothing was wrong" if not result["wrong"] else f"wrong: {', '.join(result['wrong'])}")
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
