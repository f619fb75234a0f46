import mne
import pytest

from rtemotion.sources.labels import (
    canonical_site,
    clean_label,
    clean_labels,
    guess_kind,
    kinds_from_labels,
    lettered_banks,
)


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("EEG Fp1-REF", "Fp1"),
        ("EEG FP1-Ref", "Fp1"),
        ("FPZ", "Fpz"),
        ("CZ", "Cz"),
        ("Fc5.", "FC5"),
        ("Iz..", "Iz"),
        ("EEG T3-LE", "T3"),
        ("POL T4", "T4"),
        ("EEG C3-A2", "C3"),
        ("eeg o2-m1", "O2"),
        ("EEG A2-A1", "A2-A1"),
        ("Fp1-F3", "Fp1-F3"),
        ("EEG 001", "EEG 001"),
        ("ccp5H", "CCP5h"),
        ("COUNTER", "COUNTER"),
        ("ECG ECG", "ECG ECG"),
        ("...", "..."),
    ],
)
def test_clean_label(written: str, clean: str) -> None:
    assert clean_label(written) == clean


def test_every_site_of_mne_keeps_its_spelling() -> None:
    known = mne.channels.get_builtin_montages()
    name = next(n for n in ("colin27_1005", "standard_1005") if n in known)
    names = mne.channels.make_standard_montage(name).ch_names
    assert len(names) > 300
    assert [canonical_site(n.upper()) for n in names] == names


def test_cleaning_never_makes_two_channels_one() -> None:
    assert clean_labels(["EEG Fp1-A1", "EEG Cz-REF"]) == ("Fp1", "Cz")
    assert clean_labels(["C3-A1", "C3-A2"]) == ("C3-A1", "C3-A2")


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("VEOG", "eog"),
        ("Event marker", "stim"),
        ("HEOG", "eog"),
        ("EOG1", "eog"),
        ("ECG ECG", "ecg"),
        ("Ekg1", "ecg"),
        ("EMG1", "emg"),
        ("EEG A2-A1", "misc"),
        ("ACCX", "misc"),
        ("GYROX", "misc"),
        ("COUNTER", "misc"),
        ("INTERPOLATED", "misc"),
        ("CQ_AF3", "misc"),
        ("RAW_CQ", "misc"),
        ("Right AUX", "misc"),
        ("AUX_RIGHT", "misc"),
        ("MARKER", "stim"),
        ("Status", "stim"),
        ("TRIGGER", "stim"),
        ("STI 014", "stim"),
        ("Fp1", None),
        ("AF7", None),
        ("TP10", None),
        ("whatever", None),
    ],
)
def test_guess_kind(label: str, kind: str | None) -> None:
    assert guess_kind(label) == kind


def test_known_sites_are_eeg_and_the_rest_is_what_it_says() -> None:
    labels = ["Fp1", "Cz", "Pz", "VEOG", "thing"]
    assert kinds_from_labels(labels, ["eeg"] * 5) == ("eeg", "eeg", "eeg", "eog", "misc")


def test_without_sites_the_reader_is_believed() -> None:
    assert kinds_from_labels(["ch1", "ch2", "ECG"], ["eeg"] * 3) == ("eeg", "eeg", "ecg")


def test_lettered_banks_are_not_sites() -> None:
    labels = [f"{bank}{i}" for bank in "ABCP" for i in range(1, 17)]
    assert lettered_banks(labels)
    assert set(kinds_from_labels(labels, ["eeg"] * len(labels))) == {"eeg"}
    assert not lettered_banks(["A1", "A2", "Fp1", "Cz"])
