"""From a model's name to networks: found or fetched, read, LoRAs fused, held against the memory there is.

`embedded/` is the model that ships, an ordinary diffusers folder. `checks` looks at what is named before anything is
loaded. It, `hub`, `model_facts`, `preflight` and `fallbacks` import no torch: the host process asks them.
"""
