"""Engine `transformers`: models that this machine runs itself.

parameters.py has the sampling keys, choosing.py how a token is chosen by them, cache.py
the keys and values of a batch whose rows come and go, generation.py the loop over it,
checkpoint.py a model with its tokenizer, engine.py requests and answers.

Torch and transformers come with `pip install 'fusemill[train]'`; parameters.py needs
neither.
"""
