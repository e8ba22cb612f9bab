"""What `fuzz_inputs.py` breaks: small whole inputs, and ways to break them."""
