"""The temporal bench: what a stream does over time, measured on clips (see docs/temporal-bench.md)."""
