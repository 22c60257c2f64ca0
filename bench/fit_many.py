"""Fits many recordings on two workers of a Dask cluster, one of which is killed in the middle.

    python -m bench.fit_many [--recordings 200] [--seconds 0.25]

Each recording is noise through `bench/hidden/lowpass.dsp`, with hidden parameters. The workers are
processes of this machine that nothing starts again; when half of the results are there, one of them
is killed. Prints how many results there are in the end, how long it took, and how far the
parameters are from the hidden ones; it fails if a result is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import fad
from fad.fitting.assembly import Targets
from fad.fitting.many import Tally, fit_many
from fad.fitting.store import Found, Store, open_store
from fad.fitting.targets import Target
from fad.fitting.workers import Job
from fad.model.coordinates import coordinate
from fad.pipeline.front import Request
from fad.reporting.parcels import fit_parcel, job_of, packed

PROGRAM = Path(__file__).parent / "hidden" / "lowpass.dsp"
RATE, WORKERS = 44100, 2


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler, and its workers."""
    file = folder / "scheduler.json"
    here = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
    own = ["--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
    commands = [["scheduler", "--port", "0", *here], *[["worker", *here, *own]] * WORKERS]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{command}", *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for command, *arguments in commands
    ]
    try:
        while not file.exists():
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"], processes[1:]
    finally:
        for each in processes:
            each.kill()
        for each in processes:
            each.wait()


def hidden(count: int) -> list[dict[str, float]]:
    """Values of the parameters, anywhere in their ranges: path -> value, for each recording."""
    generator = np.random.default_rng(15)
    parameters = fad.load(PROGRAM).parameters
    return [
        {each.path: float(coordinate(each).value(generator.uniform())) for each in parameters}
        for _ in range(count)
    ]


def jobs_for(values: Sequence[dict[str, float]], seconds: float) -> list[Job]:
    """A job for each recording."""
    model = fad.load(PROGRAM, rate=RATE)
    program = packed(Request(PROGRAM))
    noise = np.random.default_rng(0).uniform(-1, 1, (1, int(seconds * RATE)))

    def job(number: int) -> Job:
        sound = np.asarray(model(noise, values[number]), np.float64)
        target = Target(sound, noise, name=f"recording {number}")
        content = sound.tobytes()
        return job_of(program, target.name, content, lambda: Targets((target,), RATE, ()), {})

    return [job(number) for number in range(len(values))]


def errors(store: Store, jobs: Sequence[Job], values: Sequence[dict[str, float]]) -> list[float]:
    """The largest error of a parameter of each recording that is done, as a share of its range."""
    places = {each.path: coordinate(each) for each in fad.load(PROGRAM).parameters}
    found = []
    for job, expected in zip(jobs, values, strict=True):
        for row in store.rows(job.key):
            if isinstance(row.outcome, Found):
                fitted = json.loads(row.outcome.result)["parameters"]
                found.append(
                    max(
                        abs(float(place.place(fitted[path]) - place.place(expected[path])))
                        for path, place in places.items()
                    )
                )
    return found


def main() -> int:
    """Fits, kills, and counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=0.25)
    options = parser.parse_args()
    values = hidden(options.recordings)
    jobs = jobs_for(values, options.seconds)
    with tempfile.TemporaryDirectory() as name, open_store(Path(name) / "fits.sqlite") as store:
        with cluster(Path(name)) as (address, processes):
            begun = time.perf_counter()

            def look(tally: Tally) -> None:
                if tally.done == options.recordings // 2:
                    processes[0].send_signal(signal.SIGKILL)
                    print(f"{tally.done} are done: one of the workers is killed", flush=True)

            tally = fit_many(
                jobs, fit_parcel, store, backend="dask", scheduler=address, progress=look
            )
            seconds = time.perf_counter() - begun
        found = errors(store, jobs, values)
    print(f"{tally.done} of {tally.total} recordings are done, {tally.failed} have failed")
    print(f"{seconds:.0f} s, {seconds / tally.total:.2f} s each")
    if found:
        near = sum(each < 0.01 for each in found)
        print(f"largest error of a parameter: median {statistics.median(found):.1e} of its range")
        print(f"below 1 % of the range: {near} of {len(found)}")
    return int(len(found) != options.recordings)


if __name__ == "__main__":
    sys.exit(main())
