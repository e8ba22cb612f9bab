"""What `scripts/bench.py` is made of: shapes, cases, the baseline, the measuring and the tables."""
