"""What a target declares, as TRL's and transformers' arguments."""

import os
import re
from typing import Any

from fusemill.errors import TrainError
from fusemill.train.processes import processes
from fusemill.train.run import Run
from fusemill.train.target import Steps

# The last two at the interval, and the one of the last step.
KEPT = 3


def common(run: Run) -> dict[str, Any]:
    """Arguments that SFT and DPO share; the rest stands in the two scripts."""
    import torch

    target, steps = run.target, run.target.steps
    return {
        "output_dir": str(run.output),
        "seed": target.seed,
        "data_seed": target.seed,
        "learning_rate": run.learning_rate,
        "num_train_epochs": run.stage.epochs,
        "lr_scheduler_type": steps.scheduler,
        "warmup_steps": steps.warmup_ratio,  # below 1: a share of all steps
        "optim": steps.optimizer,
        "weight_decay": steps.weight_decay,
        "max_grad_norm": steps.max_grad_norm,
        "per_device_train_batch_size": steps.per_device,
        "per_device_eval_batch_size": steps.per_device,
        "gradient_accumulation_steps": accumulation(steps, processes().num_processes),
        "train_sampling_strategy": (
            "group_by_length" if steps.group_by_length else "random"
        ),
        "bf16": target.precision == "bfloat16",
        "use_cpu": not torch.cuda.is_available(),
        "activation_checkpointing": target.gradient_checkpointing,
        "activation_checkpointing_kwargs": {"use_reentrant": False},
        "use_cache": run.base.uses_cache,  # as it is saved; no pass of training has one
        "save_strategy": "steps",
        "save_steps": steps.save_every,
        "save_total_limit": max(KEPT, getattr(run.stage, "choose_among", 0) + 1),
        "logging_steps": steps.log_every,
        "logging_nan_inf_filter": False,  # it would hide what ends a run
        "disable_tqdm": True,  # Steps shows how far it is
        "report_to": list(target.report_to),
        "run_name": f"{run.asked.stage} {target.model} {run.release.pin}",
        "remove_unused_columns": False,  # rows are token ids and their length only
        "dataloader_pin_memory": torch.cuda.is_available(),
    }


def accumulation(steps: Steps, n_devices: int) -> int:
    """Forward passes a step on each device; TrainError where they don't come out even.

    With 8 devices, batch 128 and per_device 2 they are 8.
    """
    rows = steps.per_device * n_devices
    if steps.batch % rows:
        raise TrainError(
            f"steps.batch: {steps.batch} rows a step cannot be split evenly over "
            f"{n_devices} devices with {steps.per_device} a pass; change "
            "`steps.per_device`, or the number of devices"
        )
    return steps.batch // rows


def lora(run: Run) -> Any:
    """PEFT's configuration where adapters are asked for, else None."""
    if not run.asked.lora:
        return None
    if os.environ.get("ACCELERATE_USE_DEEPSPEED") == "true":
        raise TrainError(
            "--lora: DeepSpeed holds the weights in parts, and adapters could not be "
            "merged into them; use one GPU or training/accelerate/fsdp.yaml"
        )
    from peft import LoraConfig

    declared = run.target.lora
    modules = declared.modules
    _require_layers(run, modules)
    return LoraConfig(
        r=declared.rank,
        lora_alpha=declared.alpha,
        lora_dropout=declared.dropout,
        target_modules=modules if isinstance(modules, str) else list(modules),
        task_type="CAUSAL_LM",
    )


def _require_layers(run: Run, modules: str | tuple[str, ...]) -> None:
    """TrainError where the model has no layer of a name; PEFT passes over most."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    if modules == "all-linear":
        return
    config = AutoConfig.from_pretrained(run.base.folder, local_files_only=True)
    with torch.device("meta"):  # names only, no weights
        model = AutoModelForCausalLM.from_config(config)
    linear = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)]
    if isinstance(modules, str):  # as PEFT reads them: a pattern, or ends of names
        patterns = {modules: modules}
    else:
        patterns = {one: rf"(.*\.)?{re.escape(one)}" for one in modules}
    for one, pattern in patterns.items():
        if not any(re.fullmatch(pattern, name) for name in linear):
            there = sorted({name.rpartition(".")[2] for name in linear})
            raise TrainError(
                f"lora.modules: {run.target.model} has no linear layer {one!r}; there "
                f"are: {', '.join(there)}, or all-linear"
            )
