"""Makes the files of `torch_states/`: weights saved by torch, and what torch computes with them.

    python tests/nn/make_torch_states.py

needs torch (made with 2.14). Values and gradients are of the same modules in float64, at float32
inputs; numbers such as `eps` are binary32 values, so that both precisions mean the same program.
"""

import json
from pathlib import Path

import torch
from torch import Tensor, nn

FOLDER = Path(__file__).parent / "torch_states"
EPS = 2.0**-10


class Block(nn.Module):
    def __init__(self, wide: int) -> None:
        super().__init__()
        self.first = nn.Linear(wide, wide)
        self.second = nn.Linear(wide, wide, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(torch.tanh(self.first(x)))


class Smooth(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(3))
        self.start = nn.Linear(3, 5)
        self.blocks = nn.ModuleList([Block(5), Block(5)])
        self.norm = nn.LayerNorm(5, eps=EPS)
        self.end = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.nn.functional.silu(self.start(x * self.scale))
        for block in self.blocks:
            x = block(x)
        return torch.softmax(self.end(self.norm(x)), dim=-1)


def images() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2),
        nn.BatchNorm2d(4, eps=EPS),
        nn.LeakyReLU(0.125),
        nn.MaxPool2d((2, 2), stride=(1, 2), padding=(1, 0)),
        nn.Conv2d(4, 2, 1, bias=False),
        nn.GELU(),
        nn.AvgPool2d((2, 1), padding=(1, 0), ceil_mode=True, count_include_pad=False),
        nn.Flatten(),
        nn.Linear(12, 3),
        nn.Sigmoid(),
    )


def write(name: str, module: nn.Module, shape: tuple[int, ...]) -> None:
    """The weights of a module, its values and the gradient of its summed outputs."""
    for buffer in module.buffers():
        if buffer.dtype == torch.float32:
            buffer.copy_(torch.rand(buffer.shape) + 0.5)
    torch.save(module.state_dict(), FOLDER / f"{name}.pt")
    module.eval().double()
    x = torch.randn(shape).float().double().requires_grad_()
    value = module(x)
    weights = torch.arange(1, value.numel() + 1, dtype=torch.float64).reshape(value.shape)
    (gradient,) = torch.autograd.grad((value * weights).sum(), x)
    stated = {"shape": list(shape), "input": x.flatten().tolist()}
    stated |= {"output": value.flatten().tolist(), "gradient": gradient.flatten().tolist()}
    (FOLDER / f"{name}.json").write_text(json.dumps(stated, indent=1) + "\n", encoding="ascii")


def main() -> None:
    """Write everything."""
    torch.manual_seed(7)
    FOLDER.mkdir(exist_ok=True)
    write("smooth", Smooth(), (1, 3))
    write("images", images(), (1, 2, 5, 6))


if __name__ == "__main__":
    main()
