import subprocess
import sys

import pytest

import rtemotion.simulators as simulators


def test_every_public_name_can_be_had():
    for name in simulators.__all__:
        assert getattr(simulators, name) is not None
    assert callable(simulators.broadcast)
    assert dir(simulators) == sorted(simulators.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'brian'"):
        _ = simulators.brian


def test_importing_it_loads_nothing_heavy():
    code = (
        "import sys, rtemotion.simulators, rtemotion.simulators.headsets\n"
        "sys.exit(' '.join({'mne', 'pylsl', 'torch', 'PySide6'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stderr.strip() == ""
