"""Small recordings with known samples and markers, in every format."""

from pathlib import Path

import edfio
import mne
import numpy as np
import pybv

from rtemotion.signal import Chunk, FloatArray
from rtemotion.sources.recording import RecordingSource

SFREQ = 128.0
NAMES = ["Fp1", "Cz", "Pz", "VEOG"]
# The first sample, two in one place, and one that is on no chunk's edge.
ONSETS = [(0, "start"), (100, "b"), (100, "a"), (333, "odd"), (1240, "end")]


def signal(n: int = 1280) -> FloatArray:
    return np.round(np.random.default_rng(5).normal(0, 20, (4, n)), 1) * 1e-6


def make_raw(data: FloatArray, first_samp: int = 0, dated: bool = True) -> mne.io.RawArray:
    info = mne.create_info(NAMES, SFREQ, ["eeg", "eeg", "eeg", "eog"])
    raw = mne.io.RawArray(data, info, first_samp=first_samp, verbose="ERROR")
    if dated:
        raw.set_meas_date(1_700_000_000)
    origin = first_samp / SFREQ if dated else 0.0
    raw.set_annotations(
        mne.Annotations(
            [s / SFREQ + origin for s, _ in ONSETS],
            [0.25] * len(ONSETS),
            [d for _, d in ONSETS],
            orig_time=raw.info["meas_date"],
        )
    )
    return raw


def write_fif(folder: Path) -> Path:
    path = folder / "rec_raw.fif"
    make_raw(signal()).save(path, fmt="double", verbose="ERROR")
    return path


def write_fif_gz(folder: Path) -> Path:
    path = folder / "rec_raw.fif.gz"
    make_raw(signal(), first_samp=777).save(path, fmt="double", verbose="ERROR")
    return path


def write_undated(folder: Path) -> Path:
    path = folder / "undated_raw.fif"
    make_raw(signal(), first_samp=777, dated=False).save(path, fmt="double", verbose="ERROR")
    return path


def edf_signals(data: FloatArray, dimension: str = "uV", names: list[str] = NAMES) -> list:
    return [
        edfio.EdfSignal(
            row * 1e6,
            SFREQ,
            label=name,
            physical_dimension=dimension,
            physical_range=(-3276.8, 3276.7),
        )
        for row, name in zip(data, names, strict=True)
    ]


def edf_annotations() -> list[edfio.EdfAnnotation]:
    return [edfio.EdfAnnotation(s / SFREQ, 0.25, d) for s, d in ONSETS]


def write_edf(folder: Path) -> Path:
    path = folder / "rec.edf"
    edfio.Edf(edf_signals(signal()), annotations=edf_annotations()).write(path)
    return path


def write_brainvision(folder: Path) -> Path:
    pybv.write_brainvision(
        data=signal(),
        sfreq=SFREQ,
        ch_names=NAMES,
        fname_base="rec",
        folder_out=folder,
        unit="µV",
        resolution=0.1,
        fmt="binary_float32",
        events=[
            {"onset": s, "duration": 32, "description": d, "type": "Comment", "channels": "all"}
            for s, d in ONSETS
        ],
    )
    return folder / "rec.vhdr"


def write_set(folder: Path) -> Path:
    path = folder / "rec.set"
    mne.export.export_raw(path, make_raw(signal()), verbose="ERROR")
    return path


def write_bdf(folder: Path) -> Path:
    """Write a BDF by hand: its 24-bit samples, 0.1 µV a step."""
    path = folder / "rec.bdf"
    data = signal()
    fields = [
        b"\xffBIOSEMI" + b"X".ljust(80) + b"X".ljust(80) + b"01.02.23" + b"04.05.06",
        str(256 * 5).encode().ljust(8) + b"24BIT".ljust(44) + b"10".ljust(8) + b"1".ljust(8),
        b"4".ljust(4),
    ]
    for width, values in (
        (16, NAMES),
        (80, [""] * 4),
        (8, ["uV"] * 4),
        (8, [-838860] * 4),
        (8, [838860] * 4),
        (8, [-8388600] * 4),
        (8, [8388600] * 4),
        (80, [""] * 4),
        (8, [128] * 4),
        (32, [""] * 4),
    ):
        fields += [str(value).encode().ljust(width) for value in values]
    steps = np.round(data * 1e7).astype("<i4").reshape(4, 10, 128).transpose(1, 0, 2)
    body = np.ascontiguousarray(steps).view(np.uint8).reshape(-1, 4)[:, :3]
    path.write_bytes(b"".join(fields) + body.tobytes())
    return path


WRITERS = [write_edf, write_bdf, write_fif, write_fif_gz, write_undated, write_brainvision]
WRITERS += [write_set]


def samples_of(source: RecordingSource) -> FloatArray:
    return np.concatenate([item.data for item in source if isinstance(item, Chunk)])
