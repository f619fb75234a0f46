"""Small sets of noise in the layouts that data sets are published in."""

from __future__ import annotations

import gzip
import json
import pickle
import wave
from collections.abc import Sequence
from pathlib import Path

import edfio
import mne
import numpy as np
import scipy.io

from rtemotion.description import plain_xml
from rtemotion.outlets.recorder import Recorder
from rtemotion.outlets.session_file import SessionFile
from rtemotion.session import Decoding
from rtemotion.signal import Chunk, StreamInfo
from rtemotion.sources.memory import MemorySource


def noise(n: int, channels: int, seed: int = 0, scale: float = 10e-6) -> np.ndarray:
    """Return noise in volts, (n_samples, n_channels)."""
    return scale * np.random.default_rng(seed).standard_normal((n, channels))


def write_edf(
    path: Path, names: Sequence[str], seconds: int, sfreq: int = 128, seed: int = 0
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = noise(seconds * sfreq, len(names), seed) * 1e6
    edfio.Edf(
        [
            edfio.EdfSignal(
                column, sfreq, label=name, physical_dimension="uV", physical_range=(-500, 500)
            )
            for name, column in zip(names, data.T, strict=True)
        ]
    ).write(path)


def alice(folder: Path, subjects: int = 2, segments: Sequence[str] = ("1", "2", "3")) -> Path:
    """Write the Alice layout with segments of 20 s, and labels in segments."""
    (folder / "stimuli").mkdir(parents=True)
    for number in range(1, 13):
        with wave.open(str(folder / "stimuli" / f"{number}.wav"), "wb") as sound:
            sound.setparams((1, 2, 1000, 20_000, "NONE", ""))
            sound.writeframes(bytes(2 * 20_000))
    words = ["Word,Segment,onset,offset,Order,LogFreq,SndPower"]
    for number in range(1, 13):
        words += [f"w,{number},{t},{t + 0.4},1,{5 + number},{number / 10}" for t in range(20)]
    (folder / "stimuli" / "AliceChapterOne-EEG.csv").write_text("\n".join(words) + "\n")
    labels = ["segment,time,joy,fear"]
    for number in range(1, 13):
        labels += [f"{number},{t},{number / 12},{t / 20}" for t in range(0, 21, 2)]
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")
    kinds = ["eeg"] * 6 + ["eog", "misc", "misc"]
    info = mne.create_info([*"123456", "VEOG", "Aux5", "AUD"], 250.0, kinds)
    rng = np.random.default_rng(0)
    for subject in range(1, subjects + 1):
        name = f"S{subject:02d}"
        (folder / "eeg" / name).mkdir(parents=True)
        raw = mne.io.RawArray(noise(75 * 250, 9, subject).T, info, verbose="error")
        positions = {str(k + 1): p for k, p in enumerate(0.09 * rng.standard_normal((6, 3)))}
        raw.set_montage(mne.channels.make_dig_montage(positions, coord_frame="head"))
        onsets = [2.0 + 22.0 * k for k in range(len(segments))]
        raw.set_annotations(mne.Annotations(onsets, [0.0] * len(segments), list(segments)))
        raw.save(folder / "eeg" / name / f"{name}_alice-raw.fif", verbose="error")
    return folder


def bids(folder: Path, ratings: str = "events") -> Path:
    """Write two people with three clips of 20 s; ratings in events, a table, or a recording."""
    for subject, rate in (("01", 128), ("02", 250)):
        stem = folder / f"sub-{subject}" / "eeg" / f"sub-{subject}_task-film"
        names = ["Fp1", "Cz", "Pz", "O1"] + ([] if subject == "01" else ["O2"])
        write_edf(Path(f"{stem}_eeg.edf"), names, 70, rate, int(subject))
        kinds = ["name\ttype\tstatus"] + [f"{n}\tEEG\tgood" for n in names]
        Path(f"{stem}_channels.tsv").write_text("\n".join(kinds) + "\n")
        in_events = "\tvalence\tarousal" if ratings == "events" else ""
        head = "onset\tduration\ttrial_type" + in_events
        rows = [head, "0.5\t0\tkey" + ("\tn/a\tn/a" if ratings == "events" else "")]
        for k in range(3):
            own = f"\t{k + 1}\t{9 - k}" if ratings == "events" else ""
            rows.append(f"{2 + 22 * k}\t20\tclip{k}{own}")
        Path(f"{stem}_events.tsv").write_text("\n".join(rows) + "\n")
        if ratings == "continuous":
            values = np.stack([np.arange(700) / 700, np.zeros(700)], axis=1)
            with gzip.open(f"{stem}_physio.tsv.gz", "wt") as file:
                np.savetxt(file, values, delimiter="\t", fmt="%.6f")
            columns = ["valence", "arousal"]
            about = {"SamplingFrequency": 10.0, "StartTime": 0.0, "Columns": columns}
            Path(f"{stem}_physio.json").write_text(json.dumps(about))
    if ratings == "table":
        rows = ["participant_id\tstimulus\tvalence\tarousal"]
        rows += [f"sub-{s}\tclip{k}\t{k + 1}\t{9 - k}" for s in ("01", "02") for k in range(3)]
        (folder / "ratings.tsv").write_text("\n".join(rows) + "\n")
    return folder


def deap(folder: Path, kind: str, people: int = 1, trials: int = 4) -> Path:
    folder.mkdir(exist_ok=True)
    for k in range(people):
        rng = np.random.default_rng(k)
        held = {
            "data": 10.0 * rng.standard_normal((trials, 40, 8064)),
            "labels": rng.uniform(1, 9, (trials, 4)),
        }
        if kind == "mat":
            scipy.io.savemat(folder / f"s{k + 1:02d}.mat", held)
        else:
            (folder / f"s{k + 1:02d}.dat").write_bytes(pickle.dumps(held, protocol=2))
    return folder


def dreamer(path: Path, people: int = 2, clips: int = 3) -> Path:
    def cells(items: list[np.ndarray]) -> np.ndarray:
        out = np.empty((len(items), 1), dtype=object)
        for k, item in enumerate(items):
            out[k, 0] = item
        return out

    names = ["AF3", "F7", "F3", "FC5", "T7", "P7", "O1"]
    names += ["O2", "P8", "T8", "FC6", "F4", "F8", "AF4"]
    rows = []
    for person in range(people):
        stimuli = [4200 + 1e6 * noise((20 + k) * 128, 14, 10 * person + k) for k in range(clips)]
        scores = np.arange(1.0, clips + 1)[:, None]
        rows.append(
            {
                "EEG": {"stimuli": cells(stimuli), "baseline": cells(stimuli)},
                "ScoreValence": scores,
                "ScoreArousal": scores[::-1],
                "ScoreDominance": scores,
            }
        )
    data = np.empty((1, people), dtype=object)
    data[0] = rows
    held = {
        "Data": data,
        "EEG_SamplingRate": 128.0,
        "EEG_Electrodes": np.array([[n] for n in names], dtype=object).T,
    }
    scipy.io.savemat(path, {"DREAMER": held})
    return path


def faced(folder: Path) -> Path:
    (folder / "Processed_data").mkdir(parents=True)
    (folder / "Data" / "sub000").mkdir(parents=True)
    data = 1e6 * noise(28 * 32 * 7500, 1).reshape(28, 32, 7500)
    (folder / "Processed_data" / "sub000.pkl").write_bytes(pickle.dumps(data.astype(np.float32)))
    remarks = np.empty((28, 1), dtype=[("score", object), ("trial", object), ("vid", object)])
    order = np.random.default_rng(0).permutation(28) + 1
    for k, video in enumerate(order):
        remarks[k, 0] = (np.full((1, 12), video / 4.0), np.array([[k]]), np.array([[video]]))
    scipy.io.savemat(folder / "Data" / "sub000" / "After_remarks.mat", {"After_remark": remarks})
    return folder


def seed_vii(folder: Path, clips: Sequence[int] = (1, 2, 21)) -> Path:
    for part in ("EEG_preprocessed", "continuous_labels"):
        (folder / part).mkdir(parents=True)
    eeg = {str(k): 1e6 * noise(200 * 15, 62, k).T for k in clips}
    scipy.io.savemat(folder / "EEG_preprocessed" / "1.mat", eeg)
    labels = {str(k): np.linspace(0, 1, 5)[None] for k in clips}
    scipy.io.savemat(folder / "continuous_labels" / "1.mat", labels)
    return folder


def deap_original(folder: Path, videos: int = 3) -> Path:
    """Write a short BDF with codes in its Status channel, upper bits set, and the ratings."""
    folder.mkdir()
    names = ["Fp1", "Cz", "Status"]
    sfreq, seconds = 128, 70 * videos
    values = np.zeros((3, sfreq * seconds), dtype="<i4")
    values[:2] = np.random.default_rng(0).integers(-100, 100, values[:2].shape)
    values[2] = 0x18FF00
    for video in range(videos):
        for code, at in ((3, 1), (4, 4), (5, 64)):
            start = (70 * video + at) * sfreq
            values[2, start : start + 20] = 0x18FF00 | code
    fields = [
        b"\xffBIOSEMI" + b"X".ljust(80) + b"X".ljust(80) + b"01.02.23" + b"04.05.06",
        str(256 * 4).encode().ljust(8) + b"24BIT".ljust(44) + str(seconds).encode().ljust(8),
        b"1".ljust(8) + b"3".ljust(4),
    ]
    for width, row in (
        (16, names),
        (80, [""] * 3),
        (8, ["uV", "uV", "Boolean"]),
        (8, [-838860, -838860, -8388608]),
        (8, [838860, 838860, 8388607]),
        (8, [-8388600, -8388600, -8388608]),
        (8, [8388600, 8388600, 8388607]),
        (80, [""] * 3),
        (8, [sfreq] * 3),
        (32, [""] * 3),
    ):
        fields += [str(value).encode().ljust(width) for value in row]
    steps = values.reshape(3, seconds, sfreq).transpose(1, 0, 2)
    body = np.ascontiguousarray(steps).view(np.uint8).reshape(-1, 4)[:, :3]
    (folder / "s24.bdf").write_bytes(b"".join(fields) + body.tobytes())
    rows = ["Participant_id,Trial,Experiment_id,Start_time,Valence,Arousal,Dominance,Liking"]
    rows += [f"24,{k + 1},{videos - k},0,{k + 1},2,3,4" for k in range(videos)]
    (folder / "participant_ratings.csv").write_text("\n".join(rows) + "\n")
    return folder


def session(
    path: Path,
    seconds: int = 60,
    ratings: bool = True,
    span: tuple[float, float] | None = None,
) -> Path:
    """Record noise as a session that began at 1000 s on the local clock."""
    info = StreamInfo(("Cz", "Pz", "O1"), 128.0, unit="V", timestamps="raw", name="made")
    target = SessionFile(path)
    n = seconds * 128
    stamps = 1000.0 + np.arange(n) / 128.0
    chunks = [
        Chunk(noise(128, 3, k), 128 * k, stamps[128 * k : 128 * (k + 1)]) for k in range(seconds)
    ]
    source = MemorySource(info, chunks)
    recorder = Recorder(target, source)
    recorder.begin(Decoding(model="none", model_file="", setup={}, span=span), ("joy",))
    if ratings:
        stream = target.add_stream(
            plain_xml("sliders", "Rating", "double64", ("valence", "arousal"))
        )
        at = 1000.0 + np.arange(0.0, seconds, 0.5)
        values = np.stack([(at - 1000.0) / seconds, np.zeros(len(at))], axis=1)
        target.xdf.numbers(stream, at, values)
    for item in source:
        list(recorder.process(item))
    recorder.close()
    return path
