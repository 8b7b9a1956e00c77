"""ArmoRM once more, written from its description for one conversation at a time.

Llama 3 (pre-norm blocks with RMSNorm, rotary positions over half-split pairs, grouped
keys and values, SwiGLU) and the two heads, in numpy and float64, with loops instead of
batches. Nothing here is taken from fusemill, torch or transformers.
"""

import json
import re
from pathlib import Path

import numpy as np
from tiny_checkpoints import VOCABULARY

GATE = [128009, 128006, 78191, 128007, 271]


def token_ids(conversation: list[dict[str, str]]) -> list[int]:
    """BOS, then every turn: header with its role, text, end of turn."""
    ids = [128000]
    for turn in conversation:
        pieces = re.findall(r"<\|\w+\|>|\n\n|[^\s<]+", turn["content"])
        ids += [128006, VOCABULARY[turn["role"]], 128007, 271]
        ids += [VOCABULARY[piece] for piece in pieces]
        ids += [128009]
    return ids


class NaiveArmoRM:
    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file

        self.config = json.loads((folder / "config.json").read_text())
        self.tensors = {}
        for shard in folder.glob("*.safetensors"):
            for name, tensor in load_file(shard).items():
                self.tensors[name] = tensor.astype(np.float64)

    def __call__(self, ids: list[int]) -> tuple[float, np.ndarray]:
        """(score, the 19 objectives) of one conversation."""
        states = self.states(ids)
        starts = [i for i in range(len(ids)) if ids[i : i + 5] == GATE]
        objectives = self.tensors["regression_layer.weight"] @ states[-1]
        gate = self.gate(states[starts[-1]])
        adjusted = objectives @ self.tensors["reward_transform_matrix"]
        return float(sum(gate * adjusted)), objectives

    def gate(self, state: np.ndarray) -> np.ndarray:
        for i in range(3):
            state = np.maximum(self.linear(f"gating.layers.{i}", state), 0)
        logits = self.linear("gating.layers.3", state) / 10
        weights = np.exp(logits - logits.max())
        return weights / weights.sum() * self.tensors["gating.logit_scale"][0]

    def linear(self, name: str, x: np.ndarray) -> np.ndarray:
        return self.tensors[f"{name}.weight"] @ x + self.tensors[f"{name}.bias"]

    def states(self, ids: list[int]) -> np.ndarray:
        """Last hidden states, [n_tokens, hidden size]."""
        x = self.tensors["model.embed_tokens.weight"][ids]
        for i in range(self.config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            x = x + self.attention(layer, self.norm(f"{layer}.input_layernorm", x))
            x = x + self.mlp(layer, self.norm(f"{layer}.post_attention_layernorm", x))
        return self.norm("model.norm", x)

    def norm(self, name: str, x: np.ndarray) -> np.ndarray:
        mean = (x**2).mean(axis=-1, keepdims=True)
        scaled = x / np.sqrt(mean + self.config["rms_norm_eps"])
        return scaled * self.tensors[f"{name}.weight"]

    def mlp(self, layer: str, x: np.ndarray) -> np.ndarray:
        gate = x @ self.tensors[f"{layer}.mlp.gate_proj.weight"].T
        up = x @ self.tensors[f"{layer}.mlp.up_proj.weight"].T
        inner = gate / (1 + np.exp(-gate)) * up
        return inner @ self.tensors[f"{layer}.mlp.down_proj.weight"].T

    def attention(self, layer: str, x: np.ndarray) -> np.ndarray:
        n_heads = self.config["num_attention_heads"]
        n_groups = n_heads // self.config["num_key_value_heads"]
        size = self.config["hidden_size"] // n_heads
        q, k, v = (
            x @ self.tensors[f"{layer}.self_attn.{p}_proj.weight"].T for p in "qkv"
        )
        out = np.zeros_like(x)
        for h in range(n_heads):
            own = slice(h * size, (h + 1) * size)
            shared = slice(h // n_groups * size, (h // n_groups + 1) * size)
            queries, keys = self.rotated(q[:, own]), self.rotated(k[:, shared])
            logits = queries @ keys.T / np.sqrt(size)
            logits[np.triu_indices(len(x), 1)] = -np.inf  # what comes later
            weights = np.exp(logits - logits.max(axis=1, keepdims=True))
            weights /= weights.sum(axis=1, keepdims=True)
            out[:, own] = weights @ v[:, shared]
        return out @ self.tensors[f"{layer}.self_attn.o_proj.weight"].T

    def rotated(self, x: np.ndarray) -> np.ndarray:
        """Dimension i of the first half turns with dimension i of the second."""
        half = x.shape[1] // 2
        rates = self.config["rope_theta"] ** (-np.arange(half) / half)
        angles = np.arange(len(x))[:, None] * rates
        a, b = x[:, :half], x[:, half:]
        cos, sin = np.cos(angles), np.sin(angles)
        return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=1)
