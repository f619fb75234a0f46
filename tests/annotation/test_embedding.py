"""A local sentence model as an annotator."""

import json
from pathlib import Path

import numpy as np
import pytest

from rtemotion.annotation.descriptions import DESCRIPTIONS, NEUTRAL
from rtemotion.annotation.embedding import EmbeddingAnnotator
from rtemotion.annotation.emotions import EMOTIONS
from rtemotion.annotation.errors import AnnotationError
from rtemotion.annotation.sentence_model import SentenceModel

from .sentence_models import vectors, vocabulary, write_model
from .stories import EMOTION_OF, SENTENCES, segments


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


def test_a_sentence_is_the_mean_of_its_tokens(folder: Path) -> None:
    words = vocabulary()
    table = vectors(words).astype(np.float64)
    mean = table[[words.index("the"), words.index("garden")]].mean(axis=0)
    found = SentenceModel(folder).embed("The garden")
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=1e-6)


def test_the_first_token_stands_for_it_where_the_folder_says_so(tmp_path: Path) -> None:
    folder = write_model(
        tmp_path / "first", inputs=("input_ids", "attention_mask", "token_type_ids")
    )
    (folder / "1_Pooling").mkdir()
    config = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
    model = SentenceModel(folder)
    np.testing.assert_array_equal(model.embed("the garden"), model.embed("the"))


def test_an_embedding_the_model_gives_is_taken(folder: Path, tmp_path: Path) -> None:
    pooled = write_model(tmp_path, "sentence_embedding", ("input_ids",), weights="onnx/model.onnx")
    for text in SENTENCES:
        np.testing.assert_allclose(
            SentenceModel(pooled).embed(text), SentenceModel(folder).embed(text), atol=1e-6
        )


def test_the_strongest_emotion_is_that_of_the_sentence(folder: Path) -> None:
    annotator = EmbeddingAnnotator(SentenceModel(folder))
    scores = np.array(list(annotator.scores(segments())))
    assert ((scores >= 0.0) & (scores <= 1.0)).all()
    strongest = [EMOTIONS[i] for i in scores.argmax(axis=1)]
    assert sum(a == b for a, b in zip(strongest, EMOTION_OF, strict=True)) >= 7
    assert annotator.unknown == ()
    assert "tiny sha256:" in annotator.identity


def test_the_scale_is_the_one_that_is_stated(folder: Path) -> None:
    """0 is the mean cosine of all other sentences, 1 that of its own, each left out in turn."""
    model = SentenceModel(folder)
    annotator = EmbeddingAnnotator(model)
    for i, emotion in enumerate(EMOTIONS):
        own = [model.embed(sentence) for sentence in DESCRIPTIONS[emotion]]
        rest = [s for other in EMOTIONS if other != emotion for s in DESCRIPTIONS[other]]
        others = [model.embed(sentence) for sentence in (*rest, *NEUTRAL)]
        zero = np.mean([cosine(vector, sum(own)) for vector in others])
        one = np.mean([cosine(v, sum(own[:k] + own[k + 1 :])) for k, v in enumerate(own)])
        for text in SENTENCES:
            expected = (cosine(model.embed(text), sum(own)) - zero) / (one - zero)
            assert annotator.score(text)[i] == pytest.approx(np.clip(expected, 0.0, 1.0), abs=1e-9)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def test_a_model_that_tells_nothing_apart_scores_nothing(tmp_path: Path) -> None:
    same = np.ones((len(vocabulary()), 4), dtype=np.float32)
    annotator = EmbeddingAnnotator(SentenceModel(write_model(tmp_path, table=same)))
    assert annotator.unknown == EMOTIONS
    assert np.isnan(annotator.score("joy")).all()


def test_longer_texts_than_the_model_reads_are_counted(tmp_path: Path) -> None:
    model = SentenceModel(write_model(tmp_path, max_tokens=4))
    short = model.embed("the garden was the")
    assert model.n_cut == 0
    np.testing.assert_array_equal(model.embed("the garden was the table"), short)
    assert model.n_cut == 1


def test_what_is_missing_or_wrong_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    with pytest.raises(AnnotationError, match="no model.onnx"):
        SentenceModel(folder)
    (folder / "model.onnx").write_bytes(b"no model")
    with pytest.raises(AnnotationError, match="no tokenizer.json"):
        SentenceModel(folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(AnnotationError, match="is no tokenizer"):
        SentenceModel(folder)
    write_model(folder)
    (folder / "model.onnx").write_bytes(b"no model")
    with pytest.raises(AnnotationError, match="no model that can be run"):
        SentenceModel(folder)
    write_model(folder, inputs=("input_ids", "pixels"))
    with pytest.raises(AnnotationError, match="input 'pixels'"):
        SentenceModel(folder)


def test_a_tokenizer_of_another_model_is_told(tmp_path: Path) -> None:
    few = np.ones((3, 4), dtype=np.float32)
    with pytest.raises(AnnotationError, match="cannot be run"):
        SentenceModel(write_model(tmp_path, table=few)).embed("the garden")


def test_vectors_without_direction_are_refused(tmp_path: Path) -> None:
    nothing = np.zeros((len(vocabulary()), 4), dtype=np.float32)
    with pytest.raises(AnnotationError, match="no direction"):
        SentenceModel(write_model(tmp_path, table=nothing)).embed("the garden")
