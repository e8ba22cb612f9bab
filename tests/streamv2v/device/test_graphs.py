"""Programs: fixed addresses, clear errors, and the same contract captured, taped and plain."""

from __future__ import annotations

import pytest
import torch
from tape import TapedGraphs

from streamv2v.device.graphs import Graphs, Program, kept
from streamv2v.errors import ShapeError

KINDS = {"plain": lambda: Graphs(torch.device("cpu"), on=False), "taped": TapedGraphs}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def graphs(request: pytest.FixtureRequest) -> Graphs:
    return request.param()


def doubling(graphs: Graphs) -> Program:
    return Program(graphs, "double", lambda value: 2 * value, [torch.zeros(3)], torch.zeros(3))


def test_what_a_run_returns_is_overwritten_by_the_next(graphs: Graphs) -> None:
    program = doubling(graphs)
    first = program(torch.ones(3))
    kept_copy = first.clone()
    second = program(torch.full((3,), 5.0))
    assert first is second is program.output
    assert kept_copy.tolist() == [2, 2, 2] and first.tolist() == [10, 10, 10]


def test_a_run_without_values_takes_what_is_at_its_address(graphs: Graphs) -> None:
    program = doubling(graphs)
    program()
    program.inputs[0].fill_(4.0)
    assert program().tolist() == [8, 8, 8]


def test_the_first_run_counts_once_and_is_the_only_capture(graphs: Graphs) -> None:
    total = torch.zeros(())
    program = Program(graphs, "count", lambda: total.add_(1.0))
    for _ in range(5):
        program()
    assert (total.item(), program.runs) == (5, 5), "capturing must compute nothing by itself"
    assert graphs.captures == (1 if graphs.on else 0)


@pytest.mark.parametrize("shape", [(4,), (3, 1), ()])
def test_a_value_of_another_shape_is_refused_in_words(graphs: Graphs, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"'double' takes, as input 0, \[3\]; found \["):
        doubling(graphs)(torch.zeros(shape))


def test_an_answer_of_another_shape_is_refused_in_words(graphs: Graphs) -> None:
    program = Program(graphs, "sum", lambda value: value.sum(), [torch.zeros(3)], torch.zeros(3))
    with pytest.raises(ShapeError, match=r"'sum' answers \[3\]; found \[\]"):
        program()


def test_a_float_of_the_host_is_a_constant_once_captured_and_a_tensor_is_not() -> None:
    number, tensor = [2.0], torch.tensor(2.0)
    graphs = TapedGraphs()
    by_float = Program(graphs, "float", lambda value: value * number[0], [torch.ones(1)], torch.zeros(1))
    by_tensor = Program(graphs, "tensor", lambda value: value * tensor, [torch.ones(1)], torch.zeros(1))
    by_float(), by_tensor()
    number[0] = 3.0
    tensor.fill_(3.0)
    assert (by_float().item(), by_tensor().item()) == (2.0, 3.0)


def test_graphs_made_anew_run_the_new_function_and_an_error_brings_the_old_ones_back() -> None:
    factor = [2.0]
    graphs = TapedGraphs()
    program = Program(graphs, "times", lambda value: value * factor[0], [torch.ones(1)], torch.zeros(1))
    program()
    factor[0] = 3.0
    with pytest.raises(ZeroDivisionError), graphs.anew():
        program()
        raise ZeroDivisionError
    assert program().item() == 2.0
    with graphs.anew():
        pass
    assert program().item() == 3.0


def test_graphs_are_never_on_without_cuda() -> None:
    graphs = Graphs(torch.device("cpu"), on=True)
    program = doubling(graphs)
    program(torch.ones(3))
    assert (graphs.on, graphs.captures, program.graph) == (False, 0, None)


def test_kept_tensors_are_put_back_also_after_an_error() -> None:
    tensor = torch.arange(3.0)
    with pytest.raises(KeyError), kept([tensor, torch.empty(0)]):
        tensor.fill_(7.0)
        raise KeyError
    assert tensor.tolist() == [0, 1, 2]
