"""Random descriptions over random tables: thousands of checks, and fits of what is accepted.

    .venv/bin/python scripts/fuzz.py --seed 1 --checks 2000 --fits 100

A failure is an exception other than a refusal in one sentence. Each is printed with the description
that gave it, and its files are kept under --out; the exit status is 1 if there is any.
"""

import argparse
import collections
import re
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import fuzzing  # noqa: E402
import matplotlib  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402


class TooLongError(BaseException):
    """No exception that the library could take for one of its own, such as a full disk."""


def stop(*_: object) -> None:
    raise TooLongError("this takes too long")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--checks", type=int, default=1000)
    options.add_argument("--fits", type=int, default=20, help="fit the first so many accepted")
    options.add_argument("--minutes", type=float, default=1e9, help="stop after so long")
    options.add_argument(
        "--seconds",
        type=int,
        default=120,
        help="most seconds of one example, of the processor: others may keep it busy",
    )
    options.add_argument("--out", type=Path, default=Path("fuzz-failures"))
    chosen = options.parse_args()
    matplotlib.use("Agg")
    # A table may ask for more memory than there is: that is a failure, too, not a killed machine.
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    signal.signal(signal.SIGPROF, stop)
    counts: collections.Counter[str] = collections.Counter()
    refusals: collections.Counter[str] = collections.Counter()
    failures: collections.Counter[str] = collections.Counter()
    begin = time.monotonic()

    @seed(chosen.seed)
    @settings(
        max_examples=chosen.checks, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(fuzzing.markets())
    def run(market):
        if time.monotonic() - begin > 60 * chosen.minutes:
            return
        counts["checks"] += 1
        signal.setitimer(signal.ITIMER_PROF, chosen.seconds)
        with fuzzing.folder_of(*market) as path:
            try:
                refusal = fuzzing.check(path)
                if refusal:
                    counts["refused"] += 1
                    refusals[re.sub(r"'[^']*'|[-+.\d]+|/\S+", "*", refusal)[:70]] += 1
                elif counts["fits"] < chosen.fits:
                    counts["fits"] += 1
                    fuzzing.fit_on_prior_draws(
                        path, fuzzing.suggested(market[0]), path.parent / "run"
                    )
            except (Exception, TooLongError) as problem:
                frames = traceback.extract_tb(problem.__traceback__)
                own = [frame for frame in frames if "mmm_bayes" in frame.filename] or frames
                where = f"{Path(own[-1].filename).name}:{own[-1].lineno} {type(problem).__name__}"
                failures[where] += 1
                if failures[where] == 1:
                    folder = chosen.out / f"{chosen.seed}-{counts['checks']}"
                    folder.mkdir(parents=True, exist_ok=True)
                    fuzzing.write(folder, *market)
                    (folder / "traceback.txt").write_text(traceback.format_exc())
                    print(f"{folder}: {where}: {str(problem)[:300]}", flush=True)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)

    run()
    print(f"seed {chosen.seed}: {dict(counts)} in {time.monotonic() - begin:.0f} s")
    for message, times in refusals.most_common(60):
        print(f"{times:6d}  {message}")
    print("failures:", dict(failures) or "none")
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
