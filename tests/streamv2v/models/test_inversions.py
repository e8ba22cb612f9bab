"""Textual inversion embeddings of a folder become words of the text encoder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny import TEXT_WIDTH, tiny_text_encoder, tiny_tokenizer

from streamv2v.errors import ModelError
from streamv2v.models.inversions import add_inversions
from streamv2v.stream.prompt import PromptEncoder


def test_an_embedding_stands_where_its_name_stands(tmp_path: Path) -> None:
    words = tiny_text_encoder()
    tokenizer = tiny_tokenizer(tmp_path / "tokenizer")
    red, blue = (tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in ("red", "blue"))
    vectors = words.get_input_embeddings().weight[[red, blue]].clone()
    (tmp_path / "mine").mkdir()
    save_file({"emb_params": vectors}, tmp_path / "mine" / "Two Words.safetensors")
    save_file({"<ink>": vectors[0].half()}, tmp_path / "mine" / "ink.safetensors")
    changed = tiny_text_encoder()
    embeddings, passed = add_inversions(changed, str(tmp_path / "mine"), length=16)
    assert embeddings == {"Two Words": (200, 201), "ink": (202,)} and not passed
    plain = PromptEncoder(tokenizer, words)
    with_them = PromptEncoder(tokenizer, changed, embeddings)
    torch.testing.assert_close(with_them.encode("a man of two words").tokens, plain.encode("a man of red blue").tokens)
    torch.testing.assert_close(
        with_them.encode("ink, night").tokens, plain.encode("red, night").tokens, atol=1e-3, rtol=1e-2
    )
    torch.testing.assert_close(with_them.encode("red night").tokens, plain.encode("red night").tokens)


def test_what_is_no_embedding_for_this_model_is_passed_over_and_said(tmp_path: Path) -> None:
    save_file({"emb_params": torch.zeros(2, TEXT_WIDTH + 1)}, tmp_path / "wide.safetensors")
    save_file({"emb_params": torch.zeros(15, TEXT_WIDTH)}, tmp_path / "long.safetensors")
    save_file({"clip_l": torch.zeros(2, 4), "clip_g": torch.zeros(2, 4)}, tmp_path / "xl.safetensors")
    save_file({"a": torch.zeros(2, 4), "b": torch.zeros(2, 4)}, tmp_path / "two.safetensors")
    save_file({"emb_params": torch.full((1, TEXT_WIDTH), torch.nan)}, tmp_path / "nan.safetensors")
    save_file({"emb_params": torch.zeros(1, TEXT_WIDTH, dtype=torch.int64)}, tmp_path / "whole.safetensors")
    (tmp_path / "old.pt").write_bytes(b"x")
    (tmp_path / "page.safetensors").write_bytes(b"<html>no such file</html>")
    whole = (tmp_path / "nan.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[:-8])
    (tmp_path / "readme.txt").write_text("not looked at")
    embeddings, passed = add_inversions(tiny_text_encoder(), str(tmp_path), length=16)
    assert embeddings == {}
    said = dict(line.split(": ", 1) for line in passed)
    assert set(said) == {path.name for path in tmp_path.iterdir()} - {"readme.txt"}
    assert "17 wide, the model's text is 16" in said["wide.safetensors"] and "SDXL" in said["xl.safetensors"]
    assert "can run code" in said["old.pt"] and "no safetensors file" in said["page.safetensors"]
    assert "numbers that are none" in said["nan.safetensors"] and "takes 14" in said["long.safetensors"]


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    for folder in (tmp_path / "none", "~nobodyhere/x"):
        with pytest.raises(ModelError, match="folder of embeddings"):
            add_inversions(tiny_text_encoder(), str(folder), length=16)
