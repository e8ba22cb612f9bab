"""Where the mathematics runs: the choice of device, tensors of fixed address, captured graphs, copies to and fro."""
