"""TRL's losses, as the trainers set them up, against formulas written out here."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from small_training import PIN, ROOT, Training, make, project
from target_families import LLAMA

from fusemill.progress import Progress
from fusemill.train.arguments import common
from fusemill.train.rows import IGNORED
from fusemill.train.run import Asked, Run
from fusemill.train.weights import load_start
from needs_torch import torch

DPO = runpy.run_path(str(ROOT / "training" / "dpo.py"))


@pytest.fixture
def training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Training:
    monkeypatch.setenv("FUSEMILL_CACHE", str(tmp_path / "cache"))
    return make(tmp_path, LLAMA)


def prepare(training: Training, stage: str = "dpo") -> Run:
    asked = Asked(
        stage,  # type: ignore[arg-type]
        str(training.workdir / "target.yaml"),
        PIN,
        training.workdir / "out",
        training.base,
    )
    return Run(project(training.workdir), asked, Progress())


def dpo_trainer(run: Run, **options: Any) -> Any:
    """dpo.py's trainer, with other numbers."""
    from trl import DPOConfig

    return DPO["Pairs"](
        model=load_start(run),
        args=DPOConfig(**{**common(run), "max_length": 256, **options}),
        train_dataset=run.dataset("train"),
        processing_class=run.chat.tokenizer,
    )


def shaken(model: Any, seed: int) -> None:
    """Move every weight a little, so that the policy is not its reference."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(
                torch.randn(parameter.shape, generator=generator), alpha=0.02
            )


def logps(model: Any, prompt: list[int], answer: list[int]) -> torch.Tensor:
    """Log-probability of an answer: the sum over its tokens."""
    ids = torch.tensor([prompt + answer])
    scores = torch.log_softmax(model(input_ids=ids).logits[0, :-1].double(), dim=-1)
    picked = scores.gather(1, ids[0, 1:, None])[:, 0]
    return picked[len(prompt) - 1 :].sum()


def written_out(
    policy: Any, reference: Any, rows: list[Any], beta: float, by_length: bool
) -> torch.Tensor:
    """RECIPE.md, section 6: mean of -log sigmoid(w - l) over the rows."""
    losses = []
    for row in rows:
        terms = []
        for column in ("chosen_ids", "rejected_ids"):
            prompt, answer = row["prompt_ids"], row[column]
            with torch.no_grad():
                before = logps(reference, prompt, answer)
            ratio = logps(policy, prompt, answer) - before
            terms.append(beta * ratio / (len(answer) if by_length else 1))
        losses.append(-torch.nn.functional.logsigmoid(terms[0] - terms[1]))
    return torch.stack(losses).mean()


def log_probs_in_float64(model: Any) -> None:
    """Replace the head that computes log-probabilities in float32, here and there."""
    from trl.trainer.utils import FusedCausalLMOutput

    forward = model.forward

    def exact(*, labels: Any, fused_lm_head: bool, **inputs: Any) -> Any:
        assert fused_lm_head
        scores = torch.log_softmax(forward(**inputs).logits[:, :-1], dim=-1)
        assert scores.dtype == torch.float64
        told = labels[:, 1:]
        picked = scores.gather(2, told.clamp(min=0)[..., None])[..., 0]
        found = picked.masked_fill(told == IGNORED, 0)
        empty = torch.zeros_like(found)
        return FusedCausalLMOutput(
            log_probs=found,
            entropy=empty,  # of metrics only, as the two that follow
            mean_logits=empty,
            is_top1=empty.bool(),
            label_mask=told != IGNORED,
        )

    model.forward = exact


# TRL computes a token's log-probability in float32, where the last bit of an answer of
# fifty nats is 4e-6. Beta 10 brings that into the loss; nothing else does.
AS_IT_RUNS = [
    ("sigmoid_norm", 10.0, False, 1e-5),
    ("sigmoid_norm", 1.0, False, 1e-6),
    ("sigmoid", 0.01, False, 1e-6),
]
IN_FLOAT64 = [
    ("sigmoid_norm", 10.0, True, 1e-12),
    ("sigmoid", 0.01, True, 1e-12),
]


@pytest.mark.parametrize(
    ("loss_type", "beta", "exact", "tolerance"), AS_IT_RUNS + IN_FLOAT64
)
def test_the_dpo_loss_and_its_gradient_are_the_recipe_s(
    loss_type: str, beta: float, exact: bool, tolerance: float, training: Training
) -> None:
    run = prepare(training)
    trainer = dpo_trainer(run, loss_type=[loss_type], beta=beta)
    policy = trainer.model.double()
    trainer.ref_model.double()
    if exact:
        for model in (policy, trainer.ref_model):
            log_probs_in_float64(model)
    plain, reference = load_start(run).double(), load_start(run).double()
    rows = [run.dataset("train")[i] for i in range(12)]
    for seed in range(3):
        shaken(policy, seed)
        plain.load_state_dict(policy.state_dict())
        batch = rows[4 * seed : 4 * seed + 4]
        for model in (policy, plain):
            model.zero_grad()
        loss = trainer.compute_loss(policy, trainer.data_collator(batch))
        loss.backward()
        expected = written_out(
            plain, reference, batch, beta, loss_type == "sigmoid_norm"
        )
        expected.backward()
        assert abs(loss.item() - expected.item()) < tolerance
        assert abs(loss.item() - 0.693147) > 1e-5  # the policy has moved
        for one, other in zip(policy.parameters(), plain.parameters(), strict=True):
            apart = (one.grad - other.grad).norm()
            assert apart < (1e-12 if exact else 1e-5) * other.grad.norm()


def first_losses(trainer: Any) -> list[float]:
    """Loss of every pass over the rows, in their order, before any step."""
    shaken(trainer.model, 1)
    rows = [trainer.train_dataset[i] for i in range(8)]
    batches = [trainer.data_collator(rows[i : i + 2]) for i in range(0, 8, 2)]
    with torch.no_grad():
        return [float(trainer.compute_loss(trainer.model, b)) for b in batches]


def test_a_reference_that_was_computed_before_gives_the_same_loss(
    training: Training,
) -> None:
    run = prepare(training)
    plain = dpo_trainer(run, beta=10, loss_type=["sigmoid_norm"])
    filled, found = (
        dpo_trainer(
            run, beta=10, loss_type=["sigmoid_norm"], precompute_ref_log_probs=True
        )
        for _ in range(2)
    )
    losses = first_losses(filled)
    assert losses == pytest.approx(first_losses(plain), abs=1e-5)
    # The second one found what the first had computed.
    assert first_losses(found) == losses
    kept = list(training.workdir.rglob("cache-*.arrow"))
    assert len(kept) == 1
    names = {file["filename"] for file in found.train_dataset.cache_files}
    assert str(kept[0]) in names


def test_a_reference_is_computed_again_for_another_precision_and_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each rounds differently: what one run left would change the other's weights.
    monkeypatch.setenv("FUSEMILL_CACHE", str(tmp_path / "cache"))
    folders = set()
    for precision, rows in (("float32", 2), ("bfloat16", 2), ("float32", 4)):
        run = prepare(
            make(tmp_path, LLAMA, precision=precision, steps__per_device=rows)
        )
        (file,) = run.dataset("train").cache_files
        folders.add(Path(file["filename"]).parent)
    assert len(folders) == 3


def test_checkpointing_leaves_loss_and_gradient(training: Training) -> None:
    run = prepare(training)
    rows = [run.dataset("train")[i] for i in range(4)]
    losses, gradients = [], []
    for is_on in (False, True):
        trainer = dpo_trainer(run, activation_checkpointing=is_on)
        model = trainer.model.train()
        if is_on:  # as the trainer does before its first step
            model.activation_checkpointing_enable({"use_reentrant": False})
        shaken(model, 1)
        loss = trainer.compute_loss(model, trainer.data_collator(rows))
        loss.backward()
        losses.append(loss.item())
        gradients.append([one.grad for one in model.parameters()])
    assert losses[0] == losses[1]
    torch.testing.assert_close(gradients[0], gradients[1])


def test_groups_of_like_length_are_the_same_rows(training: Training) -> None:
    trainer = dpo_trainer(prepare(training))
    order = list(trainer._get_train_sampler(trainer.train_dataset))
    assert sorted(order) == list(range(40))
    assert order != sorted(order)


def test_rows_end_to_end_have_the_loss_of_padded_ones(training: Training) -> None:
    from trl import SFTConfig, SFTTrainer

    run = prepare(training, "sft")
    losses = []
    for padding_free in (False, True):
        trainer = SFTTrainer(
            model=load_start(run),
            args=SFTConfig(**common(run), max_length=None, padding_free=padding_free),
            train_dataset=run.dataset("train"),
            processing_class=run.chat.tokenizer,
        )
        losses.append(first_losses(trainer))
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)
