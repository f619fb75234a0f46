"""Draws docs/simulation.png and the tables of docs/simulation.md: ``python docs/simulation.py``.

Simulated people wear the headsets of real recordings (``../shared/data``, or the folder
given) and go through the same measures: spectra, amplitudes, alpha, blinks. Only
statistics over whole recordings are drawn, never anybody's signal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from scipy.signal import butter, find_peaks, peak_widths, sosfiltfilt, welch

from rtemotion.signal import Chunk, FloatArray
from rtemotion.simulators import Artifacts, Brain, Subject, headset_from_labels
from rtemotion.simulators.headsets import montage_labels
from rtemotion.sources.recording import open_recording

mpl.use("Agg")
import matplotlib.pyplot as plt

PAGE = Path(__file__).with_suffix(".md")
BANDS = {"delta": (1, 4), "theta": (4, 8), "alpha": (8, 13), "beta": (13, 30), "gamma": (30, 45)}
PEOPLE, SECONDS = 12, 90
REAL, PLAIN, FULL = "#222222", "#0072b2", "#d55e00"


@dataclass(frozen=True, eq=False)
class Stretch:
    """One recording, or part of one: average reference, microvolts.

    Attributes
    ----------
    data : array, shape (n_samples, n_channels)
        Microvolts, without what is slower than 0.5 Hz.
    channels : tuple of str
        10-20 names.
    sfreq : float
        Hz.
    """

    data: FloatArray
    channels: tuple[str, ...]
    sfreq: float


@dataclass(frozen=True, eq=False)
class Group:
    """Recordings that belong together, and how they differ from a plain one.

    Attributes
    ----------
    name : str
        Title of its panel.
    stretches : tuple of Stretch
        One a person, or a condition.
    front, back : tuple of str
        Where blinks and alpha are looked for; none where there is no such electrode.
    line_hz : float
        Mains frequency where it was recorded.
    """

    name: str
    stretches: tuple[Stretch, ...]
    front: tuple[str, ...]
    back: tuple[str, ...]
    line_hz: float = 50.0


def clean(volts: FloatArray, channels: Sequence[str], sfreq: float) -> Stretch:
    """Average reference, high-pass 0.5 Hz; drops the edges where the filter settles."""
    data = 1e6 * (volts - np.median(volts, axis=0))
    data = data - data.mean(axis=1, keepdims=True)
    data = sosfiltfilt(butter(2, 0.5, "highpass", fs=sfreq, output="sos"), data, axis=0)
    edge = round(sfreq)
    return Stretch(np.ascontiguousarray(data[edge:-edge]), tuple(channels), float(sfreq))


def read(path: Path, names: dict[str, str] | None = None, pick: Sequence[str] = ()) -> Stretch:
    """Read a recording by the program's own reader."""
    source = open_recording(path)
    data = np.concatenate([item.data for item in source if isinstance(item, Chunk)])
    labels = [(names or {}).get(label, label) for label in source.info.channels]
    rows = [
        i
        for i, kind in enumerate(source.info.kinds)
        if kind == "eeg" and (not pick or labels[i] in pick)
    ]
    return clean(data[:, rows], [labels[i] for i in rows], source.info.sfreq)


def eye_state(path: Path, closed: bool) -> Stretch:
    """Read the parts of the eye-state set with eyes closed or open, joined; outliers held."""
    text = path.read_text()
    lines = text.split("@DATA")[1].split()
    names = re.findall(r"@ATTRIBUTE (\S+) NUMERIC", text, re.IGNORECASE)
    table = np.array([line.split(",") for line in lines], dtype=float)
    volts = 1e-6 * table[:, :14]
    middle = np.median(volts, axis=0)
    volts = np.where(np.abs(volts - middle) < 500e-6, volts, middle)
    whole = clean(volts, names[:14], 128.0)
    inside = table[128:-128, 14] == float(closed)
    return Stretch(whole.data[inside], whole.channels, 128.0)


def recordings(folder: Path) -> list[Group]:
    """Return the real recordings, grouped."""
    muse = sorted((folder / "muse-calm").glob("*.csv"))
    rest = sorted((folder / "eegmat-stress").glob("*_1_first62s.edf"))
    dasps = sorted((folder / "dasps-anxiety").glob("*.edf"))
    cyton = next((folder / "openbci-cyton").glob("*.txt"))
    arff = folder / "emotiv-eye-state" / "EEG_Eye_State.arff"
    eeglab = folder / "eeglab-samples" / "eeglab_data.set"
    old = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
    worn = {f"EXG Channel {k}": label for k, label in enumerate(CYTON)}
    return [
        Group("eegmat rest, 6 people, cleaned", tuple(read(p, old) for p in rest), (), BACK),
        Group("DASPS, 13 people, raw", tuple(read(p) for p in dasps), ("AF3", "AF4"), BACK),
        Group("eye state, open, 1 person", (eye_state(arff, False),), ("AF3", "AF4"), BACK),
        Group("Muse, 1 person, 3 days", tuple(read(p) for p in muse), ("AF7", "AF8"), ()),
        Group("Cyton, 1 person", (read(cyton, worn),), ("Fp1", "Fp2"), BACK, 60.0),
        Group("EEGLAB sample, 1 person", (read(eeglab),), ("Fpz",), BACK, 60.0),
        Group("eye state, closed, 1 person", (eye_state(arff, True),), (), BACK),
    ]


BACK = ("O1", "O2", "Oz")
CYTON = ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")


def simulated(group: Group, realistic: bool) -> Group:
    """Return simulated people in the headset of a group, through the same cleaning."""
    like = group.stretches[0]
    kept = [label for label in like.channels if label in set(montage_labels())]
    headset = headset_from_labels(kept, like.sfreq)
    artifacts = Artifacts.realistic() if realistic else Artifacts()
    artifacts = replace(artifacts, line_hz=group.line_hz)
    made = []
    for person in range(PEOPLE):
        brain = Brain(
            Subject.draw(500 + person, realistic=realistic),
            headset,
            seed=person,
            artifacts=artifacts,
        )
        volts = brain.read(round(SECONDS * like.sfreq))[0].data
        made.append(clean(volts, kept, like.sfreq))
    return replace(group, stretches=tuple(made))


def spectra(group: Group) -> tuple[FloatArray, FloatArray]:
    """Return frequencies and power density, µV²/Hz, of every person's every channel."""
    rows = []
    for stretch in group.stretches:
        n = round(2 * stretch.sfreq)
        frequencies, power = welch(
            stretch.data, stretch.sfreq, nperseg=n, axis=0, average="median"
        )
        rows.append(power.T)
    return frequencies, np.concatenate(rows)


def band_power(group: Group) -> FloatArray:
    """Return the median over people and channels of power density in each band, µV²/Hz."""
    frequencies, power = spectra(group)
    return np.array(
        [
            np.median(power[:, (frequencies >= low) & (frequencies < high)].mean(axis=1))
            for low, high in BANDS.values()
        ]
    )


def amplitudes(group: Group) -> FloatArray:
    """Return samples between 1 and 40 Hz over all channels and people, µV."""
    parts = []
    for stretch in group.stretches:
        sos = butter(4, (1, 40), "bandpass", fs=stretch.sfreq, output="sos")
        parts.append(sosfiltfilt(sos, stretch.data, axis=0).ravel())
    return np.concatenate(parts)


def alpha_peaks(group: Group) -> FloatArray:
    """Return each person's largest height of alpha over 1/f at the back of the head, dB.

    The 1/f line is fitted to logarithms over 2..35 Hz without 6..14 Hz.
    """
    heights = []
    for stretch in group.stretches:
        rows = [i for i, label in enumerate(stretch.channels) if label in group.back]
        n = round(2 * stretch.sfreq)
        frequencies, power = welch(stretch.data[:, rows], stretch.sfreq, nperseg=n, axis=0)
        outside = ((frequencies >= 2) & (frequencies < 6)) | (
            (frequencies > 14) & (frequencies <= 35)
        )
        inside = (frequencies >= 7.5) & (frequencies <= 13)
        level = np.log(power.mean(axis=1))
        line = np.polyfit(np.log(frequencies[outside]), level[outside], 1)
        above = level[inside] - np.polyval(line, np.log(frequencies[inside]))
        heights.append(10 * above.max() / np.log(10))
    return np.array(heights)


def slopes(group: Group) -> FloatArray:
    """Return the exponent of 1/f of every channel, fitted as for `alpha_peaks`."""
    frequencies, power = spectra(group)
    outside = ((frequencies >= 2) & (frequencies < 6)) | ((frequencies > 14) & (frequencies <= 35))
    x = np.log(frequencies[outside])
    return -np.polyfit(x, np.log(power[:, outside]).T, 1)[0]


@dataclass(frozen=True, eq=False)
class BlinkStatistics:
    """What blinks look like: a minute (one a person), µV and s (one a blink)."""

    rates: FloatArray
    heights: FloatArray
    widths: FloatArray


def blinks(group: Group) -> BlinkStatistics:
    """Find blinks in the mean of the frontal electrodes between 1 and 10 Hz.

    A blink stands 50 µV and five typical deviations above the rest, and is 0.08 to 0.4 s
    wide at half its height.
    """
    rates, heights, widths = [], [], []
    for stretch in group.stretches:
        rows = [i for i, label in enumerate(stretch.channels) if label in group.front]
        sos = butter(2, (1, 10), "bandpass", fs=stretch.sfreq, output="sos")
        wave = sosfiltfilt(sos, stretch.data[:, rows].mean(axis=1))
        typical = 1.4826 * np.median(np.abs(wave - np.median(wave)))
        least = max(50.0, 5 * typical)
        peaks, found = find_peaks(
            wave, height=(least, 1000), distance=round(0.3 * stretch.sfreq), prominence=least
        )
        width = peak_widths(wave, peaks, 0.5)[0] / stretch.sfreq
        right = (width > 0.08) & (width < 0.4)
        rates.append(60 * right.sum() * stretch.sfreq / len(wave))
        heights.append(found["peak_heights"][right])
        widths.append(width[right])
    return BlinkStatistics(np.array(rates), np.concatenate(heights), np.concatenate(widths))


@dataclass(frozen=True, eq=False)
class Compared:
    """A group of recordings, and simulated people in its headset."""

    real: Group
    plain: Group
    full: Group

    def each(self, measure: Callable[[Group], Any]) -> tuple[Any, Any, Any]:
        """Return a measure of the recordings, of default and of realistic simulations."""
        return measure(self.real), measure(self.plain), measure(self.full)


def draw(compared: Sequence[Compared], path: Path) -> None:
    """Draw everything into one picture."""
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(3, 3, figsize=(12, 10.5), constrained_layout=True)
    for axis, one in zip(axes[:2].ravel(), compared, strict=False):
        draw_spectra(axis, one)
    axes[0, 0].legend(frameon=False, fontsize=8)
    draw_amplitudes(axes[2, 0], compared[1])
    draw_alpha(axes[2, 1], [one for one in compared if one.real.back])
    draw_blinks(axes[2, 2], [one for one in compared if one.real.front])
    figure.savefig(path, dpi=92)


def draw_spectra(axis: Any, one: Compared) -> None:
    """Draw median spectra, and where 80 % of channels lie."""
    for (frequencies, power), color, label in zip(
        one.each(spectra), (REAL, PLAIN, FULL), LABELS, strict=True
    ):
        inside = (frequencies >= 0.5) & (frequencies <= 60)
        x, power = frequencies[inside], power[:, inside]
        axis.loglog(x, np.median(power, axis=0), color=color, lw=1.6, label=label)
        if color != PLAIN:
            low, high = np.quantile(power, [0.1, 0.9], axis=0)
            axis.fill_between(x, low, high, color=color, alpha=0.15, lw=0)
    axis.set(title=one.real.name, xlabel="Hz", ylabel="µV²/Hz", xlim=(0.5, 60), ylim=(0.01, 2e3))
    axis.set_xticks([1, 4, 8, 13, 30, 45], ["1", "4", "8", "13", "30", "45"])
    axis.minorticks_off()


def draw_amplitudes(axis: Any, one: Compared) -> None:
    """Draw how often each amplitude occurs."""
    edges = np.linspace(-150, 150, 121)
    middle = (edges[1:] + edges[:-1]) / 2
    for values, color, label in zip(
        one.each(amplitudes), (REAL, PLAIN, FULL), LABELS, strict=True
    ):
        density = np.histogram(values, edges)[0] / len(values) / np.diff(edges)
        axis.semilogy(middle, np.where(density > 0, density, np.nan), color=color, label=label)
    axis.set(title=f"Amplitudes, 1-40 Hz: {short(one)}", xlabel="µV", ylabel="density, 1/µV")


def draw_alpha(axis: Any, compared: Sequence[Compared]) -> None:
    """Draw alpha's height over 1/f: a dot a person."""
    rng = np.random.default_rng(0)
    for row, one in enumerate(compared):
        for shift, heights, color in zip(
            (0.22, 0.0, -0.22), one.each(alpha_peaks), (REAL, PLAIN, FULL), strict=True
        ):
            y = row + shift + 0.05 * rng.uniform(-1, 1, len(heights))
            size = 6 if color == REAL else 4
            axis.plot(heights, y, "o", color=color, ms=size, alpha=0.7, mew=0)
    axis.set_yticks(range(len(compared)), [short(one) for one in compared])
    axis.set(title="Alpha over 1/f at the back of the head", xlabel="dB, a dot a person")


def draw_blinks(axis: Any, compared: Sequence[Compared]) -> None:
    """Draw heights and widths of blinks: 10 %, median and 90 %."""
    markers = "osD^v"
    for marker, one in zip(markers, compared, strict=False):
        for group, color in ((one.real, REAL), (one.full, FULL)):
            found = blinks(group)
            if len(found.heights) < 5:
                continue
            height = np.quantile(found.heights, [0.1, 0.5, 0.9])
            width = 1000 * np.quantile(found.widths, [0.1, 0.5, 0.9])
            axis.errorbar(
                *(height[1], width[1]),
                xerr=[[height[1] - height[0]], [height[2] - height[1]]],
                yerr=[[width[1] - width[0]], [width[2] - width[1]]],
                **{"fmt": marker, "color": color, "ms": 5, "lw": 1, "alpha": 0.9},
            )
        axis.plot([], [], marker, color="gray", label=short(one))
    axis.legend(frameon=False, fontsize=8)
    axis.set(title="Blinks", xlabel="height, µV", ylabel="width at half height, ms")


LABELS = ("recorded", "simulated, default", "simulated, realistic")


def short(one: Compared) -> str:
    """Return the name of a group without its particulars."""
    first, second = (one.real.name + ", ").split(", ")[:2]
    return f"{first}, {second}" if second in {"open", "closed"} else first


def tables(compared: Sequence[Compared]) -> str:
    """Return every number as tables in Markdown."""
    names = ("recorded", "default", "realistic")
    lines = [
        "Band power, µV²/Hz (median over people and channels):\n",
        f"| recording | | {' | '.join(BANDS)} | exponent of 1/f |",
        f"|---|---|{'---|' * (len(BANDS) + 1)}",
    ]
    for one in compared:
        values = zip(names, one.each(band_power), one.each(slopes), strict=True)
        for row, (name, power, slope) in enumerate(values):
            numbers = " | ".join(f"{value:.2g}" for value in power)
            title = one.real.name if row == 0 else ""
            lines.append(f"| {title} | {name} | {numbers} | {np.median(slope):.1f} |")
    lines += ["", agreement(compared)]
    lines += [
        "\nAmplitudes between 1 and 40 Hz, µV, and alpha over 1/f, dB (median; lowest to "
        "highest person):\n",
        "| recording | | typical deviation | 99.9 % lie below | alpha |",
        "|---|---|---|---|---|",
    ]
    for one in compared:
        for row, (name, group) in enumerate(zip(names, vars(one).values(), strict=True)):
            size = np.abs(amplitudes(group))
            peaks = alpha_peaks(group) if group.back else None
            alpha = (
                "–"
                if peaks is None
                else f"{np.median(peaks):.0f} ({peaks.min():.0f} to {peaks.max():.0f})"
            )
            lines.append(
                f"| {one.real.name if row == 0 else ''} | {name} | "
                f"{1.4826 * np.median(size):.1f} | {np.quantile(size, 0.999):.0f} | {alpha} |"
            )
    return "\n".join([*lines, *blink_table(compared)])


def agreement(compared: Sequence[Compared]) -> str:
    """Return in words how many band powers are right within a factor of two."""
    ratios = []
    for one in compared:
        if one.real.name.startswith("Muse"):
            continue
        real, plain, full = one.each(band_power)
        ratios.append([plain / real, full / real])
    right = (np.abs(np.log2(ratios)) <= 1).sum(axis=(0, 2))
    total = len(ratios) * len(BANDS)
    return (
        f"Within a factor of two of what was recorded: {right[1]} of {total} band powers of the "
        f"realistic simulation, {right[0]} of the default one (the Muse left out)."
    )


def blink_table(compared: Sequence[Compared]) -> list[str]:
    """Return the lines of the table of blinks."""
    lines = [
        "\nBlinks found (median; 10 % to 90 %):\n",
        "| recording | | a minute | height, µV | width at half height, ms |",
        "|---|---|---|---|---|",
    ]
    for one in compared:
        if not one.real.front:
            continue
        for name, group in (("recorded", one.real), ("realistic", one.full)):
            found = blinks(group)
            parts = [f"{np.median(found.rates):.1f}"]
            for values in (found.heights, 1000 * found.widths):
                low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
                parts.append(f"{middle:.0f} ({low:.0f} to {high:.0f})")
            title = one.real.name if name == "recorded" else ""
            lines.append(f"| {title} | {name} | {' | '.join(parts)} |")
    return lines


def main() -> None:
    """Compare, draw, and write the numbers into the page."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    compared = [
        Compared(group, simulated(group, realistic=False), simulated(group, realistic=True))
        for group in recordings(folder)
    ]
    draw(compared, PAGE.with_suffix(".png"))
    page = PAGE.read_text(encoding="utf-8")
    begin, end = "<!-- numbers -->\n", "\n<!-- end of numbers -->"
    head, _, rest = page.partition(begin)
    tail = rest.partition(end)[2]
    PAGE.write_text(f"{head}{begin}{tables(compared)}{end}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
