"""From a prompt to chunks of tokens."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import tiny_tokenizer

from streamv2v.prompts.reading import CHUNK_LIMIT, PromptReader
from streamv2v.stream.prompt import text_model_of


@pytest.fixture
def reader(tmp_path: Path) -> PromptReader:
    return PromptReader(text_model_of(tiny_tokenizer(tmp_path), 16, {"MyStyle": (200, 201, 202), "big": (203,) * 14}))


def lengths(reader: PromptReader, text: str) -> list[int]:
    return [len(chunk.ids) for chunk in reader.read(text).chunks]


def test_a_long_prompt_is_parted_where_a_word_begins(reader: PromptReader) -> None:
    assert lengths(reader, "red " * 14) == [14]
    assert lengths(reader, "red " * 15) == [14, 1]
    assert lengths(reader, "red " * 12 + "xyz") == [12, 3], "no word is torn"
    assert lengths(reader, "x" * 30) == [14, 14, 2], "but one that fills a chunk"


def test_a_comma_nearby_is_where_the_next_chunk_begins(reader: PromptReader) -> None:
    tiny = reader.read("red " * 12 + "y blue blue")  # a letter that the tokenizer has is one token
    assert [len(chunk.ids) for chunk in tiny.chunks] == [14, 1]


def test_a_break_fills_the_chunk(reader: PromptReader) -> None:
    assert lengths(reader, "red BREAK blue blue") == [1, 2]


def test_what_is_beyond_the_last_chunk_is_named(reader: PromptReader) -> None:
    reading = reader.read("red " * 14 * CHUNK_LIMIT + "(night:1.5) man")
    assert len(reading.chunks) == CHUNK_LIMIT and reading.beyond == ("night", "man")
    assert reading.tokens == 14 * CHUNK_LIMIT + 2
    assert reading.remarks == ("The first 112 of 114 tokens count; beyond them: night man.",)


def test_an_embedding_is_found_by_name_and_never_torn(reader: PromptReader) -> None:
    reading = reader.read("red (mystyle:1.4), embedding:MyStyle")
    assert reading.embeddings == ("MyStyle",)
    assert reading.chunks[0].ids[1:4] == (200, 201, 202) and reading.chunks[0].weights[1:4] == (1.4,) * 3
    assert lengths(reader, "red " * 12 + "MyStyle") == [12, 3]
    assert lengths(reader, "red big red") == [1, 14, 1]
    assert not reader.read("mystyles my-style").embeddings
    assert "not among the embeddings" in reader.read("embedding:other").remarks[0]


def test_begin_end_and_filling_are_those_of_the_tokenizer(reader: PromptReader, tmp_path: Path) -> None:
    plain = tiny_tokenizer(tmp_path)("a red man", padding="max_length", max_length=16)["input_ids"]
    assert reader.model.padded(reader.read("a red man").chunks[0])[0] == plain
