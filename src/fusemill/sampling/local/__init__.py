"""Engine `transformers`: models that this machine runs itself.

parameters.py has the sampling keys, choosing.py how a token is chosen by them, batch.py
the rows under way, cache.py their keys and values, generation.py the loop over them,
checkpoint.py a model with its tokenizer, engine.py requests and answers, together.py
several models at once.

Torch and transformers come with `pip install 'fusemill[train]'`; parameters.py needs
neither.
"""
