"""Engine `vllm` in this process: models that vLLM runs, without a server between.

declared.py has the engine for models as they are declared, engine.py requests and
answers, model.py a loaded model, lifetime.py the end of its process.

vLLM comes with `pip install 'fusemill[vllm]'`, into an environment of its own. Only
model.py imports it.
"""
