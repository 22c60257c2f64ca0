"""Jobs for tests of many of them; workers import this module."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from fad.base.errors import FadError
from fad.batches.store import Found, key_of
from fad.batches.workers import Job


@dataclass(frozen=True)
class Stub:
    """What a worker is sent.

    Attributes:
        folder: where it is noted who has begun.
        number: which one it is; its square is what is found.
        trouble: what goes wrong with it.
    """

    folder: Path
    number: int
    trouble: str = ""


def square(stub: Stub) -> Found:
    """Finds the square of the stub's number."""
    begun = len([*stub.folder.glob(f"{stub.number}-*")])
    (stub.folder / f"{stub.number}-{begun}").touch()
    match stub.trouble:
        case "kills once" if not begun:
            os.kill(os.getpid(), signal.SIGKILL)
        case "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        case "is refused":
            raise FadError("the recording is silent", hint="play it")
        case "has a bug":
            raise ZeroDivisionError("none of anything")
        case "takes long":
            time.sleep(60)
        case "counts":
            return Found(str(_beside(stub)), "", "")
    time.sleep(0.02)
    return Found(str(stub.number**2), f"process = {stub.number};", "{}")


def _beside(stub: Stub) -> int:
    """How many are being done at the same time."""
    mine = stub.folder / f"{stub.number}-running"
    mine.touch()
    time.sleep(0.05)
    found = len([*stub.folder.glob("*-running")])
    mine.unlink()
    return found


def job(stub: Stub) -> Job:
    """A job for a stub."""
    return Job(key_of(str(stub.number)), f"number {stub.number}", lambda: stub)


def begun(folder: Path) -> dict[int, int]:
    """Number -> how many times workers have begun with it."""
    numbers = [int(path.name.partition("-")[0]) for path in folder.iterdir()]
    return {number: numbers.count(number) for number in sorted(set(numbers))}
