"""A network plays a synthesizer: harmonics and noise in Faust match a note of a clarinet.

The network hears what a pitch tracker and a level meter tell, one hundred times in a second, and
turns that into the levels of 24 harmonics and of 6 bands of noise. Its loss compares spectra, so
that phases do not matter. The note is one that a model of a clarinet plays; it could be a
recording.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import fad
import fad.torch
from examples.ddsp.result import HERE, Result, draw_loss, draw_spectrogram, panels
from fad import losses

RATE = 16000
#: The samples of a frame: there are 100 frames in a second.
FRAME = 160
FRAMES = 200
HARMONICS, BANDS = 24, 6
STEPS = 300
#: The lengths of the windows that spectra are compared in, in samples.
WINDOWS = (1024, 256, 64)


class Controller(nn.Module):
    """Pitch and loudness -> levels of harmonics and noise."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(
            *(nn.Linear(2, 64), nn.LayerNorm(64), nn.LeakyReLU()),
            *(nn.Linear(64, 64), nn.LayerNorm(64), nn.LeakyReLU()),
            nn.Linear(64, 1 + HARMONICS + BANDS),
        )

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Label of a slider -> its values in the frames.

        Args:
            features: of shape (frames, 2).
        """
        level, timbre, breath = self.network(features).split([1, HARMONICS, BANDS], 1)
        # One level for all, and shares of it: so loudness and timbre can be learnt apart.
        harmonics = torch.sigmoid(level) * torch.softmax(timbre, 1)
        noise = 0.1 * torch.sigmoid(breath - 4)
        return {
            **{f"harmonic {i + 1}": harmonics[:, i] for i in range(HARMONICS)},
            **{f"noise {i + 1}": noise[:, i] for i in range(BANDS)},
        }


def run() -> Result:
    """Trains the network."""
    torch.manual_seed(1)
    note = clarinet()
    pitch = tracked(note)
    octaves, loudness = np.log2(pitch / np.median(pitch)), decibels(note)
    features = torch.tensor(np.stack([12 * octaves, loudness / 20 + 1], 1), dtype=torch.float32)
    synthesizer = fad.torch.Layer(HERE / "harmonics.dsp", rate=RATE, block=FRAME)
    controller = Controller()
    loss = losses.mss(WINDOWS).to(torch.tensor(note))
    optimizer = torch.optim.Adam(controller.parameters(), 3e-3)
    history: list[float] = []
    heard = []
    for _ in range(STEPS):
        played = synthesizer(frames=note.shape[1], pitch=pitch, **controller(features))
        value = loss(played)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        history.append(value.item())
        heard.append(played.detach().numpy()[0])
    figure, axes = panels(2, 2, "A network plays a synthesizer in Faust")
    draw_spectrogram(axes[0, 0], note[0], RATE, "the note")
    draw_loss(axes[0, 1], history)
    draw_spectrogram(axes[1, 0], heard[-1], RATE, "learnt")
    draw_spectrogram(axes[1, 1], heard[0], RATE, "before learning")
    fallen = history[-1] / history[0]
    told = f"the loss fell from {history[0]:.2f} to {history[-1]:.2f} in {STEPS} steps"
    return Result(told, fallen < 0.35, figure)


def clarinet() -> NDArray[Any]:
    """A note with an attack, a vibrato and an end, of shape (1, frames)."""
    seconds = np.arange(FRAMES) * FRAME / RATE
    vibrato = 0.3 * np.sin(2 * np.pi * 5.5 * seconds) * np.clip(seconds - 0.5, 0, 1)
    pressure = np.interp(seconds, [0, 0.05, 0.1, 0.8, 1.2, 1.6, 1.9], [0, 1, 0.7, 0.6, 1, 0.7, 0])
    instrument = fad.load(HERE / "clarinet.dsp", rate=RATE, block=FRAME)
    pitch = 220 * 2 ** (vibrato / 12)
    return instrument(frames=FRAMES * FRAME, pitch=pitch, pressure=pressure)


def tracked(note: NDArray[Any]) -> NDArray[np.float64]:
    """The pitch in each frame, in Hz: where the autocorrelation of what is around is largest."""
    shortest, longest, window = RATE // 500, RATE // 100, 1024
    padded = np.pad(note[0].astype(float), window // 2)
    pitches = np.empty(FRAMES)
    for frame in range(FRAMES):
        start = frame * FRAME + FRAME // 2
        piece = padded[start : start + window] * np.hanning(window)
        alike = np.fft.irfft(np.abs(np.fft.rfft(piece, 2 * window)) ** 2)
        lag = shortest + int(np.argmax(alike[shortest:longest]))
        # A parabola through the three highest points has its top between the samples.
        before, here, after = alike[lag - 1 : lag + 2]
        bend = before - 2 * here + after
        pitches[frame] = RATE / (lag + (0.5 * (before - after) / bend if bend else 0))
    # Where it is quiet, the pitch is that of the nearest frame that is not.
    loudness = decibels(note)
    loud = np.flatnonzero(loudness > loudness.max() - 25)
    return np.interp(np.arange(FRAMES), loud, pitches[loud])


def decibels(note: NDArray[Any]) -> NDArray[np.float64]:
    """The level in each frame, in dB."""
    power = np.mean(note.reshape(FRAMES, FRAME).astype(float) ** 2, 1)
    return np.asarray(10 * np.log10(power + 1e-8))
