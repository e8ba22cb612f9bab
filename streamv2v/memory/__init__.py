"""The feature bank, the paper's own part: extended attention, dynamic merging, feature fusion.

It is attached to a U-Net by `hook.py`; `bank.py` is the whole of it, `layer_bank.py` one layer's share.
"""
