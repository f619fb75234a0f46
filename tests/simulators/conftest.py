"""Subjects and brains that several tests read."""

import pytest

from rtemotion.simulators import Brain, Subject


@pytest.fixture(scope="session")
def subject():
    return Subject.draw(3)


@pytest.fixture
def make_brain(subject):
    def make(headset="epoc", code="mix", **keywords):
        return Brain(keywords.pop("subject", subject), headset, code=code, **keywords)

    return make
